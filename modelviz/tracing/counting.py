"""Where the formulas for FLOPs are kept, by the name of the kernel."""

from __future__ import annotations

from collections.abc import Callable

Formula = Callable[..., "int | None"]
"""From a kernel's arguments and ``out`` to FLOPs, 2 per multiply-add; None where that depends on
values that are not there."""

BUILTIN: dict[str, Formula] = {}
"""Formulas by name, such as ``aten.mm``."""


ESTIMATES: dict[str, Formula] = {}
"""Formulas of kernels that PyTorch's counter leaves at zero, as we do, so that totals agree: what
they give is told where the kernel is named as not counted."""


def counts(*names: str) -> Callable[[Formula], Formula]:
    """A decorator: the function counts the kernels of these names."""

    def add(formula: Formula) -> Formula:
        BUILTIN.update(dict.fromkeys(names, formula))
        return formula

    return add


def estimates(*names: str) -> Callable[[Formula], Formula]:
    """A decorator: the function estimates the kernels of these names, which are not counted."""

    def add(formula: Formula) -> Formula:
        ESTIMATES.update(dict.fromkeys(names, formula))
        return formula

    return add
