"""Runs one forward with every module call, function and kernel recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any

import torch
from torch import nn

from ..findings import note
from ..graph import Finding
from .bodies import Bodies
from .effects import effects_noted
from .executors import FakeExecutor, RealExecutor
from .gradients import Gradients
from .guard import Guard
from .imports import imports_aside
from .inputs import Inputs
from .intercept import intercepted_calls
from .interrupts import INTERRUPT
from .kernels import KernelMode
from .members import callee
from .mode_internals import closing_modes, disable_current_modes
from .modules import holds_shards
from .names import script_name
from .ops import OpMode
from .recorder import Recorder
from .records import CallRecord
from .results import result_tensors, returned_tensors
from .scripted import unseen_kernels
from .structure import (
    argument_tensors,
    replaced,
    shallow_tensors,
    tensors,
    unwrapped,
)
from .threads import threads_in_turn
from .torch_internals import DisableTorchFunction, as_scripted


class ForwardTracer:
    """Records one call of a model's method into ``recorder``.

    ``modules`` are those whose calls are recorded, ``first_paths`` their paths by ``id``.
    """

    def __init__(
        self,
        model: nn.Module,
        recorder: Recorder,
        executor: RealExecutor | FakeExecutor,
        guard: Guard,
        modules: Sequence[nn.Module],
        first_paths: dict[int, str],
        gradients: Gradients,
    ) -> None:
        self.model = model
        self.recorder = recorder
        self.kernels = KernelMode(recorder, executor)
        self.ops = OpMode(recorder, self.kernels, executor, guard.before_set, guard.before_write)
        self._modules = modules
        self._paths = first_paths
        self._bodies = Bodies()
        self._effects = guard.effects
        self._gradients = gradients
        self.sharded = {id(module) for module in modules if holds_shards(module)}

    def run(self, method: str, inputs: Inputs) -> list[tuple[str, int]]:
        """Call ``method``; the places and tensor ids of what it returned."""
        function = callee(self.model, method, partial(self.call_recorded, method=method))
        with self._gradients.mode(), ExitStack() as stack:
            stack.enter_context(self._gradients.watched(self.ops))
            stack.enter_context(intercepted_calls(self._modules, self.call_recorded))
            stack.enter_context(self.kernels)
            stack.enter_context(self.ops)
            stack.enter_context(threads_in_turn(self._tell))
            stack.enter_context(imports_aside(self._aside))
            stack.enter_context(effects_noted(self._effects, lambda: self.recorder.aside))
            result = run_forward(function, inputs)
            with DisableTorchFunction():
                later = list(self._bodies.findings())
                self.recorder.findings |= dict.fromkeys(later)
                found, unseen = returned_tensors(result)
                if unseen is not None and not later:
                    self._tell(unseen)
                return [
                    (name.removeprefix("."), tensor_id)
                    for name, tensor in found
                    for tensor_id in self.recorder.ids((tensor,))
                ]

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """What runs in here is no part of the forward: it is for real, and not recorded."""
        recorder = self.recorder
        before, recorder.aside = recorder.aside, True
        try:
            with disable_current_modes():
                yield
        finally:
            recorder.aside = before

    def _tell(self, finding: Finding) -> None:
        self.recorder.findings[finding] = None

    def call_recorded(
        self,
        module: nn.Module,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        method: str = "forward",
    ) -> Any:
        """What ``function``, by which ``module`` is called, returns; recorded as a call.

        The frames below this one are those of the call.
        """
        if INTERRUPT.pending:
            INTERRUPT.check()
        recorder = self.recorder
        if recorder.aside:
            return function(*args, **kwargs)  # beside the forward
        scripted = isinstance(module, torch.jit.ScriptModule)
        with DisableTorchFunction():
            path = self._paths[id(module)]
            given = argument_tensors(args, kwargs)
            if recorder.parted:
                self._join(given)
            if self.sharded and id(module) in self.sharded:
                recorder.gathered(path, module)
            call = recorder.enter(path, method, given)
        try:
            if scripted:
                result = self._run_opaque(module, function, args, kwargs, given)
            else:
                result = function(*args, **kwargs)
        except BaseException:
            recorder.abandon(call)
            raise
        with DisableTorchFunction():
            if isinstance(result, torch.Tensor) and recorder.made_inside(result, call):
                if recorder.parted:
                    self._join([result])
                recorder.leave(call, (result,))
                return result
            self._bodies.returned(path, module, result, outermost=call.parent is None)
            result = self._pass_on(call, result)
            found = tensors(result) if call.parent is not None else result_tensors(result)
            recorder.leave(call, found)
        return result

    def _pass_on(self, call: CallRecord, result: Any) -> Any:
        """``result`` with an identity op for each tensor that the call did not produce itself.

        What consumes the output of ``nn.Identity`` then depends on it, and what consumes its
        input does not: the output becomes a tensor object of its own. One that was written part by
        part becomes one tensor, of the shape that is returned.
        """
        made_inside = self.recorder.made_inside
        found = list(shallow_tensors(result))
        through = [tensor for tensor in found if not made_inside(tensor, call)]
        self._join(found)
        if not through:
            return result
        aliases = {id(tensor): self.ops.alias(tensor) for tensor in through}
        result = replaced(result, lambda tensor: aliases.get(id(tensor), tensor))
        given = {id(tensor) for tensor in shallow_tensors(result)}
        pairs = [(tensor, aliases[id(tensor)]) for tensor in through]
        self.recorder.identity(
            [
                (unwrapped(tensor), unwrapped(alias if id(alias) in given else tensor))
                for tensor, alias in pairs
            ]
        )
        return result

    def _join(self, tensors: list[torch.Tensor]) -> None:
        """Make one tensor of each that was written part by part, as whoever gets it sees it."""
        parted = self.recorder.in_parts(tensors) if self.recorder.parted else ()
        if parted:
            self.recorder.identity((tensor, tensor) for tensor in parted)

    def _run_opaque(
        self,
        module: nn.Module,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: list[torch.Tensor],
    ) -> Any:
        """A scripted module: its code is not Python, so the whole call is one op."""
        name = script_name(module)
        message = f"{name} is a scripted module: shown as one opaque op"
        self.recorder.findings[note("MV003", message)] = None
        with DisableTorchFunction():
            op = self.recorder.begin(name, None, ())
        try:
            with as_scripted(module):
                result = function(*args, **kwargs)
        except BaseException as error:
            self.recorder.fail(op, error, given)
            raise
        with DisableTorchFunction():
            self.recorder.finish(op, shallow_tensors(result), given)
        for kernel in unseen_kernels(module):
            message = f"no FLOPs formula for {kernel}, in {name}: counted as 0"
            self.recorder.findings[note("MV002", message)] = None
        return result


def run_forward(function: Callable[..., Any], inputs: Inputs) -> Any:
    """The call that the trace is about: source lines are looked for above this frame.

    The context variables that it sets are gone after it, and so are the modes that it entered.
    """
    with closing_modes():
        return copy_context().run(function, *inputs.args, **inputs.kwargs)
