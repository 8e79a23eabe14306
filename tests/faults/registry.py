"""What a fault of the corpus is, and the list of all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

Make = Callable[[], nn.Module]
Pair = Callable[[], tuple[Make, Make]]
_REPORTED = "Reported: "


@dataclass(frozen=True, slots=True)
class Fault:
    """A model with a fault that people have reported, and the same model mended.

    ``codes`` are the rules that describe the fault: a check that finds one of them has found it.
    ``arguments`` are those of ``modelviz.check`` beside the model.
    """

    name: str
    family: str
    codes: tuple[str, ...]
    about: str
    reference: str
    pair: Pair
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def faulty(self) -> nn.Module:
        """The model with the fault, new at each call."""
        return self.pair()[0]()

    def mended(self) -> nn.Module:
        """The model without it."""
        return self.pair()[1]()


FAULTS: dict[str, Fault] = {}
"""Every fault by its name, in the order of the families."""


def fault(*codes: str, **arguments: Any) -> Callable[[Pair], Pair]:
    """Register a function that gives the makers of a faulty and of a mended model.

    Its docstring says what is wrong, and ends with a line ``Reported: `` and where that was.
    """

    def register(pair: Pair) -> Pair:
        about, found, reference = (inspect.getdoc(pair) or "").partition(_REPORTED)
        if not found or pair.__name__ in FAULTS:
            raise ValueError(f"{pair.__name__}: twice, or without a line {_REPORTED!r}")
        FAULTS[pair.__name__] = Fault(
            name=pair.__name__,
            family=pair.__module__.rpartition(".")[2],
            codes=codes,
            about=" ".join(about.split()),
            reference=" ".join(reference.split()),
            pair=pair,
            arguments=arguments,
        )
        return pair

    return register
