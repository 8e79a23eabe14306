"""What a forward returned: the tensors in it, also where they are held in an unusual way."""

from __future__ import annotations

import gc
import sys
from contextvars import ContextVar
from functools import partial
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import ReferenceType

import torch
from torch import nn

from ..findings import note
from ..graph import Finding
from .bodies import RUNNING_LATER
from .structure import LEAVES, Walk, attributes

# A class or a function may lead to a tensor that was made in the forward around it.
_HOLDERS = (FunctionType, MethodType, BuiltinFunctionType)
# Whether the collector of Python's sees what objects of a class refer to.
_COLLECTED = 1 << 14
_LOCAL = "<locals>"


def returned_tensors(result: Any) -> tuple[list[tuple[str, torch.Tensor]], Finding | None]:
    """The tensors in what the model returned, with their places; a note if more may be in it."""
    walk = _Result()
    walk.collect(result, "", 0)
    if walk.unseen is None:
        return walk.found, None
    message = (
        f"the model returned {_article(walk.unseen)} {walk.unseen}, which cannot be looked into: "
        "what it holds is not shown as an output"
    )
    hint = "return tensors, or tuples, dicts, dataclasses or plain objects of them"
    return walk.found, note("MV026", message, path="", hint=hint)


def result_tensors(result: Any) -> list[torch.Tensor]:
    """The tensors in what the model returned, each object once."""
    return list({id(tensor): tensor for _, tensor in returned_tensors(result)[0]}.values())


def _article(word: str) -> str:
    return "an" if word[0].lower() in "aeiou" else "a"


class _Result(Walk):
    """Looks into everything; ``unseen`` is the first class of which nothing can be seen."""

    max_depth, max_visits = 100, 20_000

    def __init__(self) -> None:
        super().__init__(every_place=True)
        self.unseen: str | None = None

    def is_leaf(self, value: Any) -> bool:
        kind = type(value)
        if kind in _HOLDERS or isinstance(value, type):
            return False
        if kind in RUNNING_LATER:
            return True  # that its body did not run is told
        if kind is ModuleType:
            return value.__name__ in sys.modules
        return kind in LEAVES

    def parts(self, value: Any) -> list[tuple[str, Any]]:
        if isinstance(value, nn.Module):
            self.give_up(value)
            return []
        if isinstance(value, ModuleType):
            return list(vars(value).items())
        if isinstance(value, type):
            return list(vars(value).items()) if _LOCAL in value.__qualname__ else []
        if isinstance(value, ReferenceType):
            return [("referent", value())]
        held = _held(value)
        if held is None:
            held = attributes(value)
            if _LOCAL in type(value).__qualname__:
                # Its methods may see what was made around it.
                held = [*held, *vars(type(value)).items()]
            if not held:
                held = self._referents(value)
        return held

    def give_up(self, value: Any) -> None:
        self.unseen = self.unseen or type(value).__name__

    def _referents(self, value: Any) -> list[tuple[str, Any]]:
        kind = type(value)
        if kind.__module__ == "numpy":
            kept = getattr(getattr(value, "dtype", None), "hasobject", False)
            objects = value.ravel().tolist() if kept else []
            return [(str(index), part) for index, part in enumerate(objects)]
        if kind is ContextVar:
            self.give_up(value)
            return []
        if kind.__flags__ & _COLLECTED:
            own = getattr(value, "__dict__", None)
            held = [part for part in gc.get_referents(value) if part is not own]
            parts = [part for part in held if not isinstance(part, (type, ModuleType))]
            if parts:
                return [(str(index), part) for index, part in enumerate(parts)]
        if kind.__module__.partition(".")[0] not in sys.stdlib_module_names:
            self.give_up(value)
        return []


def _held(value: Any) -> list[tuple[str, Any]] | None:
    """What a function, or what stands for one, holds on to; None for anything else."""
    if isinstance(value, FunctionType):
        names = value.__code__.co_freevars
        cells = zip(names, value.__closure__ or (), strict=True)
        more = [("defaults", value.__defaults__), ("kwdefaults", value.__kwdefaults__)]
        return [*cells, *more, *vars(value).items()]
    if isinstance(value, CellType):
        return [("value", part) for part in gc.get_referents(value)]
    if isinstance(value, MethodType):
        return [("self", value.__self__), ("func", value.__func__)]
    if isinstance(value, BuiltinFunctionType):
        return [] if isinstance(value.__self__, ModuleType) else [("self", value.__self__)]
    if isinstance(value, partial):
        return [("func", value.func), ("args", value.args), ("keywords", value.keywords)]
    return None
