"""Plans beside PyTorch's own tracker of memory, which follows a step on fake tensors as well."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import modelviz
from modelviz.tracing.torch_internals import FakeTensorMode

from .test_plan import TOKENS, Language, mean

pytestmark = pytest.mark.filterwarnings("ignore")


def tracked(kind: type[nn.Module], data: torch.Tensor, steps: int = 2) -> int:
    """The peak that ``MemTracker`` finds in ``steps`` steps with AdamW."""
    from torch.distributed._tools.mem_tracker import MemTracker

    with FakeTensorMode():
        model = kind()
        optimizer = torch.optim.AdamW(model.parameters(), foreach=False)
        given = torch.zeros(data.shape, dtype=data.dtype)
        tracker = MemTracker()
        tracker.track_external(model, optimizer, given)
        with tracker:
            for step in range(steps):
                output = model(given)
                value = mean(output)
                value.backward()
                optimizer.step()
                optimizer.zero_grad()
                del output, value
                if step == 0:
                    tracker.reset_mod_stats()
        return int(tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"])


@pytest.mark.slow
def test_peak_is_that_of_the_tracker() -> None:
    found = modelviz.plan(Language(), input_data=TOKENS, loss=mean)
    assert found.peak_bytes == tracked(Language, TOKENS)
