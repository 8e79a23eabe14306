"""What torchinfo's results offer beside their totals: the list of layers, and how they look."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from ..errors import InputError
from ..units import LARGE, exact_text
from .options import Options, check_options, plain
from .rows import Row, Rows

UNITS = {"T": 1e12, "G": 1e9, "M": 1e6, "": 1.0}
"""How much torchinfo's units are, by the letter that stands for each."""


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A row by torchinfo's names. ``num_params`` include all below; sizes are ``[]`` if not run."""

    class_name: str
    var_name: str
    depth: int
    depth_index: int
    executed: bool
    is_leaf_layer: bool
    is_recursive: bool
    input_size: list[int]
    output_size: list[int]
    kernel_size: list[int] | None
    num_params: int
    trainable_params: int
    own_params: int
    param_bytes: int
    output_bytes: int
    macs: int

    @property
    def trainable(self) -> str:
        """``True``, ``False``, ``Partial``, or ``--`` without parameters."""
        if self.num_params == 0:
            return "--"
        if self.trainable_params in (0, self.num_params):
            return str(self.trainable_params > 0)
        return "Partial"

    def leftover_params(self) -> int:
        """The parameters that no layer below has."""
        return self.own_params

    def num_params_to_str(self, reached_max_depth: bool) -> str:
        """The parameters as the table shows them."""
        if self.num_params == 0:
            return "--"
        if self.is_recursive:
            return "(recursive)"
        if reached_max_depth or self.is_leaf_layer:
            text = exact_text(self.num_params)
            return text if self.trainable_params else f"({text})"
        return exact_text(self.own_params) if self.own_params else "--"

    def macs_to_str(self, reached_max_depth: bool) -> str:
        """The multiply-adds as the table shows them."""
        shown = self.macs > 0 and (self.is_leaf_layer or reached_max_depth)
        return exact_text(self.macs) if shown else "--"


def layers(rows: Rows) -> list[LayerInfo]:
    """Every row of the model, none folded or left out."""
    return [_layer(rows, row) for row in rows.all]


def _layer(rows: Rows, row: Row) -> LayerInfo:
    kernel = row.module.kernel_size
    held = rows.held(row)
    inputs, outputs = rows.inputs(row), rows.outputs(row)
    return LayerInfo(
        class_name=row.module.class_name,
        var_name=row.name or rows.graph.name,
        depth=row.depth,
        depth_index=rows.numbers[row.id],
        executed=row.call is not None and not row.failed,
        is_leaf_layer=row.leaf,
        is_recursive=row.repeated,
        input_size=list(inputs[0].shape) if inputs else [],
        output_size=list(outputs[0].shape) if outputs else [],
        kernel_size=None if kernel is None else list(kernel),
        num_params=held.all.params,
        trainable_params=held.all.trainable_params,
        own_params=held.own.params,
        param_bytes=held.all.param_bytes,
        output_bytes=sum(tensor.bytes for tensor in outputs),
        macs=row.figures.macs,
    )


def _setting(argument: str, read: Callable[[Options], Any], about: str) -> property:
    """A part of how a summary looks, to be changed to what ``argument`` of ``summary`` may be."""

    def change(formatting: Formatting, value: Any) -> None:
        formatting.change(argument, plain(value))

    return property(lambda formatting: read(formatting.options), change, doc=about)


def _units(field: str, about: str) -> property:
    """The unit of a total."""

    def change(formatting: Formatting, value: str) -> None:
        changed: dict[str, Any] = {field: _unit(value)}
        formatting.options = replace(formatting.options, **changed)

    return property(lambda formatting: getattr(formatting.options, field), change, doc=about)


class Formatting:
    """How a summary looks, by torchinfo's names: what is set here, the next print shows."""

    max_depth = _setting(
        "depth",
        lambda options: math.inf if options.depth is None else options.depth,
        "Levels of modules shown; infinite for all.",
    )
    verbose = _setting(
        "verbose",
        lambda options: 2 if options.parameters else 1,
        "2 where every parameter is shown, otherwise 1.",
    )
    col_names = _setting("col_names", attrgetter("columns"), "The columns.")
    col_width = _setting("col_width", attrgetter("col_width"), "Characters of a column.")
    row_settings = _setting(
        "row_settings", lambda options: set(options.rows), "The row settings that are on."
    )
    params_units = _units(
        "params_units",
        'The unit of the totals of parameters: ``"auto"``, ``"T"``, ``"G"``, ``"M"`` or ``""``.',
    )
    macs_units = _units("macs_units", "The unit of the total of multiply-adds, likewise.")

    def __init__(self, options: Options) -> None:
        self.options = options

    def change(self, argument: str, value: Any) -> None:
        """Ask for something else in one argument. Raises InputError for what cannot be used."""
        options = self.options
        asked: dict[str, Any] = {
            "col_names": options.columns,
            "col_width": options.col_width,
            "depth": options.depth,
            "row_settings": options.rows,
            "verbose": self.verbose,
            argument: value,
        }
        # Columns that need a forward without one were refused before.
        checked = check_options(
            **asked, fold=options.fold, has_forward=True, measures=options.measures
        )
        self.options = replace(
            checked, params_units=options.params_units, macs_units=options.macs_units
        )


def to_readable(value: float, units: Any = "auto") -> tuple[str, float]:
    """The unit and the number in it; ``"auto"`` chooses T, G or M as torchinfo does."""
    unit = _unit(units)
    if unit == "auto":
        unit = next((name for size, name in LARGE if value >= size), "M")
    return unit, value / UNITS[unit]


def format_output_num(value: float, units: Any = "auto") -> str:
    """``" (M): 12.35"``, as behind the label of a total."""
    unit, number = to_readable(value, units)
    text = f"{int(number):,}" if number.is_integer() else f"{number:,.2f}"
    return f"{f' ({unit})' if unit else ''}: {text}"


def _unit(units: Any) -> str:
    unit = plain(units)
    if unit != "auto" and unit not in UNITS:
        raise InputError(f"units={units!r}: expected 'auto', 'T', 'G', 'M' or ''")
    return str(unit)
