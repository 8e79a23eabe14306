"""What the forward itself calls the axes of an argument: ``b, t, c, h, w = video.shape``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from torch import nn

from .axes import Axes, Axis
from .slices import forward_of

_BY_PATTERN = frozenset(["rearrange", "reduce", "repeat"])
_IN_PATTERN = re.compile(r"\([^)]*\)|\S+")


def axes_of(model: nn.Module, name: str) -> Axes | None:
    """The axes of the argument ``name``, by what takes it apart in the forward; None if nothing.

    That of the first statement which says so, unless the name stands for something else by then.
    """
    function = forward_of(model)
    for statement in () if function is None else function.body:
        if (found := next(_named_in(statement, name), None)) is not None:
            return tuple(map(Axis, found))
        if _stores(statement, name):
            return None
    return None


def is_class(model: nn.Module, name: str) -> bool:
    """Whether the forward makes a one among zeros of ``name``: ``one_hot(y.long(), 10)``."""
    function = forward_of(model)
    for node in () if function is None else ast.walk(function):
        if isinstance(node, ast.Call) and node.args and _called(node) == "one_hot":
            given = node.args[0]
            while isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute):
                given = given.func.value  # of a method, such as ``long``
            if isinstance(given, ast.Name) and given.id == name:
                return True
    return False


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _stores(statement: ast.stmt, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        for node in ast.walk(statement)
    )


def _named_in(statement: ast.stmt, name: str) -> Iterator[Sequence[str]]:
    """The names of axes that a statement gives which runs in any case."""
    if not isinstance(statement, (ast.Assign, ast.Return, ast.Expr)) or statement.value is None:
        return
    if isinstance(statement, ast.Assign):
        target = statement.targets[0]
        if isinstance(target, ast.Tuple) and _is_shape(statement.value, name):
            names = [one.id for one in target.elts if isinstance(one, ast.Name)]
            if len(names) == len(target.elts):
                yield names
    for node in ast.walk(statement.value):
        if isinstance(node, ast.Call):
            yield from _in_pattern(node, name)


def _is_shape(node: ast.expr, name: str) -> bool:
    """``x.shape`` or ``x.size()``."""
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        node = node.func
        wanted = "size"
    else:
        wanted = "shape"
    whose = node.value if isinstance(node, ast.Attribute) and node.attr == wanted else None
    return isinstance(whose, ast.Name) and whose.id == name


def _in_pattern(call: ast.Call, name: str) -> Iterator[Sequence[str]]:
    """The axes that einops or einsum are told that ``name`` has."""
    called = _called(call)
    given = [one.id if isinstance(one, ast.Name) else None for one in call.args]
    texts = [one.value for one in call.args if isinstance(one, ast.Constant)]
    if name not in given or len(texts) != 1 or not isinstance(texts[0], str) or "..." in texts[0]:
        return
    left = texts[0].partition("->")[0]
    if called == "einsum":
        operands = left.replace(" ", "").split(",")
        if given.index(name) - 1 < len(operands):
            yield list(operands[given.index(name) - 1])
    elif called in _BY_PATTERN and given[0] == name:
        yield [part.strip("()").split(" ")[0] for part in _IN_PATTERN.findall(left)]
