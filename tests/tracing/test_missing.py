"""A value that fake tensors and models on ``meta`` do not have is named in words."""

from __future__ import annotations

import linecache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from modelviz import TraceError, trace


class Asks(nn.Module):
    def __init__(self, ask: Any) -> None:
        super().__init__()
        self.l = nn.Linear(4, 4)
        self.ask = ask

    def forward(self, x: Any) -> Any:
        return self.ask(self.l(x))


ASKED: list[tuple[Any, str]] = [
    (lambda x: x if x.sum() > 0 else -x, "bool(tensor)"),
    (lambda x: x * x.sum().item(), "tensor.item()"),
    (lambda x: x * float(x.sum()), "float(tensor)"),
    (lambda x: x[: int(x.sum())], "int(tensor)"),
    (lambda x: x[: x.sum().long()], "a slice that ends at a tensor"),
    (lambda x: [x for _ in range(x.sum().long())], "a tensor as an index"),
    (lambda x: x.tolist() and x, "tolist()"),
    (lambda x: torch.from_numpy(x.numpy()), "tensor.numpy()"),
    (lambda x: torch.as_tensor(np.asarray(x)), "NumPy"),
    (lambda x: torch.from_dlpack(x), "DLPack"),
    (lambda x: x if 3.0 in x else -x, "x in tensor"),
    (lambda x: x if torch.equal(x, x + 1) else -x, "equal()"),
    (lambda x: (f"{x.sum():.2f}", x)[1], "formatted text"),
    (lambda x: torch.tensor([x[0, :1]]), "torch.tensor()"),
    (lambda x: torch.zeros(x.sum().long()), "zeros()"),
    (lambda x: x[x > 0], "boolean mask"),
    (lambda x: x.nonzero(), "nonzero()"),
    (lambda x: torch.where(x > 0)[0], "torch.where(condition)"),
    (lambda x: x.unique(), "unique()"),
    (lambda x: x.masked_select(x > 0), "masked_select()"),
    (lambda x: torch.repeat_interleave(x, x.sum(1).long(), 0), "repeat_interleave()"),
    (lambda x: x.to_sparse(), "to_sparse()"),
    (lambda x: x.to_sparse_csr(), "to_sparse_csr()"),
    (lambda x: torch.bincount(x.sum(1).long().abs()), "bincount()"),
]


@pytest.mark.parametrize("ask, words", ASKED)
@pytest.mark.parametrize("where", ["meta", "fake"])
def test_what_is_asked_for_where_and_what_to_do(ask: Any, words: str, where: str) -> None:
    model = Asks(ask).to("meta" if where == "meta" else "cpu")
    with pytest.raises(TraceError) as caught:
        trace(model, (2, 4), execution="auto" if where == "meta" else "fake")
    failure = caught.value.graph.failure
    assert failure is not None and failure.error == "ValueNeeded"
    assert words in failure.message and "value" in failure.message
    assert failure.file == __file__ and failure.line == ask.__code__.co_firstlineno
    text = str(caught.value)
    assert f"{__file__}:{failure.line}" in text and "aten." not in text
    advice = "give it weights" if where == "meta" else "execution='real'"
    assert advice in text
    assert caught.value.graph.total_macs == 32


def test_a_nested_tensor_is_told_to_need_values() -> None:
    def ask(x: Any) -> Any:
        rows = torch.nested.nested_tensor([x[:1], x[1:]], layout=torch.jagged)
        return rows.to_padded_tensor(0.0)

    with pytest.raises(TraceError, match="nested tensor is made of are values") as caught:
        trace(Asks(ask), (2, 4), execution="fake")
    assert "leave it out" in str(caught.value) and "'meta'" not in str(caught.value)


def test_an_automatic_run_says_why_it_was_real() -> None:
    graph = trace(Asks(lambda x: x if x.sum() > 0 else -x), (2, 4))
    finding = graph.findings[0]
    assert finding.code == "MV001" and "bool(tensor)" in finding.message
    assert "aten." not in finding.message
    _, _, line = finding.message.rpartition(":")
    assert "x.sum() > 0" in linecache.getline(__file__, int(line))


def test_an_error_of_the_models_own_keeps_its_name() -> None:
    def ask(x: Any) -> Any:
        raise RuntimeError("nothing to do with values")

    with pytest.raises(TraceError, match="RuntimeError: nothing to do with values"):
        trace(Asks(ask).to("meta"), (2, 4))


def test_a_tensor_that_is_printed_shows_no_class_of_the_tracer() -> None:
    shown: list[str] = []

    def prints(y: Any) -> Any:
        shown.extend((f"{y.sum()}", str([y]), f"{torch.ones(()) + 1:.1f}"))
        return y

    assert trace(Asks(prints), (2, 4)).execution == "fake"
    assert shown == ["tensor(..., size=())", "[tensor(..., size=(2, 4))]", "2.0"]
