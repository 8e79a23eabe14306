"""A forward in inference mode gives the figures of the same forward under ``no_grad``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from modelviz import ModelGraph, trace
from modelviz.tracing.execution import Choice

WEIGHT = torch.ones(4, 4)
WORK: dict[str, tuple[Callable[[Tensor], Tensor], int]] = {
    "matmul": (lambda x: x @ x, 2 * 2 * 4 * 4 * 4),
    "of views": (lambda x: x[0] @ x.unbind()[1], 2 * 4 * 4 * 4),
    "einsum": (lambda x: torch.einsum("bij,bkj->bik", x, x), 2 * 2 * 4 * 4 * 4),
    "attention": (lambda x: F.scaled_dot_product_attention(x, x, x), 2 * 2 * 2 * 4 * 4 * 4),
    "linear": (lambda x: F.linear(x * 1, WEIGHT), 2 * 8 * 4 * 4),
    "same": (lambda x: F.conv1d(x, torch.ones(3, 4, 3), padding="same"), 2 * 2 * 4 * 3 * 4 * 3),
    "power": (lambda x: torch.matrix_power(x[0] * 1, 3), 2 * 2 * 4 * 4 * 4),
    "values": (
        lambda x: x[:, : int(torch.tensor([1, 2])[1:].sum())].mT @ x[:, :2],
        2 * 2 * 4 * 2 * 4,
    ),
}


class Work(nn.Module):
    def __init__(self, mode: type, work: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.mode, self.work = mode, work

    def forward(self, x: Tensor) -> Tensor:
        with self.mode():
            return self.work(x)


def shown(graph: ModelGraph) -> list[object]:
    return [(op.name, op.flops, op.bytes_read, op.bytes_written) for op in graph.ops]


@pytest.mark.parametrize("execution", ["fake", "real"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", WORK)
def test_what_is_made_of_other_kernels_counts_as_outside(
    name: str, known: bool, execution: Choice
) -> None:
    work, flops = WORK[name]
    given = {"input_data": torch.ones(2, 4, 4)} if known else {"input_size": (2, 4, 4)}

    inside = trace(Work(torch.inference_mode, work), **given, execution=execution)
    outside = trace(Work(torch.no_grad, work), **given, execution=execution)

    assert inside.total_flops == flops
    assert shown(inside) == shown(outside)
    assert len(inside.edges) == len(outside.edges)
