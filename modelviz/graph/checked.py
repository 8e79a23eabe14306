"""Whether the values of records that came from outside are of their kinds, and within bounds.

The bounds are far beyond what PyTorch itself can have, and low enough that any sum of such values
can be shown, compared and written in every format. msgspec 0.23 has no bounds of integers beyond 64
bits, which FLOPs need, and the arguments of ops would be checked by hand all the same.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Test = Callable[[Any], bool]

MAX_NUMBER = 2**127
"""Above any figure of a model: the FLOPs of the largest product of matrices come to 2**95."""
MAX_SECONDS = 1e12
MAX_TEXT = 2**20
"""Characters of a text; the longest description of a layer has thousands."""
MAX_NESTING = 50
"""Of an argument of an op."""


def check_values(record: object) -> None:
    """Raise ValueError unless each value of the record, and of those inside, has its type."""
    kind: Any = type(record)
    for name, test in _tests(kind):
        value = getattr(record, name)
        if not test(value):
            raise ValueError(f"{kind.__name__}.{name} is {str(value)[:60]!r}")


@cache
def _tests(record: type) -> tuple[tuple[str, Test], ...]:
    hints = get_type_hints(record)
    return tuple((field.name, _test(hints[field.name])) for field in fields(record))


def _test(hint: Any) -> Test:
    """Whether a value is of the type that the annotation names."""
    if hint is Any:
        return _is_plain
    if hint is int:
        # A bool is an int to Python; a number of thousands of digits cannot even be printed.
        return lambda value: type(value) is int and 0 <= value < MAX_NUMBER
    if hint is float:
        # Not a NaN either, which no comparison holds for.
        return lambda value: type(value) in (int, float) and 0 <= value <= MAX_SECONDS
    if hint is str:
        return lambda value: type(value) is str and len(value) <= MAX_TEXT
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return lambda value: isinstance(value, str) and value in parts
    if origin in (Union, types.UnionType):
        tests = [_test(part) for part in parts]
        return lambda value: any(test(value) for test in tests)
    if origin is tuple:
        return _tuple_test(parts)
    if hasattr(hint, "__dataclass_fields__"):
        return lambda value: _is_record(value, hint)
    return lambda value: type(value) is hint


def _tuple_test(parts: tuple[Any, ...]) -> Test:
    tests = [_test(part) for part in parts if part is not ...]
    if parts[-1] is ...:
        each = tests[0]
        return lambda value: type(value) is tuple and all(map(each, value))
    return lambda value: (
        type(value) is tuple
        and len(value) == len(tests)
        and all(test(part) for test, part in zip(tests, value, strict=True))
    )


def _is_record(value: Any, record: type) -> bool:
    if type(value) is record:
        check_values(value)
    return type(value) is record


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether it is what an argument of an op may be."""
    if depth > MAX_NESTING:
        return False
    if isinstance(value, (tuple, list)):
        return all(_is_plain(part, depth + 1) for part in value)
    if isinstance(value, dict):
        return all(type(name) is str and _is_plain(part, depth + 1) for name, part in value.items())
    if type(value) is int:
        return -MAX_NUMBER < value < MAX_NUMBER
    if type(value) is str:
        return len(value) <= MAX_TEXT
    if type(value) is float:
        # A trace writes infinities as text, since JSON has none.
        return math.isfinite(value)
    return value is None or type(value) is bool
