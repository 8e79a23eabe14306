"""Samples that meet: in shapes, in a softmax, in what they get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...analysis.unknown_sizes import unknown_sizes
from ...graph import ModelGraph, Op, Shape
from ..flow import Flow
from ..kinds import (
    BATCH_NORMS,
    CONVOLUTIONS,
    PICKS,
    POOLS,
    TRANSPARENT,
    TRANSPOSED,
)
from ..rule import Spot, rule
from ..samples import (
    SQUEEZES,
    Batches,
    first_input,
    has_batch,
    has_points_or_tokens,
    has_rows_of_parts,
)
from ..subject import Subject

_ELEMENTWISE = frozenset(
    {
        "add", "sub", "mul", "div", "radd", "rsub", "rmul", "rdiv", "pow", "maximum", "minimum",
        "eq", "ne", "lt", "gt", "le", "ge", "true_divide", "where", "mse_loss", "l1_loss",
        "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "truediv", "multiply",
        "atan2", "fmod", "remainder", "add_", "sub_", "mul_", "div_", "subtract", "divide",
        "addcmul", "addcdiv", "lerp", "kl_div", "poisson_nll_loss", "gaussian_nll_loss",
        "logaddexp", "hypot", "xlogy", "logical_and", "logical_or", "fmax", "fmin",
        "soft_margin_loss", "pairwise_distance",
    }
)  # fmt: skip


@rule("MV201", "accidental-broadcast", "warning", "batch")
def accidental_broadcast(subject: Subject) -> Iterator[Spot]:
    """``(N, 1)`` meets ``(N,)`` and becomes ``(N, N)``, both from the batch."""
    wide, dims = widened(subject)
    if wide is None:
        return
    for op in wide.graph.ops:
        if op.name not in _ELEMENTWISE or not op.outputs:
            continue
        tensors = [t for t in op.inputs if dims[t] and wide.from_input[t]]
        crossed = [
            (one, other) for one in tensors for other in tensors if _crosses(wide, dims, one, other)
        ]
        if not crossed:
            continue
        one, other = (list(wide.tensor(tensor).shape) for tensor in crossed[0])
        yield Spot(
            f"{op.name} of tensors of shapes {one} and {other} pairs every sample with every other",
            "give both the same shape first, with squeeze(-1) or unsqueeze(-1)",
            op=op.id,
        )


def _crosses(flow: Flow, dims: tuple[frozenset[int], ...], first: int, second: int) -> bool:
    """Whether the batch of a tensor meets a 1 of one that has a batch elsewhere, by accident."""
    one, other = flow.tensor(first).shape, flow.tensor(second).shape
    offset = len(one) - len(other)
    if offset <= 0:
        return False
    # Counted from the end, as broadcasting does.
    mine, theirs = dims[first], {dim + offset for dim in dims[second]}
    if not mine or not theirs or mine & theirs or any(one[dim] != 1 for dim in theirs):
        return False
    if len(other) == 1:
        return True
    # Of more dimensions, all pairs may be meant: then a dimension of 1 was put in for that.
    alike = all(
        one[dim] == other[dim - offset] for dim in range(offset, len(one)) if dim not in theirs
    )
    put_in = flow.producer(first)
    return alike and (put_in is None or put_in.name not in ("unsqueeze", "getitem", "view"))


def widened(subject: Subject) -> tuple[Flow | None, tuple[frozenset[int], ...]]:
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


@rule("MV204", "batch-mixing", "error", "mixing")
def batch_mixing(subject: Subject) -> Iterator[Spot]:
    """What one sample gets depends on another sample; shown by running it."""
    mixing = subject.mixing
    if mixing is None or not mixing.mixed:
        return
    where = f" (first seen in {mixing.name})" if mixing.name else ""
    message = f"what one sample gets changes when the other samples do{where}"
    hint = (
        "keep the samples apart: look at dim=0, at view and reshape across the batch, and at "
        "layers that expect the batch in another dimension (batch_first)"
    )
    unsure = mixing.name in _TIME_FIRST and not _samples_come_first(subject)
    if not unsure and has_points_or_tokens(subject.graph):
        unsure = True
        message = f"{message}{_IF_SAMPLES}"
    elif unsure or _is_read_in_steps(subject):
        unsure = True
        message = f"{message}, if dimension 0 of the input is that of the samples, and not of time"
    if _rounds_by_batch(subject):
        unsure = True
        message = f"{message}, as the scale of quantisation is taken from the whole batch"
    if any(op.backward for op in subject.graph.ops):
        unsure = True
        message = (
            f"{message}, in a forward that takes gradients, as one that adapts to a batch does"
        )
    op = _op_at(subject, mixing.name, mixing.file, mixing.line)
    yield Spot(
        message,
        hint,
        path="" if op is None else subject.flow.path(op),
        op=None if op is None else op.id,
        file=mixing.file,
        line=mixing.line,
        level="info" if unsure else None,
    )


@rule("MV209", "place-in-batch", "warning", "mixing")
def place_in_batch(subject: Subject) -> Iterator[Spot]:
    """What a sample gets depends on its place in the batch; shown by a batch of equal samples."""
    mixing = subject.mixing
    if mixing is None or not mixing.placed:
        return
    sure = _samples_come_first(subject)
    yield Spot(
        "equal samples get other results in other places of the batch"
        + ("" if sure else ", if dimension 0 of the input is that of the samples, and not of time"),
        "positions belong to the dimension of the sequence: look at tables and weights that are "
        "cut by x.size(0), or were made for layers without batch_first",
        path="",
        level=None if sure else "info",
    )


def _is_read_in_steps(subject: Subject) -> bool:
    """Whether the forward takes dimension 0 of an input apart, as a loop over time does."""
    graph = subject.graph
    for given in graph.inputs:
        shape = graph.tensors[given].shape
        if len(shape) < 2 or shape[0] < 2:
            continue
        readers = [graph.ops[op] for op in subject.flow.readers[given]]
        steps = [t for op in readers for t in op.outputs if graph.tensors[t].shape == shape[1:]]
        if len(steps) >= shape[0]:
            return True
    return False


def _rounds_by_batch(subject: Subject) -> bool:
    """Whether a layer quantises what it is given, or observes it, by the range of all samples."""
    dynamic = ("torch.ao.nn.quantized.dynamic", "torch.nn.quantized.dynamic")
    observing = ("torch.ao.quantization.observer", "torch.ao.quantization.fake_quantize")
    classes = (module.qualified_class for module in subject.graph.modules)
    return any(name.startswith((*dynamic, *observing)) for name in classes)


_TIME_FIRST = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu", "multi_head_attention_forward"})
"""Layers for which dimension 0 is that of time, unless they are told otherwise."""


def _is_time_first(op: Op) -> bool:
    """Whether a layer takes dimension 0 for time."""
    return dict(op.args).get("batch_first", False) is not True


_IMAGES = CONVOLUTIONS | TRANSPOSED | BATCH_NORMS | POOLS
REDUCTIONS = frozenset({"mean", "sum", "max", "amax", "min", "amin", "logsumexp", "median"})


def may_be_time(subject: Subject) -> bool:
    """Whether a layer takes dimension 0 for time, and nothing else says that it is not."""
    by_time = any(op.name in _TIME_FIRST and _is_time_first(op) for op in subject.graph.ops)
    return by_time and not _samples_come_first(subject)


def _samples_come_first(subject: Subject) -> bool:
    """Whether something else in the model takes dimension 0 for that of the samples.

    A convolution or a batch normalisation does, and so does what keeps dimension 0 and picks one
    step, or the mean of all, of dimension 1.
    """
    wide, dims = widened(subject)
    if wide is None:
        return False
    for op in wide.graph.ops:
        data = wide.data(op)
        if not data or 0 not in dims[data[0]] or not wide.from_input[data[0]]:
            continue
        given, made = wide.tensor(data[0]).shape, wide.tensor(op.outputs[0]).shape
        if op.name in _IMAGES:
            return True
        one_step = op.name in PICKS | REDUCTIONS and made == (given[:1] + given[2:])
        if one_step and len(given) > 2 and 0 in dims[op.outputs[0]]:
            return True
    return False


def _op_at(subject: Subject, name: str | None, file: str | None, line: int | None) -> Op | None:
    """The first op of this name at a line."""
    found = (op for op in subject.graph.ops if (op.name, op.file, op.line) == (name, file, line))
    return next(found, None)


@rule("MV205", "fixed-batch", "warning", "batch")
def fixed_batch(subject: Subject) -> Iterator[Spot]:
    """The forward fails, or loses its batch dimension, with another batch size."""
    batches = subject.batches
    assert batches is not None
    if batches.failure is not None:
        failure = batches.failure
        unsure = has_points_or_tokens(subject.graph) and not _has_rows_of_samples(subject.graph)
        yield Spot(
            f"the forward fails with {batches.failed_size} samples: {failure.error}: "
            f"{failure.message.splitlines()[0]}{_IF_SAMPLES if unsure else ''}",
            "take the batch size from the input, x.shape[0] or -1, where a number is written",
            path=failure.module,
            file=failure.file,
            line=failure.line,
            level="info" if unsure else None,
        )
        return
    if batches.wide is None or batches.dims is None or not has_batch(subject.graph):
        return
    if batches.beside:
        return
    if _is_sized_by_values(batches.wide):
        return
    lost = list(_lost_batch(subject, batches))
    yield from lost
    if not lost and len(batches.wide.ops) == len(subject.graph.ops):
        yield from _squeezed(batches)


_IF_SAMPLES = (
    ", if dimension 0 of the input is that of the samples, and not of points, nodes or tokens"
)


def _has_rows_of_samples(graph: ModelGraph) -> bool:
    """Whether an output has a dimension as long as the first one of the input."""
    size = first_input(graph).shape[0]
    return any(size in graph.tensors[tensor].shape for tensor in graph.outputs)


def pools_rows(subject: Subject) -> bool:
    """Whether the rows of the input may be parts of one sample, as no output begins with them."""
    wide, dims = widened(subject)
    return (
        wide is not None
        and has_rows_of_parts(subject.graph)
        and not any(0 in dims[tensor] for tensor in wide.graph.outputs)
    )


def _is_sized_by_values(graph: ModelGraph) -> bool:
    """Whether values decide the shape of an output, or an input that says what belongs where does.

    Graphs of a batch, as numbered by node, are as many as the highest number says.
    """
    if not unknown_sizes(graph).keys().isdisjoint(graph.outputs):
        return True
    flow = Flow(graph)
    whole = ("int", "uint", "bool")
    return any(
        escape.is_read
        and graph.tensors[escape.tensor].dtype.startswith(whole)
        and flow.from_input[escape.tensor]
        for escape in graph.escapes
    )


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
    if not kept and (first.shape or len(subject.graph.inputs) == 1):
        # One number may well be a loss.
        unsure = bool(first.shape) and has_points_or_tokens(subject.graph)
        yield Spot(
            f"the output has the shape {list(first.shape)} with {batches.size} samples: it has no "
            f"dimension of the samples{_IF_SAMPLES if unsure else ''}",
            "keep the batch dimension: reduce over the other dimensions",
            op=makers[0],
            level="info" if unsure or not first.shape or is_by_time(subject) else None,
        )
    elif len(ready) == 1 and dims[first.id] and _folded(Flow(wide), first.id, dims, batches.size):
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


def is_by_time(subject: Subject) -> bool:
    """Whether dimension 0 may well be time: a layer that takes it so gave the last step."""
    if not subject.graph.inputs or not subject.graph.outputs:
        return False
    given = subject.graph.tensors[subject.graph.inputs[0]].shape
    made = subject.graph.tensors[subject.graph.outputs[0]].shape
    by_time = any(op.name in _TIME_FIRST for op in subject.graph.ops)
    return by_time and len(given) > 1 and made[:1] == given[1:2]


def _squeezed(batches: Batches) -> Iterator[Spot]:
    """``squeeze()`` takes the dimension of the samples as well where there is one sample."""
    wide, dims = batches.wide, batches.dims
    assert wide is not None and dims is not None
    for op in wide.ops:
        if op.name not in SQUEEZES or not op.inputs or _keeps_rank(batches, op):
            continue
        shape = wide.tensors[op.inputs[0]].shape
        samples = [dim for dim in dims[op.inputs[0]] if shape[dim] == batches.size]
        dim = dict(op.args).get("dim")
        named = dim if isinstance(dim, tuple) else (dim,)
        if samples and (dim is None or any(place in named for place in samples)):
            yield Spot(
                f"squeeze({'' if dim is None else dim}) takes away the dimension of the samples "
                "where there is one sample, as in the last batch",
                "name the dimension to squeeze: squeeze(-1)",
                op=op.id,
            )


def _keeps_rank(batches: Batches, op: Op) -> bool:
    """Whether an op gives as many dimensions with one sample, as each does inside ``vmap``."""
    wide, single = batches.wide, batches.single
    if wide is None or single is None or len(single.ops) != len(wide.ops):
        return False
    ranks = [len(g.tensors[g.ops[op.id].outputs[0]].shape) for g in (wide, single)]
    return ranks[0] == ranks[1]


def _other_rank(shapes: Sequence[Shape], others: Sequence[Shape]) -> int | None:
    """The place of the first pair of shapes that have different numbers of dimensions."""
    ranks = zip(map(len, shapes), map(len, others), strict=True)
    return next((place for place, (one, other) in enumerate(ranks) if one != other), None)


def _folded(flow: Flow, output: int, dims: tuple[frozenset[int], ...], size: int) -> bool:
    """Whether something else was made rows of samples, other than all steps of all samples."""
    shape = flow.tensor(output).shape
    if 0 not in dims[output] or shape[0] == size or len(shape) != 2:
        return False
    for op in flow.way_back(output):
        data = flow.data(op)
        if not data or op.name not in TRANSPARENT:
            continue
        given, made = flow.tensor(data[0]).shape, flow.tensor(op.outputs[0]).shape
        if given and given[0] != made[0] and 0 in dims[data[0]]:
            return given[-1] != made[-1]
    return False
