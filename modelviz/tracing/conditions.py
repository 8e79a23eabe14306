"""What the model's own check compared: the two sides of an ``assert`` or of an ``if`` that raised.

Only what can be read without running anything of the user's is read: names, attributes, items and
sizes of tensors.
"""

from __future__ import annotations

import ast
import inspect
import operator
import textwrap
from collections.abc import Callable
from types import TracebackType
from typing import Any

import torch
from torch import nn

from .torch_internals import children_of

_HOLDS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COUNTED = (tuple, list, dict, nn.ModuleList, nn.ModuleDict, nn.Sequential, nn.ParameterList)
_PLAIN = (int, float, str, tuple, list)


class _UnknownError(Exception):
    """Something that cannot be read."""


def compared(part: TracebackType) -> str | None:
    """The two values that did not fit, as ``"7 and 12"``; None where no comparison is to be seen.

    ``part`` is the part of the traceback in which the check stands.
    """
    test = _test(part)
    if test is None:
        return None
    condition, expected = test
    for comparison in ast.walk(condition):
        if not isinstance(comparison, ast.Compare) or len(comparison.ops) != 1:
            continue
        holds = _HOLDS.get(type(comparison.ops[0]))
        try:
            left = _value(comparison.left, part.tb_frame.f_locals, part.tb_frame.f_globals)
            right = _value(
                comparison.comparators[0], part.tb_frame.f_locals, part.tb_frame.f_globals
            )
        except _UnknownError:
            continue
        if holds is None or not isinstance(left, _PLAIN) or not isinstance(right, _PLAIN):
            continue
        if type(left) is type(right) and bool(holds(left, right)) is expected:
            return f"{left} and {right}"
    return None


def _test(part: TracebackType) -> tuple[ast.expr, bool] | None:
    """The condition that led to the error, and whether what is compared in it held."""
    try:
        lines, first = inspect.getsourcelines(part.tb_frame.f_code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError, TypeError):
        return None
    line = part.tb_lineno - max(first, 1) + 1
    best: tuple[ast.expr, bool] | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or 0):
            return node.test, False
        if isinstance(node, ast.If):
            inside = [one for one in node.body if one.lineno <= line <= (one.end_lineno or 0)]
            if inside and any(isinstance(one, ast.Raise) for one in inside):
                best = node.test, True
    return best


def _value(node: ast.expr, local: dict[str, Any], names: dict[str, Any]) -> Any:
    """What an expression stands for. Raises _UnknownError for one that would run code."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return _looked_up(node.id, local, names)
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_value(one, local, names) for one in node.elts)
    if isinstance(node, ast.Attribute):
        return _attribute(_value(node.value, local, names), node.attr)
    if isinstance(node, ast.Subscript):
        return _item(_value(node.value, local, names), node.slice, local, names)
    if isinstance(node, ast.Call):
        return _size(node, local, names)
    if isinstance(node, ast.BinOp):
        return _computed(node, local, names)
    raise _UnknownError


def _computed(node: ast.BinOp, local: dict[str, Any], names: dict[str, Any]) -> int:
    operation = _ARITHMETIC.get(type(node.op))
    left, right = (_value(side, local, names) for side in (node.left, node.right))
    if operation is None or type(left) is not int or type(right) is not int:
        raise _UnknownError
    try:
        return operation(left, right)
    except ZeroDivisionError:
        raise _UnknownError from None


def _looked_up(name: str, local: dict[str, Any], names: dict[str, Any]) -> Any:
    if name in local:
        return local[name]
    if name in names:
        return names[name]
    raise _UnknownError


def _attribute(owner: Any, name: str) -> Any:
    if isinstance(owner, torch.Tensor):
        if name == "shape":
            return tuple(owner.shape)
        if name == "ndim":
            return owner.dim()
        raise _UnknownError
    held = inspect.getattr_static(owner, name, _UnknownError)
    if held is _UnknownError and isinstance(owner, nn.Module):
        held = children_of(owner).get(name, _UnknownError)
    if held is _UnknownError or hasattr(type(held), "__get__"):
        raise _UnknownError
    return held


def _item(owner: Any, place: ast.expr, local: dict[str, Any], names: dict[str, Any]) -> Any:
    if type(owner) not in (tuple, list, dict):
        raise _UnknownError
    if isinstance(place, ast.Slice):
        ends = [
            None if one is None else _number(one, local, names)
            for one in (place.lower, place.upper)
        ]
        if place.step is not None or type(owner) is dict:
            raise _UnknownError
        return owner[slice(*ends)]
    index = _number(place, local, names)
    try:
        return owner[index]
    except (IndexError, KeyError, TypeError):
        raise _UnknownError from None


def _number(node: ast.expr, local: dict[str, Any], names: dict[str, Any]) -> Any:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, local, names)
    return _value(node, local, names)


def _size(node: ast.Call, local: dict[str, Any], names: dict[str, Any]) -> Any:
    """``len(x)``, ``tuple(x.shape)``, ``x.size(1)`` and ``x.dim()``."""
    given = [_number(one, local, names) for one in node.args]
    if node.keywords:
        raise _UnknownError
    if isinstance(node.func, ast.Name) and len(given) == 1:
        if node.func.id in ("tuple", "list") and type(given[0]) in (tuple, list):
            return tuple(given[0])
        if node.func.id == "len" and type(given[0]) in _COUNTED:
            return len(given[0])
        raise _UnknownError
    if not isinstance(node.func, ast.Attribute):
        raise _UnknownError
    owner = _value(node.func.value, local, names)
    if not isinstance(owner, torch.Tensor):
        raise _UnknownError
    shape: _Sizes = tuple(owner.shape)
    return _of_tensor(node.func.attr, shape, given)


_Sizes = tuple[int, ...]


def _of_tensor(method: str, shape: _Sizes, given: list[Any]) -> Any:
    if method in ("dim", "ndimension") and not given:
        return len(shape)
    if method == "size" and not given:
        return shape
    place = given[0] if len(given) == 1 else None
    if method == "size" and type(place) is int and -len(shape) <= place < len(shape):
        return shape[place]
    raise _UnknownError
