"""What every test needs before it imports torch or a library of models."""

import os

# One process for each core (pytest-xdist) leaves no core for torch's threads to share.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import settings

from modelviz.sources.torchvision_ops import import_torchvision

import_torchvision()

# The same examples each time, so that a run of the tests tells of the change it was made for. To
# look for others: HYPOTHESIS_PROFILE=default.
settings.register_profile("same", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
