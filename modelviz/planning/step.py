"""One training step, or one inference, on tensors without data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import InputError
from ..tracing.distributed_internals import aside_from_sharding, fsdp_steps
from ..tracing.forward import run_forward
from ..tracing.inputs import Inputs
from ..tracing.intercept import intercepted_calls
from ..tracing.members import callee
from ..tracing.mode_internals import function_modes
from ..tracing.modules import first_paths, walk
from ..tracing.structure import tensors
from ..tracing.threads import threads_in_turn
from ..tracing.torch_internals import backward_passes
from .caches import cache_tensors, next_token
from .copies import buffers, is_distributed, parameters
from .gpu import GpuKernels
from .ledger import Event, Ledger
from .losses import step_loss
from .mesh import CallShapes
from .optimizers import alone, make_optimizers, state_tensors
from .packed import PackedWeights
from .settings import Settings
from .watch import Marks, Watch


@dataclass(frozen=True, slots=True)
class Ran:
    """What was written down of a step.

    The optimizer worked twice: without its states up to tick ``first``, and with them. ``passes``
    are the ticks at which each forward ended and its backward pass began, ``first_update`` the
    kernels of the first update, ``kv_cache`` the bytes of the cache that an inference returned.
    """

    ledger: Ledger
    begin: int
    passes: tuple[int, ...]
    update: int
    first: int
    end: int
    first_update: tuple[int, int] = (0, 0)
    kv_cache: int = 0
    shapes: Mapping[str, Sequence[CallShapes]] = field(default_factory=dict)

    @property
    def work(self) -> tuple[Event, ...]:
        """The kernels of a step that is not the first."""
        start, stop = self.first_update
        events = self.ledger.events
        return (*events[:start], *events[stop:])

    def update_end(self, trains: bool) -> int:
        """The tick at which the first step is over."""
        return self.first if trains else self.end


def run_step(
    model: nn.Module, inputs: Inputs, settings: Settings, packed: PackedWeights | None = None
) -> Ran:
    """Run the step of ``model``, which is changed by it, and write down its memory.

    ``packed`` are the weights that it stores in fewer bits.
    """
    places = list(walk(model))
    found = settings.device.calibration
    keeps = found is not None and found.kernels is not None
    watch = Watch(Ledger(), first_paths(places), settings.device.is_gpu, keeps_kernels=keeps)
    with ExitStack() as stack:
        modules = [module for _, module in places]
        stack.enter_context(intercepted_calls(modules, watch.call_module))
        if settings.mesh is not None or is_distributed(model):
            stack.enter_context(_shards_followed(watch))
            watch.keeps_shapes = True
        stack.enter_context(watch)
        # A mode that sees functions keeps torch from its fused layers of inference.
        modes: list[TorchFunctionMode] = [Marks(watch)] if settings.trains else []
        if settings.device.is_gpu:
            modes.append(GpuKernels(settings.autocast))
        for mode in modes:
            stack.enter_context(mode)
        stack.enter_context(backward_passes(partial(_with_modes, modes)))
        cached: list[torch.Tensor] = []
        if settings.decode:
            inputs, cached = next_token(model, inputs)
        watch.ledger.close()
        watch.ledger = Ledger(settings.device.rounding)
        given = _given(model, inputs, settings)
        packed = packed or PackedWeights()
        _take_stock(watch.ledger, model, given, cached, settings.target, packed)
        watch.shapes.clear()
        step = _Step(model, inputs, settings, watch, [tensor for _, tensor in given], bool(packed))
        ran = step.train() if settings.trains else step.infer()
        return replace(ran, shapes=dict(watch.shapes))


@contextmanager
def _shards_followed(watch: Watch) -> Iterator[None]:
    """Weights that are gathered and let go of are followed, and named after their module."""
    storage: Any = torch.UntypedStorage
    before = storage.resize_

    def resize(self: torch.UntypedStorage, size: int) -> Any:
        result = before(self, size)
        watch.ledger.resized(self)
        return result

    storage.resize_ = resize
    try:
        with fsdp_steps(watch.moving_for), aside_from_sharding(watch.aside):
            yield
    finally:
        del storage.resize_


def _given(model: nn.Module, inputs: Inputs, settings: Settings) -> list[tuple[str, torch.Tensor]]:
    """The tensors that the forward is given, but for those of a cache."""
    plain = Inputs(inputs.args, {}) if settings.decode else inputs
    return plain.named_tensors(getattr(model, settings.method))


def _take_stock(
    ledger: Ledger,
    model: nn.Module,
    given: list[tuple[str, torch.Tensor]],
    cached: list[torch.Tensor],
    target: Any,
    packed: PackedWeights,
) -> None:
    """Write down what is there before the step; ``cached`` is emptied, for the step to own it."""
    for path, parameter in parameters(model).items():
        ledger.resident(parameter, "parameters", path)
    for path, buffer in buffers(model).items():
        ledger.resident(buffer, "parameters" if path in packed.buffers else "buffers", path)
    for path, size in packed.hidden:
        ledger.hidden(size, "parameters", f"{path}.packed" if path else "packed")
    while cached:
        ledger.resident(cached.pop(), "kv_cache")
    for name, tensor in given:
        ledger.resident(tensor, "inputs", name)
    for tensor in tensors(target):
        ledger.resident(tensor, "inputs", "target")


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
        packed: bool,
    ) -> None:
        self.packed = packed
        self.model, self.inputs, self.settings = model, inputs, settings
        self.watch, self.ledger = watch, watch.ledger
        self.given = given
        self.targets: dict[tuple[Any, ...], torch.Tensor] = {}

    def infer(self) -> Ran:
        """One forward without gradients, unless it takes some itself and cannot do without."""
        with torch.set_grad_enabled(self.settings.records), self._autocast():
            output = self._forward()
        cache = self._take_cache(output)
        end = self.ledger.clock
        self.ledger.close()
        del output
        return Ran(self.ledger, 0, (end,), end, end, end, kv_cache=cache)

    def _nothing_learns(self, has_weights: bool) -> str:
        """What to do about a model without a parameter to train."""
        why, remedy = "all are frozen", "unfreeze some, put adapters on (lora=)"
        if self.packed:
            why = "its weights are packed, which have no gradients"
        elif not has_weights:
            why = "it has none: layers in plain lists, dicts or closures are not its own"
            remedy = "register them, or call it once if it makes them then"
        return (
            f"the model has no trainable parameter ({why}), so there is no training step: "
            f"{remedy}, or give optimizer=None to plan inference"
        )

    def train(self) -> Ran:
        """A step whose gradients come from ``accumulate`` passes; two tell all of them."""
        held = parameters(self.model)
        named = {path: p for path, p in held.items() if p.requires_grad}
        learning = list(named.values())
        if not learning:
            raise InputError(self._nothing_learns(bool(held)))
        assert self.settings.factory is not None
        with self.watch.during("optimizer"):
            optimizers = make_optimizers(
                self.settings.factory,
                self.settings.parts,
                named,
                grouped=self.settings.device.is_gpu,
            )
        begin = self.ledger.clock
        passes: list[int] = []
        kept = None
        for _ in range(min(self.settings.accumulate, 2)):
            kept = None  # what a pass returned is let go of before the next
            tick, kept = self._forward_and_backward(learning)
            passes.append(tick)
        update = self.ledger.clock
        with self.watch.during("optimizer"), ExitStack() as stack:
            for one in optimizers:
                stack.enter_context(alone(one))
            start = len(self.ledger.events)
            for one in optimizers:
                one.step()
            first, stop = self.ledger.clock, len(self.ledger.events)
            for one in optimizers:
                self._name_states(one)
            for one in optimizers:
                one.step()
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
                    of = step_loss(
                        self.settings.loss, self.settings.target, self.given, self._target
                    )
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

    def _target(
        self, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
    ) -> torch.Tensor:
        """A target made to fit, which is there before the step, as that of a batch of data is."""
        key = shape, dtype, device
        if key not in self.targets:
            with self.watch.aside():
                self.targets[key] = torch.zeros(shape, dtype=dtype, device=device)
            self.ledger.resident(self.targets[key], "inputs", "target")
        return self.targets[key]

    def _forward(self) -> Any:
        with threads_in_turn():
            return run_forward(callee(self.model, self.settings.method), self.inputs)

    def _autocast(self) -> Any:
        dtype = self.settings.autocast
        return nullcontext() if dtype is None else torch.autocast("cpu", dtype=dtype)

    def _name_states(self, optimizer: torch.optim.Optimizer) -> None:
        for name, tensor in state_tensors(optimizer):
            block = self.ledger.block_of(tensor)
            if block is not None and block.category is None:
                block.category, block.name = "optimizer", name
                if self.settings.device.is_gpu and name == "step" and tensor.dim() == 0:
                    block.bytes = 0  # counted on the host

    def _take_cache(self, output: Any) -> int:
        """What the output holds of keys and values is a cache; its bytes."""
        blocks = {}
        for tensor in cache_tensors(output):
            block = self.ledger.block_of(tensor)
            if block is not None and block.category in (None, "kv_cache"):
                block.category = "kv_cache"
                blocks[id(block)] = block.bytes
        return sum(blocks.values())
