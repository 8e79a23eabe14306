"""What could be left out: linear maps in a row, ops that undo each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...graph import Level, Module, Op, Tensor
from ..flow import Flow
from ..kinds import (
    ADDS,
    BATCH_NORMS,
    CASTS,
    COMBINING,
    CONVOLUTIONS,
    DROPOUTS,
    LINEAR,
    PICKS,
    PRODUCTS,
    SCALINGS,
    TRANSPARENT,
    TRANSPOSED,
)
from ..rule import Spot, rule
from ..subject import Subject

_LAYERS = LINEAR | CONVOLUTIONS | TRANSPOSED
# A bilinear map is linear in each of its inputs, and not in both.
_CHAINED = ((LINEAR | CONVOLUTIONS) - {"bilinear"}) | {"matmul", "mm"}
_KEEPS_LINEAR = (
    TRANSPARENT
    | PICKS
    | ADDS
    | COMBINING
    | DROPOUTS
    | BATCH_NORMS
    | frozenset({"mean", "sum", "avg_pool1d", "avg_pool2d", "avg_pool3d", "pad", "zeros", "ones"})
    | frozenset({"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "full"})
)


@rule("MV501", "linear-after-linear", "warning", "forward")
def linear_after_linear(subject: Subject) -> Iterator[Spot]:
    """Two linear maps with nothing between them but what is linear itself."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name not in _CHAINED or _matrix(flow, op) is None:
            continue
        afters = _next_layers(flow, op)
        if not afters or not all([_follows(flow, op, after) for after in afters]):
            continue
        given, between = _widths(flow, op)
        different = {tuple(flow.weights(after)): after for after in afters}
        made = sum(_widths(flow, after)[1] for after in different.values())
        level: Level | None = None
        if between < min(given, made) or _strides(flow, op) or _attends(flow, afters):
            level = "info"
        names = " and ".join(dict.fromkeys(flow.path(after) or after.name for after in afters))
        yield Spot(
            f"{names} follows with no activation between: the two are one linear map "
            f"({given} → {between} → {made})",
            "put an activation between them, or make them one layer",
            op=op.id,
            level=level,
        )


_BETWEEN = (TRANSPARENT - {"detach", "data"}) | DROPOUTS | BATCH_NORMS


def _next_layers(flow: Flow, op: Op) -> list[Op]:
    """What takes what a layer gives, through what is linear; empty where it goes elsewhere, too."""
    found: list[Op] = []
    waiting = [op]
    while waiting:
        current = waiting.pop()
        if len(current.outputs) != 1 or current.outputs[0] in flow.graph.outputs:
            return []
        readers = flow.readers[current.outputs[0]]
        if not readers:
            return []
        for reader in readers:
            after = flow.graph.ops[reader]
            biased = after.name in ADDS and len(flow.data(after)) == 1 and flow.weights(after)
            trained = after.name in BATCH_NORMS and flow.argument(after, "training") is True
            if (after.name in _BETWEEN and not trained) or biased:
                waiting.append(after)
            else:
                found.append(after)
        if len(found) > _MAX_READERS:
            return []
    return found


_MAX_READERS = 8


def _strides(flow: Flow, op: Op) -> bool:
    """Whether a convolution is there to make its input smaller."""
    stride = flow.argument(op, "stride")
    steps = stride if isinstance(stride, tuple) else (stride,)
    return op.name in CONVOLUTIONS and any(isinstance(step, int) and step > 1 for step in steps)


def _attends(flow: Flow, layers: list[Op]) -> bool:
    """Whether layers make queries, keys or values, whose products are not linear."""
    waiting = list(layers)
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        for reader in {r for tensor in current.outputs for r in flow.readers[tensor]} - seen:
            seen.add(reader)
            after = flow.graph.ops[reader]
            if after.name == "scaled_dot_product_attention":
                return True
            if after.name in PRODUCTS and len(flow.data(after)) > 1:
                return True
            if after.name in TRANSPARENT | PICKS | SCALINGS:
                waiting.append(after)
    return False


def _follows(flow: Flow, op: Op, after: Op) -> bool:
    """Whether a layer after another makes one linear map of the two."""
    if not _same_family(op, after) or _matrix(flow, after) is None:
        return False
    if len(flow.data(after)) != 1:
        return False
    return op.name not in CONVOLUTIONS or (_is_whole(flow, op) and _is_whole(flow, after))


def _same_family(op: Op, after: Op) -> bool:
    return after.name in (CONVOLUTIONS if op.name in CONVOLUTIONS else _CHAINED - CONVOLUTIONS)


def _is_whole(flow: Flow, op: Op) -> bool:
    """Whether a convolution mixes all channels; a separable one is made of two on purpose."""
    return flow.argument(op, "groups", 1) == 1


def _matrix(flow: Flow, op: Op) -> Tensor | None:
    """The one matrix or kernel of a layer."""
    found = [weight for weight in flow.weights(op) if len(weight.shape) > 1]
    return found[0] if len(found) == 1 else None


def _widths(flow: Flow, op: Op) -> tuple[int, int]:
    """The features that a layer takes and gives."""
    weight = _matrix(flow, op)
    assert weight is not None
    turned = op.name in PRODUCTS
    return (weight.shape[-2], weight.shape[-1]) if turned else (weight.shape[1], weight.shape[0])


@rule("MV503", "nothing-but-linear", "warning", "forward")
def nothing_but_linear(subject: Subject) -> Iterator[Spot]:
    """The whole model is one linear map."""
    flow = subject.flow
    ops = [op for op in subject.graph.ops if flow.live[op.id]]
    layers = [op for op in ops if op.name in _LAYERS and flow.weights(op)]
    if len(layers) < 2 or subject.graph.modules[0].training or not subject.all_is_seen:
        return
    for op in ops:
        if op.name in _LAYERS and len([t for t in flow.data(op) if flow.from_input[t]]) < 2:
            continue
        numbers = op.name in ("mul", "div") and len(op.inputs) == 1
        if not (op.name in _KEEPS_LINEAR or numbers):
            return
    if not _follow(flow, ops, layers):
        return
    yield Spot(
        f"the {len(layers)} layers of the model make one linear map: there is no activation",
        "put an activation, such as ReLU, between the layers",
        path="",
    )


def _follow(flow: Flow, ops: Sequence[Op], layers: Sequence[Op]) -> bool:
    """Whether any of the layers works on what comes of another; heads side by side do not."""
    places = {op.id for op in layers}
    after: set[int] = set()
    for op in ops:
        behind = not after.isdisjoint(flow.data(op))
        if behind and op.id in places:
            return True
        if behind or op.id in places:
            after.update(op.outputs)
    return False


@rule("MV504", "no-op", "info", "forward")
def no_op(subject: Subject) -> Iterator[Spot]:
    """Dropout of 0, permutations that cancel, a resize to the same size, casts back and forth."""
    flow = subject.flow
    for op in subject.graph.ops:
        what = _idle(flow, op)
        if what is not None:
            yield Spot(what, "leave it out", op=op.id)
    idle = [module.path for module in subject.graph.modules if _is_idle_dropout(subject, module)]
    if idle:
        more = f", and {len(idle) - 1} others," if len(idle) > 1 else ""
        yield Spot(f"a dropout of 0{more} does nothing", "leave it out", path=idle[0])


def _is_idle_dropout(subject: Subject, module: Module) -> bool:
    called = module.shared_with is None and module.path in subject.called
    return called and module.class_name.startswith("Dropout") and "p=0.0," in module.config


def _idle(flow: Flow, op: Op) -> str | None:
    data = flow.data(op)
    if not data or len(op.outputs) != 1:
        return None
    given, made = flow.tensor(data[0]), flow.tensor(op.outputs[0])
    if op.name in ("interpolate", "upsample") and given.shape == made.shape:
        return f"{op.name} to the size that the tensor has"
    before = flow.producer(data[0])
    if before is None or len(flow.readers[data[0]]) != 1 or not flow.data(before):
        return None
    first = flow.tensor(flow.data(before)[0])
    if op.name in CASTS and before.name in CASTS and first.dtype == made.dtype != given.dtype:
        return f"a cast to {given.dtype} and back to {made.dtype}"
    if op.name in ("transpose", "permute", "t", "T", "mT") and before.name == op.name:
        cancels = _order(flow, before, len(first.shape)), _order(flow, op, len(first.shape))
        if cancels[0] and cancels[1] and [cancels[0][i] for i in cancels[1]] == sorted(cancels[0]):
            return f"a {op.name} that undoes the one before"
    return None


def _order(flow: Flow, op: Op, rank: int) -> list[int] | None:
    """The order into which an op puts the dimensions."""
    order = list(range(rank))
    if op.name in ("t", "T", "mT"):
        pair = (rank - 2, rank - 1)
    elif op.name == "transpose":
        first, second = flow.argument(op, "dim0"), flow.argument(op, "dim1")
        if not isinstance(first, int) or not isinstance(second, int):
            return None
        pair = (first % rank, second % rank)
    else:
        numbers = [value for _, value in op.args]
        flat = numbers[0] if len(numbers) == 1 and isinstance(numbers[0], tuple) else numbers
        if len(flat) != rank or not all(isinstance(dim, int) for dim in flat):
            return None
        return [dim % rank for dim in flat]
    if rank < 2:
        return None
    order[pair[0]], order[pair[1]] = order[pair[1]], order[pair[0]]
    return order
