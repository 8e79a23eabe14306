"""Losses and their targets."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ..graph import Shape
from .case import Case, Met

_BATCHES = r"Expected input batch_size \((\d+)\) to match target batch_size \((\d+)\)"
_SIZES = r"[Tt]arget size \((.+?)\).*(?:different to the input size|same as input size) \((.+?)\)"
_SPATIAL = r"only batches of spatial targets supported \(3D tensors\) but got targets of dim"
_CLASSES = frozenset({"cross_entropy", "cross_entropy_loss", "nll_loss", "nll_loss_nd"})
_DISTANCES = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div"})
_RESHAPING = frozenset({"view", "reshape", "flatten", "squeeze"})


def remedies(case: Case) -> Iterator[str]:
    """What to do about a target that does not fit its loss."""
    name = case.op_name
    shapes = [met.shape for met in case.data[:2]]
    if case.found(r"multi-target not supported|0D or 1D target tensor expected"):
        yield from _several_targets(case, shapes)
    elif match := case.found(r"Target (-?\d+) is out of bounds"):
        yield from _no_such_class(case, int(match[1]))
    elif match := case.found(_BATCHES):
        yield from _batches(case, int(match[1]), int(match[2]))
    elif case.found(_SPATIAL) and len(shapes) == 2:
        one = shapes[1][1:2] == (1,)
        yield (
            "drop the channel of the target: target.squeeze(1)"
            if one
            else "give the class of each place: target.argmax(1) of one-hot channels"
        )
    elif case.found(r"size mismatch \(got input") and len(shapes) == 2:
        size = list(shapes[1][1:])
        if shapes[0][:-1] == shapes[1]:
            yield "put the classes second: logits.movedim(-1, 1)"
            return
        yield f"bring the logits to the size of the target: F.interpolate(logits, size={size})"
    elif case.found(r"target with class probabilities"):
        yield "give one class for each sample: target.argmax(1), of one-hot rows"
        yield "give probabilities as floats: target.float()"
    elif case.found(_SIZES):
        yield from _sizes(shapes)
    elif case.found(r"Expected target size") and shapes:
        yield from _classes_second(case, shapes)
    elif case.found(r"1D target must have size 1"):
        yield "keep the batch in the logits: they have the shape " + str(list(shapes[0]))
    elif name in _CLASSES and case.found(r"Float|Long|dtype|scalar type"):
        yield "give classes as whole numbers: target.long()"
    elif "binary_cross_entropy" in name and case.found(r"Float|Long|dtype|scalar type"):
        yield "give the target as floats: target.float()"
    elif name in _DISTANCES and case.found(r"must match the size") and len(shapes) == 2:
        yield from _sizes(shapes)


def _several_targets(case: Case, shapes: list[Shape]) -> Iterator[str]:
    shape = shapes[1] if len(shapes) > 1 else ()
    whole = len(shapes) > 1 and case.data[1].dtype.startswith(("int", "uint"))
    if len(shape) == 2 and shape[1] == 1:
        method = "" if whole else ".long()"
        yield f"drop the last dimension of the target: target.squeeze(1){method}"
        return
    same_batch = len(shapes) == 2 and len(shape) == 2 and shape[0] == shapes[0][0]
    if same_batch and shape[1] != shapes[0][1] and not whole:
        yield f"give the model {shape[1]} outputs, as the target has: it has {shapes[0][1]}"
    yield "give one class for each sample: target.argmax(1) of one-hot rows"


def _no_such_class(case: Case, number: int) -> Iterator[str]:
    classes = case.shape[1] if len(case.shape) > 1 else 0
    if number < 0:
        yield f"give classes from 0 on, and name what to leave out: ignore_index={number}"
        return
    layer = case.layer_before(case.data[0]) if case.data else None
    wide = f" in {layer.path}" if layer is not None and layer.path else ""
    if number == classes and case.facts.get("smallest") in (None, "1"):
        yield "count classes from 0: target - 1"
    yield f"give the model at least {number + 1} outputs{wide}: it has {classes}"


def _batches(case: Case, got: int, wanted: int) -> Iterator[str]:
    place = _batch_lost(case, case.data[0], wanted) if case.data else None
    if place is not None:
        op_place, before = place
        yield (
            f"keep the batch of {wanted} where it is lost ({op_place}): x.flatten(1) of "
            f"{list(before.shape)}, and in_features={prod(before.shape[1:])} after it"
        )
        return
    if got and wanted and (wanted % got == 0 or got % wanted == 0):
        yield "flatten logits and targets alike: logits.flatten(0, 1) and target.flatten()"
    yield f"keep one row of logits for each target: {got} and {wanted}"


def _batch_lost(case: Case, met: Met, batch: int) -> tuple[str, Met] | None:
    """The reshaping after which the first dimension was another, and what it was given."""
    for op, current, before in case.way(met):
        held = before is not None and len(before.shape) > 2 and before.shape[0] == batch
        if op.name in _RESHAPING and held and current.shape[:1] != (batch,):
            assert before is not None
            # Logits of a sequence are flattened on purpose.
            return None if before.shape[-1] == met.shape[-1] else (case.place(op), before)
    return None


def _classes_second(case: Case, shapes: list[Shape]) -> Iterator[str]:
    logits = shapes[0]
    target = shapes[1] if len(shapes) > 1 else ()
    if len(logits) == 3 and logits[:2] == target:
        yield "put the classes second: logits.transpose(1, 2)"
        yield "flatten both: logits.flatten(0, 1) and target.flatten()"
    elif len(logits) > 3 and logits[:-1] == target:
        yield "put the classes second: logits.movedim(-1, 1)"
    else:
        yield (
            "give the target the shape of the logits without dimension 1: "
            f"{[*logits[:1], *logits[2:]]}, not {list(target)}"
        )


def _sizes(shapes: list[Shape]) -> Iterator[str]:
    if len(shapes) < 2:
        return
    one, other = shapes
    if (*other, 1) == one:
        yield "give both one shape: target.unsqueeze(1), or squeeze(1) the input"
    elif (*one, 1) == other:
        yield "give both one shape: target.squeeze(1), or unsqueeze(1) the input"
    elif len(one) == 2 and len(other) == 1 and one[0] == other[0]:
        yield f"give a target for each output, as F.one_hot(target, {one[1]}).float() does"
        yield "use cross_entropy, which takes the class of each sample"
    elif len(one) == len(other) == 2 and one[0] == other[0]:
        yield f"give the model {other[1]} outputs, as the target has: it has {one[1]}"
    elif len(one) == 4 and other == (one[0], *one[2:]):
        yield "add the channel to the target: target.unsqueeze(1)"
    elif len(one) == len(other) == 4 and one[:2] == other[:2]:
        size = list(other[2:])
        yield f"bring the input to the size of the target: F.interpolate(x, size={size})"
    else:
        yield f"give both one shape: the input {list(one)}, the target {list(other)}"
