"""``diff``: two models, graphs or files, side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InputError, TraceError
from ..graph import ModelGraph, load
from ..unknown import options_told_apart
from .build import compare
from .difference import Diff

if TYPE_CHECKING:
    import torch
    from torch import nn

    Side = nn.Module | ModelGraph | str | os.PathLike[str]


def diff(
    a: Side,
    b: Side,
    input_size: Any = None,
    input_data: Any = None,
    *,
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    mode: str | None = None,
    method: str = "forward",
    execution: Any = "auto",
    **kwargs: Any,
) -> Diff:
    """What changed from ``a`` to ``b``: models, graphs, or paths of saved graphs.

    Models are traced with the inputs, as by ``trace``; each as it is, unless ``mode`` says
    ``"train"`` or ``"eval"``. The diff is false when nothing differs. Raises InputError for what
    is none of these, GraphFileError for a file that holds no graph, TraceError when a forward
    fails.
    """
    options = {"dtypes": dtypes, "batch_dim": batch_dim, "mode": mode, "method": method}
    arguments = {"input_size": input_size, "input_data": input_data, "execution": execution}
    with options_told_apart(diff, kwargs):
        given = {**arguments, **options, **kwargs}
        before, after = _graph(a, "first", given), _graph(b, "second", given)
    return compare(before, after, _names(a, b))


def of_side(error: TraceError, side: str, remedy: str) -> TraceError:
    """The error of a forward, which says also of which of two models it is."""
    sign = "or" if "\n  to do: " in str(error) else "to do"
    told = f"{error}\n  this is {side}\n  {sign}: where each takes inputs of its own, {remedy}"
    return TraceError(told, error.graph, error.final)


def _names(a: Side, b: Side) -> tuple[str, str] | None:
    """The paths, where two files are compared: what is in both may have one name."""
    if isinstance(a, (str, os.PathLike)) and isinstance(b, (str, os.PathLike)):
        return os.fspath(a), os.fspath(b)
    return None


def _graph(side: Any, place: str, arguments: dict[str, Any]) -> ModelGraph:
    if isinstance(side, ModelGraph):
        return side
    if isinstance(side, (str, os.PathLike)):
        return load(os.fspath(side))
    # Neither graphs nor files need PyTorch.
    from torch import nn

    from ..tracing import trace

    if isinstance(side, nn.Module):
        try:
            return trace(side, **arguments)
        except TraceError as error:
            remedy = "trace both and compare the graphs: diff(trace(a, …), trace(b, …))"
            raise of_side(error, f"the {place} of the two", remedy) from error.__cause__
    raise InputError(
        f"expected a model, a ModelGraph or the path of a saved one, got {type(side).__name__}"
    )
