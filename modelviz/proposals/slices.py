"""How wide an argument is of which a forward takes slices: ``rays[..., 3:6]`` ends it at six."""

from __future__ import annotations

import ast
import inspect
import textwrap

from torch import nn

from ..tracing.members import entry_of
from .axes import Axes, Axis

_ASKED = frozenset(["shape", "size", "device", "dtype", "dim", "ndim", "new_zeros", "new_tensor"])
"""What is read of a tensor without taking all of it."""


def sliced(model: nn.Module, name: str) -> Axes | None:
    """The axes that slices tell of the argument ``name``: how many there are, and the last.

    None where the forward also takes it as a whole, or where a slice has no end.
    """
    tree = forward_of(model)
    if tree is None:
        return None
    inside = {
        id(child): parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)
    }
    ends, ranks = [], set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        parent = inside[id(node)]
        if isinstance(parent, ast.Attribute) and parent.attr in _ASKED:
            continue
        taken = _taken(parent) if isinstance(node.ctx, ast.Load) else None
        if taken is None:
            return None
        ends.append(taken[1])
        ranks.add(taken[0])
    ranks.discard(None)
    if len(set(ends)) < 2 or len(ranks) > 1:
        return None
    rank = next(iter(ranks), None) or 2
    return (*[Axis(None)] * (rank - 1), Axis(None, max(ends)))


def calls_itself(model: nn.Module) -> bool:
    """Whether the forward calls the model again, as on the parts of a tree."""
    function = forward_of(model)
    if function is None or not function.args.args:
        return False
    this = function.args.args[0].arg
    return any(_is_call_of(node, this) for node in ast.walk(function))


def _is_call_of(node: ast.AST, this: str) -> bool:
    """``self(...)`` or ``self.forward(...)``."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute) and called.attr == "forward":
        called = called.value
    return isinstance(called, ast.Name) and called.id == this


def _taken(node: ast.AST) -> tuple[int | None, int] | None:
    """For ``x[:, 3:6]`` the number of axes (None: not told) and where the last of them ends."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return None
    *before, last = node.slice.elts
    dots = [isinstance(one, ast.Constant) and one.value is ... for one in before]
    if not before or not all(one or _whole(part) for one, part in zip(dots, before, strict=True)):
        return None
    end = last.upper if isinstance(last, ast.Slice) else last
    if not isinstance(end, ast.Constant) or type(end.value) is not int or end.value < 0:
        return None
    return None if any(dots) else len(before) + 1, end.value + (end is last)


def _whole(part: ast.expr) -> bool:
    return isinstance(part, ast.Slice) and part.lower is None and part.upper is None


def forward_of(model: nn.Module) -> ast.FunctionDef | None:
    """The syntax of the forward; None where its source is not to be had."""
    entry = entry_of(model)
    if str(getattr(entry, "__module__", None)).partition(".")[0] in ("torch", "None"):
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(entry)))
    except (OSError, TypeError, SyntaxError):
        return None
    return next((node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)), None)
