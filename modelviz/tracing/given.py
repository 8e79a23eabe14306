"""One forward of a model with given inputs, traced; without any, its modules."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from ..graph import ModelGraph
from .depth import deeper_recursion
from .devices import pretended
from .distributed_internals import refuse_wrapped
from .execution import Choice, Request, Timed, execute
from .guard import Guard, quiet_process, set_mode
from .inputs import Inputs, make_inputs, model_device
from .interrupts import interrupts_wait
from .modules import describe, held, uncompiled, walk
from .traced_copy import initialise, stand_in


class _OneAtATime:
    """The lock of a trace: its forward runs with switches of torch changed that threads share.

    ``undo`` puts back what the trace changed that holds the lock.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.undo: ExitStack | None = None
        self.owner: int | None = None

    @contextmanager
    def held(self) -> Iterator[ExitStack]:
        """Wait until nobody else traces; gives what is closed at the end."""
        with self.lock, ExitStack() as undo:
            before = self.undo, self.owner
            self.undo, self.owner = undo, threading.get_ident()
            try:
                yield undo
            finally:
                self.undo, self.owner = before

    def forked(self) -> None:
        """In a new process: where another thread was tracing, that thread is not there any more."""
        if self.owner in (None, threading.get_ident()):
            return
        undo, self.undo, self.owner = self.undo, None, None
        self.lock = threading.RLock()
        if undo is not None:
            undo.close()


_one_at_a_time = _OneAtATime()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_at_a_time.forked)


def aside(model: nn.Module, call: Callable[[], Any]) -> Any:
    """What ``call`` gives, None where it fails; what it changes of the model is put back."""
    with _one_at_a_time.held() as undo:
        undo.enter_context(interrupts_wait())
        undo.enter_context(quiet_process())
        guard = Guard((model,))
        undo.callback(guard.end)
        guard.begin()
        try:
            with torch.no_grad():
                return call()
        except Exception:  # the model's own, which its caller has no use for
            return None


def trace_given(
    model: nn.Module,
    input_size: Any = None,
    input_data: Any = None,
    *,
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    device: torch.device | str | None = None,
    mode: str | None = None,
    method: str = "forward",
    execution: Choice = "auto",
    timed: Timed = False,
    **kwargs: Any,
) -> ModelGraph:
    """The graph of one forward with these inputs, as ``modelviz.trace`` has it.

    With no inputs, the graph of the modules alone.
    """
    without_inputs = input_size is None and input_data is None and not kwargs
    with _one_at_a_time.held() as undo:
        undo.enter_context(interrupts_wait())
        undo.enter_context(quiet_process())
        undo.enter_context(deeper_recursion())
        place = _known_device(device)
        original = uncompiled(model)
        places = list(walk(original))
        refuse_wrapped(places, forward=True)
        weights = held(places)
        elsewhere, seen_as = pretended(places, weights, place, (input_data, kwargs))
        moved_to = place if elsewhere is None else None
        traced, findings = stand_in(original, weights, moved_to)
        findings += seen_as
        if traced is not original:
            places = list(walk(traced))
        target = model_device(traced, places) if place is None or elsewhere is not None else place
        follow = target if place is not None or target.type == "meta" else None
        guard = Guard((original, input_data, kwargs))
        undo.callback(guard.end)

        def inputs(empty: bool, with_weights: bool = False) -> Inputs:
            made = elsewhere if input_data is None else None
            on = follow if elsewhere is None or not (empty or with_weights) else made
            return make_inputs(
                traced,
                input_size,
                input_data,
                batch_dim=batch_dim,
                dtypes=dtypes,
                # Data follows a model that was moved, or that is on the meta device.
                device=on,
                kwargs=kwargs,
                empty=empty,
                fresh=guard.fresh,
                places=places,
            )

        name = type(traced).__name__
        request = Request(
            traced, name, places, mode, method, inputs, guard, findings, timed, elsewhere
        )
        runs = execution != "none" and not without_inputs
        if traced is not original:
            if runs:
                initialise(request)
            guard.include(traced)
        if not runs:
            guard.begin()
            set_mode(traced, mode)
            return ModelGraph(name, "none", describe(places), findings=findings)
        return execute(request, execution)


def _known_device(device: torch.device | str | None) -> torch.device | None:
    try:
        return None if device is None else torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise InputError(
            f"device={device!r}: expected a device of PyTorch, such as 'cpu', 'cuda:0' or 'meta'"
        ) from error
