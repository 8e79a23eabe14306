"""Figures of each call and each module, added up from the ops and parameters below them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..graph import Call, ModelGraph, Module, Parameter


@dataclass(frozen=True, slots=True)
class CallFigures:
    """Figures of one call. ``own`` ones leave out what child calls did.

    FLOPs count 2 per multiply-add. ``input_bytes`` and ``output_bytes`` are the sizes of the
    tensors that went in and came out.
    """

    flops: int
    own_flops: int
    bytes_read: int
    bytes_written: int
    ops: int
    input_bytes: int
    output_bytes: int

    @property
    def macs(self) -> int:
        """Multiply-adds: half the FLOPs."""
        return self.flops // 2

    @property
    def own_macs(self) -> int:
        """Multiply-adds of the ops that ran outside any child call."""
        return self.own_flops // 2


@dataclass(frozen=True, slots=True)
class ModuleFigures:
    """Figures of one module path, with everything below it by path; ``own`` ones without.

    A parameter or buffer counts once, under however many names it is held. What ran counts at the
    first path of a shared module. ``output_bytes`` is what the module's own calls returned.
    """

    params: int
    trainable_params: int
    param_bytes: int
    own_params: int
    own_param_bytes: int
    buffer_bytes: int
    calls: int
    flops: int
    own_flops: int
    bytes_read: int
    bytes_written: int
    output_bytes: int

    @property
    def macs(self) -> int:
        """Multiply-adds: half the FLOPs."""
        return self.flops // 2


@dataclass(frozen=True, slots=True)
class Rollup:
    """The figures of every module, by path, and of every call, by id."""

    modules: Mapping[str, ModuleFigures]
    calls: tuple[CallFigures, ...]
    total_params: int
    total_flops: int

    def params_share(self, path: str) -> float:
        """The module's part of the model's parameters, 0 to 1."""
        return share(self.modules[path].params, self.total_params)

    def flops_share(self, path: str) -> float:
        """The module's part of the model's FLOPs, 0 to 1."""
        return share(self.modules[path].flops, self.total_flops)


def share(part: int, total: int) -> float:
    """``part / total``, and 0 where there is nothing."""
    return part / total if total else 0.0


def roll_up(graph: ModelGraph) -> Rollup:
    """The figures of every module and call, in time linear in the graph."""
    calls = call_figures(graph)
    return Rollup(
        module_figures(graph, calls), calls, graph.total_params, sum(op.flops for op in graph.ops)
    )


def call_figures(graph: ModelGraph) -> tuple[CallFigures, ...]:
    """The figures of every call, by id."""
    flops = _running(op.flops for op in graph.ops)
    read = _running(op.bytes_read for op in graph.ops)
    written = _running(op.bytes_written for op in graph.ops)
    sizes = [tensor.bytes for tensor in graph.tensors]

    def figures(call: Call) -> CallFigures:
        start, stop = call.start, call.stop
        return CallFigures(
            flops=flops[stop] - flops[start],
            own_flops=sum(graph.ops[op].flops for op in call.ops),
            bytes_read=read[stop] - read[start],
            bytes_written=written[stop] - written[start],
            ops=stop - start,
            input_bytes=sum(sizes[tensor] for tensor in call.inputs),
            output_bytes=sum(sizes[tensor] for tensor in call.outputs),
        )

    return tuple(figures(call) for call in graph.calls)


def _running(values: Iterator[int]) -> list[int]:
    """The sums of the first 0, 1, 2, ... values."""
    sums = [0]
    for value in values:
        sums.append(sums[-1] + value)
    return sums


# -- modules ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sum:
    params: int = 0
    trainable_params: int = 0
    param_bytes: int = 0
    buffer_bytes: int = 0
    flops: int = 0
    bytes_read: int = 0
    bytes_written: int = 0

    def add(self, other: _Sum, times: int = 1) -> None:
        self.params += times * other.params
        self.trainable_params += times * other.trainable_params
        self.param_bytes += times * other.param_bytes
        self.buffer_bytes += times * other.buffer_bytes
        self.flops += times * other.flops
        self.bytes_read += times * other.bytes_read
        self.bytes_written += times * other.bytes_written


def module_figures(graph: ModelGraph, calls: tuple[CallFigures, ...]) -> dict[str, ModuleFigures]:
    """The figures of every module, by path."""
    tensors = {module.path: _tensors(module) for module in graph.modules}
    own = {path: _total(held.values()) for path, held in tensors.items()}
    own_size = {path: (held.params, held.param_bytes) for path, held in own.items()}
    for op in graph.ops:
        ran = own[graph.calls[op.call].module]
        ran.flops += op.flops
        ran.bytes_read += op.bytes_read
        ran.bytes_written += op.bytes_written
    own_flops = {path: held.flops for path, held in own.items()}

    deepest_first = sorted(graph.modules, key=lambda module: -module.depth)
    for module in deepest_first:
        if module.parent is not None:
            own[module.parent].add(own[module.path])
    for path, twice in _held_twice(tensors):
        own[path].add(twice, -1)

    count: dict[str, int] = defaultdict(int)
    returned: dict[str, int] = defaultdict(int)
    for call in graph.calls:
        count[call.module] += 1
        returned[call.module] += calls[call.id].output_bytes

    return {
        module.path: ModuleFigures(
            params=(total := own[module.path]).params,
            trainable_params=total.trainable_params,
            param_bytes=total.param_bytes,
            own_params=own_size[module.path][0],
            own_param_bytes=own_size[module.path][1],
            buffer_bytes=total.buffer_bytes,
            calls=count[module.path],
            flops=total.flops,
            own_flops=own_flops[module.path],
            bytes_read=total.bytes_read,
            bytes_written=total.bytes_written,
            output_bytes=returned[module.path],
        )
        for module in graph.modules
    }


def parameter_key(module: Module, parameter: Parameter) -> str:
    """The full path under which the parameter's tensor appears first in the model."""
    return parameter.shared_with or join(module.shared_with or module.path, parameter.name)


def join(path: str, name: str) -> str:
    """The dotted path of ``name`` in the module at ``path``."""
    return f"{path}.{name}" if path else name


def _tensors(module: Module) -> dict[str, _Sum]:
    """What each distinct parameter and buffer of the module's own adds to the sums."""
    held = {}
    for parameter in module.parameters:
        size = parameter.numel
        trainable = size if parameter.trainable else 0
        held[parameter_key(module, parameter)] = _Sum(size, trainable, parameter.bytes)
    for buffer in module.buffers:
        key = buffer.shared_with or join(module.shared_with or module.path, buffer.name)
        held[key] = _Sum(buffer_bytes=buffer.bytes)
    return held


def _total(parts: Iterable[_Sum]) -> _Sum:
    total = _Sum()
    for part in parts:
        total.add(part)
    return total


def _held_twice(tensors: Mapping[str, Mapping[str, _Sum]]) -> Iterator[tuple[str, _Sum]]:
    """``(path, figures)`` for each tensor that a plain sum counts once too often at ``path``."""
    owners: dict[str, list[str]] = defaultdict(list)
    for path, held in tensors.items():
        for key in held:
            owners[key].append(path)
    for key, places in owners.items():
        if len(places) == 1:
            continue
        seen: set[str] = set()
        for place in places:
            for path in with_ancestors(place):
                if path in seen:
                    yield path, tensors[place][key]
                seen.add(path)


def with_ancestors(path: str) -> Iterator[str]:
    """The path, those of the modules above it, and the root's."""
    while path:
        yield path
        path = path.rpartition(".")[0]
    yield ""
