"""Generators of random numbers: those that the model holds, and those of the process."""

from __future__ import annotations

import random
import sys
from typing import Any

import torch


class StateKeeper:
    """A ``torch.Generator`` or a ``numpy.random.RandomState``."""

    __slots__ = ("_state", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._state = target.get_state()

    def restore(self) -> None:
        """Put it back."""
        self.target.set_state(self._state)


class PythonGenerator:
    """A ``random.Random``."""

    __slots__ = ("_state", "target")

    def __init__(self, target: random.Random) -> None:
        self.target = target
        # That of a subclass may refuse, as the system's own source of chance does.
        self._state = random.Random.getstate(target)

    def restore(self) -> None:
        """Put it back."""
        random.Random.setstate(self.target, self._state)


class NumpyBits:
    """The source of bits of a ``numpy.random.Generator``."""

    __slots__ = ("_state", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._state = target.state

    def restore(self) -> None:
        """Put it back."""
        self.target.state = self._state


# NumPy itself imports it where somebody first asks for it.
_NUMPY = "numpy.random"


class GlobalGenerators:
    """What ``torch.rand``, ``numpy.random.rand`` and ``random.random`` draw from."""

    def __init__(self) -> None:
        self._python = random.getstate()
        self._torch = torch.get_rng_state()
        cuda = torch.cuda.is_initialized()
        self._cuda = torch.cuda.get_rng_state_all() if cuda else None
        numpy = sys.modules.get(_NUMPY)
        self._numpy = None if numpy is None else numpy.get_state()

    def restore(self) -> None:
        """Put them back."""
        random.setstate(self._python)
        torch.set_rng_state(self._torch)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)
        numpy = sys.modules.get(_NUMPY)
        if numpy is None:
            return
        if self._numpy is not None:
            numpy.set_state(self._numpy)
        else:
            numpy.seed()  # the forward imported it: nobody has seen what it draws
