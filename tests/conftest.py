"""What every test needs before it imports torch or a library of models."""

import os

# One process for each core (pytest-xdist) leaves no core for torch's threads to share.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from modelviz.sources.torchvision_ops import import_torchvision

import_torchvision()
