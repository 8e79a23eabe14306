"""A forward with proposed inputs."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch.nn.parameter import is_lazy
from torch.nn.utils.rnn import PackedSequence

from ..parsing import parse_dtype
from .arguments import needed, positions, takes_any_number
from .guess import EMPTY, argument
from .proposal import InputProposal, InputSpec

if TYPE_CHECKING:
    from torch import nn

    from ..graph import ModelGraph


MAX_WEIGHTS = 2**30
"""Bytes of weights up to which a forward that looks at values runs on inputs that were guessed."""

Input = InputSpec | InputProposal
Trial = Callable[[Sequence[Input]], "ModelGraph"]


class Bundle(dict[str, Any]):
    """A dict whose items can be read as attributes, too: what a batch is to one model or other."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"a batch has no attribute {name!r}", name=name) from None


class Row(tuple[Any, ...]):
    """A tuple that can be added to a list, too: what several tensors are to one model or other."""

    __slots__ = ()

    def __radd__(self, other: Any) -> Any:
        return [*other, *self]


def forward_trial(model: nn.Module, mode: str | None = None, *, real: bool = False) -> Trial:
    """A forward on fake tensors, or with ``real`` on real ones.

    What the model prints or warns of in a failure is kept back.
    """

    def trial(inputs: Sequence[Input]) -> ModelGraph:
        from ..tracing.execution import trials
        from ..tracing.given import trace_given

        said = io.StringIO()
        with trials(), warnings.catch_warnings(), contextlib.redirect_stdout(said):
            warnings.simplefilter("ignore")
            arguments = call_arguments(model, inputs)
            execution: Literal["fake", "real"] = "real" if real else "fake"
            graph = trace_given(model, **arguments, mode=mode, execution=execution)
        if not real:  # it runs once more
            print(said.getvalue(), end="")
        return graph

    return trial


def real_trial(model: nn.Module, mode: str | None = None) -> Trial | None:
    """A real forward, for a model that has weights and not too many to compute for a guess."""
    from ..tracing.modules import held, walk

    weights = list(held(list(walk(model))))
    size = sum(weight.numel() * weight.element_size() for weight in weights if not is_lazy(weight))
    if size > MAX_WEIGHTS or any(weight.is_meta for weight in weights):
        return None
    return forward_trial(model, mode, real=True)


def call_arguments(model: nn.Module, inputs: Sequence[Input]) -> dict[str, Any]:
    """Arguments for ``modelviz.trace`` that stand for the inputs. Raises InputError.

    What comes first in the forward is given by position, as shapes, which needs no memory.
    """
    if any(_is_part(given) for given in inputs):
        return _assembled(model, inputs)
    first = positions(model, [given.name for given in inputs])
    sizes = [given.shape for given in inputs[:first]]
    named = {str(given.name): _tensor(model, given) for given in inputs[first:]}
    if not sizes:
        return named or {"input_data": ()}
    dtypes = [parse_dtype(given.dtype) for given in inputs[:first]]
    return {"input_size": sizes, "dtypes": dtypes, **named}


def _is_part(given: Input) -> bool:
    if given.value is not None or given.dtype == EMPTY or _filled(given) is not None:
        return True
    return given.name is not None and argument(given.name) != given.name


def _assembled(model: nn.Module, inputs: Sequence[Input]) -> dict[str, Any]:
    """Arguments of which some are containers or no tensors, made of their parts."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for given in inputs:
        if given.name is None:
            positional.append(_made(model, given))
            continue
        place = re.findall(r"[^.\[\]]+", given.name)
        holder: Any = named
        for key in place[:-1]:
            holder = holder.setdefault(key, Bundle())
        holder[place[-1]] = _made(model, given)
    kinds = needed(model)
    named = {name: _as_declared(value, kinds.get(name)) for name, value in named.items()}
    names: list[str | None] = [None] * len(positional) + list(named)
    first = positions(model, names) - len(positional)
    by_place = list(named)[: max(first, 0)]
    data = [*positional, *(named.pop(name) for name in by_place)]
    if takes_any_number(model) and len(data) == 1 and isinstance(data[0], Row):
        data = list(data[0])
    return {"input_data": data, **named}


def _as_declared(value: Any, kind: Any) -> Any:
    """The value as the dataclass or named tuple that its annotation names, if that takes it."""
    value = _with_tuples(value)
    declared = isinstance(kind, type) and isinstance(value, Bundle)
    if not declared or not (hasattr(kind, "__dataclass_fields__") or hasattr(kind, "_fields")):
        return value
    try:
        return kind(**value)
    except (TypeError, ValueError):  # more is needed than is there yet, or other things are
        return value


def _with_tuples(value: Any) -> Any:
    """The value with tuples for what has whole numbers as keys, from 0 on."""
    if not isinstance(value, Bundle):
        return value
    parts = Bundle({key: _with_tuples(part) for key, part in value.items()})
    if set(parts) == {"data", "batch_sizes"}:
        return PackedSequence(parts["data"], parts["batch_sizes"].cpu())
    numbered = bool(parts) and list(parts) == [str(place) for place in range(len(parts))]
    return Row(parts.values()) if numbered else parts


def _made(model: nn.Module, given: Input) -> Any:
    if given.dtype == EMPTY:
        return Bundle()
    return _tensor(model, given) if given.value is None else given.value


def _filled(given: Input) -> int | None:
    return given.filled if isinstance(given, InputProposal) else None


def _tensor(model: nn.Module, given: Input) -> torch.Tensor:
    from ..tracing.inputs import model_device

    device = model_device(model)
    filled = _filled(given)
    if filled is not None:
        return torch.full(given.shape, filled, dtype=parse_dtype(given.dtype), device=device)
    return torch.zeros(given.shape, dtype=parse_dtype(given.dtype), device=device)
