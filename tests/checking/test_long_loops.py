"""Forwards of so many steps that PyTorch cannot take their gradients' graph down as it would."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import threading

import torch
from torch import nn

import modelviz


class Loop(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(3000):
            x = x * self.weight + 1
        return x


def run() -> None:
    model, x = Loop(), torch.ones(2)
    print(sum(finding.level == "error" for finding in modelviz.check(model, input_data=x)))
    graph = modelviz.profile(model, input_data=x, backward=True)
    print(len(graph.ops))


# The main thread has a stack of 8 MiB as a rule, which takes 40,000 steps to fill.
threading.stack_size(1 << 20)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


@pytest.mark.slow
def test_the_graph_of_a_long_loop_is_taken_down_node_by_node() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, "0\n6000\n"), done.stderr
