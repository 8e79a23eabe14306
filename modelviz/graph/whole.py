"""Whether the records of a graph that came from outside belong together.

Whatever works with a graph relies on what is checked here, and has no checks of its own. All of it
takes time in step with the size of the graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..dotted import join
from .measures import is_whole
from .records import Call, Op, Parameter, Shape, Tensor

if TYPE_CHECKING:
    from .model import ModelGraph

MAX_ELEMENTS = 2**63
"""Of a tensor, in PyTorch itself."""
MAX_DIMENSIONS = 1_000
"""Of a tensor; most of PyTorch's kernels take 64."""
MAX_DEPTH = 1_000
"""Modules inside each other, and calls; PyTorch calls some 300 at Python's own limit."""
MAX_LINE = 2**31
MAX_NAME = 200
"""Characters of a size in named dimensions."""


def check(graph: ModelGraph) -> None:
    """Raise ValueError unless all records of the graph belong together.

    Ids are positions, parents come before their children, producers before what reads their
    results, and every number and name refers to a record that agrees.
    """
    _check_modules(graph)
    _check_parts(graph)
    tables: list[Sequence[Any]] = [
        graph.calls,
        graph.ops,
        graph.tensors,
        graph.storages,
        graph.functions,
    ]
    for records in tables:
        if any(record.id != place for place, record in enumerate(records)):
            raise ValueError("ids are not positions")
    _check_calls(graph)
    _check_children(graph)
    _check_functions(graph)
    _check_ops(graph)
    _check_tensors(graph)
    _check_findings(graph)
    _check_measures(graph)


def _check_modules(graph: ModelGraph) -> None:
    """The modules are those of one tree, parents before their children."""
    if not graph.modules or graph.modules[0].path:
        raise ValueError("the first module is not the root")
    shared: dict[str, str | None] = {}
    for module in graph.modules:
        path = module.path
        if path in shared:
            raise ValueError(f"there are two modules {path[:60]!r}")
        if module.depth > MAX_DEPTH:
            raise ValueError(f"{path[:60]!r} lies inside {module.depth:,} modules")
        if module.parent is not None and module.parent not in shared:
            raise ValueError(f"the module {path[:60]!r} comes before the one that it is in")
        first = module.shared_with
        if first is not None and shared.get(first, first) is not None:
            raise ValueError(f"{path[:60]!r} is shared with {first[:60]!r}, which is no first path")
        _check_child(path, module.parent, first, shared)
        _line(module.line)
        shared[path] = first


def _check_child(
    path: str, parent: str | None, first: str | None, shared: Mapping[str, str | None]
) -> None:
    """What is inside of a module that is shared is what is inside of that one's first path."""
    above = None if parent is None else shared[parent]
    if above is None:
        return
    name = path.rpartition(".")[2]
    same = f"{above}.{name}" if above else name
    if same not in shared or first != (shared[same] or same):
        raise ValueError(f"{path[:60]!r} is not what {above[:60]!r} has there")


def _check_parts(graph: ModelGraph) -> None:
    """Parameters and buffers: no more than PyTorch can have, shared with known firsts.

    A file of weights may hold a name twice, such as the empty one; each is a weight of its own.
    """
    for kind in ("parameters", "buffers"):
        shared: dict[str, str | None] = {}
        for module in graph.modules:
            for part in getattr(module, kind):
                full = join(module.path, part.name)
                first = part.shared_with
                if first is not None and shared.get(first, first) is not None:
                    raise ValueError(
                        f"{full[:60]!r} is shared with {first[:60]!r}, which is no first path"
                    )
                _shape(part.shape, full)
                if isinstance(part, Parameter):
                    _dims(part, full)
                shared[full] = first


def _check_calls(graph: ModelGraph) -> None:
    """Calls lie inside each other as their ranges of ops do."""
    modules = {module.path: module.shared_with for module in graph.modules}
    ops, tensors = len(graph.ops), len(graph.tensors)
    counts: dict[str, int] = {}
    depths: list[int] = []
    for call in graph.calls:
        if modules.get(call.module, call.module) is not None:
            raise ValueError(f"call {call.id} is of the module {call.module[:60]!r}, not the first")
        if call.index != counts.get(call.module, 0):
            raise ValueError(f"call {call.id} is not number {call.index} of its module")
        counts[call.module] = call.index + 1
        if call.parent is None:
            depths.append(0)
        else:
            _inside((call.parent,), call.id, "parent call")
            depths.append(depths[call.parent] + 1)
            above = graph.calls[call.parent]
            if not above.start <= call.start <= call.stop <= above.stop:
                raise ValueError(f"call {call.id} has ops that its parent has not")
        if depths[-1] > MAX_DEPTH:
            raise ValueError(f"call {call.id} lies inside {depths[-1]:,} calls")
        if not 0 <= call.start <= call.stop <= ops:
            raise ValueError(f"call {call.id} has the ops from {call.start} to {call.stop}")
        _inside((*call.inputs, *call.outputs), tensors, "tensor")


def _check_children(graph: ModelGraph) -> None:
    """Calls and ops know the call that they are in, and it knows them, in order."""
    children: list[list[int]] = [[] for _ in graph.calls]
    ops: list[list[int]] = [[] for _ in graph.calls]
    for call in graph.calls:
        if call.parent is not None:
            children[call.parent].append(call.id)
    for op in graph.ops:
        _inside((op.call,), len(graph.calls), "call")
        ops[op.call].append(op.id)
    for call in graph.calls:
        if list(call.children) != children[call.id]:
            raise ValueError(f"call {call.id} has other children than say so")
        if list(call.ops) != ops[call.id]:
            raise ValueError(f"call {call.id} has other ops than say so")
        _check_ranges(call, [graph.calls[child] for child in call.children])


def _check_ranges(call: Call, children: list[Call]) -> None:
    """The ops of a call lie in its range, and in none of its children's."""
    if any(not call.start <= op < call.stop for op in call.ops):
        raise ValueError(f"call {call.id} has ops outside of its range")
    if any(before.stop > after.start for before, after in pairwise(children)):
        raise ValueError(f"the children of call {call.id} overlap")
    inside = sum(child.stop - child.start for child in children)
    if inside + len(call.ops) != call.stop - call.start:
        raise ValueError(f"call {call.id} and its children have not all of its ops")


def _check_functions(graph: ModelGraph) -> None:
    """Runs of functions are parts of one call each, as are the ops and calls in them."""
    depths: list[int] = []
    for function in graph.functions:
        _inside((function.call,), len(graph.calls), "call")
        _inside((function.parent,), function.id, "run of a function")
        depths.append(0 if function.parent is None else depths[function.parent] + 1)
        if depths[-1] > MAX_DEPTH:
            raise ValueError(f"function {function.id} lies inside {depths[-1]:,} functions")
        _line(function.line)
    made: list[tuple[int | None, int | None, str, int]] = [
        (one.call, one.function, "op", one.id) for one in graph.ops
    ]
    made += [(one.parent, one.function, "call", one.id) for one in graph.calls]
    made += [(one.call, one.parent, "function", one.id) for one in graph.functions]
    for call, number, what, place in made:
        _inside((number,), len(graph.functions), "run of a function")
        if number is not None and graph.functions[number].call != call:
            raise ValueError(f"{what} {place} is in function {number}, which another call ran")


def _check_ops(graph: ModelGraph) -> None:
    """Ops read what was made before them, and what they make says so."""
    for op in graph.ops:
        _inside((*op.inputs, *op.outputs), len(graph.tensors), "tensor")
        for tensor in op.inputs:
            producer = graph.tensors[tensor].producer
            if producer is not None and producer >= op.id:
                raise ValueError(f"op {op.id} reads what op {producer} makes later")
        _check_outputs(graph, op)
        _line(op.line)


def _check_outputs(graph: ModelGraph, op: Op) -> None:
    for tensor in op.outputs:
        producer = graph.tensors[tensor].producer
        if producer != op.id and tensor not in op.inputs:
            raise ValueError(f"op {op.id} gives tensor {tensor}, which op {producer} makes")


def _check_tensors(graph: ModelGraph) -> None:
    ops, made = len(graph.ops), [set(op.outputs) for op in graph.ops]
    for tensor in graph.tensors:
        _shape(tensor.shape, f"tensor {tensor.id}")
        _dims(tensor, f"tensor {tensor.id}")
        _inside((tensor.storage,), len(graph.storages), "storage")
        _inside((tensor.producer,), ops, "op")
        if tensor.producer is not None and tensor.id not in made[tensor.producer]:
            raise ValueError(f"tensor {tensor.id} is no output of op {tensor.producer}")
    for storage in graph.storages:
        _inside((storage.born, storage.freed), ops + 1, "op")
        if (storage.born or 0) > (ops if storage.freed is None else storage.freed):
            raise ValueError(f"storage {storage.id} is freed before there is one")
    _inside((*graph.inputs, *graph.outputs), len(graph.tensors), "tensor")
    for escape in graph.escapes:
        _inside((escape.tensor,), len(graph.tensors), "tensor")
        _inside((escape.call,), len(graph.calls), "call")
        _line(escape.line)


def _dims(tensor: Tensor | Parameter, name: str) -> None:
    """Names stand for sizes, one for one, and the numbers among them are those of the shape."""
    if tensor.dims is None:
        return
    if len(tensor.dims) != len(tensor.shape):
        raise ValueError(f"{name[:60]} has names for {len(tensor.dims)} dimensions")
    for dim, size in zip(tensor.dims, tensor.shape, strict=True):
        if len(dim) > MAX_NAME if isinstance(dim, str) else dim != size:
            raise ValueError(f"{name[:60]} has {str(dim)[:60]!r} for the size {size}")


def _check_findings(graph: ModelGraph) -> None:
    for finding in graph.findings:
        _inside((finding.op,), len(graph.ops), "op")
        _line(finding.line)
    failure = graph.failure
    if failure is not None:
        _inside((failure.call,), len(graph.calls), "call")
        _inside((failure.op,), len(graph.ops), "op")
        _line(failure.line)
        if all(module.path != failure.module for module in graph.modules):
            raise ValueError(f"there is no module {failure.module[:60]!r}")
        for shape in failure.shapes:
            _shape(shape, "the failure")


def _check_measures(graph: ModelGraph) -> None:
    names = [measure.name for measure in graph.measures]
    if len(set(names)) < len(names):
        raise ValueError("two figures have one name")
    for measure in graph.measures:
        if not is_whole(graph, measure):
            raise ValueError(f"the figure {measure.name[:60]!r} is not one of this graph")


def _shape(shape: Shape, what: str) -> None:
    """Raise ValueError for a shape that no tensor of PyTorch has."""
    if len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"{what[:60]!r} has {len(shape):,} dimensions")
    if math.prod(size or 1 for size in shape) >= MAX_ELEMENTS:
        raise ValueError(f"{what[:60]!r} has more elements than PyTorch can have")


def _line(line: int | None) -> None:
    if line is not None and line >= MAX_LINE:
        raise ValueError(f"there is no line {line}")


def _inside(numbers: Iterable[int | None], count: int, what: str) -> None:
    for number in numbers:
        if number is not None and not 0 <= number < count:
            raise ValueError(f"there is no {what} {number}")
