"""Types of inputs whose shapes alone were given."""

from __future__ import annotations

from torch import nn

from ..signatures import parameters_of
from ..tracing.members import entry_of
from ..tracing.modules import walk
from . import propose_inputs
from .arguments import by_name, needed
from .guess import EMPTY
from .layers import float_dtype
from .presets import presets

_LOOKED_UP = (nn.Embedding, nn.EmbeddingBag)


def likely_types(model: nn.Module, count: int) -> list[str | None]:
    """The type of each of the first ``count`` arguments of the forward; None where nothing tells.

    What the model names itself tells, then the name of the argument. Only where neither does, and
    some layer looks its input up in a table, are inputs tried on fake tensors.
    """
    dtype = float_dtype(model)
    names = _names(model)[:count]
    told = {one.name: one.dtype for one in next(presets(model), ())}
    for name, annotation in needed(model).items():
        if name not in told and (part := by_name(name, annotation, model, dtype).get(name)):
            told[name] = part.now.dtype
    unknown = [name for name in names if name not in told and name in needed(model)]
    if unknown and any(isinstance(layer, _LOOKED_UP) for _, layer in walk(model)):
        told |= {one.name: one.dtype for one in propose_inputs(model) if one.name in unknown}
    types = [told.get(name) for name in names]
    types += [None] * (count - len(types))
    return [None if one == EMPTY else one for one in types]


def _names(model: nn.Module) -> list[str]:
    """The arguments that may go by position, in their order."""
    return [
        one.name
        for one in parameters_of(entry_of(model))
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
