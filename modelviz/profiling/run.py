"""``profile``: the graph of a model with measured times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from ..errors import InputError
from ..graph import ModelGraph
from ..tracing import trace
from ..unknown import no_model, options_told_apart

if TYPE_CHECKING:
    import torch

BACKWARD = "backward"
"""The figure, put on the graph, with the seconds of the backward pass by op."""


def profile(
    model: nn.Module,
    input_size: Any = None,
    input_data: Any = None,
    *,
    backward: bool = False,
    device: torch.device | str | None = None,
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    mode: str | None = None,
    method: str = "forward",
    **kwargs: Any,
) -> ModelGraph:
    """The graph of ``model`` with the seconds of each op, measured on this machine.

    The forward runs a few times more than for a trace, watched by nothing but a clock around each
    of PyTorch's functions; each op has the median, without what reading the clock costs and, on an
    accelerator, waiting for it. The times of the ops of a call add up to that of the call, in the
    ``seconds`` column of tables, with ``color_by="time"`` in pictures, and in the viewer. What
    Python does between ops is in none; a finding (MV020) tells how long a plain forward takes.

    ``backward=True`` measures the backward pass as well, from the sum of the outputs to all
    parameters and inputs with gradients: ``graph.measure("backward")`` has the seconds of what
    each op of the forward adds to it. No gradient is stored.

    Inputs, ``device``, ``mode`` and ``method`` are as for ``modelviz.trace``. The model does not
    change. Raises InputError where nothing could be computed, TraceError when the forward fails.
    """
    return traced_for_real(
        profile,
        model,
        input_size,
        input_data,
        dtypes=dtypes,
        batch_dim=batch_dim,
        device=device,
        mode=mode,
        method=method,
        timed="backward" if backward else True,
        **kwargs,
    )


def traced_for_real(
    caller: Callable[..., ModelGraph], model: Any, *inputs: Any, **options: Any
) -> ModelGraph:
    """The trace of a model. Raises InputError, in the name of the caller, for a graph."""
    if not isinstance(model, nn.Module):
        raise InputError(
            f"{caller.__name__} runs the model, so it needs the model itself, got {no_model(model)}"
        )
    with options_told_apart(caller, options):
        return trace(model, *inputs, **options)
