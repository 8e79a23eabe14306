"""Gradients that a forward takes itself: forces from an energy, a penalty, a step of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from typing import Any

import torch

from .attribute_set import attribute_set
from .missing import error_text
from .mode_internals import function_modes
from .ops import OpMode
from .questions import asked_by_the_model
from .structure import shallow_tensors, unwrapped
from .torch_internals import backward_passes, maybe_current_level


class Gradients:
    """Sees the backward passes inside a forward.

    Recording what a gradient needs holds on to every activation, so a forward is run without that
    first. ``asked`` says that it took gradients, or failed to, or asked whether they are recorded,
    and has to run as its caller would run it: with gradients recorded. ``forgone`` says that it did
    what PyTorch may refuse there.
    """

    def __init__(self, recorded: bool) -> None:
        self.recorded = recorded
        self.asked = False
        self.forgone = False

    def failed(self, error: BaseException) -> None:
        """The forward stopped with ``error``; gradients that are not recorded may be why."""
        if isinstance(error, RuntimeError) and "grad" in error_text(error):
            self.asked = True

    def watched(self, ops: OpMode) -> Any:
        """A context in which backward passes are seen, and functions inside them by ``ops``.

        It is noted when the model asks whether gradients are recorded.
        """
        thread = threading.get_ident()

        def wrap(start: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **kwargs: Any) -> Any:
                if threading.get_ident() != thread:
                    return start(*args, **kwargs)
                # The transforms of ``torch.func`` record what they need themselves.
                self.asked = self.asked or maybe_current_level() is None
                recorder = ops.recorder
                recorder.differentiate(map(unwrapped, shallow_tensors(args[0])))
                seen = nullcontext() if ops in function_modes() else ops
                recorder.passes += 1
                try:
                    with seen:
                        return start(*args, **kwargs)
                finally:
                    recorder.passes -= 1

            return run

        enabled = torch.is_grad_enabled

        def is_grad_enabled() -> bool:
            self.asked = self.asked or asked_by_the_model(1)
            return enabled()

        stack = ExitStack()
        stack.enter_context(backward_passes(wrap))
        stack.enter_context(attribute_set(torch, "is_grad_enabled", is_grad_enabled))
        return stack

    def mode(self) -> Any:
        """The context of grad mode to run the forward in."""
        return torch.set_grad_enabled(self.recorded)
