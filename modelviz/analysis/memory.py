"""Peak memory of one forward, from the lifetimes of the storages in the trace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..graph import ModelGraph, Op


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Memory on one device, in bytes.

    ``resident_bytes`` existed before the forward (parameters, buffers, inputs). ``peak_bytes`` is
    the most that the forward held beyond that, during op ``peak_op``.
    """

    device: str
    resident_bytes: int
    peak_bytes: int
    peak_op: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of one forward, in bytes, over all devices and on each.

    ``held[op]`` is what the forward had allocated while that op ran, with the op's own
    temporaries. ``peak_bytes`` is the largest of them, at op ``peak_op``.
    """

    param_bytes: int
    peak_bytes: int
    peak_op: int | None
    held: tuple[int, ...]
    devices: tuple[DeviceMemory, ...]


def forward_memory(graph: ModelGraph) -> Memory:
    """What a forward holds at its peak, in time linear in the graph.

    A storage is held from the op that allocated it until the op that begins after it was freed. A
    storage that existed before the forward is resident and no activation.
    """
    size = len(graph.ops)
    resident: dict[str, int] = defaultdict(int)
    change: dict[str, list[int]] = {}
    for storage in graph.storages:
        if storage.born is None:
            resident[storage.device] += storage.bytes
            continue
        steps = change.get(storage.device)
        if steps is None:
            steps = change[storage.device] = [0] * (size + 1)
        steps[storage.born] += storage.bytes
        if storage.freed is not None and storage.freed <= size:
            steps[storage.freed] -= storage.bytes

    held = {device: _running_sum(steps, size) for device, steps in change.items()}
    for op in graph.ops:
        if op.workspace:
            device = _device(graph, op)
            if device not in held:
                held[device] = [0] * size
            held[device][op.id] += op.workspace

    everywhere = tuple(map(sum, zip(*held.values(), strict=True))) if held else (0,) * size
    peak, peak_op = _peak(everywhere)
    return Memory(
        param_bytes=graph.total_param_bytes,
        peak_bytes=peak,
        peak_op=peak_op,
        held=everywhere,
        devices=tuple(
            DeviceMemory(device, resident[device], *_peak(held.get(device, ())))
            for device in sorted({*resident, *held})
        ),
    )


def call_peaks(graph: ModelGraph, memory: Memory) -> tuple[int, ...]:
    """For each call: the most bytes held while it ran; 0 for a call in which no op ran."""
    peaks = [0] * len(graph.calls)
    for call in sorted(graph.calls, key=lambda call: -call.id):
        own = max((memory.held[op] for op in call.ops), default=0)
        peaks[call.id] = max(own, peaks[call.id])
        if call.parent is not None:
            peaks[call.parent] = max(peaks[call.parent], peaks[call.id])
    return tuple(peaks)


def _running_sum(steps: Sequence[int], size: int) -> list[int]:
    held, result = 0, []
    for step in steps[:size]:
        held += step
        result.append(held)
    return result


def _peak(held: Sequence[int]) -> tuple[int, int | None]:
    """The largest value and the first place where it is reached."""
    peak = max(held, default=0)
    return (peak, held.index(peak)) if peak else (0, None)


def _device(graph: ModelGraph, op: Op) -> str:
    """The device on which the op ran: where its first output is, or else its first input."""
    for tensor in (*op.outputs, *op.inputs):
        return graph.tensors[tensor].device
    return "cpu"
