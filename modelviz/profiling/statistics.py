"""``stats``: the graph of a model with what is in its weights and activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from ..graph import ModelGraph
from .run import traced_for_real

if TYPE_CHECKING:
    import torch


def stats(
    model: nn.Module,
    input_size: Any = None,
    input_data: Any = None,
    *,
    device: torch.device | str | None = None,
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    mode: str | None = None,
    method: str = "forward",
    **kwargs: Any,
) -> ModelGraph:
    """The graph of ``model`` with the statistics of what one real forward computes.

    By call, and by module over what all its calls give: ``mean``, ``std``, ``min``, ``max`` of
    the finite values, ``zeros`` (a share) and ``non-finite`` (a count); and with ``weight`` before
    the name, the same of its own parameters. They are figures of the graph
    (``graph.measure("std")``), so tables have columns of them, with a row for each call, pictures
    heat maps (``color_by="std"``), and files keep them. A finding (MV021) names the first op that
    gives NaN or infinity from finite values, with its line, and weights that are not finite.

    Inputs, ``device``, ``mode`` and ``method`` are as for ``modelviz.trace``. The model does not
    change. Raises InputError where there is no data, TraceError when the forward fails.
    """
    return traced_for_real(
        stats,
        model,
        input_size,
        input_data,
        dtypes=dtypes,
        batch_dim=batch_dim,
        device=device,
        mode=mode,
        method=method,
        timed="values",
        **kwargs,
    )
