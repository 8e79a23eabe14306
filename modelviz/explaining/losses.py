"""Losses and their targets."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case

_BATCHES = r"Expected input batch_size \((\d+)\) to match target batch_size \((\d+)\)"
_CLASSES = frozenset({"cross_entropy", "cross_entropy_loss", "nll_loss"})


def remedies(case: Case) -> Iterator[str]:
    """What to do about a target that does not fit its loss."""
    if case.found(r"multi-target not supported|0D or 1D target tensor expected"):
        shape = case.data[1].shape if len(case.data) > 1 else ()
        if len(shape) == 2 and shape[1] == 1:
            yield "drop the last dimension of the target: target.squeeze(1)"
        else:
            yield "give one class for each sample: target.argmax(1) of one-hot rows"
    elif match := case.found(r"Target (-?\d+) is out of bounds"):
        number = int(match[1])
        classes = case.data[0].shape[1] if case.data and len(case.data[0].shape) > 1 else 0
        if number == classes:
            yield f"count classes from 0 (target - 1), or give the model {number + 1} outputs"
        elif number > 0:
            yield f"give the model at least {number + 1} outputs: it has {classes}"
        else:
            yield "give classes from 0 on, and name what to leave out as ignore_index"
    elif match := case.found(_BATCHES):
        got, wanted = int(match[1]), int(match[2])
        if got and wanted and (wanted % got == 0 or got % wanted == 0):
            yield "flatten logits and targets alike: logits.flatten(0, 1) and target.flatten()"
        else:
            yield f"keep one row of logits for each target: {got} and {wanted}"
    elif match := case.found(r"target size \((.+?)\).*different to the input size \((.+?)\)"):
        yield from _sizes(case)
    elif case.found(r"Expected target size|Expected target size \[") and case.data:
        yield "put the classes into dimension 1: logits.transpose(1, -1), or flatten both"
    elif case.op is not None and case.found(r"Float|Long|dtype|scalar type"):
        if case.op.name in _CLASSES:
            yield "give classes as whole numbers: target.long()"
        elif "binary_cross_entropy" in case.op.name:
            yield "give the target as floats: target.float()"


def _sizes(case: Case) -> Iterator[str]:
    shapes = [met.shape for met in case.data[:2]]
    if len(shapes) == 2 and (*shapes[1], 1) == shapes[0]:
        yield "give the target the shape of the input: target.unsqueeze(1), or squeeze(1) the input"
    else:
        yield "give input and target one shape: target.view_as(input)"
