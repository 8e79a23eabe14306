"""Which layers of attention tensor parallelism splits: its heads know nothing of each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from ..graph import Op
from .flow import PRODUCTS, LayerFlow, innermost
from .groups import Group


@dataclass(frozen=True, slots=True)
class _Stream:
    """A tensor that attention takes, the size of a head of it, and the layers that it is from."""

    tensor: int
    size: int
    behind: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Core:
    """What attention takes: queries, keys and values, and masks; ``heads``, 0 if not seen."""

    streams: tuple[_Stream, ...]
    heads: int


def find_attention(flow: LayerFlow) -> tuple[list[Group], dict[str, str]]:
    """The groups of attention, and the layers that cannot be split, each with the reason."""
    groups: list[Group] = []
    refused: dict[str, str] = {}
    for op in flow.graph.ops:
        core = _core(flow, op)
        rows = {flow.linears[one] for one in flow.linears_after(op.outputs)} if core else set()
        if core is None or len(rows) != 1:
            continue
        found = _group(flow, core, next(iter(rows)))
        if isinstance(found, Group):
            groups.append(found)
        elif found is not None:
            refused[found[0]] = found[1]
    return groups, refused


def _group(flow: LayerFlow, core: _Core, row: str) -> Group | tuple[str, str] | None:
    # A mask comes from none, and what is made in two steps from more than one.
    given: dict[int, list[_Stream]] = defaultdict(list)
    for stream in core.streams:
        if len(stream.behind) == 1:
            given[next(iter(stream.behind))].append(stream)
    if row in {flow.linears[one] for one in given}:
        return None
    if sum(map(len, given.values())) != 3:
        return _latent(flow, core, row)
    columns: list[str] = []
    heads: list[tuple[int, ...]] = []
    parts: list[tuple[int, ...]] = []
    for linear, streams in given.items():
        path = flow.linears[linear]
        mixing = flow.mixing(linear)
        if mixing is not None:
            features = flow.features(path)
            if core.heads > 1 and features == max(stream.size for stream in streams):
                return path, _shared_head(core.heads, False)
            return path, f"{mixing.name} needs all {features:,} features of {path} at once"
        found = _column(flow, linear, streams, core.heads)
        if found is None:
            if len(streams) == 1:
                return _latent(flow, core, row)
            if _has_shared_head(flow, streams, core.heads):
                return path, _shared_head(core.heads, True)
            return path, (
                f"{path} gives queries, keys and values of {flow.features(path):,} features in an "
                "order that is not that of their heads"
            )
        if 1 in found[0] and core.heads > 1:
            return path, _shared_head(core.heads, len(streams) > 1)
        columns.append(path)
        heads.append(found[0])
        parts.append(found[1])
    return _made(flow, tuple(columns), row, tuple(heads), tuple(parts))


def _made(
    flow: LayerFlow,
    columns: tuple[str, ...],
    row: str,
    heads: tuple[tuple[int, ...], ...],
    parts: tuple[tuple[int, ...], ...],
) -> Group:
    layers = (*columns, row)
    features = tuple(map(flow.features, columns))
    turned = tuple(path for path in layers if flow.transposed(path))
    return Group("attention", innermost(layers), columns, (row,), features, heads, parts, turned)


def _column(
    flow: LayerFlow, linear: int, streams: list[_Stream], many: int
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The numbers of heads that a layer gives, and the features of its parts, if it has some."""
    features = flow.features(flow.linears[linear])
    shapes = [flow.tensor(stream.tensor).shape for stream in streams]
    if len(streams) == 1:
        (stream,), (shape,) = streams, shapes
        heads = features // stream.size
        # Several heads of a query may share one.
        if features % stream.size or (len(shape) > 3 and shape[-3] % max(heads, 1)):
            return None
        return (heads,), ()
    layout = flow.layout(linear, len(streams))
    shown = {shape[-3] for shape in shapes if len(shape) > 3} or {many}
    if isinstance(layout, tuple) and len(layout) == len(streams):
        sizes = zip(sorted(layout), sorted(stream.size for stream in streams), strict=True)
        if any(part % size for part, size in sizes):
            return None
        each = max(stream.size for stream in streams)
        return tuple(part // each for part in layout), layout
    if isinstance(layout, int) and all(count and count % layout == 0 for count in shown):
        return (max(shown), layout), ()
    return None


def _has_shared_head(flow: LayerFlow, streams: list[_Stream], many: int) -> bool:
    """Whether a layer gives one head of keys and values for all queries."""
    features = flow.features(flow.linears[next(iter(streams[0].behind))])
    return many > 1 and features == (many + 2) * max(stream.size for stream in streams)


def _shared_head(many: int, together: bool) -> str:
    """Why attention with one head of keys and values is not split."""
    shared = f"its {many} heads of queries share one head of keys and values, which "
    one_layer = "one layer gives with them: each device would need that whole"
    return shared + (one_layer if together else "each device would need whole")


def _latent(flow: LayerFlow, core: _Core, row: str) -> Group | None:
    """The group of attention whose keys and values come from a small layer by a larger one.

    What all heads share, such as the part of the keys with their positions, stays whole.
    """
    shape = flow.tensor(core.streams[0].tensor).shape
    heads = shape[-3] if len(shape) > 3 else 0
    behind = [stream.behind for stream in core.streams if stream.behind]
    split = {one for some in behind for one in some if heads and _gives_heads(flow, one, heads)}
    # Keys may be made of two parts, of which all heads share one.
    parts = [bool(some & split) for some in behind]
    if sum(parts) < 3 or not (parts[0] and parts[-1]):
        return None
    columns = tuple(dict.fromkeys(flow.linears[one] for one in sorted(split)))
    if row in columns:
        return None
    return _made(flow, columns, row, ((heads,),) * len(columns), ((),) * len(columns))


def _gives_heads(flow: LayerFlow, linear: int, heads: int) -> bool:
    """Whether what a layer gives is laid out as so many heads, by nothing but views."""
    width = flow.features(flow.linears[linear])
    waiting = flow.outputs(linear)
    while waiting:
        for reader in flow.readers[waiting.pop()]:
            op = flow.graph.ops[reader]
            for made in op.outputs if op.view else ():
                shape = flow.tensor(made).shape
                if width % heads == 0 and shape[-2:] == (heads, width // heads):
                    return True
                if shape[-1:] == (width,):
                    waiting.append(made)
    return False


# -- what is attention ----------------------------------------------------------------------------


def _core(flow: LayerFlow, op: Op) -> _Core | None:
    """What attention takes, where ``op`` is it, or its last product."""
    if op.name == "scaled_dot_product_attention":
        shapes = {t: flow.tensor(t).shape for t in op.inputs}
        taken = [(t, shape[-1]) for t, shape in shapes.items() if len(shape) > 2]
        first = shapes[op.inputs[0]]
        return _streams(flow, taken, first[-3] if len(first) > 3 else 0)
    if op.name not in PRODUCTS or len(op.inputs) != 2:
        return None
    for weights, values in (op.inputs, op.inputs[::-1]):
        softmax = flow.back(weights, "softmax")
        product = None if softmax is None else _back_to_product(flow, softmax.inputs)
        if softmax is not None and product is not None:
            # What a product is added to comes first, as a mask does.
            factors = product.inputs[-2:]
            size = _contracted(flow, factors)
            taken = [(t, size) for t in factors] if size else []
            taken.append((values, flow.tensor(op.outputs[0]).shape[-1]))
            shape = flow.tensor(softmax.outputs[0]).shape
            return _streams(flow, taken, shape[-3] if len(shape) > 3 else 0)
    return None


def _streams(flow: LayerFlow, taken: list[tuple[int, int]], heads: int) -> _Core:
    found = tuple(_Stream(t, size, frozenset(flow.linears_behind(t))) for t, size in taken)
    return _Core(found, heads)


def _back_to_product(flow: LayerFlow, tensors: tuple[int, ...]) -> Op | None:
    found: Iterator[Op | None] = (flow.back(t, name) for t in tensors for name in PRODUCTS)
    return next((op for op in found if op is not None), None)


def _contracted(flow: LayerFlow, factors: tuple[int, ...]) -> int | None:
    """The size over which a product sums."""
    shapes = [flow.tensor(t).shape for t in factors]
    if len(shapes) != 2 or min(map(len, shapes)) < 2:
        return None
    for a, b in (shapes, shapes[::-1]):
        if a[-1] == b[-2]:
            return a[-1]
    return None
