"""A copy of a model that leads to its own parts alone.

``copy.deepcopy`` leaves functions and weak references as they are, so that a hook or a patched
forward of the copy uses the modules of the original; and one lock, file or generator anywhere
inside keeps a whole model from being copied.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType, TracebackType
from typing import Any

import torch
from torch import nn

from .modules import held, walk
from .state.kinds import ATOMS, kind_of
from .torch_internals import MACHINERY
from .weak import PROXIES, behind

Memo = dict[int, Any]
"""Copies by the ``id`` of what they are copies of, as ``copy.deepcopy`` keeps them."""
StandIn = Callable[[torch.Tensor], torch.Tensor]

_MOST_SHARED = 200
_SHARED = ("machinery", "event")
_CONTAINERS = (dict, list, tuple, set, frozenset)


def detached(tensor: torch.Tensor) -> torch.Tensor:
    """A copy of a tensor, without its history."""
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)


def twin_of(model: nn.Module, memo: Memo, stand_in: StandIn = detached) -> nn.Module:
    """A copy of ``model``; ``memo`` says what stands for some of its parts, and is filled.

    ``stand_in`` gives what stands for a tensor that PyTorch does not copy: one with a history.
    What else refuses to be copied (locks, files, generators) is shared with the original. Raises
    what ``copy.deepcopy`` raises where a module's own data cannot be copied.
    """
    given = dict(memo)
    found = list(reachable(model))
    memo |= {id(t): stand_in(t) for t in found if _has_history(t) and id(t) not in memo}
    memo |= {id(part): part for part in found if _stays_itself(part) and id(part) not in memo}
    shells = _Shells()
    for _ in range(_MOST_SHARED):
        functions = _Functions(model, found)
        attempt = {**memo, **shells.memo, **functions.memo}
        try:
            twin: nn.Module = copy.deepcopy(model, attempt)
            shells.fill(attempt)
            functions.fill(attempt)
        except RecursionError:
            raise
        except Exception as error:
            refused = _refused(error.__traceback__)
            if refused is None or id(refused) in {*memo, *shells.memo}:
                raise
            # Weights that were copied already are not copied again.
            memo |= {id(t): attempt[id(t)] for t in found if _is_copied(t, attempt)}
            if isinstance(refused, torch.Tensor):
                memo[id(refused)] = stand_in(refused)
            elif isinstance(refused, nn.Module):
                shells.add(refused)
            else:
                memo[id(refused)] = refused
        else:
            memo.update(attempt)
            _point_anew(attempt, given)
            return twin
    raise TypeError(f"more than {_MOST_SHARED} of its parts refuse to be copied")


def _is_copied(value: Any, memo: Memo) -> bool:
    return isinstance(value, torch.Tensor) and id(value) in memo


def _stays_itself(value: Any) -> bool:
    """Whether a copy of ``value`` would be wrong: of a proxy, or of half of a semaphore."""
    # A proxy would be copied as if it were what it stands for; a semaphore with its count, and the
    # lock below it shared.
    return type(value) in PROXIES or kind_of(type(value)).sort in _SHARED


def _has_history(value: Any) -> bool:
    return type(value) not in PROXIES and isinstance(value, torch.Tensor) and not value.is_leaf


def _refused(trace: TracebackType | None) -> Any:
    """The innermost thing that was being copied when an error was raised."""
    found = None
    while trace is not None:
        if trace.tb_frame.f_code is copy.deepcopy.__code__:
            found = trace.tb_frame.f_locals.get("x")
        trace = trace.tb_next
    return found


class _Shells:
    """Modules with a way of their own to be copied that fails: made anew, with copied contents."""

    def __init__(self) -> None:
        self.memo: Memo = {}
        self._sources: list[nn.Module] = []

    def add(self, module: nn.Module) -> None:
        self.memo[id(module)] = object.__new__(type(module))
        self._sources.append(module)

    def fill(self, memo: Memo) -> None:
        for module in self._sources:
            self.memo[id(module)].__dict__.update(copy.deepcopy(module.__dict__, memo))


class _Functions:
    """Functions whose closures lead to parts of the model: with closures over the copies."""

    def __init__(self, model: nn.Module, found: Iterable[Any]) -> None:
        self.memo: Memo = {}
        self._cells: dict[int, tuple[CellType, CellType]] = {}
        places = list(walk(model))
        own = {id(module) for _, module in places} | {id(tensor) for tensor in held(places)}
        for _, module in places:
            own |= {id(v) for v in vars(module).values() if type(v) not in ATOMS}
        for value in found:
            if (
                isinstance(value, FunctionType)
                and not str(value.__module__).startswith(MACHINERY)
                and _leads(value, own)
            ):
                self.memo[id(value)] = self._made(value)

    def _made(self, function: FunctionType) -> FunctionType:
        cells = tuple(self._cell(cell) for cell in function.__closure__ or ())
        made = FunctionType(function.__code__, function.__globals__, function.__name__, None, cells)
        made.__kwdefaults__ = function.__kwdefaults__
        made.__defaults__ = function.__defaults__
        made.__qualname__, made.__module__ = function.__qualname__, function.__module__
        made.__dict__.update(function.__dict__)
        return made

    def _cell(self, cell: CellType) -> CellType:
        if id(cell) not in self._cells:
            self._cells[id(cell)] = cell, CellType()
        return self._cells[id(cell)][1]

    def fill(self, memo: Memo) -> None:
        """Put copies into the closures, and in place of default values."""
        for cell, new in self._cells.values():
            try:
                contents = cell.cell_contents
            except ValueError:  # it is empty
                continue
            # From Python 3.14 on, functions are not looked for in the memo.
            new.cell_contents = self.memo.get(id(contents)) or copy.deepcopy(contents, memo)
        for function in self.memo.values():
            function.__defaults__ = copy.deepcopy(function.__defaults__, memo)
            function.__kwdefaults__ = copy.deepcopy(function.__kwdefaults__, memo)


def _leads(function: FunctionType, own: set[int]) -> bool:
    """Whether a function has a part of the model in its closure or its default values."""
    waiting: list[Any] = list(_parts(function))
    seen: set[int] = set()
    for value in waiting:
        if id(value) in own:
            return True
        if id(value) not in seen and isinstance(
            value, (FunctionType, MethodType, partial, *_CONTAINERS)
        ):
            seen.add(id(value))
            waiting += _parts(value)
    return False


def reachable(model: nn.Module) -> Iterator[Any]:
    """All that a copy of the model would come to: modules, tensors, functions, what holds them."""
    seen: set[int] = set()
    waiting: list[Any] = [model]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or type(value) in ATOMS:
            continue
        seen.add(id(value))
        yield value
        if not isinstance(value, (torch.Tensor, type, ModuleType)):
            waiting += reversed(list(_parts(value)))


def _parts(value: Any) -> Iterator[Any]:
    """What a thing holds: items, attributes, what a function has in its closure."""
    if isinstance(value, dict):
        yield from dict.values(value)
    elif isinstance(value, _CONTAINERS):
        yield from value
    elif isinstance(value, FunctionType):
        for cell in value.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:  # it is empty
                continue
        yield from value.__defaults__ or ()
        yield from (value.__kwdefaults__ or {}).values()
    elif isinstance(value, MethodType):
        yield from (value.__self__, value.__func__)
    elif isinstance(value, partial):
        yield from (value.func, *value.args, *value.keywords.values())
    else:
        kind = kind_of(type(value))
        if kind.has_dict:
            yield from object.__getattribute__(value, "__dict__").values()
        yield from (held for _, held in _slots(value))


def _slots(value: Any) -> Iterator[tuple[Any, Any]]:
    for slot in kind_of(type(value)).slots:
        try:
            yield slot, slot.__get__(value)
        except AttributeError:  # it holds nothing
            continue


# -- functions and weak references --------------------------------------------------------------


def _point_anew(memo: Memo, given: Memo) -> None:
    """Functions and weak references in the copies are those of copies, where there are any."""

    def new(value: Any) -> Any:
        """What stands for a function or a weak reference; None where it stays."""
        if type(value) is FunctionType:
            made = memo.get(id(value))
            return None if made is value else made
        if type(value) is weakref.ref:
            made = memo.get(id(value()))
            return None if made is None or made is value() else weakref.ref(made)
        if type(value) in PROXIES:
            made = memo.get(id(behind(value)))
            return None if made is None else weakref.proxy(made)
        return None

    for key, made in list(memo.items()):
        shared = key == id(made) or key == id(memo) or key in given
        if shared or isinstance(made, (torch.Tensor, type)):
            continue
        if isinstance(made, weakref.WeakKeyDictionary):
            for one in list(made):
                if id(one) in memo:
                    made[memo[id(one)]] = made.pop(one)
        elif isinstance(made, weakref.WeakValueDictionary):
            for name, one in list(made.items()):
                made[name] = memo.get(id(one), one)
        elif isinstance(made, list):
            for place, one in enumerate(made):
                if (other := new(one)) is not None:
                    made[place] = other
        table = made if isinstance(made, dict) else _table(made)
        for name, one in list(dict.items(table)):
            if (other := new(one)) is not None:
                dict.__setitem__(table, name, other)
        for slot, one in _slots(made):
            if (other := new(one)) is not None:
                slot.__set__(made, other)


def _table(value: Any) -> dict[str, Any]:
    has_dict = kind_of(type(value)).has_dict
    table: dict[str, Any] = object.__getattribute__(value, "__dict__") if has_dict else {}
    return table
