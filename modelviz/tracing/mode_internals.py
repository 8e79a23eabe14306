"""What of ``torch_internals`` is about modes and other contexts: private names of torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch._C import (
    _DisableTorchDispatch,
    _is_any_autocast_enabled,
    _len_torch_dispatch_stack,
    _pop_torch_dispatch_stack,
    _push_on_torch_dispatch_stack,
)
from torch.overrides import _pop_mode as _pop_function_mode
from torch.overrides import _push_mode as _push_function_mode
from torch.utils._python_dispatch import (
    TorchDispatchMode,
    _disable_current_modes,
    _get_current_dispatch_mode,
)

from ..collecting import objects_of

disable_torch_dispatch = _DisableTorchDispatch
"""A context in which kernels run below every dispatch mode."""
disable_current_modes = _disable_current_modes
"""A context without dispatch modes: kernels run for real."""
pop_function_mode: Callable[[], Any] = _pop_function_mode
push_function_mode: Callable[[Any], None] = _push_function_mode
pop_mode = _pop_torch_dispatch_stack
push_mode = _push_on_torch_dispatch_stack
dispatch_modes = _len_torch_dispatch_stack
"""How many dispatch modes are active."""
is_any_autocast_enabled = _is_any_autocast_enabled


class UncompiledMode(TorchDispatchMode):
    """A mode whose kernels are not wrapped for the compiler, which would be imported to do so."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False


set_grad_enabled = torch._C._set_grad_enabled
"""Unlike the public one, no context that would end."""


def default_device() -> torch.device | None:
    """The device that ``torch.set_default_device`` was given; None if it was not."""
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return None if context is None else context.device


def set_default_device(device: torch.device | None) -> None:
    """``torch.set_default_device``; None is as if it had never been called.

    After ``torch.set_default_device(None)``, ``torch.get_default_device`` of torch 2.6 fails.
    """
    torch.set_default_device(device)
    if device is None:
        del torch._GLOBAL_DEVICE_CONTEXT.device_context


def function_modes() -> list[Any]:
    """The modes that see PyTorch's functions, the outermost first."""
    return list(torch.overrides._get_current_function_mode_stack())


@contextmanager
def closing_modes() -> Iterator[None]:
    """What is entered inside and not left again, as where a forward fails in between, is left.

    That is modes of functions and of kernels, hooks for the tensors that autograd saves, autocast
    and inference mode. A mode leaves by taking off the last one, whichever that is.
    """
    functions, kernels, saving = function_modes(), dispatch_modes(), _saving_hooks()
    last = functions[-1] if functions else None
    casting, inference = _autocast_depth(), torch.is_inference_mode_enabled()
    try:
        yield
    finally:
        default = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
        while (modes := function_modes()) and modes[-1] is not last and modes[-1] is not default:
            pop_function_mode()
        while dispatch_modes() > kernels:
            entered: Any = _get_current_dispatch_mode()
            TorchDispatchMode.__exit__(entered, None, None, None)
        while (now := _saving_hooks()) is not None and now != saving:
            torch._C._autograd._pop_saved_tensors_default_hooks()
        for _ in range(_autocast_depth() - casting):
            if torch.autocast_decrement_nesting() == 0:
                torch.clear_autocast_cache()
        if torch.is_inference_mode_enabled() and not inference:
            _leave_inference_mode()


def _leave_inference_mode() -> None:
    """Leave it while all is as it was when it was entered: that is what it puts back."""
    for entered in reversed(list(objects_of([torch.inference_mode]))):
        if not torch.is_inference_mode_enabled():
            break
        if entered.mode and "_inference_mode_context" in vars(entered):
            entered.__exit__(None, None, None)


def _autocast_depth() -> int:
    """How many contexts of autocast are around."""
    torch.autocast_increment_nesting()
    return torch.autocast_decrement_nesting()


def _saving_hooks() -> Any:
    """The functions for tensors that autograd saves, last entered; None without any.

    Releases before 2.8 do not tell them.
    """
    last = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    return None if last is None else last(True)
