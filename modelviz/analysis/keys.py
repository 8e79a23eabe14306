"""Structure keys: modules, or calls, have equal keys when they have equal structure.

A key is a digest of what it stands for, so that keys can be compared between graphs, processes and
days. The digest of a subtree is made of the digests of its parts: all keys together take time
linear in the graph.

The key of a **call** is made of:

- the method that was called, and whether it failed;
- each op it ran itself, in order: its name, its arguments, whether it wrote in place, how many
  tensors it gave, and where each tensor that it read came from, as seen from inside the call (an
  earlier op or call of it and which of its results, a parameter or buffer by its path below the
  module, or the how-manieth tensor from outside);
- the key of each call it made, in its place among the ops, with the path of the called module below
  this one, and where what it read came from;
- where what it returned came from;
- the order in which the tensors from outside were passed in.

The key of a **module** is made of:

- its qualified class, its configuration (``extra_repr``), the size of its kernel;
- its own parameters (name, shape, dtype, trainable, packed, lazy, whether shared with an earlier
  one) and buffers (name, shape, dtype, persistent, whether shared), and whether the module itself
  is held elsewhere before;
- which places inside it hold one tensor or one module, by their paths below it;
- the name and key of each child, in order;
- the key of each of its calls, in order.

Left out are: where the module is (paths count from the module itself, so that a block has the key
of its copies, and of the same block in another model); activation shapes, which ``shape_keys``
tells; the training flag; values, places in the source and figures; the rate of stochastic depth,
which by custom grows with the depth; and an argument that repeats a size that values decide, such
as the number of tokens that an expert gets.
"""

from __future__ import annotations

import marshal
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any

from ..dotted import join
from ..graph import Buffer, Call, ModelGraph, Module, Op, Parameter
from .items import call_items
from .unknown_sizes import unknown_sizes, without_sizes

Key = str
"""32 hexadecimal digits; equal structure, equal key."""

_SCALARS = frozenset({type(None), bool, int, float, str})
_NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?")
_STOCHASTIC_DEPTH = re.compile(r"drop_?path|stochastic_?depth", re.IGNORECASE)


@dataclass(frozen=True)
class StructureKeys:
    """The keys of a graph, each kind made when it is first asked for.

    With ``short_names`` a class is told by its name alone, so that it is the same one in whatever
    file it stands: for two graphs side by side.
    """

    graph: ModelGraph
    short_names: bool = False

    @property
    def calls(self) -> tuple[Key, ...]:
        """The key of each call, by id."""
        return self._of_calls[0]

    @property
    def reads(self) -> Sequence[tuple[int, ...]]:
        """By call: the tensors from outside that are read anywhere in it, in that order."""
        return self._of_calls[1]

    @cached_property
    def _of_calls(self) -> tuple[tuple[Key, ...], Sequence[tuple[int, ...]]]:
        return _call_keys(self.graph, self._unknown)

    @cached_property
    def modules(self) -> Mapping[str, Key]:
        """The key of each module, by path."""
        return _module_keys(self.graph, self.calls, self.short_names)

    @cached_property
    def shapes(self) -> tuple[Key, ...]:
        """By call: a digest of the tensors that came and went, in it and in all calls inside.

        Of what came in, the first counts: a cache that is passed along grows on the way. A size
        that values decide is no difference.
        """
        return _shape_keys(self.graph, self._unknown)

    @property
    def tell_all(self) -> bool:
        """Whether the key of a call tells all arguments in it: no size is left to values."""
        return not self._unknown

    @cached_property
    def _unknown(self) -> Mapping[int, frozenset[int]]:
        return unknown_sizes(self.graph)


def structure_keys(graph: ModelGraph, short_names: bool = False) -> StructureKeys:
    """The structure keys of a graph."""
    return StructureKeys(graph, short_names)


def indexing_blind(op: Op) -> Hashable:
    """What an op between repeated modules does, whichever element it picks.

    ``mask[3]`` and ``mask[4]`` are one step of the same loop, so positions are left out.
    """
    if op.name in {"getitem", "__getitem__", "select", "setitem", "__setitem__", "unbind"}:
        return (op.name, len(op.inputs), len(op.outputs))
    return (op.name, _plain(op.args), len(op.inputs), len(op.outputs))


def digest(content: Any) -> Key:
    """The key of a content: nested tuples of text, numbers and None."""
    try:
        # The second form has no back references, which depend on who else holds a text.
        written = marshal.dumps(content, 2)
    except ValueError:  # of a class of its own, such as an enum's number
        written = ascii(content).encode("ascii")
    return _digest_of(written)


# Most calls of a model are like another one of it.
@lru_cache(maxsize=8192)
def _digest_of(written: bytes) -> Key:
    return blake2b(written, digest_size=16).hexdigest()


def _plain(value: Any) -> Hashable:
    """An argument as nested tuples of plain values, the same before and after it is saved."""
    kind = type(value)
    if kind in _SCALARS or (kind is tuple and _SCALARS.issuperset(map(type, value))):
        return value  # type: ignore[no-any-return]
    if isinstance(value, (tuple, list)):
        return tuple([_plain(part) for part in value])
    if isinstance(value, dict):
        return tuple(sorted((str(key), ascii(_plain(part))) for key, part in value.items()))
    return value if isinstance(value, (str, int, float)) else ascii(value)


# -- calls --------------------------------------------------------------------------------------


def _call_keys(
    graph: ModelGraph, unknown: Mapping[int, frozenset[int]]
) -> tuple[tuple[Key, ...], Sequence[tuple[int, ...]]]:
    """By call: its key, and the tensors from outside that it reads."""
    result = [""] * len(graph.calls)
    reads: list[tuple[int, ...]] = [()] * len(graph.calls)
    plain: dict[int, Hashable] = {}
    loose = {module.path for module in graph.modules if is_stochastic_depth(module)}
    for call in reversed(graph.calls):  # what a call made comes after it
        content, reads[call.id] = _call_content(
            graph, call, result, reads, call.module in loose, unknown, plain
        )
        result[call.id] = digest(content)
    return tuple(result), reads


def _shape_keys(graph: ModelGraph, unknown: Mapping[int, frozenset[int]]) -> tuple[Key, ...]:
    def told(tensor_id: int) -> tuple[Hashable, ...]:
        tensor = graph.tensors[tensor_id]
        shape: Hashable = tensor.named_shape
        if tensor_id in unknown:
            shape = without_sizes(shape, unknown[tensor_id])
        return (shape, tensor.dtype, tensor.device)

    result = [""] * len(graph.calls)
    for call in reversed(graph.calls):
        came = tuple([told(tensor)[:1] for tensor in call.inputs[:1]])
        went = tuple([told(tensor) for tensor in call.outputs])
        result[call.id] = digest((came, went, tuple([result[child] for child in call.children])))
    return tuple(result)


def _call_content(
    graph: ModelGraph,
    call: Call,
    keys: list[Key],
    reads: list[tuple[int, ...]],
    loose: bool,
    unknown: Mapping[int, frozenset[int]],
    plain: dict[int, Hashable],
) -> tuple[Hashable, tuple[int, ...]]:
    """What happens in one call, and the tensors from outside that are read anywhere in it.

    Tensors from outside are named by the order in which they are read, whatever was passed in
    beside them: a cache that grows from layer to layer leaves the layers equal.
    """
    items = call_items(graph, call)
    starts = [item.id if isinstance(item, Op) else item.start for item in items]
    prefix = f"{call.module}." if call.module else ""
    outside: dict[int, int] = {}
    tensors, begin, end = graph.tensors, call.start, call.stop

    def place(tensor_id: int) -> Hashable:
        """Where a tensor comes from, as seen from inside the call."""
        tensor = tensors[tensor_id]
        producer = tensor.producer
        if producer is None:
            kind, name = tensor.kind, tensor.name or ""
            if kind in ("parameter", "buffer") and name.startswith(prefix):
                return (kind, name[len(prefix) :])
        elif begin <= producer < end:
            index = bisect_right(starts, producer) - 1
            item = items[index]
            if isinstance(item, Call) and tensor_id in item.outputs:
                return (index, item.outputs.index(tensor_id))
            position = graph.ops[producer].outputs.index(tensor_id)
            return (index, producer - starts[index], position)
        return ("outside", outside.setdefault(tensor_id, len(outside)))

    content: list[Hashable] = []
    for item in items:
        if isinstance(item, Op):
            args = _without_floats(item.args) if loose else _known_args(item, unknown, plain)
            sources = tuple([place(tensor) for tensor in item.inputs])
            content.append((item.name, args, sources, len(item.outputs), item.in_place))
        else:
            name = item.module[len(prefix) :] if item.module.startswith(prefix) else None
            content.append((keys[item.id], name, tuple([place(t) for t in reads[item.id]])))
    results = []
    for tensor_id in call.outputs:
        producer = tensors[tensor_id].producer
        if producer is not None and begin <= producer < end:
            results.append(place(tensor_id))
    order = _order(call, outside) if len(outside) > 1 else ()
    return (call.method, call.failed, tuple(content), tuple(results), order), tuple(outside)


def _order(call: Call, outside: Iterable[int]) -> tuple[int, ...]:
    """In which order tensors from outside were passed in, of those that are read anywhere."""
    places = {tensor: place for place, tensor in enumerate(call.inputs)}
    passed = [places[tensor] for tensor in outside if tensor in places]
    return tuple(map(sorted(passed).index, passed)) if len(passed) > 1 else ()


def _known_args(
    op: Op, unknown: Mapping[int, frozenset[int]], plain: dict[int, Hashable]
) -> Hashable:
    """The arguments of an op, without sizes that values decided; ``plain`` remembers them."""
    sizes = [unknown[tensor] for tensor in op.inputs if tensor in unknown] if unknown else []
    if sizes:
        return without_sizes(op.args, frozenset().union(*sizes))
    # Ops that do the same share their arguments.
    found = plain.get(id(op.args))
    if found is None:
        found = plain[id(op.args)] = _plain(op.args)
    return found


def _without_floats(value: Any) -> Hashable:
    if isinstance(value, (tuple, list)):
        return tuple(_without_floats(part) for part in value)
    return None if isinstance(value, float) else _plain(value)


# -- modules ------------------------------------------------------------------------------------


def _module_keys(graph: ModelGraph, calls: tuple[Key, ...], short_names: bool) -> dict[str, Key]:
    sharing = _sharing(graph)
    result: dict[str, Key] = {}
    # A module is listed before its children, so the reversed list meets children first.
    for module in reversed(graph.modules):
        result[module.path] = digest(
            (
                _own_content(module, short_names),
                tuple(sharing.get(module.path, ())),
                tuple([(_last(one.path), result[one.path]) for one in graph.children(module.path)]),
                tuple([calls[call.id] for call in graph.calls_of(module.path)]),
            )
        )
    return result


def _own_content(module: Module, short_names: bool) -> Hashable:
    parameters = tuple(
        [
            (
                p.name,
                p.shape,
                p.dtype,
                p.trainable,
                p.shared_with is not None,
                p.packed,
                p.lazy,
                p.packing,
            )
            for p in module.parameters
        ]
    )
    buffers = tuple(
        [
            (b.name, b.shape, b.dtype, b.persistent, b.shared_with is not None)
            for b in module.buffers
        ]
    )
    config = module.config
    if is_stochastic_depth(module):
        config = _NUMBER.sub("#", config)
    return (
        module.class_name if short_names else module.qualified_class,
        config,
        parameters,
        buffers,
        module.kernel_size,
        module.shared_with is not None,
    )


def is_stochastic_depth(module: Module) -> bool:
    """Whether the module drops whole paths, at a rate that by custom grows with the depth.

    The rate is a schedule of the training, not a difference between blocks.
    """
    return not module.parameters and bool(_STOCHASTIC_DEPTH.search(module.class_name))


def _sharing(graph: ModelGraph) -> dict[str, list[tuple[str, str]]]:
    """By the innermost module that holds both places: pairs of places of one shared tensor."""
    result: dict[str, list[tuple[str, str]]] = defaultdict(list)

    def note(place: str, first: str) -> None:
        owner = _common_parent(place, first)
        cut = len(owner) + 1 if owner else 0
        result[owner].append((place[cut:], first[cut:]))

    for module in graph.modules:
        if module.shared_with is not None:
            note(module.path, module.shared_with)
        parts: list[Parameter | Buffer] = [*module.parameters, *module.buffers]
        for part in parts:
            if part.shared_with is not None:
                note(join(module.path, part.name), part.shared_with)
    return result


def _common_parent(a: str, b: str) -> str:
    common = []
    for left, right in zip(a.split(".")[:-1], b.split(".")[:-1], strict=False):
        if left != right:
            break
        common.append(left)
    return ".".join(common)


def _last(path: str) -> str:
    return path.rpartition(".")[2]
