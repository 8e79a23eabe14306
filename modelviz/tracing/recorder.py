"""The notebook of a running forward: its calls and ops, and what each op read and wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from ..graph import Finding
from ..graph.records import BACKWARD, KEPT
from . import source
from .arguments import Argument
from .bounds import extremes
from .escapes import escape_of
from .following import Following, Role
from .ragged import shape_of
from .records import CallRecord, EscapeRecord, Facts, Known, OpRecord
from .structure import PLAIN, inner_tensors


class Recorder(Following):
    """Collects calls, ops, tensors and storages in execution order; holds no tensor alive."""

    def __init__(self, roles: dict[int, Role]) -> None:
        super().__init__(roles)
        self.findings: dict[Finding, None] = {}
        self.escapes: dict[EscapeRecord, None] = {}
        self.failed_op: OpRecord | None = None
        # Whether the model asked a tensor that it computed for its gradient.
        self.asks_gradient = False
        self.failed_call: int | None = None
        # How many backward passes are running, and whether what runs is no part of the forward.
        self.passes = 0
        self.aside = False
        self._stack: list[CallRecord] = []
        self._functions: list[source.Functions] = []
        self._count: dict[str, int] = {}

    # -- calls ----------------------------------------------------------------------------

    @property
    def current_call(self) -> CallRecord | None:
        """The innermost open call."""
        return self._stack[-1] if self._stack else None

    def enter(self, module: str, method: str, inputs: Iterable[torch.Tensor]) -> CallRecord:
        """A new call of ``module``, now the innermost."""
        index = self._count.get(module, 0)
        self._count[module] = index + 1
        parent = self._stack[-1] if self._stack else None
        above = None if parent is None else parent.id
        given = self.ids(inputs)
        call = CallRecord(len(self.calls), module, index, above, method, len(self.ops), given)
        line = None
        if parent is not None:
            parent.children.append(call.id)
            # Beyond this frame and the two that stand between a call and its record.
            outside = sys._getframe(3)
            around = self._functions[-1]
            _, call.run = around.position(outside, parent.method)
            line = around.line
        self.calls.append(call)
        self._stack.append(call)
        self._functions.append(source.Functions(line))
        return call

    def leave(self, call: CallRecord, outputs: Iterable[torch.Tensor]) -> None:
        """Close ``call``, which returned ``outputs``."""
        call.outputs = self.ids(outputs)
        self._close(call)

    def abandon(self, call: CallRecord) -> None:
        """Close ``call``, which raised."""
        call.failed = True
        if self.failed_call is None:
            self.failed_call = call.id
        self._close(call)

    def _close(self, call: CallRecord) -> None:
        call.stop = len(self.ops)
        while self._stack:
            self._functions.pop()
            if self._stack.pop() is call:
                break

    # -- ops ------------------------------------------------------------------------------

    def begin(
        self, name: str, function: Any, arguments: tuple[Argument, ...], frames: int = 1
    ) -> OpRecord:
        """An op that starts now; it gets its id when it turns out to produce something.

        The innermost ``frames`` frames, this one and those of ours that led to it, are not the
        user's.
        """
        if self._stack:
            call = self._stack[-1]
            place, run = self._functions[-1].position(sys._getframe(frames), call.method)
            op = OpRecord(name, function, call.id, arguments, *place, run)
        else:
            op = OpRecord(name, function, 0, arguments, *source.caller())
        self.open_op = op
        return op

    def finish(
        self, op: OpRecord, outputs: Iterable[torch.Tensor], arguments: Iterable[torch.Tensor] = ()
    ) -> None:
        """Close ``op``, which returned ``outputs``; it is kept if it gave or changed a tensor."""
        for output in outputs:
            known = self._known.get(id(output)) or self._adopt(op, output, arguments)
            if known.maker is op:
                self._id(known, output)
            else:
                self.read(op, output)
                self._renew(op, output)
            if type(output) not in PLAIN:
                self._know_parts(output)
        op.workspace = op.allocated_peak - op.allocated
        self._over(op)
        escape = escape_of(op)
        if escape is not None:
            self.escapes[escape] = None

    def finish_alike(
        self,
        op: OpRecord,
        outputs: Iterable[torch.Tensor],
        facts: Iterable[Facts],
        sources: Sequence[torch.Tensor],
    ) -> None:
        """Close ``op``, which did what one before it did: ``facts`` are those of its outputs.

        Those that are no new memory may be views of ``sources``.
        """
        for output, described in zip(outputs, facts, strict=True):
            known = self._known.get(id(output))
            if known is None:
                known, _ = self._produced(op, output, sources, described[2])
            if known.maker is not op:
                self.read(op, output)
                self._renew(op, output)
            elif known.tensor is None:
                known.tensor = self._add(described, "activation", op, known.store, None)
                op.outputs.append(known.tensor)
        self._over(op)

    def _over(self, op: OpRecord) -> None:
        self.open_op = None
        if op.id is None and op.outputs:
            self._keep(op)

    def differentiate(self, outputs: Iterable[torch.Tensor]) -> None:
        """A backward pass starts at ``outputs``: what it gives depends on what led to them."""
        call = self._stack[-1].id if self._stack else 0
        file, line = source.caller()
        escape = EscapeRecord(self.ids(outputs), BACKWARD, call, False, file, line)
        self.escapes[escape] = None

    def keep(self, returned: Iterable[int]) -> None:
        """Note the tensors that outlive the forward and are not among those that it returned.

        Something leads to them, such as an attribute of the model, and may read them later.
        """
        known = set(returned)
        kept = [tensor for tensor in self.survivors() if self._known[id(tensor)].tensor is not None]
        ids = [tensor for tensor in self.ids(kept) if tensor not in known]
        if ids:
            self.escapes[EscapeRecord(tuple(ids), KEPT, 0, False, None, None)] = None

    def fail(self, op: OpRecord, error: BaseException, inputs: Iterable[torch.Tensor]) -> None:
        """Close ``op``, which raised; it is kept only if the whole forward fails with it."""
        self.open_op = None
        op.error = error
        tensors = [tensor for tensor in inputs if not is_lazy(tensor)]
        op.shapes = tuple(map(shape_of, tensors))
        for tensor in tensors:
            self.read(op, tensor)
        self._let_go_of_failure()
        if isinstance(error, IndexError):
            op.extremes = extremes(tensors)
        self.failed_op = op

    def _let_go_of_failure(self) -> None:
        # An error that the model caught itself leads to the frames of the forward, and their data.
        if self.failed_op is not None and self.failed_op.id is None:
            self.failed_op.error = None

    def keep_failed_op(self) -> None:
        """Append the op that made the forward fail, to the calls that it ended."""
        op = self.failed_op
        if op is None or op.id is not None:
            return
        self._keep(op)
        call: int | None = op.call
        while call is not None:
            self.calls[call].stop = len(self.ops)
            call = self.calls[call].parent

    def identity(self, tensors: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> None:
        """An op that hands tensors on as they are: pairs of what it got and what it gave."""
        op = self.begin("identity", None, ())
        for old, new in tensors:
            self.read(op, old)
            if new is not old:
                self.produce(op, new, ())
            self._renew(op, new)
        self.finish(op, ())

    def meet_wrappers(self, tensors: Iterable[torch.Tensor]) -> None:
        """Take note of those of classes of their own, which the forward may have put around others.

        Before the op that is given them begins.
        """
        self.meet([tensor for tensor in tensors if type(tensor) not in PLAIN])

    def _wrapped(self, tensor: torch.Tensor) -> Known | None:
        """A tensor that the forward put around others; None for one that was there before."""
        parts = [] if id(tensor) in self.roles else inner_tensors(tensor)
        if self.open_op is not None or not any([id(part) in self._known for part in parts]):
            return None
        op = self.begin(type(tensor).__name__, None, ())
        for part in parts:
            self.read(op, part)
        # It has no memory of its own.
        store = self._known[id(parts[0])].store
        store.viewed = True
        known = self._know(tensor, store, None, op, self.clock, op)
        self._id(known, tensor)
        self._over(op)
        return known

    def close(self) -> None:
        """Stop recording: what happens to tensors from now on is not part of the forward."""
        self.stores.close()
        self._functions.clear()
        self._let_go_of_failure()
