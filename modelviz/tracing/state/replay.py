"""What can be read only once: every attempt at the forward reads it from the start."""

from __future__ import annotations

import ast
import copy
import itertools
import warnings
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any

from .memory import unwatched

# Copying one of these leaves it as it is, and both then go their own way.
_COPIED: frozenset[type] = frozenset(
    {
        type(iter([])),
        type(reversed([])),
        type(iter(())),
        type(iter("")),
        type(iter(b"")),
        type(iter(bytearray())),
        type(iter(range(0))),
        type(iter(range(1 << 70))),
        type(iter(set())),
        type(iter({})),
        type(iter({}.values())),
        type(iter({}.items())),
        type(reversed({})),
        itertools.count,
        itertools.repeat,
        type(itertools.tee(())[0]),
    }
)
_READ: frozenset[type] = frozenset(
    {
        GeneratorType,
        enumerate,
        map,
        filter,
        zip,
        reversed,
        type(iter(int, 1)),
        *(
            getattr(itertools, name)
            for name in [
                "accumulate",
                "chain",
                "combinations",
                "combinations_with_replacement",
                "compress",
                "cycle",
                "dropwhile",
                "filterfalse",
                "groupby",
                "islice",
                "permutations",
                "product",
                "starmap",
                "takewhile",
                "zip_longest",
                "batched",
                "pairwise",
            ]
            if hasattr(itertools, name)
        ),
    }
)
ITERATORS = _COPIED | _READ
"""The iterators of Python itself, which say nothing of where they are."""


class Tape:
    """What an iterator gave, as far as it was read, and the iterator for what comes after."""

    def __init__(self, source: Iterator[Any]) -> None:
        self.source = source
        self.items: list[Any] = []
        self.copied = type(source) in _COPIED and _copy(source) is not None

    @property
    def consumed(self) -> bool:
        """Whether the iterator itself has moved on, for good."""
        return bool(self.items) and not self.copied

    def play(self) -> Iterator[Any]:
        """An iterator of what the source gives, from the start."""
        if isinstance(self.source, GeneratorType):
            return GeneratorReplay(self)
        return (_copy(self.source) if self.copied else None) or Replay(self)

    def item(self, index: int, sent: Any = None) -> Any:
        """The item at ``index``, for what is ``sent``. Raises StopIteration after the last."""
        if index == len(self.items):
            # What it computes is not part of the forward, which was given its results.
            with unwatched():
                source: Any = self.source
                self.items.append(next(source) if sent is None else source.send(sent))
        return self.items[index]


class Replay(Iterator[Any]):
    """Reads a tape from its start."""

    __slots__ = ("_index", "_tape")

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._index = 0

    def __next__(self) -> Any:
        item = self._tape.item(self._index)
        self._index += 1
        return item


class GeneratorReplay(Replay):
    """Reads the tape of a generator, which may be sent values: the same ones at each attempt."""

    __slots__ = ()

    def send(self, value: Any) -> Any:
        """The next item, for a value that is sent."""
        item = self._tape.item(self._index, value)
        self._index += 1
        return item

    def close(self) -> None:
        """End; the generator itself goes on, for whoever has it."""
        self._index = len(self._tape.items)


def changed(items: Iterator[Any], change: Callable[[Any], Any]) -> Iterator[Any]:
    """``items`` with ``change`` made to each, which is not part of the forward."""
    for item in items:
        with unwatched():
            new = change(item)
        yield new


def _copy(source: Iterator[Any]) -> Iterator[Any] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return copy.copy(source)
        except TypeError:  # from Python 3.14 on those of itertools cannot be copied
            return _counting_on(source) if isinstance(source, itertools.count) else None


def _counting_on(source: itertools.count[Any]) -> Iterator[Any] | None:
    """A counter that stands where ``source`` does, which only its text tells."""
    try:
        place = ast.literal_eval(repr(source).removeprefix("count"))
    except (ValueError, SyntaxError):  # it counts in something else than Python's numbers
        return None
    return itertools.count(*place) if isinstance(place, tuple) else itertools.count(place)
