"""Every call of a module goes through a function of ours, while the forward runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from torch import nn

from .distributed_internals import alone_in_forward
from .members import own_call
from .torch_internals import OWN_CALL, as_written

CallModule = Callable[[nn.Module, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
"""Makes a call: of which module, by which function, with which arguments."""


@contextmanager
def intercepted_calls(modules: Iterable[nn.Module], call_module: CallModule) -> Iterator[None]:
    """``module(...)`` is ``call_module(module, ...)``, but for calls from other threads."""
    plain: list[nn.Module] = []
    special: dict[type, list[nn.Module]] = {}
    owners: dict[type, type | None] = {}
    for module in modules:
        kind = type(module)
        if kind not in owners:
            owners[kind] = own_call(kind)
        owner = owners[kind]
        if owner is None:
            plain.append(module)
        else:
            special.setdefault(owner, []).append(module)
    with ExitStack() as stack:
        stack.enter_context(alone_in_forward(plain))
        stack.enter_context(_plain_calls(plain, call_module))
        for owner, those in special.items():
            stack.enter_context(_own_calls(owner, those, call_module))
        yield


@contextmanager
def _plain_calls(modules: Sequence[nn.Module], call_module: CallModule) -> Iterator[None]:
    """Calls by ``nn.Module.__call__``.

    It hands over to ``_compiled_call_impl`` where a module has one. Ours calls the module as it
    was written, hooks included, so the hook dictionaries stay alone, and so does the class:
    changing a method of ``nn.Module`` makes Python look up every attribute anew.
    """
    thread = threading.get_ident()

    def call(module: nn.Module, /, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != thread:
            return as_written(module)(*args, **kwargs)
        return call_module(module, as_written(module), args, kwargs)

    states = [vars(module) for module in modules]
    before = [state.get(OWN_CALL) for state in states]
    for module, state in zip(modules, states, strict=True):
        state[OWN_CALL] = partial(call, module)
    try:
        yield
    finally:
        for state, own in zip(states, before, strict=True):
            if own is None:
                state.pop(OWN_CALL, None)
            else:
                state[OWN_CALL] = own


@contextmanager
def _own_calls(
    owner: type, modules: Sequence[nn.Module], call_module: CallModule
) -> Iterator[None]:
    """Calls by the ``__call__`` that the class ``owner`` has defined, for ``modules`` alone.

    It may never come to ``nn.Module.__call__``, so the class itself is changed. What it calls of
    its base classes belongs to the same call.
    """
    thread = threading.get_ident()
    watched = {id(module) for module in modules}
    original = vars(owner)["__call__"]

    def call(module: Any, /, *args: Any, **kwargs: Any) -> Any:
        function = original.__get__(module, type(module))
        if threading.get_ident() != thread or id(module) not in watched:
            return function(*args, **kwargs)
        return call_module(module, function, args, kwargs)

    owner.__call__ = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        owner.__call__ = original  # type: ignore[method-assign]
