"""What can be read only once: every attempt at the forward reads it from the start."""

from __future__ import annotations

import array
import ast
import copy
import itertools
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any, cast

from .memory import unwatched

# They say where they are and in what: a copy stands at the same place, if what they read can be
# copied, too.
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
        type(iter(OrderedDict())),
        type(iter(deque())),
        type(reversed(deque())),
        type(iter(array.array("b"))),
        type(itertools.tee(())[0]),
        enumerate,
        reversed,
        zip,
        *(
            getattr(itertools, name)
            for name in [
                "chain",
                "combinations",
                "combinations_with_replacement",
                "compress",
                "count",
                "cycle",
                "islice",
                "permutations",
                "product",
                "repeat",
                "zip_longest",
            ]
        ),
    }
)
# These run functions, which a copy would run again, or do not say where they are.
_READ: frozenset[type] = frozenset(
    {
        GeneratorType,
        map,
        filter,
        type(iter(int, 1)),
        *(
            getattr(itertools, name)
            for name in [
                "accumulate",
                "dropwhile",
                "filterfalse",
                "groupby",
                "starmap",
                "takewhile",
                "batched",
                "pairwise",
            ]
            if hasattr(itertools, name)
        ),
    }
)
_TEE: type = type(itertools.tee(())[0])
ITERATORS = _COPIED | _READ
"""The iterators of Python itself, which say nothing of where they are."""


class Tape:
    """What an iterator gave, as far as it was read, and the iterator for what comes after."""

    def __init__(self, source: Iterator[Any]) -> None:
        self.source = source
        self.items: list[Any] = []
        self.copied = _copy(source) is not None
        self.now: Any = None
        self.placed = False
        self._place = _place_of(source)

    @property
    def consumed(self) -> bool:
        """Whether the iterator itself has moved on, for good."""
        return bool(self.items) and not self.copied

    @property
    def moved(self) -> bool:
        """Whether it was read itself, from a place where no iterator could be put for it."""
        beside = self.copied or not self.items
        return beside and _place_of(self.source) != self._place

    def renew(self) -> None:
        """Make ``now`` an iterator of what the source gives, from the start."""
        self.now = self._play()

    def _play(self) -> Iterator[Any]:
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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tape.source, name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Replay:
        # As the iterator that it stands for, it has one reader.
        return self


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


def _place_of(source: Any) -> Any:
    """What an iterator tells of where it is, if anything."""
    if isinstance(source, GeneratorType):
        return None if source.gi_frame is None else source.gi_frame.f_lasti
    hint = getattr(source, "__length_hint__", None)
    return repr(source) if hint is None else hint()


def _copy(source: Any) -> Iterator[Any] | None:
    """Another iterator that stands where ``source`` does; None where that cannot be had."""
    if type(source) not in _COPIED:
        return None
    if type(source) is _TEE:
        return cast("Iterator[Any]", copy.copy(source))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            make, *parts = source.__reduce__()
            arguments, *state = map(_copied, parts)
            made: Any = make(*arguments)
            if state and state[0] is not None:
                made.__setstate__(_own(state[0]))
        except (TypeError, _NotCopied):  # from Python 3.14 on those of itertools tell nothing
            return _counting_on(source) if isinstance(source, itertools.count) else None
    return cast("Iterator[Any]", made)


class _NotCopied(Exception):
    pass


def _copied(part: Any) -> Any:
    """What an iterator is made of, with copies of the iterators in it."""
    if type(part) is tuple:
        return tuple(map(_copied, part))
    if hasattr(type(part), "__next__"):
        inner = _copy(part)
        if inner is None:
            raise _NotCopied
        return inner
    return part


def _own(state: Any) -> Any:
    """The state of an iterator with lists of its own: ``cycle`` notes down in one what it gave."""
    if type(state) is tuple:
        return tuple([list(part) if type(part) is list else part for part in state])
    return state


def _counting_on(source: itertools.count[Any]) -> Iterator[Any] | None:
    """A counter that stands where ``source`` does, which only its text tells."""
    try:
        place = ast.literal_eval(repr(source).removeprefix("count"))
    except (ValueError, SyntaxError):  # it counts in something else than Python's numbers
        return None
    return itertools.count(*place) if isinstance(place, tuple) else itertools.count(place)
