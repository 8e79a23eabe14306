"""The items of the parts of a tree: titles, names and configuration, ready to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..analysis.figures import Figures
from ..analysis.items import Step, Steps, flat, item_start
from ..dotted import common_path, relative
from ..explaining import Lit
from ..graph import Call, ModelGraph, Module, NamedShape, Op
from ..places import short_place
from ..units import shape_text
from .by_layer import layer_of
from .calls import calls_inside
from .document import Item, Kind, Status
from .kinds import block_kind, leaf_kind, op_kind
from .labels import contents_text, cut, name_range, short_config
from .tree import Part
from .trivial import is_one_step, is_trivial

_SYMBOLS = {"add_": "add", "mul_": "mul"}
_TOLD = ("dim", "start_dim", "end_dim", "dims", "axis", "shifts", "size", "kernel_size", "stride")
"""Arguments of an op that say what it does, and are worth their place in a picture."""


def part_item(graph: ModelGraph, part: Part, inside: str, chained: bool, way: Lit) -> Item:
    """The item of a part, without what it costs and what is inside.

    ``inside`` is the path of the module around it, ``way`` that of what met at a failure.
    """
    call, op, steps = part.call, part.op, part.steps
    if call is not None:
        item = _call_item(graph, part, call, inside)
    elif op is not None:
        item = _op_item(graph, part, op)
    elif steps is not None:
        item = _function_item(graph, part, steps)
    else:
        item = _bundle_item(graph, part, inside)
    met = _met(graph, part)
    status: Status = "lit" if _is_on(way, part) else ""
    if met or any(step.failed for step in part.items):
        status = "failed"
    return replace(
        item, detail=met or item.detail, copies=part.count, chained=chained, status=status
    )


def _is_on(way: Lit, part: Part) -> bool:
    """Whether any copy of a part is on the way of what met where the forward failed."""
    if not way.ops:
        return False
    starts = {part.start, *(item_start(copy[0]) for copy in part.copies)}
    length = part.stop - part.start
    return any(start <= op < start + length for op in way.ops for start in starts)


def _met(graph: ModelGraph, part: Part) -> str:
    """The shapes that met where the forward failed, when it failed in this part."""
    failure = graph.failure
    if failure is None or failure.op is None or not part.start <= failure.op < part.stop:
        return ""
    first, *others = [shape_text(shape) for shape in failure.shapes] or [""]
    return f"{first} met {', '.join(others)}" if others else first


def call_kind(graph: ModelGraph, call: Call) -> Kind:
    """The kind of the module that is called."""
    module = graph.module(call.module)
    ops = graph.ops[call.start : call.stop]
    if not call.children or is_one_step(graph, module, call):
        return leaf_kind(module.class_name, ops)
    inside = {graph.module(inner.module).class_name for inner in calls_inside(graph, call)}
    return block_kind(module.class_name, inside, ops)


def _call_item(graph: ModelGraph, part: Part, call: Call, inside: str) -> Item:
    module = graph.module(call.module)
    return Item(
        part.id,
        call_kind(graph, call),
        module.class_name,
        name=name_range(_names(part, inside)),
        detail=short_config(module.config) or _alike_inside(graph, module, call),
        config=module.config,
        path=module.path,
        call_index=call.index,
        shapes=_shapes(graph, call.outputs),
        source=short_place(module.file, module.line),
    )


def _alike_inside(graph: ModelGraph, module: Module, call: Call) -> str:
    """What a container calls, where that is one class again and again: ``Block × 9``."""
    if not module.is_container:
        return ""
    classes = [graph.module(graph.calls[inner].module).class_name for inner in call.children]
    return contents_text(classes)[0] if len(classes) > 1 and len(set(classes)) == 1 else ""


def _op_item(graph: ModelGraph, part: Part, op: Op) -> Item:
    return Item(
        part.id,
        op_kind(op.name),
        _SYMBOLS.get(op.name, op.name),
        detail=_told(op),
        config=", ".join(f"{name}={value!r}" for name, value in op.args),
        shapes=_shapes(graph, op.outputs),
        source=short_place(op.file, op.line),
    )


def _function_item(graph: ModelGraph, part: Part, steps: Steps) -> Item:
    name = steps.function.name
    items = list(flat(steps.items))
    calls = [item for item in items if isinstance(item, Call)]
    ops = graph.ops[part.start : part.stop]
    classes = {graph.module(call.module).class_name for call in calls}
    return Item(
        part.id,
        block_kind(name, classes, ops) if calls else leaf_kind(name, ops),
        name,
        detail=f"function of {len(ops)} ops",
        shapes=_shapes(graph, graph.borders(part.start, part.stop)[1]),
        source=short_place(steps.function.file, steps.function.line),
    )


def _bundle_item(graph: ModelGraph, part: Part, inside: str) -> Item:
    titles = [_title(graph, step) for step in part.items]
    calls = [item for item in flat(part.items) if isinstance(item, Call)]
    ops = [item for item in part.items if isinstance(item, Op)]
    what = "ops" if len(ops) == len(titles) else "steps"
    if len(calls) == len(titles):
        what = "layers"
    names = [relative(call.module, inside) for call in calls]
    telling = [t for t, i in zip(titles, part.items, strict=True) if not _is_quiet(i)]
    contents = contents_text(telling or titles)
    layer = layer_of(graph, part)
    if layer is not None:
        return Item(
            part.id,
            call_kind(graph, layer),
            graph.module(layer.module).class_name,
            name=relative(layer.module, inside),
            detail=cut(_around(titles, part.items.index(layer)), 44),
            call_index=layer.index,
            contents=contents,
        )
    return Item(
        part.id,
        "several",
        f"{len(titles)} {what}",
        name=name_range([names[0], names[-1]]) if names else "",
        detail=cut(", ".join(contents), 44),
        contents=contents,
    )


def _around(titles: Sequence[str], place: int) -> str:
    """What is done before and after one of these."""
    before, after = (contents_text(some) for some in (titles[:place], titles[place + 1 :]))
    sides = (("after", before), ("then", after))
    return ", ".join(f"{word} {', '.join(some)}" for word, some in sides if some)


def _is_quiet(item: Step) -> bool:
    return isinstance(item, Op) and is_trivial(item)


def _title(graph: ModelGraph, item: Step) -> str:
    """What an op, a module or a function is called."""
    if isinstance(item, Steps):
        return item.function.name
    if isinstance(item, Op):
        return _SYMBOLS.get(item.name, item.name)
    return graph.module(item.module).class_name


def _names(part: Part, inside: str) -> Sequence[str]:
    copies = part.copies or (part.items,)
    ends = (copies[0][0], copies[-1][0])
    return [relative(item.module, inside) for item in ends if isinstance(item, Call)]


def unit_name(part: Part, inside: str) -> str:
    """The names of the modules of a repeated unit, from the first copy to the last.

    Where each copy is a list of modules, those of the lists.
    """
    copies = part.copies or (part.items,)
    first = [relative(item.module, inside) for item in flat(copies[0]) if isinstance(item, Call)]
    last = [relative(item.module, inside) for item in flat(copies[-1]) if isinstance(item, Call)]
    around = common_path(first), common_path(last)
    if all(around) and around[0] != around[1]:
        return name_range(around)
    return name_range([first[0], last[-1]]) if first else ""


def _told(op: Op) -> str:
    args: dict[str, Any] = dict(op.args)
    words = [f"{name} {args[name]}" for name in _TOLD if name in args and args[name] is not None]
    return cut(", ".join(words), 24)


def _shapes(graph: ModelGraph, tensors: Sequence[int]) -> tuple[NamedShape, ...]:
    return tuple(graph.tensors[tensor].named_shape for tensor in tensors[:4])


def module_item(module: Module, name: str, copies: int, figures: Figures) -> Item:
    """The item of a module that was never called, for a graph without a forward."""
    return Item(
        f"m{module.path}",
        leaf_kind(module.class_name, ()),
        module.class_name,
        name=name,
        detail=short_config(module.config),
        config=module.config,
        path=module.path,
        copies=copies,
        figures=figures,
        source=short_place(module.file, module.line),
    )
