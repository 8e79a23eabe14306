"""What differs in what a module and its partner run themselves, beside the modules inside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from ..analysis.alignment import Alignment, Pair
from ..analysis.items import call_items
from ..analysis.sequences import opcodes
from ..dotted import join, relative, with_ancestors
from ..graph import Call, ModelGraph, Op
from .changes import Detail


@dataclass(frozen=True, slots=True)
class Touched:
    """Modules that came, went or moved, by their paths before and after."""

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """An op or a call of a child: its name, its arguments, and where what it reads comes from.

    ``dtypes`` are, of an op, those that it reads and those that it gives.
    """

    label: str
    args: tuple[tuple[str, Any], ...]
    reads: tuple[str, ...]
    dtypes: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


_RESULT = "the result"
_OUTSIDE = "outside"
_SAME_RESULTS = 2
"""So many results that are the same are named before those that differ; of more it is not told."""
_NUMBER = re.compile(r"\d+")


def run_details(alignment: Alignment, pair: Pair, ignored: Touched) -> list[Detail]:
    """The differences in what two modules run themselves, beside their children.

    ``ignored`` came, went or moved: what read from them then reads from something else.
    """
    one, other = alignment.before.graph, alignment.after.graph
    if one.module(pair.before).training is not other.module(pair.after).training:
        return []  # what runs depends on the mode
    names = dict(_names_after(alignment, pair)), dict(_names_of_shared(alignment, pair))
    for mine, theirs in zip(one.calls_of(pair.before), other.calls_of(pair.after), strict=False):
        before = _steps(one, mine, names[0], ignored.before)
        after = _steps(other, theirs, names[1], ignored.after)
        if len(mine.inputs) != len(theirs.inputs):  # which differs where it is called
            before, after = map(_without_inputs, (before, after))
        found, flows, moved = _differences(before, after, ignored)
        found += _unexplained(alignment, pair, [one for one in moved if _is_plain(*one)])
        if not found and flows and not ignored.before and not ignored.after:
            found = _unexplained(alignment, pair, flows)[:1]
        if found:
            return found  # what differs in one call does so in the next ones
    return []


def _without_inputs(steps: Sequence[Step]) -> list[Step]:
    """Steps that read no input of a call but the first: which are which is not known."""
    return [
        replace(s, reads=tuple(r for r in s.reads if r == "input 0" or not r.startswith("input ")))
        for s in steps
    ]


def _is_plain(before: Step, after: Step) -> bool:
    """Whether a step that stands in another place reads from something else that is known."""
    sources = (*before.reads, *after.reads)
    return before.reads != after.reads and not any(name.startswith(_OUTSIDE) for name in sources)


def _differences(
    before: Sequence[Step], after: Sequence[Step], ignored: Touched
) -> tuple[list[Detail], list[tuple[Step, Step]], list[tuple[Step, Step]]]:
    """Ops and arguments that differ in two calls; the steps that read from elsewhere; those moved.

    What is gone from one place of the order and new in another has moved: it did not come or go.
    """
    found: list[Detail] = []
    flows: list[tuple[Step, Step]] = []
    labels = [step.label for step in before], [step.label for step in after]
    others: list[tuple[Sequence[Step], Sequence[Step]]] = []
    alongside: list[tuple[Sequence[Step], Sequence[Step]]] = []
    for equal, a0, a1, b0, b1 in opcodes(*labels):
        if equal:
            for a, b in zip(before[a0:a1], after[b0:b1], strict=True):
                found += list(_arguments(a, b)) or _dtypes(a, b)
                if a.reads != b.reads:
                    flows.append((a, b))
        else:
            along = _comes_along(labels, (a0, a1), (b0, b1), ignored)
            (alongside if along else others).append((before[a0:a1], after[b0:b1]))
    differing = [*others, *alongside]
    gone = [step for old, _ in differing for step in old]
    moved = list(_moved(gone, [step for _, new in differing for step in new]))
    stayed = {id(step) for pair in moved for step in pair}
    for pair in others:
        old, new = ([step.label for step in steps if id(step) not in stayed] for steps in pair)
        if old or new:
            found.append(Detail("ops", _listed(old), _listed(new)))
    for a, b in moved:
        found += _arguments(a, b)
    return found, flows, moved


def _moved(gone: Sequence[Step], new: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    """The steps of one label that are gone and new, each with its partner."""
    waiting: dict[str, list[Step]] = {}
    for step in new:
        waiting.setdefault(step.label, []).append(step)
    for step in gone:
        if waiting.get(step.label):
            yield step, waiting[step.label].pop(0)


def _unexplained(
    alignment: Alignment, pair: Pair, flows: Sequence[tuple[Step, Step]]
) -> list[Detail]:
    """Where steps read from something else, and not because a parameter came or went."""
    held: list[set[str]] = []
    for side, path, stands in (
        (alignment.before, pair.before, alignment.stands),
        (alignment.after, pair.after, {}),
    ):
        inside = ((stands.get(m.path, m.path), m) for m in side.below(path))
        names = (join(at, p.name) for at, module in inside for p in module.parameters)
        held.append({relative(name, pair.after) for name in names})
    only = held[0] ^ held[1]
    rest = ((a, b) for a, b in flows if only.isdisjoint((*a.reads, *b.reads)))
    return [Detail("flow", _reads(a, b), _reads(b, a)) for a, b in rest]


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
    inside = names.get(call.module, call.module)

    def source(tensor_id: int) -> str:
        tensor = graph.tensors[tensor_id]
        if tensor.kind in ("parameter", "buffer"):
            owner, _, name = (tensor.name or "").rpartition(".")
            return relative(join(names.get(owner, owner), name), inside)
        if tensor_id in makers:
            return makers[tensor_id]
        if tensor_id in call.inputs:
            return f"input {call.inputs.index(tensor_id)}"
        return outside.setdefault(tensor_id, f"{_OUTSIDE} {len(outside)}")

    for item in call_items(graph, call):
        if isinstance(item, Op):
            label, reads, args = item.name, item.inputs, item.args
        else:
            path = names.get(item.module, item.module)
            if ignored and not ignored.isdisjoint(with_ancestors(item.module)):
                continue
            label, reads, args = f"{path.rpartition('.')[2]}()", item.inputs, ()
        number = count[label] = count.get(label, 0) + 1
        given = tuple(source(tensor) for tensor in reads)
        dtypes = _types(graph, reads), _types(graph, item.outputs)
        found.append(Step(label, args, given, *([dtypes] if isinstance(item, Op) else [])))
        name = label if number == 1 else f"{label} {number}"
        for place, tensor_id in enumerate(item.outputs):
            makers[tensor_id] = f"{name}[{place}]" if place else name  # whatever comes beside
    given = tuple(map(source, call.outputs))
    keys = keys_of_result(graph) if call.parent is None else ()
    if keys:  # whose order tells nothing
        given = tuple(sorted(map("{}={}".format, keys, given)))
    found.append(Step(_RESULT, tuple((key, key) for key in keys), given))
    return found


def _types(graph: ModelGraph, tensors: Sequence[int]) -> frozenset[str]:
    return frozenset(graph.tensors[tensor].dtype for tensor in tensors)


def keys_of_result(graph: ModelGraph) -> tuple[str, ...]:
    """Where each tensor is in what a model returns, where that is more than one after the other."""
    names = tuple(graph.tensors[tensor].name or "" for tensor in graph.outputs)
    in_order = tuple(f"[{place}]" for place in range(len(names)))
    return names if all(names) and names != in_order else ()


def _dtypes(a: Step, b: Step) -> list[Detail]:
    """What an op gives in another type, though it reads the same as before, as under autocast."""
    given, made = zip(a.dtypes, b.dtypes, strict=True)
    if given[0] != given[1] or made[0] == made[1]:
        return []
    return [Detail("dtype", *(f"{a.label}: {', '.join(sorted(types))}" for types in made))]


def _arguments(a: Step, b: Step) -> Iterator[Detail]:
    before, after = dict(a.args), dict(b.args)
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not differing:
        return
    if a.label == _RESULT:
        if before and after:
            keys = (_named([key for key in differing if key in has]) for has in (before, after))
            yield Detail("flow", *(f"{_RESULT} has {these}" if these else None for these in keys))
        return
    texts = [
        f"{a.label}({', '.join(f'{n}={values[n]}' for n in differing if n in values)})"
        for values in (before, after)
    ]
    yield Detail("ops", *texts)


def _named(keys: Sequence[str]) -> str:
    """Keys of a result; of those that differ in numbers alone, the first and how many more."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(_NUMBER.sub("#", key), []).append(key)
    return ", ".join(
        f"{first} and {len(rest)} more" if rest else first for first, *rest in groups.values()
    )


def _reads(step: Step, other: Step) -> str:
    if step.label != _RESULT:
        return f"{step.label} reads {', '.join(step.reads) or 'nothing'}"
    if step.args and other.args:
        told = [read for read in step.reads if read not in other.reads]
    else:
        both = zip(step.reads, other.reads, strict=False)
        same = sum(1 for _ in takewhile(lambda reads: reads[0] == reads[1], both))
        told = ["…", *step.reads[same:]] if same > _SAME_RESULTS else [*step.reads]
    return f"{_RESULT} is {', '.join(told) or 'nothing'}"


def _listed(labels: Sequence[str]) -> str | None:
    return ", ".join(labels) or None
