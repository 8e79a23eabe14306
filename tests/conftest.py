"""What every test needs before it imports torch or a library of models."""

import os

# One process for each core (pytest-xdist) leaves no core for torch's threads to share.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from modelviz.sources.torchvision_ops import import_torchvision

import_torchvision()

# The same examples each time, so that a run of the tests tells of the change it was made for. To
# look for others: HYPOTHESIS_PROFILE=default.
settings.register_profile(
    "same",
    derandomize=True,
    # How long an example takes says more of the machine, which may be busy, than of the code.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(autouse=True)
def _no_modules_of_other_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A file that a test has written and imported is no module of the tests that follow."""
    written = str(tmp_path_factory.getbasetemp().resolve())
    before, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - before:
        # Not by getattr: modules that load themselves when they are asked may fail at it.
        facts = getattr(sys.modules[name], "__dict__", {})
        if str(facts.get("__file__")).startswith(written):
            del sys.modules[name]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums come out the same each time, and kernels take no memory for further threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
