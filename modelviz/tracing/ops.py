"""TorchFunctionMode: each PyTorch function the model calls, as one op."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from .arguments import plain_arguments
from .attribute_set import attribute_set
from .control_flow import assumption, rule
from .escapes import READS_UNSEEN
from .executors import FakeExecutor
from .formulas import function_formula
from .interrupts import INTERRUPT
from .kernels import Executor, KernelMode
from .known import text_of
from .mode_internals import dispatch_modes, pop_mode, push_mode
from .names import function_name
from .questions import (
    ABOUT_GRADIENTS,
    EXPOSING,
    QUESTIONS,
    REFUSED_WITH_GRADIENTS,
    TEXTS,
    asked_by_the_model,
)
from .recipes import (
    ALIASABLE,
    RECIPES,
    Output,
    Recipe,
    Signature,
    has_strides,
    may_be_known,
    signature,
)
from .recorder import Recorder
from .records import OpRecord
from .recurrent import RECURRENT, from_shorter
from .structure import PLAIN, shallow_tensors, tensors, unwrapped
from .torch_internals import (
    ASSERTION,
    DataDependentOutputException,
    DisableTorchFunction,
    FakeTensor,
)

# That of the recorder, and those from a call of PyTorch's to it.
_FRAMES = 2
# What nn.Parameter calls for a tensor of a class of its own, such as a fake one.
_OF_PARAMETERS = frozenset({torch.Tensor.detach, torch.Tensor.requires_grad_})
# What they make of numbers has their shape, whatever their values are.
_OF_NUMBERS = frozenset({torch.tensor, torch.as_tensor})
_OF_CLASSES = frozenset({torch.nn.functional.one_hot})


def _taken(tensor: torch.Tensor, data: torch.Tensor) -> None:
    """In the place of what sets the data of a tensor, where that is done."""


class OpMode(TorchFunctionMode):
    """Opens an op around each function, and records what it returned."""

    def __init__(
        self,
        recorder: Recorder,
        kernels: KernelMode,
        executor: Executor,
        before_set: Callable[[torch.Tensor], None],
        before_exposing: Callable[[torch.Tensor], None],
    ) -> None:
        super().__init__()
        self.recorder = recorder
        self.kernels = kernels
        self.executor = executor
        self.before_set = before_set
        self.before_exposing = before_exposing
        self._depth = 0
        # Functions seen before that are ops, so that each is asked once what else it may be.
        self._ordinary: set[Any] = set()

    def __enter__(self) -> OpMode:
        self._depth = dispatch_modes()
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if INTERRUPT.pending:
            INTERRUPT.check()
        recorder = self.recorder
        inside = recorder.open_op is not None or recorder.aside
        if func in _OF_PARAMETERS and sys._getframe(1).f_code is nn.Parameter.__new__.__code__:
            # Of a tensor with data, nn.Parameter makes one without a function.
            with attribute_set(self.kernels, "paused", True):
                return func(*args, **kwargs)
        if func in self._ordinary:
            if inside:
                return func(*args, **kwargs)
        elif func in EXPOSING:
            self.before_exposing(args[0])
            if inside or func in QUESTIONS:
                return func(*args, **kwargs)
            if func in REFUSED_WITH_GRADIENTS:
                self._may_be_refused(args[0])
        elif inside or func in QUESTIONS:
            if func in ABOUT_GRADIENTS and recorder.open_op is None:
                self._answer_differs(args[0])
            elif func in TEXTS and self.executor.fake:
                return text_of(func, *args)
            return func(*args, **kwargs)
        elif func is ASSERTION:
            if args[0] is True:
                return None  # of the many that only check sizes
        elif func in REFUSED_WITH_GRADIENTS:
            self._may_be_refused(args[0])
        else:
            control = rule(func)
            if control is not None:
                with self:
                    return control(self._decide, *args, **kwargs)
            self._ordinary.add(func)
        if kwargs.get("out") is not None:
            recorder.forgoes_gradients = True
        # Dispatch modes that the model itself has entered have to see every kernel.
        undisturbed = dispatch_modes() == self._depth
        call = signature(func, args, kwargs, self.executor.fake) if undisturbed else None
        if call is None:
            self.executor.remember(True)
            given = list(shallow_tensors((args, kwargs)))
            recorder.meet_wrappers(given)
            plain = list(map(unwrapped, given))
            met = recorder.known_ids(plain)
            result, op = self._watch(func, args, kwargs)
            if len(op.inputs) > 1:
                read = map(_first_known, met, recorder.known_ids(plain))
                op.inputs = _as_given(read, op.inputs)
            return result
        shown = recorder.shown(call.tensors)
        recipe = None
        if shown is not None:
            recipe = RECIPES.find(call) or self._follows(call, func, args, kwargs)
        if recipe is not None and shown is not None and self._applies(recipe, call):
            return self._repeat(recipe, call, shown, func, args, kwargs)
        self.executor.remember(recipe is not None or shown is None)
        result, op = self._watch(func, args, kwargs)
        if shown is not None:
            op.inputs = _as_given(shown, op.inputs)
        if recipe is None and shown is not None:
            learned = self._learn(call, shown, op, result)
            if learned is not None:
                RECIPES.add(call, learned)
        return result

    def _answer_differs(self, tensor: torch.Tensor) -> None:
        """Note that the model asks a computed tensor for its gradient, which is not recorded."""
        recorder = self.recorder
        if not recorder.asks_gradient and recorder.computed(unwrapped(tensor)):
            recorder.asks_gradient = asked_by_the_model(2)

    def _may_be_refused(self, tensor: torch.Tensor) -> None:
        """Note that the model does what a gradient forbids, which is not recorded."""
        recorder, tensor = self.recorder, unwrapped(tensor)
        if (tensor.is_floating_point() or tensor.is_complex()) and not recorder.detached(tensor):
            recorder.forgoes_gradients = recorder.forgoes_gradients or recorder.computed(tensor)

    def _decide(self, condition: Any, otherwise: str) -> bool:
        """Whether a condition of control flow holds; where it is not known, what is assumed."""
        if not self.executor.assumes:
            return bool(condition)
        try:
            return bool(condition)
        except DataDependentOutputException:
            self.recorder.findings[assumption(otherwise)] = None
            return True

    def _watch(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, OpRecord]:
        """Run ``func`` with its kernels observed."""
        recorder = self.recorder
        name = function_name(func)
        if name == "set_data":
            self.before_set(args[0])
            recorder.shows_from_now(*map(unwrapped, args))
            if isinstance(self.executor, FakeExecutor) and self.executor.takes_data(*args):
                func = _taken
        op = recorder.begin(name, func, plain_arguments(args, kwargs), _FRAMES)
        try:
            if func in _OF_CLASSES and isinstance(self.executor, FakeExecutor):
                self.executor.classes(func, args, kwargs)
            if func in _OF_NUMBERS and isinstance(self.executor, FakeExecutor):
                result = self.executor.of_numbers(func, args, kwargs)
            else:
                result = func(*args, **kwargs)
        except BaseException as error:
            met = [*map(unwrapped, shallow_tensors((args, kwargs)))]
            recorder.fail(op, error, met)
            for tensor in met:  # which a kernel may have left half done, as a failed resize does
                self.before_set(tensor)
            raise
        if func in READS_UNSEEN:
            for tensor in shallow_tensors((args, kwargs)):
                recorder.read(op, unwrapped(tensor))
        if isinstance(result, torch.Tensor):
            plain = unwrapped(result)
            if plain is result and not name.endswith("_") and recorder.unchanged(op, result):
                # A function that hands back what it got: consumers of its result depend on it,
                # consumers of its argument do not, so the two need different objects.
                given = result
                result = plain = self.alias(given)
                recorder.produce(op, result, (given,))
            outputs: Any = (plain,)
        else:
            outputs = [unwrapped(tensor) for tensor in shallow_tensors(result)]
            if not outputs:
                # What stands for tensors, with ``__torch_function__`` of its own, holds them.
                outputs = [unwrapped(tensor) for tensor in tensors(result)]
        formula = function_formula(func)
        if formula is not None:
            op.flops = int(formula(*args, out=result, **kwargs) or 0)
        recorder.finish(op, outputs, map(unwrapped, shallow_tensors((args, kwargs))))
        return result, op

    def _follows(
        self, call: Signature, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Recipe | None:
        """What ``func`` does in a call that was not seen before, if that follows from others."""
        recipe = None
        if func in RECURRENT and isinstance(self.executor, FakeExecutor):
            tried = partial(self._tried, self.executor, func, args, kwargs)
            recipe = from_shorter(args, tried)
            if recipe is not None:
                RECIPES.add(call, recipe)
        return recipe

    def _tried(
        self,
        executor: FakeExecutor,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        first: Output,
    ) -> Recipe | None:
        """What ``func`` does with another first argument; the forward sees nothing of it."""
        args = (executor.made(first), *args[1:])
        call = signature(func, args, kwargs, fake=True)
        if call is None:
            return None
        recorder = Recorder({})
        recorder.enter("", "forward", ())
        executor = executor.beside(recorder)
        kernels = KernelMode(recorder, executor)
        beside = OpMode(recorder, kernels, executor, self.before_set, self.before_exposing)
        mode = pop_mode(None)
        try:
            with kernels, beside:
                func(*args, **kwargs)
        finally:
            push_mode(mode)
            recorder.close()
        return RECIPES.find(call)

    def _applies(self, recipe: Recipe, call: Signature) -> bool:
        executor = self.executor
        if not isinstance(executor, FakeExecutor) or not (recipe.bounds != () or recipe.writes):
            return True
        known = [tensor for tensor in call.tensors if may_be_known(tensor)]
        # Whether a known index is in bounds has to be looked at, and a fake tensor whose value is
        # known has to be told that it is written over.
        if recipe.bounds is None and not all([tensor.is_floating_point() for tensor in known]):
            return False
        for index, bounds in recipe.bounds or ():
            value = executor.value_of(call.tensors[index])
            if value is not None and bounds.exclude(value):
                return False
        return not any([call.tensors[i] is tensor for i in recipe.writes for tensor in known])

    def _repeat(
        self,
        recipe: Recipe,
        call: Signature,
        shown: list[int],
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Run ``func``, of which it is known what it does, on tensors that show ``shown``."""
        recorder = self.recorder
        tensors = call.tensors
        op = recorder.begin(recipe.name, func, recipe.arguments, _FRAMES)
        op.inputs = {shown[index]: None for index in recipe.reads}
        for index in recipe.writes:
            if recorder.from_outside(tensors[index]):
                self.executor.before_write(tensors[index])
        try:
            result = self.executor.repeat(recipe, tensors, func, args, kwargs)
            if recipe.hands_back and recorder.unchanged(op, result):
                result = self.alias(result)
        except BaseException as error:
            recorder.fail(op, error, tensors)
            raise
        for index in recipe.writes:
            recorder.write(op, tensors[index])
        op.flops = recipe.flops
        op.bytes_read = recipe.bytes_read
        op.bytes_written = recipe.bytes_written
        op.moved_data = recipe.moved_data
        op.workspace = recipe.workspace
        outputs = (result,) if recipe.container is torch.Tensor else _returned(result)
        recorder.finish_alike(op, outputs, recipe.facts, tensors)
        return result

    def _learn(self, call: Signature, shown: list[int], op: OpRecord, result: Any) -> Recipe | None:
        """What there is to remember of ``op``; None if the next one like it may differ."""
        distinct = len({id(tensor) for tensor in call.tensors})
        if op.id is None or not op.repeatable or len(set(shown)) < distinct:
            return None
        container = torch.Tensor if isinstance(result, torch.Tensor) else type(result)
        if not issubclass(container, (torch.Tensor, tuple, list)):
            return None
        tensors = _returned(result)
        plain = all(type(tensor) in PLAIN and has_strides(tensor) for tensor in tensors)
        if not plain or not op.inputs.keys() <= set(shown):
            return None
        if any(isinstance(tensor, FakeTensor) and may_be_known(tensor) for tensor in tensors):
            return None  # repeated, it would have a shape and no value
        views = self.recorder.views(call.tensors, tensors)
        writes = self.recorder.written(op, call.tensors)
        if views is None or writes is None:
            return None
        outputs = (
            Output.of(tensor, None if view is None else call.tensors[view], view)
            for tensor, view in zip(tensors, views, strict=True)
        )
        whole = (result,) if container is torch.Tensor else result
        places = {id(tensor): place for place, tensor in enumerate(call.tensors)}
        bounds = tuple((places[key], told) for key, told in op.bounds if key in places)
        return Recipe(
            name=op.name,
            arguments=op.arguments,
            reads=tuple(shown.index(tensor_id) for tensor_id in op.inputs),
            writes=writes,
            outputs=tuple(None if part is None else next(outputs) for part in whole),
            container=container,
            flops=op.flops,
            bytes_read=op.bytes_read,
            bytes_written=op.bytes_written,
            workspace=op.workspace,
            moved_data=op.moved_data,
            bounds=bounds if len(bounds) == len(op.bounds) else None,
        )

    def alias(self, tensor: torch.Tensor) -> torch.Tensor:
        """Another tensor object with the same data; the same object where there can be none."""
        if type(tensor) not in ALIASABLE or tensor.layout is not torch.strided:
            return tensor
        self.kernels.paused = True
        try:
            with DisableTorchFunction():
                if tensor.requires_grad and torch.is_grad_enabled():
                    # Gradients go through it, as they would through the tensor itself.
                    return torch.ops.aten.alias.default(tensor)  # type: ignore[no-any-return]
                return self.executor.alias(tensor)
        finally:
            self.kernels.paused = False


def _as_given(given: Iterable[int | None], read: dict[int, None]) -> dict[int, None]:
    """What an op read, in the order of its arguments.

    Which kernel reads what first depends on strides, on autocast and on what runs it.
    """
    return {tensor: None for tensor in given if tensor in read} | read


def _first_known(before: int | None, after: int | None) -> int | None:
    return after if before is None else before


def _returned(result: Any) -> list[Any]:
    """The parts of what a function returned, without those that are None."""
    parts = (result,) if isinstance(result, torch.Tensor) else result
    return [part for part in parts if part is not None]
