"""Samples that meet: in shapes, in a softmax, in what they get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...graph import Op, Shape
from ..batches import Batches
from ..flow import Flow
from ..kinds import PRODUCTS, SOFTMAXES
from ..rule import Spot, rule
from ..subject import Subject

_ELEMENTWISE = frozenset(
    {
        "add", "sub", "mul", "div", "radd", "rsub", "rmul", "rdiv", "pow", "maximum", "minimum",
        "eq", "ne", "lt", "gt", "le", "ge", "true_divide", "where", "mse_loss", "l1_loss",
        "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "truediv", "multiply",
        "atan2", "fmod", "remainder", "add_", "sub_", "mul_", "div_",
    }
)  # fmt: skip


@rule("MV201", "accidental-broadcast", "warning", "batch")
def accidental_broadcast(subject: Subject) -> Iterator[Spot]:
    """``(N, 1)`` meets ``(N,)`` and becomes ``(N, N)``, both from the batch."""
    wide, dims = _wide(subject)
    if wide is None:
        return
    for op in wide.graph.ops:
        if op.name not in _ELEMENTWISE or not op.outputs:
            continue
        tensors = [t for t in op.inputs if dims[t] and wide.from_input[t]]
        shapes = [wide.tensor(tensor).shape for tensor in tensors]
        pair = _crossed(shapes, [dims[tensor] for tensor in tensors])
        if pair is None:
            continue
        one, other = ([f"{n}" for n in shape] for shape in pair)
        yield Spot(
            f"{op.name} of tensors of shapes [{', '.join(one)}] and [{', '.join(other)}] pairs "
            "every sample with every other",
            "give both the same shape first, with squeeze(-1) or unsqueeze(-1)",
            op=op.id,
        )


def _crossed(
    shapes: list[tuple[int, ...]], dims: list[frozenset[int]]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Two shapes whose batch dimensions meet another dimension of the other."""
    for first, one in enumerate(shapes):
        for second, other in enumerate(shapes):
            if first == second or len(one) <= len(other):
                continue
            offset = len(one) - len(other)
            # Counted from the end, as broadcasting does: the batch of one meets a 1 of the other.
            mine = {dim for dim in dims[first] if dim < len(one)}
            theirs = {dim + offset for dim in dims[second]}
            if (
                mine
                and theirs
                and not mine & theirs
                and all(one[dim] == 1 for dim in theirs)
                and len(other) == 1
            ):
                return one, other
    return None


@rule("MV202", "softmax-over-batch", "error", "batch")
def softmax_over_batch(subject: Subject) -> Iterator[Spot]:
    """Softmax over the dimension of the samples."""
    wide, dims = _wide(subject)
    if wide is None:
        return
    for op in wide.graph.ops:
        if op.name not in SOFTMAXES or not op.inputs or not wide.from_input[op.inputs[0]]:
            continue
        shape = wide.tensor(op.inputs[0]).shape
        dim = softmax_dim(wide, op)
        if dim not in dims[op.inputs[0]] or len(shape) < 2 or _is_attention(wide, op):
            continue
        # Flattened with something else, such as all tokens of all samples, it is no mistake.
        if subject.batches is not None and shape[dim] != subject.batches.size:
            continue
        yield Spot(
            f"{op.name} over dimension {dim} of {list(shape)}, the dimension of the samples: the "
            "probabilities of one sample depend on the others",
            "take it over the classes: dim=-1",
            op=op.id,
        )


def softmax_dim(flow: Flow, op: Op) -> int:
    """The dimension that a softmax sums over, counted from the front."""
    rank = len(flow.tensor(op.inputs[0]).shape)
    dim = flow.argument(op, "dim")
    if not isinstance(dim, int) or isinstance(dim, bool):
        # What torch.nn.functional takes where none is given.
        return 0 if rank in (0, 1, 3) else 1
    return dim % rank if rank else 0


def _is_attention(flow: Flow, op: Op) -> bool:
    """Whether a softmax is of the product of two activations."""
    for before in flow.way_back(op.inputs[0]):
        if before.name in PRODUCTS:
            return len(flow.data(before)) > 1
        if before.flops:
            return False
    return False


def _wide(subject: Subject) -> tuple[Flow | None, tuple[frozenset[int], ...]]:
    """The forward with several samples, and which dimensions are theirs.

    Only where it runs as the forward that was asked for does, so that its ops are the same.
    """
    batches: Batches | None = subject.batches
    if batches is None or batches.wide is None or batches.dims is None:
        return None, ()
    names = [op.name for op in subject.graph.ops]
    if names != [op.name for op in batches.wide.ops]:
        return None, ()
    return Flow(batches.wide), batches.dims


@rule("MV203", "softmax-over-one", "error", "forward")
def softmax_over_one(subject: Subject) -> Iterator[Spot]:
    """Softmax over a dimension of size 1, which a layer makes so whatever the input is."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name not in SOFTMAXES or not op.inputs:
            continue
        shape = flow.tensor(op.inputs[0]).shape
        dim = softmax_dim(flow, op)
        if not shape or shape[dim] != 1:
            continue
        maker = flow.source(
            op.inputs[0], frozenset({"identity", "contiguous", "add", "div", "mul"})
        )
        if maker is None or not _makes_one(flow, maker, dim, len(shape)):
            continue
        always = "0" if "log" in op.name else "1"
        yield Spot(
            f"{op.name} over dimension {dim} of {list(shape)}, which has one element: the result "
            f"is always {always}",
            "use sigmoid for one output, or make the layer before give one output a class",
            op=op.id,
        )


def _makes_one(flow: Flow, maker: Op, dim: int, rank: int) -> bool:
    """Whether a layer's own size makes the dimension 1."""
    weights = flow.weights(maker)
    if maker.name in ("linear", "addmm", "matmul"):
        return dim == rank - 1 and bool(weights)
    if maker.name.startswith("conv"):
        return dim == 1 and bool(weights)
    return False


@rule("MV204", "batch-mixing", "error", "mixing")
def batch_mixing(subject: Subject) -> Iterator[Spot]:
    """What one sample gets depends on another sample; shown by running it."""
    mixing = subject.mixing
    if mixing is None or not mixing.mixed:
        return
    where = f" (first seen in {mixing.name})" if mixing.name else ""
    yield Spot(
        f"what one sample gets changes when the other samples do{where}",
        "keep the samples apart: look at dim=0, at view and reshape across the batch, and at "
        "layers that expect the batch in another dimension (batch_first)",
        path=_path_at(subject, mixing.name, mixing.file, mixing.line),
        file=mixing.file,
        line=mixing.line,
    )


def _path_at(subject: Subject, name: str | None, file: str | None, line: int | None) -> str:
    """The module whose forward has an op of this name at a line."""
    for op in subject.graph.ops:
        if (op.name, op.file, op.line) == (name, file, line):
            return subject.flow.path(op)
    return ""


@rule("MV205", "fixed-batch", "warning", "batch")
def fixed_batch(subject: Subject) -> Iterator[Spot]:
    """The forward fails, or loses its batch dimension, with another batch size."""
    batches = subject.batches
    assert batches is not None
    if batches.failure is not None:
        failure = batches.failure
        yield Spot(
            f"the forward fails with {batches.failed_size} samples: {failure.error}: "
            f"{failure.message.splitlines()[0]}",
            "take the batch size from the input, x.shape[0] or -1, where a number is written",
            path=failure.module,
            file=failure.file,
            line=failure.line,
        )
        return
    if batches.wide is None or batches.dims is None:
        return
    yield from _lost_batch(subject, batches)


def _lost_batch(subject: Subject, batches: Batches) -> Iterator[Spot]:
    wide, dims = batches.wide, batches.dims
    assert wide is not None and dims is not None
    shapes = [subject.graph.tensors[tensor].shape for tensor in subject.graph.outputs]
    ready = [wide.tensors[tensor] for tensor in wide.outputs]
    if len(ready) != len(shapes) or not ready:
        return
    makers = [subject.graph.tensors[tensor].producer for tensor in subject.graph.outputs]
    kept = [tensor for tensor in ready if dims[tensor.id]]
    first = ready[0]
    if not kept and first.shape:
        yield Spot(
            f"the output has the shape {list(first.shape)} with {batches.size} samples: it has no "
            "dimension of the samples",
            "keep the batch dimension: reduce over the other dimensions",
            op=makers[0],
        )
    elif len(ready) == 1 and dims[first.id] and _folded(first.shape, dims[first.id], batches.size):
        yield Spot(
            f"{batches.size} samples give an output of shape {list(first.shape)}: they are not in "
            "the same number as the rows",
            "flatten with x.flatten(1), so that what does not fit is an error, not more rows",
            op=makers[0],
        )
    elif (place := _other_rank(shapes, [tensor.shape for tensor in ready])) is not None:
        yield Spot(
            f"the output has the shape {list(shapes[place])} here and {list(ready[place].shape)} "
            f"with {batches.size} samples",
            "name the dimension to squeeze: squeeze(-1), not squeeze()",
            op=makers[place],
        )


def _other_rank(shapes: Sequence[Shape], others: Sequence[Shape]) -> int | None:
    """The place of the first pair of shapes that have different numbers of dimensions."""
    ranks = zip(map(len, shapes), map(len, others), strict=True)
    return next((place for place, (one, other) in enumerate(ranks) if one != other), None)


def _folded(shape: tuple[int, ...], dims: frozenset[int], size: int) -> bool:
    return 0 in dims and shape[0] != size and len(shape) == 2
