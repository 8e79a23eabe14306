"""``formulas``: a model's figures as exact expressions in its named dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from ..errors import InputError
from ..modes import known_execution, known_mode
from ..tracing.execution import Choice
from ..tracing.members import needed_by
from ..tracing.modules import refuse_lazy, walk
from ..tracing.state.locks import locks_remembered
from ..unknown import no_model, options_told_apart
from .inputs import named_inputs
from .lab import Lab
from .result import Formulas
from .sampling import find_steps
from .study import Holes, Study

if TYPE_CHECKING:
    import torch


@locks_remembered()
def formulas(
    model: nn.Module,
    input_size: Any = None,
    input_data: Any = None,
    *,
    dims: Any = None,
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    mode: str | None = None,
    method: str = "forward",
    execution: Choice = "auto",
    **kwargs: Any,
) -> Formulas:
    """FLOPs, memory and shapes of ``model`` as exact expressions in named dimensions.

    ``dims`` names the dimensions of the inputs: ``{"input_ids": ("batch", "seq")}`` by the name of
    an argument of the forward or by position, ``("batch", None, "height", "width")`` for the first
    input, or a sequence of these for the first ones. None stands for a dimension that keeps its
    size. Inputs, mode, method and execution are as for ``modelviz.trace``. Without ``dims``, names
    are given by custom (tokens: batch, seq; images: batch, height, width) to what can change.

    The forward is traced in a few sizes, by shapes alone where that works. The traces are laid
    side by side, op by op; each figure is interpolated, exactly, as a polynomial in the dimensions
    and in whole shares of them (``floor((height + 1)/2)``); the polynomials are proven in sizes
    that they were not made from, and ``valid`` says in which. The model does not change.

    Raises InputError for dims that do not fit the inputs, and for a dimension that the model
    cannot change, with the reason; TraceError when the forward fails as it is.
    """
    if not isinstance(model, nn.Module):
        raise InputError(
            f"formulas runs the forward in several sizes, so it needs the model itself, "
            f"got {no_model(model)}"
        )
    refuse_lazy(model, walk(model), "its figures are looked at in several sizes")
    if input_size is None and input_data is None and not kwargs:
        found = proposed(model, mode, method)
        input_size, input_data = found.pop("input_size", None), found.pop("input_data", None)
        dtypes, batch_dim, kwargs = found.pop("dtypes", None), None, found
    inputs = named_inputs(model, input_size, input_data, dims, dtypes, batch_dim, kwargs)
    options = {
        "mode": known_mode(mode),
        "method": method,
        "execution": known_execution(execution),
    }
    lab = Lab(inputs, options)
    with options_told_apart(formulas, kwargs):
        lab.first()
    lab = find_steps(lab)
    while True:
        try:
            return Study(lab).formulas()
        except Holes:
            continue


def proposed(model: nn.Module, mode: str | None, method: str) -> dict[str, Any]:
    """Arguments of ``trace`` for inputs that the model seems to take. Raises InputError."""
    if method != "forward":
        needed = ", ".join(needed_by(model, method))
        raise InputError(
            f"no inputs were given for {method}({needed}), and they are proposed for forward "
            "alone: give input_size or input_data"
        )
    from ..proposals.proposing import found_inputs
    from ..proposals.trial import call_arguments

    found = found_inputs(model, mode)
    if not found.inputs:
        raise InputError(
            "no inputs were given, and none could be guessed: give input_size or input_data"
        )
    return dict(call_arguments(model, found.inputs))
