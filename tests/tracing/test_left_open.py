"""What a forward enters and does not leave is left after it, and the process is as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch._C import _autograd
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from modelviz import TraceError, profile, trace
from modelviz.tracing.mode_internals import _saving_hooks


class Functions(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return func(*args, **(kwargs or {}))


class Kernels(TorchDispatchMode):
    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return func(*args, **(kwargs or {}))


def _saving() -> Any:
    return torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t)


ENTERED: dict[str, Callable[[], Any]] = {
    "function mode": Functions,
    "kernel mode": Kernels,
    "device": lambda: torch.device("cpu"),
    "autocast": lambda: torch.autocast("cpu"),
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
}
if hasattr(_autograd, "_top_saved_tensors_default_hooks"):  # from 2.8 on
    ENTERED["hooks of saved tensors"] = _saving


class Enters(nn.Module):
    """Enters a context before a layer, and leaves it after: hooks that a failure parts."""

    def __init__(self, context: Any, ending: BaseException | None) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.context, self.ending = context, ending

    def forward(self, x: Any) -> Any:
        self.context.__enter__()
        y = self.linear(x)
        if self.ending is not None:
            raise self.ending
        return y


def _process() -> Any:
    torch.autocast_increment_nesting()
    return (
        torch._C._len_torch_function_stack(),
        torch._C._len_torch_dispatch_stack(),
        _saving_hooks(),
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.autocast_decrement_nesting(),
    )


@pytest.mark.parametrize("execution", ["fake", "real"])
@pytest.mark.parametrize("ending", [None, ValueError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ENTERED)
def test_a_context_is_left(name: str, ending: BaseException | None, execution: Any) -> None:
    model, before = Enters(ENTERED[name](), ending), _process()
    if ending is None:
        assert trace(model, (2, 4), execution=execution).total_flops == 64
    else:
        with pytest.raises(TraceError):
            trace(model, (2, 4), execution=execution)
    assert _process() == before
    # Nothing that PyTorch itself takes for granted is turned either.
    assert (torch.ones(2, requires_grad=True) * 2).sum().requires_grad


def test_a_timed_run_leaves_none_either() -> None:
    model, before = Enters(Functions(), None), _process()
    profile(model, (2, 4))
    assert _process() == before


def test_a_mode_of_kernels_of_ones_own_is_held_while_the_forward_is_fake() -> None:
    """PyTorch wraps its method in a function of PyTorch that says it is of the user's module."""

    class Holds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.mode = nn.Linear(4, 4), Kernels()

        def forward(self, x: Any) -> Any:
            return self.linear(x)

    assert trace(Holds(), (2, 4), execution="fake").total_flops == 64
