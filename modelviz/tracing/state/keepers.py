"""Python's own containers and objects: their contents by identity, put back in place."""

from __future__ import annotations

from collections import OrderedDict, deque
from operator import is_not
from types import CellType, FunctionType, ModuleType
from typing import Any, Protocol

MISSING: Any = object()
"""Stands where a slot, a cell or a name held nothing."""


class LeftChanged(Exception):
    """Says what was not put back, in whole words."""


class Keeper(Protocol):
    """Remembers one thing as it is when the keeper is made."""

    def restore(self) -> None:
        """Put it back."""


class DictKeeper:
    """A dict of any subclass: its keys, its values and their order."""

    __slots__ = ("base", "before", "target")

    def __init__(self, target: dict[Any, Any]) -> None:
        self.target: Any = target
        # The methods of the base class: those of a subclass may do more than store.
        self.base: Any = OrderedDict if isinstance(target, OrderedDict) else dict
        plain = type(target) is dict  # copied as a whole, not pair by pair
        self.before = dict(target if plain else self.base.items(target))

    def restore(self) -> None:
        """Put it back."""
        target, before, base = self.target, self.before, self.base
        if (
            base.__len__(target) == len(before)
            and not any(map(is_not, base.keys(target), before))
            and not any(map(is_not, base.values(target), before.values()))
        ):
            return
        base.clear(target)
        if base is dict:
            dict.update(target, before)
            return
        for key, value in before.items():
            base.__setitem__(target, key, value)


class SequenceKeeper:
    """A list or deque of any subclass."""

    __slots__ = ("base", "before", "target")

    def __init__(self, target: list[Any] | deque[Any]) -> None:
        self.target: Any = target
        self.base: Any = deque
        if isinstance(target, list):
            self.base = list
        self.before: list[Any] = list(self.base.__iter__(self.target))

    def restore(self) -> None:
        """Put it back."""
        target, before, base = self.target, self.before, self.base
        same = base.__len__(target) == len(before)
        if same and not any(map(is_not, base.__iter__(target), before)):
            return
        base.clear(target)
        base.extend(target, before)

    def grown_by(self) -> list[Any]:
        """What was appended, if that is all that happened to it; else nothing."""
        now, before = list(self.base.__iter__(self.target)), self.before
        if len(now) <= len(before) or any(map(is_not, now, before)):
            return []
        return now[len(before) :]


class SetKeeper:
    """A set of any subclass."""

    __slots__ = ("before", "target")

    def __init__(self, target: set[Any]) -> None:
        self.target = target
        self.before = list(set.__iter__(target))

    def restore(self) -> None:
        """Put it back."""
        target, before = self.target, self.before
        ids = {id(part) for part in set.__iter__(target)}
        if ids != {id(part) for part in before}:
            set.clear(target)
            set.update(target, before)


class EmptyKeeper:
    """Dicts and other containers with nothing in them, all at once: most dicts of hooks."""

    __slots__ = ("targets",)

    def __init__(self) -> None:
        self.targets: list[Any] = []

    def restore(self) -> None:
        """Put them back."""
        for target in filter(None, self.targets):
            _base_of(target).clear(target)


def _base_of(target: Any) -> Any:
    for base in (OrderedDict, dict, list, deque, set, bytearray):
        if isinstance(target, base):
            return base
    raise TypeError(f"cannot empty a {type(target).__name__}")


class AttributeKeeper:
    """One attribute of something that is not a plain ``__dict__``: a factory, default values."""

    __slots__ = ("before", "name", "target")

    def __init__(self, target: Any, name: str) -> None:
        self.target = target
        self.name = name
        self.before = getattr(target, name)

    def restore(self) -> None:
        """Put it back."""
        if getattr(self.target, self.name) is not self.before:
            setattr(self.target, self.name, self.before)


class PartialKeeper:
    """A ``functools.partial``: its function and what that gets."""

    __slots__ = ("before", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self.before = self._now()

    def _now(self) -> tuple[Any, ...]:
        state: tuple[Any, ...] = self.target.__reduce__()[2]
        return state

    def put_arguments(self, arguments: tuple[Any, ...]) -> None:
        """Give it other arguments."""
        function, _, keywords, attributes = self.before
        self.target.__setstate__((function, arguments, keywords, attributes))

    def restore(self) -> None:
        """Put it back."""
        if any(map(is_not, self._now()[:2], self.before[:2])):
            self.target.__setstate__(self.before)


class SlotKeeper:
    """One slot of an object."""

    __slots__ = ("before", "slot", "target")

    def __init__(self, target: Any, slot: Any) -> None:
        self.target = target
        self.slot = slot
        self.before = self._now()

    def _now(self) -> Any:
        try:
            return self.slot.__get__(self.target)
        except AttributeError:
            return MISSING

    def restore(self) -> None:
        """Put it back."""
        if self._now() is self.before:
            return
        if self.before is MISSING:
            self.slot.__delete__(self.target)
        else:
            self.slot.__set__(self.target, self.before)


class TypeKeeper:
    """The classes of many objects."""

    __slots__ = ("_kinds", "_targets")

    def __init__(self) -> None:
        self._targets: list[Any] = []
        self._kinds: list[type] = []

    def add(self, target: Any, kind: type) -> None:
        """Remember that ``target`` is of class ``kind``."""
        self._targets.append(target)
        self._kinds.append(kind)

    def restore(self) -> None:
        """Put them back."""
        for target, kind in zip(self._targets, self._kinds, strict=True):
            if type(target) is not kind:
                object.__setattr__(target, "__class__", kind)


class CellKeeper:
    """A variable that a function has from around it."""

    __slots__ = ("before", "target")

    def __init__(self, target: CellType) -> None:
        self.target = target
        self.before = self._now()

    def _now(self) -> Any:
        try:
            return self.target.cell_contents
        except ValueError:
            return MISSING

    def restore(self) -> None:
        """Put it back."""
        if self._now() is self.before:
            return
        if self.before is MISSING:
            del self.target.cell_contents
        else:
            self.target.cell_contents = self.before


class NamesKeeper:
    """Some of the names of a module: those that the model's own functions use."""

    __slots__ = ("_all", "before", "target")

    def __init__(self, target: dict[str, Any]) -> None:
        self.target = target
        self.before: dict[str, Any] = {}
        self._all = False

    def add_all(self) -> None:
        """Remember all names: those that come later are new."""
        self._all = True
        self.before = {**self.target, **self.before}

    def add(self, name: str) -> Any:
        """Remember what ``name`` stands for, and give that; MISSING where it is not there."""
        if name not in self.before:
            self.before[name] = self.target.get(name, MISSING)
        return self.before[name]

    def restore(self) -> None:
        """Put them back."""
        if self._all:
            for name in [name for name in self.target if name not in self.before]:
                del self.target[name]
        for name, value in self.before.items():
            if self.target.get(name, MISSING) is not value:
                if value is MISSING:
                    del self.target[name]
                else:
                    self.target[name] = value


class LibraryKeeper:
    """What a library's module or class has under some names, where that is not its state."""

    __slots__ = ("before", "target")

    def __init__(self, target: ModuleType | type) -> None:
        self.target = target
        self.before: dict[str, Any] = {}

    def add(self, names: set[str]) -> list[Any]:
        """Remember what ``names`` stand for; gives the modules and classes among them."""
        own, before = vars(self.target), self.before
        leads = []
        for name in own.keys() & names:
            value = own[name]
            if isinstance(value, (ModuleType, type)):
                leads.append(value)
            # A library itself replaces what it counts.
            if name[0] != "_" and (callable(value) or isinstance(value, ModuleType)):
                before[name] = value
        if isinstance(self.target, type):
            for base in self.target.__mro__[1:]:
                for name in vars(base).keys() & names:
                    if name[0] != "_" and name not in own:
                        before[name] = MISSING
        return leads

    def restore(self) -> None:
        """Put it back."""
        now = vars(self.target)
        for name, value in self.before.items():
            if now.get(name, MISSING) is value:
                continue
            if value is MISSING:
                delattr(self.target, name)
            else:
                setattr(self.target, name, value)


_OF_CLASSES = ("__bases__", "__name__", "__qualname__")


class ClassKeeper:
    """What a class has: attributes and methods, its bases and its name."""

    __slots__ = ("_rest", "before", "target")

    def __init__(self, target: type) -> None:
        self.target = target
        self.before = dict(vars(target))
        self._rest = [(name, type.__getattribute__(target, name)) for name in _OF_CLASSES]

    def restore(self) -> None:
        """Put it back."""
        for name, value in self._rest:
            if type.__getattribute__(self.target, name) != value:
                type.__setattr__(self.target, name, value)
        now, before = vars(self.target), self.before
        if len(now) == len(before) and not any(map(is_not, map(now.get, before), before.values())):
            return
        for name in [name for name in now if name not in before]:
            # Python itself adds these, when they are first asked for.
            if not name.startswith(("__annot", "__doc__")):
                type.__delattr__(self.target, name)
        for name, value in before.items():
            if now.get(name, MISSING) is not value:
                type.__setattr__(self.target, name, value)


class CodeKeeper:
    """What a function runs."""

    __slots__ = ("before", "target")

    def __init__(self, target: FunctionType) -> None:
        self.target = target
        self.before = target.__code__

    def restore(self) -> None:
        """Put it back."""
        if self.target.__code__ is not self.before:
            self.target.__code__ = self.before
