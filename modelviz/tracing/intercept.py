"""Every call of a module goes through a function of ours, while the forward runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import nn

from .torch_internals import OWN_CALL, as_written


@contextmanager
def intercepted_calls(
    modules: Iterable[nn.Module], call_module: Callable[..., Any]
) -> Iterator[None]:
    """``module(...)`` is ``call_module(module, ...)``, but for calls from other threads.

    ``nn.Module.__call__`` hands over to ``_compiled_call_impl`` where a module has one. Ours calls
    the module as it was written, hooks included, so the hook dictionaries stay alone, and so does
    the class: changing a method of ``nn.Module`` makes Python look up every attribute anew.
    """
    thread = threading.get_ident()

    def call(module: nn.Module, /, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != thread:
            return as_written(module)(*args, **kwargs)
        return call_module(module, *args, **kwargs)

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
