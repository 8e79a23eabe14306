"""Peak memory of a forward, from when its storages were made and let go."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from modelviz import trace
from modelviz.analysis.memory import DeviceMemory, call_peaks, forward_memory
from modelviz.graph import Call, ModelGraph, Module, Op, Storage, Tensor


def graph_of(
    size: int, storages: list[Storage], workspace: dict[int, int] | None = None
) -> ModelGraph:
    """A graph of ``size`` ops in one call, each with an output on its own device or the CPU."""
    places = {storage.born: storage.device for storage in storages if storage.born is not None}
    tensors = tuple(
        Tensor(op, (1,), "float32", places.get(op, "cpu"), 4, "activation", op, 0)
        for op in range(size)
    )
    ops = tuple(
        Op(op, "mul", 0, (), (op,), workspace=(workspace or {}).get(op, 0)) for op in range(size)
    )
    root = Module("", "Net", "test.Net", None, None, "", (), (), False)
    call = Call(0, "", 0, None, (), (), tuple(range(size)), (), 0, size)
    return ModelGraph("Net", "fake", (root,), (call,), ops, tensors, tuple(storages))


def test_a_storage_is_held_from_its_op_until_the_op_at_which_it_was_gone() -> None:
    memory = forward_memory(
        graph_of(4, [Storage(0, 100, "cpu", 0, 2), Storage(1, 10, "cpu", 1, 3)])
    )
    assert memory.held == (100, 110, 10, 0)
    assert (memory.peak_bytes, memory.peak_op) == (110, 1)


def test_what_is_never_freed_lives_to_the_end() -> None:
    memory = forward_memory(graph_of(3, [Storage(0, 8, "cpu", 1, None)]))
    assert memory.held == (0, 8, 8)


def test_what_existed_before_is_resident_and_no_activation() -> None:
    memory = forward_memory(
        graph_of(2, [Storage(0, 1000, "cpu", None, None), Storage(1, 8, "cpu", 0, None)])
    )
    assert memory.peak_bytes == 8
    assert memory.devices == (DeviceMemory("cpu", 1000, 8, 0),)


def test_temporaries_of_an_op_count_while_it_runs() -> None:
    memory = forward_memory(graph_of(3, [Storage(0, 8, "cpu", 0, None)], workspace={1: 50}))
    assert memory.held == (8, 58, 8)
    assert (memory.peak_bytes, memory.peak_op) == (58, 1)


def test_each_device_has_its_own_peak() -> None:
    memory = forward_memory(
        graph_of(
            3,
            [
                Storage(0, 100, "cuda:0", 0, 1),
                Storage(1, 70, "cuda:1", 1, None),
                Storage(2, 5, "cuda:0", None, None),
            ],
            workspace={1: 9},
        )
    )
    assert memory.devices == (
        DeviceMemory("cuda:0", 5, 100, 0),
        DeviceMemory("cuda:1", 0, 79, 1),
    )
    assert (memory.peak_bytes, memory.peak_op) == (100, 0)


def test_a_graph_without_ops_holds_nothing() -> None:
    memory = forward_memory(trace(nn.Linear(3, 4), execution="none"))
    assert (memory.peak_bytes, memory.peak_op, memory.held, memory.devices) == (0, None, (), ())
    assert memory.param_bytes == 4 * (3 * 4 + 4)


@given(
    st.integers(1, 8).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.lists(
                st.tuples(
                    st.integers(0, 1000),
                    st.none() | st.integers(0, size - 1),
                    st.none() | st.integers(1, size),
                ),
                max_size=12,
            ),
        )
    )
)
def test_what_is_held_is_the_sum_over_living_storages(
    case: tuple[int, list[tuple[int, int | None, int | None]]],
) -> None:
    size, drawn = case
    storages = [
        Storage(at, bytes_, "cpu", born, freed if freed is None or born is None else born + freed)
        for at, (bytes_, born, freed) in enumerate(drawn)
    ]
    expected = tuple(
        sum(
            storage.bytes
            for storage in storages
            if storage.born is not None
            and storage.born <= op
            and (storage.freed is None or op < storage.freed)
        )
        for op in range(size)
    )
    assert forward_memory(graph_of(size, storages)).held == expected


def test_a_call_peaks_where_its_largest_op_does() -> None:
    graph = graph_of(4, [Storage(0, 100, "cpu", 0, 1), Storage(1, 30, "cpu", 2, 3)])
    root = replace(graph.calls[0], ops=(0, 3), children=(1, 2))
    inner = Call(1, "a", 0, 0, (), (), (1, 2), (), 1, 3)
    empty = Call(2, "b", 0, 0, (), (), (), (), 3, 3)
    graph = replace(graph, calls=(root, inner, empty))
    assert call_peaks(graph, forward_memory(graph)) == (100, 30, 0)


@pytest.mark.parametrize("execution", ["fake", "real"])
def test_a_chain_of_layers_holds_one_input_and_one_output_at_a_time(execution: str) -> None:
    model = nn.Sequential(nn.Linear(10, 1000), nn.Linear(1000, 10), nn.Linear(10, 500))
    memory = forward_memory(trace(model, (1, 10), execution=execution))
    # The second layer reads 1000 floats and writes 10, while nothing else is left.
    assert memory.peak_bytes == 4 * (1000 + 10)
    assert memory.param_bytes == sum(p.nbytes for p in model.parameters())


def test_a_residual_branch_keeps_its_input() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(100, 100), nn.Linear(100, 100)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.first(x)
            return self.second(y) + y

    memory = forward_memory(trace(Residual(), (1, 100)))
    # At the sum: y, what second gave, and the result; x is the caller's.
    assert memory.peak_bytes == 3 * 400


def test_the_time_grows_with_the_ops_and_not_with_their_square() -> None:
    def seconds(size: int) -> float:
        graph = graph_of(size, [Storage(at, 8, "cpu", at, at + 1) for at in range(size)])
        times = []
        for _ in range(3):
            start = process_time()
            forward_memory(graph)
            times.append(process_time() - start)
        return min(times)

    # Eight times the ops: eight times the time, where it was more than fifty times.
    assert seconds(16_000) < 25 * seconds(2_000)
