"""Leaves the model, its inputs and the process exactly as they were before the trace."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ..collecting import collection_paused
from ..errors import InputError
from ..findings import note
from ..graph import Finding
from .eager import eager
from .effects import Effects
from .state.chance import GlobalGenerators
from .state.keepers import LeftChanged, SequenceKeeper
from .state.kinds import ATOMS
from .state.locks import taken_for_long
from .state.memory import Memory, TensorKeeper, unwatched
from .state.reach import Reach
from .state.switches import SwitchKeeper
from .torch_internals import (
    FAKE_LOGGER,
    DisableTorchFunction,
    FakeTensor,
    children_of,
    sparse_parts,
    storage_key,
    tensor_facts,
)


class Guard:
    """Remembers what a forward may change, and puts it back.

    ``roots`` are the model and what it is given. Everything that they lead to is looked at once;
    the data of a tensor is copied at the moment something is about to write to it, so that a
    forward that writes to none costs nothing. What cannot be put back is told by ``findings``.

    Not covered: what only installed packages or C extensions lead to; what is written to pipes that
    were open before, or by a library of C that opens a file itself.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self._memory = Memory()
        self._switches = SwitchKeeper()
        self._chance = GlobalGenerators()
        self._reach = Reach(roots, self._memory)
        self._tensors: dict[int, TensorKeeper] = {}
        self._take_tensors()
        self._touched: set[int] = set()
        self._marked: set[int] = set()
        # Whether anything may have changed since all was put back.
        self._pending = False
        self._noted: list[tuple[SequenceKeeper, list[Any]]] = []
        self._faults: dict[str, None] = {}
        self._unseen: dict[int, torch.Tensor] = {}
        self._loaded: list[str] = []
        self.effects = Effects()

    def include(self, root: Any) -> None:
        """Look at one more thing that a forward may change."""
        self._reach.include((root,))
        self._take_tensors()

    def _take_tensors(self) -> None:
        found = self._reach.tensors
        self._tensors.update({id(keeper.target): keeper for keeper in reversed(found)})
        found.clear()

    @property
    def visited(self) -> int:
        """How many objects were looked at."""
        return self._reach.visited

    # -- before and while the forward runs ------------------------------------------------

    def begin(self) -> None:
        """Make ready for a forward: it reads from the start what can be read only once.

        Raises InputError where it may wait for ever for what the one before it has taken.
        """
        said = taken_for_long(self._reach.keepers)
        if said is not None:
            raise InputError(
                f"the forward left as it made it: {said}; it may be another thread's, so it is not "
                f"released, and one more forward may wait for it for ever: release in the "
                f"forward what it takes (with lock: ...)"
            )
        self._pending = True
        self._loaded = list(sys.modules)
        self._reach.doubles.put()

    def imported(self) -> list[str]:
        """The names of the Python modules that the forward was the first to import."""
        loaded = set(self._loaded)
        return [name for name in list(sys.modules) if name not in loaded]

    def fresh(self, value: Any) -> Any:
        """``value``, or an iterator of the same items from the start where it is one."""
        double = self._reach.doubles.of(value)
        if double is None:
            return value
        double.placed = True
        return double.now

    def before_write(self, tensor: torch.Tensor) -> None:
        """Keep a copy of the memory of ``tensor``, which was there before the forward."""
        self.touch(tensor)
        self._memory.keep(tensor)

    def touch(self, tensor: torch.Tensor) -> None:
        """Note that it was seen how ``tensor`` is written to, if only as autograd counts."""
        key = _storage_key(tensor)
        if key is not None:
            self.touch_storage(key)

    def touch_storage(self, key: int) -> None:
        """Note it of the memory that a ``storage_key`` stands for."""
        self._touched.add(key)

    def before_set(self, tensor: torch.Tensor) -> None:
        """Remember ``tensor``, which is about to get other memory."""
        self._marked.add(id(tensor))
        if id(tensor) not in self._tensors and type(tensor) is not FakeTensor:
            with unwatched():
                self._tensors[id(tensor)] = TensorKeeper(tensor)

    # -- after it -------------------------------------------------------------------------

    def rewind(self) -> None:
        """Put everything back, for another forward; nothing is to do twice."""
        if self._pending:
            until_done(self._put_back)
            self._pending = False

    def restore(self) -> None:
        """Put everything back after a forward, and remember what was noted down of it."""
        grown = ((keeper, keeper.grown_by()) for keeper in self._reach.notes)
        self._noted = [(keeper, noted) for keeper, noted in grown if all(map(_has_data, noted))]
        self.rewind()

    def end(self) -> None:
        """Put everything back, unless that is done.

        A list that only a function leads to, and to which the forward only appended (a hook that
        notes down what it sees), keeps what the last forward appended, unless that has no data.
        """
        self.rewind()
        for keeper, noted in self._noted:
            if noted:
                keeper.target.extend(noted)
        self._noted = []

    def _put_back(self) -> None:
        self._try(self._switches.restore, self._switches)
        with unwatched():
            for keeper in (*self._reach.keepers, *self._reach.notes):
                try:
                    keeper.restore()
                except Exception as error:
                    self._fault(keeper, error)
            changed = [
                keeper
                for key, keeper in self._tensors.items()
                if tensor_facts(keeper.target) != keeper.facts or key in self._marked
            ]
            for tensor in changed:
                if sparse_parts(tensor.target):
                    continue  # what they hold was copied
                if tensor.written and _storage_key(tensor.alias) not in self._touched:
                    self._unseen[id(tensor.target)] = tensor.target
            for tensor in changed:
                self._try(tensor.restore, tensor)
            self._try(self._memory.restore, self._memory)
            for tensor in changed:
                self._try(tensor.restore_rest, tensor)
        self._try(self._chance.restore, self._chance)

    def _try(self, restore: Callable[[], None], keeper: object) -> None:
        try:
            restore()
        except Exception as error:
            self._fault(keeper, error)

    def _fault(self, keeper: object, error: Exception) -> None:
        # What cannot be put back must not keep the rest from it; it is told.
        if isinstance(error, LeftChanged):
            self._faults[str(error)] = None
            return
        what = type(getattr(keeper, "target", keeper)).__name__
        self._faults[f"{what} ({type(error).__name__}: {error})"] = None

    def findings(self, name_of: Callable[[torch.Tensor], str]) -> tuple[Finding, ...]:
        """What could not be put back; ``name_of`` names a tensor."""
        found = [note("MV012", f"left as the forward made it: {fault}") for fault in self._faults]
        found += self.effects.findings()
        for tensor in self._unseen.values():
            message = f"{name_of(tensor)} was written to out of sight, and may have other values"
            found.append(note("MV012", message))
        for tape in self._reach.doubles.tapes:
            kind = type(tape.source).__name__
            if tape.moved:
                found.append(
                    note("MV013", f"an iterator ({kind}) was read, and some of its items are gone")
                )
            if tape.consumed:
                count = len(tape.items)
                message = f"an iterator ({kind}) was read: the next {count} of its items are gone"
                found.append(note("MV013", message))
        return tuple(found)


def _storage_key(tensor: torch.Tensor | None) -> int | None:
    try:
        with DisableTorchFunction():
            return None if tensor is None else storage_key(tensor.untyped_storage())
    except (NotImplementedError, RuntimeError):
        return None


def _has_data(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return type(value) in (torch.Tensor, nn.Parameter)
    if type(value) in (list, tuple):
        return all(map(_has_data, value))
    if type(value) is dict:
        return all(map(_has_data, (*value, *value.values())))
    return type(value) in ATOMS


def set_mode(model: nn.Module, mode: str | None) -> None:
    """Put the model in ``"train"`` or ``"eval"`` mode; None leaves it as it is."""
    if mode is None:
        return
    training = mode == "train"
    waiting = [model]
    seen: set[int] = set()
    plain: dict[type, bool] = {}
    while waiting:
        module = waiting.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        own = getattr(module, "train", None)
        if callable(own) and getattr(own, "__func__", None) is not nn.Module.train:
            # A part that stays in one mode has a method, or a function on itself, that sees to it.
            # An exported module runs in the mode in which it was exported, and says so.
            with contextlib.suppress(NotImplementedError):
                own(training)
            continue
        # A frozen module has no mode.
        if getattr(module, "training", training) is not training:
            kind = type(module)
            if kind not in plain:
                plain[kind] = _sets_plainly(kind)
            if plain[kind]:
                vars(module)["training"] = training
            else:
                module.training = training
        waiting += [child for child in children_of(module).values() if child is not None]


def _sets_plainly(kind: type) -> bool:
    """Whether the attribute ``training`` of modules of a class lies in their ``__dict__``."""
    own: Any = kind.__setattr__
    return own is nn.Module.__setattr__ and not hasattr(kind, "training")


def until_done(restore: Callable[[], None]) -> None:
    """Run ``restore``, which may run twice; an interrupt is passed on when it is done.

    Half a model would be left otherwise.
    """
    interrupt: BaseException | None = None
    while True:
        try:
            restore()
        except KeyboardInterrupt as pressed:
            interrupt = pressed
        else:
            break
    if interrupt is not None:
        raise interrupt


@contextmanager
def quiet_process() -> Iterator[None]:
    """Switches of torch as a trace needs them; no garbage collection inside.

    Collecting cycles at a moment that depends on the past of the process would make the
    lifetimes of tensors differ from run to run.
    """
    fast_path = torch.backends.mha.get_fastpath_enabled()
    cached = torch.is_autocast_cache_enabled()
    log = logging.getLogger(FAKE_LOGGER)
    disabled = log.disabled

    def restore() -> None:
        log.disabled = disabled
        torch.set_autocast_cache_enabled(cached)
        torch.backends.mha.set_fastpath_enabled(fast_path)

    try:
        # The fused path would hide the layers inside nn.TransformerEncoderLayer.
        torch.backends.mha.set_fastpath_enabled(False)
        # A weight cast once and used twice would look like data flowing between its users.
        torch.set_autocast_cache_enabled(False)
        # A failing kernel is reported by the error itself; torch would log it to stderr as well.
        log.disabled = True
        with collection_paused(), eager():
            yield
    finally:
        until_done(restore)
