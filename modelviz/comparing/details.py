"""What differs between a module and its partner, in what it holds itself and in what it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..analysis.align import Alignment, Pair
from ..analysis.items import call_items
from ..analysis.paths import relative
from ..analysis.sequences import opcodes
from ..analysis.settings import settings
from ..graph import Call, ModelGraph, Module, Op
from .changes import Detail


def own_details(alignment: Alignment, pair: Pair) -> list[Detail]:
    """The differences of two modules, without those of the modules inside."""
    one, other = alignment.before.module(pair.before), alignment.after.module(pair.after)
    found = [*_class(one, other), *_config(one, other), *_tensors(one, other)]
    if one.training is not other.training:
        found.append(Detail("training", _mode(one), _mode(other)))
    if one.shared_with is None and other.shared_with is not None:
        found.append(Detail("sharing", None, f"the same module as {other.shared_with}"))
    if one.shared_with is not None and other.shared_with is None:
        found.append(Detail("sharing", f"the same module as {one.shared_with}", None))
    return found


def _class(one: Module, other: Module) -> Iterator[Detail]:
    if one.class_name != other.class_name:
        yield Detail("class", one.class_name, other.class_name)


def _config(one: Module, other: Module) -> Iterator[Detail]:
    if one.config == other.config:
        return
    if one.class_name != other.class_name:
        yield Detail("config", one.config or None, other.config or None)
        return
    before, after = settings(one.config), settings(other.config)
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Detail("config", _setting(name, before), _setting(name, after))


def _setting(name: str, values: Mapping[str, str]) -> str | None:
    if name not in values:
        return None
    return values[name] if name.isdigit() else f"{name}={values[name]}"


def _mode(module: Module) -> str:
    return "train" if module.training else "eval"


def _tensors(one: Module, other: Module) -> Iterator[Detail]:
    """What differs in the parameters and buffers that two modules hold themselves."""
    for field, mine, theirs in (
        ("parameters", one.parameters, other.parameters),
        ("buffers", one.buffers, other.buffers),
    ):
        before = {tensor.name: tensor for tensor in mine}
        after = {tensor.name: tensor for tensor in theirs}
        for name in dict.fromkeys((*before, *after)):
            a, b = before.get(name), after.get(name)
            if a is None or b is None or a.shape != b.shape:
                yield Detail(field, _shape(a), _shape(b))  # type: ignore[arg-type]
    shared = [(p.name, p) for p in one.parameters], {p.name: p for p in other.parameters}
    both = [(name, old, shared[1][name]) for name, old in shared[0] if name in shared[1]]
    dtypes = dict.fromkeys((old.dtype, new.dtype) for _, old, new in both if old.dtype != new.dtype)
    for first, second in dtypes:
        yield Detail("dtype", first, second)
    turned = [
        (name, old.trainable, new.trainable)
        for name, old, new in both
        if old.trainable != new.trainable
    ]
    if turned:
        whole = len(turned) == len(both) and len({was for _, was, _ in turned}) == 1
        for name, was, is_now in turned[:1] if whole else turned:
            of = "" if whole else f"{name}: "
            yield Detail("trainable", f"{of}{was}", f"{of}{is_now}")
    for name, old, new in both:
        if (old.shared_with is None) != (new.shared_with is None):
            tied = [f"{name} = {p.shared_with}" if p.shared_with else None for p in (old, new)]
            yield Detail("sharing", *tied)


def _shape(tensor: Any) -> str | None:
    return None if tensor is None else f"{tensor.name} {list(tensor.shape)}"


# -- what it runs -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Touched:
    """Modules that came, went or moved, by their paths before and after."""

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()


Step = tuple[str, tuple[tuple[str, Any], ...], tuple[str, ...]]
"""An op or a call of a child: its name, its arguments, and where what it reads comes from."""


def run_details(alignment: Alignment, pair: Pair, ignored: Touched) -> list[Detail]:
    """The differences in what two modules run themselves, beside their children.

    ``ignored`` came, went or moved: what read from them then reads from something else.
    """
    one, other = alignment.before.graph, alignment.after.graph
    if one.module(pair.before).training is not other.module(pair.after).training:
        return []  # what runs depends on the mode
    mine, theirs = one.calls_of(pair.before), other.calls_of(pair.after)
    if not mine or not theirs:
        return []
    names = dict(_names_after(alignment, pair))
    before = _steps(one, mine[0], names, ignored.before)
    after = _steps(other, theirs[0], dict(_names_of_shared(alignment, pair)), ignored.after)
    found: list[Detail] = []
    flows: list[Detail] = []
    labels = [step[0] for step in before], [step[0] for step in after]
    for equal, a0, a1, b0, b1 in opcodes(*labels):
        if not equal and _comes_along(labels, (a0, a1), (b0, b1), ignored):
            continue
        if not equal:
            found.append(Detail("ops", _listed(labels[0][a0:a1]), _listed(labels[1][b0:b1])))
            continue
        for a, b in zip(before[a0:a1], after[b0:b1], strict=True):
            found += _arguments(a, b)
            if a[2] != b[2]:
                flows.append(Detail("flow", _reads(a), _reads(b)))
    if not found and not ignored.before and not ignored.after:
        found += flows[:1]
    return found


def _comes_along(
    labels: tuple[list[str], list[str]],
    mine: tuple[int, int],
    theirs: tuple[int, int],
    ignored: Touched,
) -> bool:
    """Whether ops came or went with modules: such as stand beside the others of their kind."""
    if not (ignored.before or ignored.after) or (mine[0] < mine[1] and theirs[0] < theirs[1]):
        return False
    extra, others = labels[0][slice(*mine)], labels[1]
    if not extra:
        extra, others = labels[1][slice(*theirs)], labels[0]
    return set(extra) <= set(others)


def _names_after(alignment: Alignment, pair: Pair) -> Iterator[tuple[str, str]]:
    """The path after of each module inside the one before, wherever it was called from."""
    for module in alignment.before.below(pair.before):
        after = alignment.stands.get(module.path)
        if after is not None:
            yield module.path, alignment.after.module(after).shared_with or after


def _names_of_shared(alignment: Alignment, pair: Pair) -> Iterator[tuple[str, str]]:
    """The path of what was one module with another before, of each inside the one after."""
    for module in alignment.before.below(pair.before):
        after = alignment.stands.get(module.path)
        if after is not None and module.shared_with is not None:
            yield after, alignment.stands.get(module.shared_with, after)


def _steps(
    graph: ModelGraph, call: Call, names: Mapping[str, str], ignored: frozenset[str]
) -> list[Step]:
    found: list[Step] = []
    makers: dict[int, str] = {}
    count: dict[str, int] = {}
    outside: dict[int, str] = {}
    inside = call.module

    def source(tensor_id: int) -> str:
        tensor = graph.tensors[tensor_id]
        if tensor.kind in ("parameter", "buffer"):
            return relative(tensor.name or "", inside)
        if tensor_id in makers:
            return makers[tensor_id]
        return outside.setdefault(tensor_id, f"input {len(outside)}")

    for item in call_items(graph, call):
        if isinstance(item, Op):
            label, reads, args = item.name, item.inputs, item.args
        else:
            path = names.get(item.module, item.module)
            if item.module in ignored:
                continue
            label, reads, args = f"{path.rpartition('.')[2]}()", item.inputs, ()
        number = count[label] = count.get(label, 0) + 1
        found.append((label, args, tuple(source(tensor) for tensor in reads)))
        for tensor_id in item.outputs:
            makers[tensor_id] = label if number == 1 else f"{label} {number}"
    return found


def _arguments(a: Step, b: Step) -> Iterator[Detail]:
    before, after = dict(a[1]), dict(b[1])
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if differing:
        texts = [
            f"{a[0]}({', '.join(f'{n}={values[n]}' for n in differing if n in values)})"
            for values in (before, after)
        ]
        yield Detail("ops", *texts)


def _reads(step: Step) -> str:
    return f"{step[0]} reads {', '.join(step[2]) or 'nothing'}"


def _listed(labels: Sequence[str]) -> str | None:
    return ", ".join(labels) or None


# -- shapes -------------------------------------------------------------------------------------


def input_shapes(graph: ModelGraph, path: str) -> list[tuple[int, ...]]:
    """The shapes of what the first call of a module was given."""
    calls = graph.calls_of(path)
    return [graph.tensors[tensor].shape for tensor in calls[0].inputs] if calls else []


def model_inputs(alignment: Alignment) -> Detail | None:
    """How the inputs of the two forwards differ."""
    texts = []
    for side in (alignment.before, alignment.after):
        graph = side.graph
        if not graph.calls:
            return None
        tensors = [graph.tensors[tensor] for tensor in graph.inputs]
        texts.append(", ".join(f"{list(tensor.shape)} {tensor.dtype}" for tensor in tensors))
    return Detail("shapes", *texts) if texts[0] != texts[1] else None
