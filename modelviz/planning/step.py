"""One training step, or one inference, on tensors without data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import InputError
from ..tracing.forward import run_forward
from ..tracing.inputs import Inputs
from ..tracing.intercept import intercepted_calls
from ..tracing.modules import first_paths, walk
from ..tracing.structure import tensors
from ..tracing.torch_internals import backward_passes, function_modes
from .copies import buffers, parameters
from .gpu import GpuKernels
from .ledger import Event, Ledger
from .losses import step_loss
from .optimizers import make_optimizer, state_tensors
from .settings import Settings
from .watch import Marks, Watch


@dataclass(frozen=True, slots=True)
class Ran:
    """What was written down of a step.

    The optimizer worked twice: without its states up to tick ``first``, and with them. ``passes``
    are the ticks at which each forward ended and its backward pass began, ``first_update`` the
    kernels of the first update.
    """

    ledger: Ledger
    begin: int
    passes: tuple[int, ...]
    update: int
    first: int
    end: int
    first_update: tuple[int, int] = (0, 0)

    @property
    def work(self) -> tuple[Event, ...]:
        """The kernels of a step that is not the first."""
        start, stop = self.first_update
        events = self.ledger.events
        return (*events[:start], *events[stop:])

    def update_end(self, trains: bool) -> int:
        """The tick at which the first step is over."""
        return self.first if trains else self.end


def run_step(model: nn.Module, inputs: Inputs, settings: Settings) -> Ran:
    """Run the step of ``model``, which is changed by it, and write down its memory."""
    places = list(walk(model))
    ledger = Ledger(settings.device.rounding)
    watch = Watch(ledger, first_paths(places), settings.device.is_gpu)
    given = inputs.named_tensors(getattr(model, settings.method))
    for path, parameter in parameters(model).items():
        ledger.resident(parameter, "parameters", path)
    for path, buffer in buffers(model).items():
        ledger.resident(buffer, "buffers", path)
    for name, tensor in given:
        ledger.resident(tensor, "inputs", name)
    for tensor in tensors(settings.target):
        ledger.resident(tensor, "inputs", "target")
    with ExitStack() as stack:
        modules = [module for _, module in places]
        stack.enter_context(intercepted_calls(modules, watch.call_module))
        stack.enter_context(watch)
        # A mode that sees functions keeps torch from its fused layers of inference.
        modes: list[TorchFunctionMode] = [Marks(watch)] if settings.trains else []
        if settings.device.is_gpu:
            modes.append(GpuKernels(settings.precision.autocast))
        for mode in modes:
            stack.enter_context(mode)
        stack.enter_context(backward_passes(partial(_with_modes, modes)))
        step = _Step(model, inputs, settings, watch, [tensor for _, tensor in given])
        return step.train() if settings.trains else step.infer()


def _with_modes(
    modes: Sequence[TorchFunctionMode], engine: Callable[..., Any]
) -> Callable[..., Any]:
    """``engine`` with the modes: a forward that is repeated in a backward pass is seen as well.

    A mode is off while it handles a function, such as ``loss.backward``.
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            active = function_modes()
            for mode in modes:
                if mode not in active:
                    stack.enter_context(mode)
            return engine(*args, **kwargs)

    return run


class _Step:
    def __init__(
        self,
        model: nn.Module,
        inputs: Inputs,
        settings: Settings,
        watch: Watch,
        given: list[torch.Tensor],
    ) -> None:
        self.model, self.inputs, self.settings = model, inputs, settings
        self.watch, self.ledger = watch, watch.ledger
        self.given = given

    def infer(self) -> Ran:
        """One forward without gradients."""
        with torch.no_grad(), self._autocast():
            output = self._forward()
        self._take_cache(output)
        end = self.ledger.clock
        self.ledger.close()
        del output
        return Ran(self.ledger, 0, (end,), end, end, end)

    def train(self) -> Ran:
        """A step whose gradients come from ``accumulate`` passes; two tell all of them."""
        learning = [p for p in parameters(self.model).values() if p.requires_grad]
        if not learning:
            raise InputError(
                "the model has no trainable parameter, so there is no training step: unfreeze "
                "some, or give optimizer=None to plan inference"
            )
        assert self.settings.factory is not None
        with self.watch.during("optimizer"):
            optimizer = make_optimizer(
                self.settings.factory, learning, grouped=self.settings.device.is_gpu
            )
        begin = self.ledger.clock
        passes: list[int] = []
        kept = None
        for _ in range(min(self.settings.accumulate, 2)):
            kept = None  # what a pass returned is let go of before the next
            tick, kept = self._forward_and_backward(learning)
            passes.append(tick)
        update = self.ledger.clock
        with self.watch.during("optimizer"):
            start = len(self.ledger.events)
            optimizer.step()
            first, stop = self.ledger.clock, len(self.ledger.events)
            self._name_states(optimizer)
            optimizer.step()
        end = self.ledger.clock
        self.ledger.close()
        del kept
        return Ran(self.ledger, begin, tuple(passes), update, first, end, (start, stop))

    def _forward_and_backward(self, learning: Iterable[torch.Tensor]) -> tuple[int, Any]:
        """One pass; the tick at which its forward ended, and what a script would still hold."""
        with torch.enable_grad():
            with self._autocast():
                output = self._forward()
                with self.watch.during("loss"):
                    of = step_loss(self.settings.loss, self.settings.target, self.given)
                    loss = run_forward(of, Inputs((output,), {}))
                    if self.settings.precision.autocast is torch.float16:
                        loss = loss * 65536.0  # as GradScaler does
            tick = self.ledger.clock
            with self.watch.during("backward"):
                loss.backward()
        for parameter in learning:
            if parameter.grad is not None:
                block = self.ledger.block_of(parameter.grad)
                if block is not None:
                    block.category = "gradients"
        return tick, (output, loss)

    def _forward(self) -> Any:
        method = self.settings.method
        function = self.model if method == "forward" else getattr(self.model, method)
        return run_forward(function, self.inputs)

    def _autocast(self) -> Any:
        dtype = self.settings.precision.autocast
        return nullcontext() if dtype is None else torch.autocast("cpu", dtype=dtype)

    def _name_states(self, optimizer: torch.optim.Optimizer) -> None:
        for name, tensor in state_tensors(optimizer):
            block = self.ledger.block_of(tensor)
            if block is not None and block.category is None:
                block.category, block.name = "optimizer", name
                if self.settings.device.is_gpu and name == "step" and tensor.dim() == 0:
                    block.bytes = 0  # counted on the host

    def _take_cache(self, output: Any) -> None:
        """What the output holds of keys and values is the cache of a language model."""
        for tensor in cache_tensors(output):
            block = self.ledger.block_of(tensor)
            if block is not None and block.category is None:
                block.category = "kv_cache"


def cache_tensors(output: Any) -> list[torch.Tensor]:
    """The tensors of the cache that a language model of transformers returns."""
    cache = getattr(output, "past_key_values", None)
    if cache is None:
        cache = getattr(output, "cache_params", None)
    return [] if cache is None else held_tensors(cache)


def held_tensors(value: Any, depth: int = 6) -> list[torch.Tensor]:
    """The tensors in an object, its containers and its attributes."""
    if isinstance(value, torch.Tensor):
        return [value]
    if depth == 0 or isinstance(value, (str, bytes, type)):
        return []
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, (list, tuple)):
        parts = value
    elif hasattr(value, "__dict__") and not callable(value):
        parts = vars(value).values()
    return [tensor for part in parts for tensor in held_tensors(part, depth - 1)]
