"""Where the formulas for FLOPs are kept, by the name of the kernel."""

from __future__ import annotations

from collections.abc import Callable

Formula = Callable[..., "int | None"]
"""From a kernel's arguments and ``out`` to FLOPs, 2 per multiply-add; None where that depends on
values that are not there."""

BUILTIN: dict[str, Formula] = {}
"""Formulas by name, such as ``aten.mm``."""


def counts(*names: str) -> Callable[[Formula], Formula]:
    """A decorator: the function counts the kernels of these names."""

    def add(formula: Formula) -> Formula:
        BUILTIN.update(dict.fromkeys(names, formula))
        return formula

    return add
