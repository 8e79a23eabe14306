"""What the caller asked the table to show, checked."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from ..errors import InputError
from ..modes import known_mode
from ..unknown import meant, nearest
from .columns import COLUMNS

Mode = Literal["train", "eval"]

DEFAULT_COLUMNS = ("output_size", "num_params")
DEFAULT_COLUMNS_WITHOUT_FORWARD = ("num_params",)

# The values of torchinfo's enums: importing it would import torch, which a graph does not need.
ROW_SETTINGS = ("depth", "var_names", "ascii_only", "hide_recursive_layers")
VERBOSITIES = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Options:
    """How the table looks. ``depth`` None shows every level; ``col_width`` is in characters.

    The units are those of torchinfo: ``"auto"``, ``"T"``, ``"G"``, ``"M"`` or ``""`` for ones.
    ``rows`` are the ``ROW_SETTINGS`` that are on, and ``measures`` the columns that this graph has
    besides the usual ones.
    """

    columns: tuple[str, ...]
    col_width: int = 25
    depth: int | None = 3
    rows: frozenset[str] = frozenset({"depth"})
    parameters: bool = False
    fold: bool = True
    params_units: str = ""
    macs_units: str = "auto"
    measures: tuple[str, ...] = ()

    def hides_below(self, depth: int) -> bool:
        """Whether rows below one at this depth are not shown."""
        return self.depth is not None and depth >= self.depth


def check_options(
    *,
    col_names: Iterable[str] | str | None,
    col_width: int,
    depth: float | None,
    row_settings: Iterable[str] | str | None,
    verbose: int,
    fold: bool,
    has_forward: bool,
    measures: Sequence[str] = (),
) -> Options:
    """The options, or an InputError that lists what is accepted.

    ``measures`` are the figures that were put on the graph; by default, all are shown.
    """
    return Options(
        columns=check_columns(col_names, has_forward, measures),
        col_width=_at_least(1, col_width, "col_width", "a number of characters"),
        depth=None
        if depth is None or depth == math.inf
        else _at_least(0, depth, "depth", "a number of levels or None"),
        rows=frozenset(("depth",) if row_settings is None else check_rows(row_settings)),
        parameters=verbose == 2,
        fold=bool(fold),
        measures=tuple(measures),
    )


def check_columns(
    col_names: Iterable[str] | str | None, has_forward: bool, measures: Sequence[str] = ()
) -> tuple[str, ...]:
    """The names of the columns to show."""
    if col_names is None:
        usual = DEFAULT_COLUMNS if has_forward else DEFAULT_COLUMNS_WITHOUT_FORWARD
        return (*usual, *measures)
    names = _names(col_names, [*COLUMNS, *measures], "col_names")
    missing = [name for name in names if name in COLUMNS and COLUMNS[name].forward]
    if missing and not has_forward:
        raise InputError(
            f"the columns {', '.join(missing)} need a forward: pass input_size or input_data, "
            "or leave them out"
        )
    return names


def check_rows(row_settings: Iterable[str] | str) -> tuple[str, ...]:
    """The row settings, as torchinfo knows them."""
    return _names(row_settings, ROW_SETTINGS, "row_settings")


def check_mode(mode: Any) -> Mode:
    """The mode to run the forward in; torchinfo's default is eval."""
    if mode is None:
        return "eval"
    return "train" if known_mode(plain(mode)) == "train" else "eval"


def check_verbose(verbose: Any, default: int) -> int:
    """0 (say nothing), 1 (print the table) or 2 (with every parameter in it)."""
    if verbose is None:
        return default
    value = plain(verbose)
    if isinstance(value, bool):
        value = int(value)
    if value not in VERBOSITIES:
        raise InputError(
            f"verbose must be 0 (quiet), 1 (print the table) or 2 (with every parameter), "
            f"got {verbose!r}"
        )
    return int(value)


def plain(value: Any) -> Any:
    """The value of an enum member, and anything else as it is."""
    return value.value if isinstance(value, Enum) else value


def _names(given: Iterable[str] | str, known: Iterable[str], argument: str) -> tuple[str, ...]:
    if isinstance(given, str):
        given = (given,)
    try:
        names = tuple(plain(name) for name in given)
    except TypeError:
        raise InputError(
            f"{argument} must be a sequence of names, got {given!r}; known are: {', '.join(known)}"
        ) from None
    known = list(known)
    found = [meant(name, known) for name in names]
    unknown = [name for name, one in zip(names, found, strict=True) if one is None]
    if unknown:
        raise InputError(
            f"unknown {argument}: {', '.join(repr(name) for name in unknown)}; "
            f"known are: {', '.join(known)}{nearest(unknown[0], known)}"
        )
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _at_least(least: int, value: Any, argument: str, meaning: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise InputError(f"{argument} must be {meaning}, at least {least}; got {value!r}")
    return number
