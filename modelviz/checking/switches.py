"""The blocks in which a forward switches gradients off, or on again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

import torch

from ..tracing.attribute_set import attribute_set

Entered = Callable[[bool, str], None]
"""Takes whether a block has gradients, and how it is written."""


@contextmanager
def switches_heard(entered: Entered, left: Callable[[], None]) -> Iterator[None]:
    """Inside, ``entered`` hears of each such block when it begins, and ``left`` when it ends.

    Those of this thread alone.

    ``torch.set_grad_enabled`` switches when it is called, and as a block back at its end.
    """
    here, inside = threading.get_ident(), False

    def wrapped(kind: type, name: str, tell: Callable[[Any], None]) -> Any:
        function = getattr(kind, name)

        @wraps(function)
        def told(this: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal inside
            if inside or threading.get_ident() != here:  # one block makes use of another
                return function(this, *args, **kwargs)
            inside = True
            try:
                result = function(this, *args, **kwargs)
            finally:
                inside = False
            tell(this)
            return result

        return attribute_set(kind, name, told)

    def begins(grad: Callable[[Any], bool], text: str) -> Callable[[Any], None]:
        return lambda block: entered(grad(block), text)

    with ExitStack() as stack:
        for kind, name, grad, text in _BLOCKS:
            stack.enter_context(wrapped(kind, name, begins(grad, text)))
            stack.enter_context(wrapped(kind, "__exit__", lambda block: left()))
        yield


_BLOCKS: tuple[tuple[type, str, Callable[[Any], bool], str], ...] = (
    (torch.no_grad, "__enter__", lambda block: False, "torch.no_grad()"),
    (torch.enable_grad, "__enter__", lambda block: True, "torch.enable_grad()"),
    (
        torch.set_grad_enabled,
        "__init__",
        lambda block: bool(block.mode),
        "torch.set_grad_enabled(False)",
    ),
    (torch.inference_mode, "__enter__", lambda block: not block.mode, "torch.inference_mode()"),
)
