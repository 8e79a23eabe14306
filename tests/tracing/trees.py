"""Random trees of modules that hold state in random objects, and change it in the forward.

Every decision is a number from a tape, so that a tape is a case.
"""

from __future__ import annotations

import random
from collections import Counter, OrderedDict, UserDict, defaultdict, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy
import torch
from torch import nn

from tests.tracing.ways import Pair, Plain, Record, Slotted


class Tape:
    """Decisions, one after the other; zero when they are used up."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = list(numbers)
        self._next = 0

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit`` - 1."""
        if self._next >= len(self._numbers):
            return 0
        self._next += 1
        return self._numbers[self._next - 1] % limit

    def one_of(self, choices: Sequence[Any]) -> Any:
        """One of them."""
        return choices[self.below(len(choices))]

    @property
    def over(self) -> bool:
        """Whether all decisions are used up."""
        return self._next >= len(self._numbers)


LEAVES: tuple[Callable[[], Any], ...] = (
    lambda: 1,
    lambda: "text",
    lambda: torch.ones(2, 3),
    lambda: torch.arange(6).view(2, 3),
    lambda: torch.arange(8.0).view(2, 4)[:, 1:],
    lambda: nn.Parameter(torch.ones(3, 2)),
    lambda: numpy.zeros((2, 2)),
    lambda: bytearray(b"ab"),
    lambda: random.Random(1),
    lambda: torch.Generator().manual_seed(1),
    lambda: numpy.random.default_rng(1),
    lambda: iter([1, 2, 3]),
    lambda: {1, 2},
    lambda: Counter("ab"),
    lambda: None,
)


def value(tape: Tape, depth: int = 0) -> Any:
    """A value that holds others, or does not."""
    if depth > 4 or tape.below(3) == 0:
        return tape.one_of(LEAVES)()
    inner = [value(tape, depth + 1) for _ in range(tape.below(3))]
    named = {f"k{index}": part for index, part in enumerate(inner)}
    make: Callable[[], Any] = tape.one_of(
        (
            lambda: inner,
            lambda: named,
            lambda: tuple(inner),
            lambda: OrderedDict(named),
            lambda: defaultdict(list, named),
            lambda: deque(inner),
            lambda: UserDict(named),
            lambda: Plain(**named),
            lambda: _slotted(inner),
            lambda: Record(len(inner), inner),
            lambda: Pair(inner, named),
            lambda: Node(tape, depth + 1),
            # Not a closure: a list that only a function leads to keeps what is noted down in it.
            lambda: partial(list, inner),
        )
    )
    return make()


def _slotted(inner: list[Any]) -> Slotted:
    made = Slotted()
    made.a, made.b = inner, inner[0] if inner else None
    return made


class Node(nn.Module):
    """A module with random attributes, buffers and children."""

    def __init__(self, tape: Tape, depth: int = 0) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        if tape.below(2):
            self.register_buffer("buffer", torch.arange(6.0).view(2, 3))
        for index in range(1 + tape.below(3)):
            setattr(self, f"held{index}", value(tape, depth + 1))

    def forward(self, x: Any) -> Any:
        return self.linear(x)


class Tree(nn.Module):
    """Calls a node, and changes random things that it leads to."""

    def __init__(self, numbers: Sequence[int], ending: BaseException | None = None) -> None:
        super().__init__()
        build = Tape(numbers[: len(numbers) // 2])
        self.node = Node(build)
        self.more = [value(build), value(build)]
        # A tuple: the same decisions at each attempt.
        self.numbers = tuple(numbers[len(numbers) // 2 :])
        self.ending = ending

    def forward(self, x: Any, given: Any = None) -> Any:
        tape = Tape(self.numbers)
        h = self.node(x)
        while not tape.over:
            change(tape, (self, given, self.more)[tape.below(3)], h)
        if self.ending is not None:
            raise self.ending
        return h + 1


def change(tape: Tape, target: Any, x: Any) -> None:
    """Walk down from ``target`` by the tape, and change what is there."""
    while True:
        parts = _parts(target)
        if not parts or tape.below(4) == 0:
            break
        target = tape.one_of(parts)
    new = tape.one_of((lambda: x * 2, lambda: 7, lambda: Plain(t=x + 1), lambda: [x]))()
    for kinds, changes in CHANGES:
        if isinstance(target, kinds):
            tape.one_of(changes)(target, new)
            return


def _parts(target: Any) -> list[Any]:
    if isinstance(target, (dict, UserDict)):
        return list(target.values())
    if isinstance(target, (list, tuple, deque)):
        return list(target)
    if isinstance(target, Slotted):
        return [target.a, target.b]
    if isinstance(target, (nn.Module, Plain, Record)):
        hidden = ("numbers", "ending")
        return [part for name, part in vars(target).items() if name not in hidden]
    if callable(target) and getattr(target, "__closure__", None):
        return [cell.cell_contents for cell in target.__closure__]
    return []


def _drop(target: Any) -> None:
    if len(target):
        target.pop()


def _drop_key(target: Any, new: Any) -> None:
    for key in list(target)[:1]:
        del target[key]


def _rotate(target: Any, new: Any) -> None:
    for key in list(target)[:1]:
        target[key] = target.pop(key)


def _set_key(target: Any, new: Any) -> None:
    for key in list(target)[-1:]:
        target[key] = new


def _tensor_data(target: Any, new: Any) -> None:
    target.data = target.data * 2


def _mark(target: Any, new: Any) -> None:
    target.mark = new


def _flag(target: Any, new: Any) -> None:
    if target.is_floating_point() and target.is_leaf:
        target.requires_grad_(not target.requires_grad)


def _drop_attribute(target: Any, new: Any) -> None:
    for name in [name for name in vars(target) if name.startswith(("k", "held"))][:1]:
        delattr(target, name)


CHANGES: tuple[tuple[Any, tuple[Callable[[Any, Any], Any], ...]], ...] = (
    (
        torch.Tensor,
        (
            lambda t, new: t.mul_(2),
            lambda t, new: t.zero_(),
            lambda t, new: t[:1].add_(1),
            lambda t, new: t.t_(),
            _tensor_data,
            _mark,
            _flag,
        ),
    ),
    (Counter, (lambda t, new: t.update("bc"), _drop_key)),
    ((dict, UserDict), (lambda t, new: t.update(new=new), _set_key, _drop_key, _rotate)),
    (list, (lambda t, new: t.append(new), lambda t, new: _drop(t), lambda t, new: t.reverse())),
    (deque, (lambda t, new: t.append(new), lambda t, new: t.rotate(1), lambda t, new: _drop(t))),
    (set, (lambda t, new: t.add(new if not isinstance(new, list) else 9), lambda t, new: _drop(t))),
    (numpy.ndarray, (lambda t, new: t.fill(3), lambda t, new: t[0].fill(4))),
    (bytearray, (lambda t, new: t.extend(b"c"), lambda t, new: t.__setitem__(0, 1))),
    (random.Random, (lambda t, new: t.random(),)),
    (torch.Generator, (lambda t, new: torch.rand(2, generator=t),)),
    (numpy.random.Generator, (lambda t, new: t.random(),)),
    (type(iter([])), (lambda t, new: next(t, None),)),
    (Slotted, (lambda t, new: setattr(t, "b", new), lambda t, new: setattr(t, "c", new))),
    ((nn.Module, Plain, Record), (_mark, _drop_attribute, _mark)),
)
