"""Where two mechanisms meet: inference mode and nested tensors, wrappers and what they hold."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import trace
from modelviz.errors import ModelvizError
from modelviz.origins import LIBRARY, origin_of
from modelviz.tracing.execution import Choice
from modelviz.tracing.state.reach import _calls_by_any_name

BOTH = pytest.mark.parametrize("execution", ["fake", "real"])


class Runs(nn.Module):
    """A layer, a number and a function of both."""

    def __init__(self, work: Callable[..., Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.register_buffer("number", torch.tensor(0.0))
        self.work = work

    def forward(self, *given: Any) -> Any:
        return self.work(self, *given)


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_nested_tensors_in_inference_mode(layout: torch.layout) -> None:
    def work(m: Any, x: Any) -> Any:
        with torch.inference_mode():
            rows = torch.nested.nested_tensor([x[:1], x[1:]], layout=layout)
            return m.layer(rows).to_padded_tensor(0.0)

    graph = trace(Runs(work), input_data=torch.ones(3, 4), execution="real")
    assert graph.tensors[graph.outputs[0]].shape == (2, 2, 4)


def test_what_a_nested_tensor_is_made_of_shows_what_it_did() -> None:
    def work(m: Any, x: Any, offsets: Any) -> Any:
        values = m.layer(x)
        rows = torch.nested.nested_tensor_from_jagged(values, offsets * 1)
        return rows, values.sum()

    given = [torch.ones(3, 4), torch.tensor([0, 1, 3])]
    graph = trace(Runs(work), input_data=given, execution="real")
    read = {op.name: [graph.tensors[tensor].producer for tensor in op.inputs] for op in graph.ops}
    linear = next(op.id for op in graph.ops if op.name == "linear")
    assert read["sum"] == [linear]


@BOTH
def test_as_tensor_hands_on_a_tensor_as_it_is(execution: Choice) -> None:
    def work(m: Any, x: Any) -> Any:
        torch.as_tensor(m.number).add_(1)
        return x + m.number

    graph = trace(Runs(work), (3, 4), execution=execution)
    *_, write, add = graph.ops
    assert (write.name, add.name) == ("add_", "add")
    assert set(write.outputs) < set(add.inputs)


def test_a_text_of_c_that_the_forward_leaves_alone_stays_where_it_is() -> None:
    memory = ctypes.create_string_buffer(b"abc")
    model = Runs(lambda m, x: m.layer(x))
    model.text = ctypes.cast(memory, ctypes.c_char_p)
    trace(model, (3, 4))
    memory.value = b"xyz"
    assert model.text.value == b"xyz"


def test_a_large_semaphore_that_was_given_back_is_as_before() -> None:
    def work(m: Any, x: Any) -> Any:
        with m.places:
            return m.layer(x)

    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        model = Runs(work)
        model.places = threading.Semaphore(1000)
        assert trace(model, (3, 4)).findings == ()
    finally:
        stop.set()
        other.join()


def test_a_module_without_a_file_stands_for_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    assert origin_of(torch.__file__) == LIBRARY


def test_inputs_on_two_devices_are_refused_without_weights_too() -> None:
    class Adds(nn.Module):
        def forward(self, x: Any, y: Any) -> Any:
            return x + y

    given = [torch.ones(3, 4, device="meta"), torch.ones(3, 4)]
    with pytest.raises(ModelvizError):
        trace(Adds(), input_data=given, execution="fake")


def test_eval_of_a_model_is_not_that_of_names() -> None:
    assert not _calls_by_any_name((lambda model: model.eval()).__code__)
    assert _calls_by_any_name((lambda text: eval(text)).__code__)
    assert _calls_by_any_name((lambda: [lambda: globals()]).__code__)
