"""Fake tensors without PyTorch's compiler, whose import takes as long as that of all the rest.

FakeTensorMode looks up a few switches in the compiler's settings, and PyTorch's shape functions
ask ``symbolic_shapes``, which imports sympy, about sizes that might be symbols. Where a process
has not imported these yet, a trace answers both itself: the switches are at their defaults, and
sizes are plain numbers. Anything else that is asked of them imports them, as it would have.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from traceback import StackSummary
from types import FunctionType, MethodType, ModuleType
from typing import Any

import torch

from .mode_internals import UncompiledMode
from .plain_sizes import SYMBOLS, without_symbols
from .recipes import is_small
from .torch_internals import (
    COMPILER,
    DISABLING,
    DISPATCH,
    DISPATCH_RULES,
    DISPATCH_RULES_FIND,
    DISTRIBUTED_TENSORS,
    NOT_COMPILED,
    SETTINGS,
    SOURCES,
    SYMPY_FUNCTIONS,
    SYMPY_USERS,
    FakeTensor,
    FakeTensorConverter,
    FakeTensorMode,
    HigherOrderOperator,
    compiler_imported,
    prims_common,
)

# -- the compiler's switches --------------------------------------------------------------------


class _Settings:
    """The switches of the compiler at their defaults, or as they are once it is imported."""

    def __getattr__(self, name: str) -> Any:
        if not compiler_imported() and name in SETTINGS:
            return SETTINGS[name]()
        return getattr(import_module(f"{COMPILER}.config"), name)


class _Late:
    """A module, imported where more than ``known`` is asked of it."""

    def __init__(self, module: str, **known: Any) -> None:
        vars(self).update(known, _module=module)

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._module), name)


class _Source:
    """Where a tensor comes from: what only messages about symbols tell."""

    def __init__(self, *where: Any, **more: Any) -> None:
        pass


_sources = _Late(
    SOURCES,
    AttrSource=_Source,
    ConstantSource=_Source,
    EphemeralSource=_Source,
    RandomValueSource=_Source,
)


class _Compiler:
    config = _Settings()
    source = _sources

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(COMPILER), name)


class _Torch(ModuleType):
    """``torch``, but for its compiler, which stands in for itself until it is imported."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(torch, name)
        setattr(self, name, value)
        return value


class _Symbolic:
    """The class of what is a symbol, as long as there are none."""


_torch = _Torch("torch")
setattr(_torch, COMPILER.rpartition(".")[2], _Compiler())
_late = {
    SOURCES: _sources,
    "sympy": _Late("sympy", Basic=_Symbolic),
    SYMPY_FUNCTIONS: _Late(
        SYMPY_FUNCTIONS, Max=lambda *values: import_module(SYMPY_FUNCTIONS).Max(*values)
    ),
}


def _import(
    name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
) -> Any:
    """As ``import`` does; without the compiler, and without sympy where there are no symbols."""
    if name == f"{COMPILER}.config" and not fromlist:
        return _torch
    if name in _late and name not in sys.modules:
        return _late[name]
    module = builtins.__import__(name, globals, locals, fromlist, level)
    return _torch if module is torch else module


def _light(function: Any, **names: Any) -> Any:
    """``function`` of PyTorch's, but for what ``torch``, ``import`` and ``names`` mean in it."""
    if not isinstance(function, FunctionType):
        return function
    seen = {**function.__globals__, "torch": _torch, "__builtins__": _builtins, **names}
    copy = FunctionType(
        function.__code__, seen, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


_builtins = {**vars(builtins), "__import__": _import}


class FakeMode(UncompiledMode, FakeTensorMode):
    """PyTorch's FakeTensorMode, made and run without importing the compiler."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.dispatch(func, types, args, kwargs or {})

    def may_turn_const(self, t: torch.Tensor) -> bool:
        """Whether the values of a real tensor, computed from known ones, are known as well."""
        plain = type(t) is torch.Tensor and t.layout is torch.strided and not t.is_meta
        return plain and is_small(t)


def learn(operator: HigherOrderOperator) -> None:
    """Let an operator such as ``cond`` find the rule of FakeTensorMode for a mode of ours.

    PyTorch looks for it under the very class of the mode.
    """
    rules = operator.python_key_table
    if FakeTensorMode in rules:
        rules.setdefault(FakeMode, rules[FakeTensorMode])


class LightConverter(FakeTensorConverter):
    """Makes fake views, and fake tensors of unusual classes, without importing the compiler."""

    def __init__(self) -> None:
        super().__init__()
        meta = self.meta_converter
        vars(meta)["meta_tensor"] = MethodType(_light(type(meta).meta_tensor), meta)

    from_real_tensor: Callable[..., FakeTensor] = _light(FakeTensorConverter.from_real_tensor)


# Where a mode was made is of use to whoever debugs PyTorch, and takes longer than all the rest.
_no_stack = _Late("traceback", extract_stack=StackSummary)
_new_mode = _light(FakeTensorMode.__init__, traceback=_no_stack)
FakeMode.__init__ = _new_mode  # type: ignore[method-assign]
setattr(FakeMode, DISPATCH, _light(getattr(FakeTensorMode, DISPATCH)))


# -- shape functions that the compiler is to leave alone ------------------------------------------


def _left_alone(function: Any, name: str, *default: Any) -> Any:
    """As ``getattr`` says; a function that is to be left alone is called as it is."""
    found = getattr(function, name, *default)
    return function if found is None and name == NOT_COMPILED else found


@cache
def _lightened() -> dict[str, Any]:
    """Functions that shape functions share, which import sympy in case a size is a symbol."""
    return {
        name: _light(getattr(prims_common, name))
        for name in SYMPY_USERS
        if hasattr(prims_common, name)
    }


@contextmanager
def _alone() -> Iterator[None]:
    """Shape functions are left alone by the compiler without asking it.

    Each has a wrapper that looks for what to call, and imports the compiler where that is not said.
    """
    if "getattr" in DISABLING:  # the trace around this one, which sees to it
        yield
        return
    DISABLING["getattr"] = _left_alone
    try:
        yield
    finally:
        del DISABLING["getattr"]


@contextmanager
def _replaced(owner: Any, new: Mapping[str, Any]) -> Iterator[None]:
    """Attributes of ``owner`` are those of ``new``."""
    before = {name: vars(owner)[name] for name in new if name in vars(owner)}
    for name in before:
        setattr(owner, name, new[name])
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def _fake_dispatch(kind: Any, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    return FakeTensor.__torch_dispatch__(function, types, args, kwargs or {})


def _find_rule(holder: Any, kind: type) -> Any:
    # Without a rule, torch asks whether a fake tensor is a distributed one, and imports those.
    rule = DISPATCH_RULES_FIND(holder, kind)
    return _fake_dispatch if rule is None and kind is FakeTensor else rule


@contextmanager
def without_compiler() -> Iterator[None]:
    """Fake kernels run without importing the compiler, sympy or distributed tensors.

    Unless they truly need one of them. Afterwards everything of PyTorch's is as it was.
    """
    with ExitStack() as stack:
        if not compiler_imported():
            stack.enter_context(_alone())
        if SYMBOLS not in sys.modules:
            stack.enter_context(_replaced(prims_common, _lightened()))
            stack.enter_context(without_symbols())
        if DISTRIBUTED_TENSORS not in sys.modules and DISPATCH_RULES is not None:
            stack.enter_context(_replaced(DISPATCH_RULES, {"find": _find_rule}))
        yield
