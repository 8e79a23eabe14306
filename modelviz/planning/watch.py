"""Watches a step: each kernel is written down with the memory it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..tracing import source
from ..tracing.attribute_set import attribute_set
from ..tracing.control_flow import rule
from ..tracing.interrupts import INTERRUPT
from ..tracing.known import doubt, value_of_settings
from ..tracing.mode_internals import UncompiledMode, disable_current_modes
from ..tracing.names import dtype_name, function_name
from ..tracing.shapes import SHAPES
from ..tracing.structure import argument_tensors, inner_tensors, kernel_tensors, tensors
from ..tracing.torch_internals import FakeTensor, HigherOrderOperator, current_node, schema_of
from .collectives import gathered_weights, sent
from .copies import ValuesUnknown
from .flops import kernel_flops
from .in_place import InPlace, stores_sparse
from .kernel_times import described
from .kernels import kept, workspace_bytes
from .ledger import Event, Ledger, Phase, Spot
from .mesh import CallShapes, Shapes
from .tried import tried

_SPOT = "modelviz_spot"
_NO_WORK = ("prim", "profiler")
"""Operators that ask for the device of a tensor, or mark a stretch of time."""
_STEPS = 1000.0
_aten, _prim = torch.ops.aten, torch.ops.prim


class Watch(UncompiledMode):
    """Writes each kernel into ``ledger``; ``phase`` is what the step does now.

    ``gpu`` leaves out what only kernels of the CPU take; ``keeps_kernels`` keeps what each was
    called with, to measure them.
    """

    # They are kernels like others; what is made of several is taken apart before.
    supports_higher_order_operators = True

    def __init__(
        self,
        ledger: Ledger,
        paths: Mapping[int, str],
        gpu: bool = False,
        keeps_kernels: bool = False,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._gpu, self._keeps_kernels = gpu, keeps_kernels
        self._begun = 0
        self.ledger = ledger
        self.phase: Phase = "forward"
        self._paths = paths
        self._stack: list[str] = []
        self._moved_for: str | None = None
        self._aside = False
        self._calls: list[CallShapes] = []
        self.shapes: dict[str, list[CallShapes]] = {}
        """What the calls of each module took and gave, as long as ``keeps_shapes``."""
        self.keeps_shapes = False
        self._in_place = InPlace()

    # -- modules ----------------------------------------------------------------------------

    def call_module(
        self, module: nn.Module, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        """What ``function``, by which ``module`` is called, returns."""
        INTERRUPT.check()
        path = self._paths[id(module)]
        self._stack.append(path)
        self._begun += 1
        try:
            if not self.keeps_shapes or self.phase != "forward":
                return function(*args, **kwargs)
            return self._keeping(path, function, args, kwargs)
        finally:
            self._stack.pop()

    def _keeping(self, path: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """What ``function`` returns, with a note of the shapes."""
        kept = CallShapes(_shapes(argument_tensors(args, kwargs)))
        self.shapes.setdefault(path, []).append(kept)
        self._calls.append(kept)
        try:
            result = function(*args, **kwargs)
            kept.made = _shapes(tensors(result))
            return result
        finally:
            self._calls.pop()

    def saw(self, function: Any, result: Any) -> None:
        """Take note of the shapes that a function of the forward gave."""
        if self._calls and self.phase == "forward" and (found := tensors(result)):
            self._calls[-1].functions.append((function_name(function), _shapes(found)))

    def during(self, phase: Phase) -> AbstractContextManager[None]:
        """What runs inside belongs to ``phase``."""
        return attribute_set(self, "phase", phase)

    def moving_for(self, path: str) -> AbstractContextManager[None]:
        """What runs inside gathers or reduces the parameters of the module at ``path``."""
        return attribute_set(self, "_moved_for", path)

    def aside(self) -> AbstractContextManager[None]:
        """What runs inside is no part of the step."""
        return attribute_set(self, "_aside", True)

    @property
    def records(self) -> bool:
        """Whether what runs now may have a backward pass of its own."""
        return self.phase in ("forward", "loss") or bool(self._stack)

    def spot(self) -> Spot:
        """The innermost open call of a module, and the line of source."""
        if self._moved_for is not None:
            return Spot(self._moved_for)
        if self.phase == "backward" and not self._stack:
            node = current_node()
            found = None if node is None else node.metadata.get(_SPOT)
            return found or Spot()
        if self.phase == "optimizer":
            return Spot()
        return Spot(self._stack[-1] if self._stack else None, *source.caller())

    # -- kernels ----------------------------------------------------------------------------

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        INTERRUPT.check()
        kwargs = kwargs or {}
        if any(map(_is_made_of_others, types)):
            return NotImplemented  # comes again as what it does to the tensors inside
        if func is _prim.device.default and isinstance(args[0], FakeTensor):
            return args[0].fake_device  # asked more often than anything else
        if isinstance(func, HigherOrderOperator):
            return func(*args, **kwargs) if self._aside else self._as_one(func, args, kwargs)
        if self._aside or func.namespace in _NO_WORK:
            return func(*args, **kwargs)
        if stores_sparse(func, args):
            return args[0]
        if self.phase != "optimizer":
            func = self._in_place.kernel(func, args, kwargs, self.ledger)
        elif func is _aten._local_scalar_dense.default:
            # The number of steps, of which an optimizer may begin to do more after the first few.
            return _STEPS if args[0].is_floating_point() else int(_STEPS)
        ledger = self.ledger
        event = Event(func.overloadpacket.__name__, self.phase, self.spot())
        event.recomputes = self.phase == "backward" and bool(self._stack)
        event.sent = sent(func, args, kwargs)
        event.calls, self._begun = self._begun, 0
        number = ledger.begin(event)
        given = kernel_tensors((*args, *kwargs.values()))
        if func is _aten.lift_fresh.default or self.phase == "optimizer":
            ledger.made(given, number)  # made just now, out of numbers
        else:
            for tensor in given:
                # A constant that the model holds without having registered it.
                ledger.resident(tensor, "buffers")
        result = _run(func, args, kwargs)
        if isinstance(result, torch.Tensor) and result.layout is torch.sparse_coo:
            _refuse_fake(result)
        outputs = kernel_tensors(result if isinstance(result, (tuple, list)) else (result,))
        fresh = ledger.made(outputs, number)
        for output in outputs:
            ledger.grown(output)
        for gathered in gathered_weights(func, kwargs):
            for block in ledger.blocks_of(gathered):
                block.category = "temporaries"
        self._work(event, func, args, kwargs, result, fresh)
        if not self._gpu:
            self._unseen(func, args, kwargs, result, fresh)
        return result

    def _as_one(self, func: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
        """What a higher-order op returns, such as flex attention: compiled, it is one kernel."""
        ledger = self.ledger
        event = Event(function_name(func), self.phase, self.spot())
        number = ledger.begin(event)
        given = kernel_tensors((*args, *kwargs.values()))
        for tensor in given:
            ledger.resident(tensor, "buffers")
        with self.aside():
            result = func(*args, **kwargs)
        outputs = kernel_tensors(result)
        fresh = ledger.made(outputs, number)
        event.flops = kernel_flops(func, args, kwargs, result)
        event.moved = fresh + sum(t.numel() * t.element_size() for t in given)
        event.dtype = dtype_name(given[0].dtype)
        return result

    def _unseen(
        self, func: Any, args: tuple[Any, ...], kwargs: Any, result: Any, fresh: int
    ) -> None:
        """Write down what the last kernel takes beside ``fresh`` bytes of results."""
        ledger, number = self.ledger, len(self.ledger.events) - 1
        outputs = kernel_tensors(result if isinstance(result, (tuple, list)) else (result,))
        found = None
        if fresh or schema_of(func).is_mutable:
            found = tried(func, args, kwargs, ledger.events[number].flops)
        if found is None:
            workspace = workspace_bytes(func, args, kwargs)
            reserve = kept(func, args, kwargs, result)
        else:
            workspace, left = found
            reserve = (left - fresh, outputs[-1]) if outputs and left > fresh else None
        if reserve is not None:
            ledger.extra(reserve[0], number, until=reserve[1])
        ledger.workspace(workspace, number)

    def _work(
        self, event: Event, func: Any, args: Any, kwargs: Any, result: Any, fresh: int
    ) -> None:
        inputs = kernel_tensors((*args, *kwargs.values()))
        event.flops = kernel_flops(func, args, kwargs, result)
        if fresh or schema_of(func).is_mutable:
            event.moved = fresh + sum(t.numel() * t.element_size() for t in inputs)
            if self._keeps_kernels:
                event.kernel = described(func, args, kwargs, event.flops)
        first = next((t for t in inputs if t.is_floating_point()), None)
        event.dtype = "" if first is None else dtype_name(first.dtype)


def _shapes(found: Iterable[torch.Tensor]) -> Shapes:
    """The shapes of tensors on this device."""
    return tuple([tuple((inner_tensors(t) or (t,))[0].shape) for t in found])


@cache
def _is_made_of_others(kind: type) -> bool:
    """Whether tensors of the class ``kind`` hold other tensors, as distributed ones do."""
    return hasattr(kind, "__tensor_flatten__")


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the kernel returns, also where PyTorch's own shape function refuses to say."""
    if func.namespace == "_c10d_functional" and func.overloadpacket.__name__ == "wait_tensor":
        return args[0]  # the kernel returns what it is given, its shape function another tensor
    if _writes_alone(func) and _are_alike(args):
        return None  # what it writes into is as it was, without values
    shape = SHAPES.get(func) if isinstance(args[0] if args else None, FakeTensor) else None
    if shape is None:
        return _with_value(func(*args, **kwargs), func, args, kwargs)
    made = shape(*args, **kwargs)
    return torch.empty_strided(made.shape, made.stride, dtype=made.dtype, device=made.device)


@cache
def _writes_alone(func: Any) -> bool:
    """Whether a kernel changes lists of tensors, one for each parameter, and returns nothing."""
    schema = schema_of(func)
    return schema.name.startswith("aten::_foreach_") and not schema.returns


def _are_alike(args: tuple[Any, ...]) -> bool:
    """Whether lists have fake tensors of equal shapes in equal places, none with a known value."""
    lists = [value for value in args if isinstance(value, (list, tuple))]
    lists = [those for those in lists if any(isinstance(one, torch.Tensor) for one in those)]
    if len({len(those) for those in lists}) != 1:
        return False
    return all(
        all(isinstance(one, FakeTensor) and one.constant is None for one in those)
        and len({(one.shape, one.dtype) for one in those}) == 1
        for those in zip(*lists, strict=True)
    )


class ByShapes(UncompiledMode):
    """Runs kernels by shapes alone, as a watched step does, and watches nothing."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if any(map(_is_made_of_others, types)):
            return NotImplemented
        return _run(func, args, kwargs or {})


def _with_value(result: Any, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``result``, which knows its value where a trace would: masks and positions decide a way."""
    given = (*args, *kwargs.values())
    known = value_of_settings(result, func, args, kwargs) if type(result) is FakeTensor else None
    if known is not None:
        mode = result.fake_mode
        with disable_current_modes():
            return mode.fake_tensor_converter.from_real_tensor(mode, known, make_constant=True)
    doubt(result, func, given)
    return result


def _refuse_fake(result: torch.Tensor) -> None:
    if isinstance(result, FakeTensor):
        raise ValuesUnknown("gradients are sparse, and how many values they hold is not known")


class Marks(TorchFunctionMode):
    """Leaves at each step of the backward pass what it is the backward of."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        control = rule(func)
        if control is not None:
            with self:
                return control(self._decide, *args, **(kwargs or {}))
        result = func(*args, **(kwargs or {}))
        self._watch.saw(func, result)
        if self._watch.records:
            self._mark(result)
        return result

    @staticmethod
    def _decide(condition: Any, otherwise: str) -> bool:
        """Whether a condition of control flow holds, where it is known."""
        return bool(condition)

    def _mark(self, result: Any) -> None:
        outputs = result if isinstance(result, (tuple, list)) else (result,)
        waiting = [t.grad_fn for t in outputs if isinstance(t, torch.Tensor) and t.grad_fn]
        spot: Spot | None = None
        while waiting:
            node = waiting.pop()
            metadata: Any = node.metadata
            if _SPOT in metadata:
                continue
            spot = spot or self._watch.spot()
            metadata[_SPOT] = spot
            waiting += [above for above, _ in node.next_functions if above is not None]
