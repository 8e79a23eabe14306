"""The expression that failed, as the user wrote it."""

from __future__ import annotations

import ast

_LONGEST = 30
"""Characters of an operand that can stand in a sentence."""


def operands(expression: str) -> tuple[str, ...]:
    """What an operator or a call works on, as it is written; empty where that is not plain.

    ``x * gate`` gives ``("x", "gate")``, ``torch.matmul(q, k)`` and ``q.matmul(k)`` give
    ``("q", "k")``, and ``self.fc(x)`` gives ``("x",)``.
    """
    try:
        parsed = ast.parse(expression).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    if len(parsed) != 1:
        return ()
    node: ast.AST = parsed[0]
    if isinstance(node, ast.AugAssign):
        return _written(node.target, node.value)
    node = node.value if isinstance(node, ast.Expr) else node
    if isinstance(node, ast.BinOp):
        return _written(node.left, node.right)
    if not isinstance(node, ast.Call):
        return ()
    arguments = [argument for argument in node.args if not _is_number(argument)]
    if isinstance(node.func, ast.Attribute) and _is_data(node.func.value):
        return _written(node.func.value, *arguments)
    return _written(*arguments)


def called(expression: str) -> tuple[str, ...]:
    """The attributes of the model that an expression calls: ``self.fc(x)`` gives ``("self.fc",)``.

    The outermost call comes first.
    """
    try:
        parsed = ast.parse(expression)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    calls = [node.func for node in ast.walk(parsed) if isinstance(node, ast.Call)]
    written = [ast.unparse(function) for function in calls]
    return tuple(name for name in written if name.startswith("self."))


def _is_number(node: ast.AST) -> bool:
    node = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(node, ast.Constant)


def _is_data(node: ast.AST) -> bool:
    """Whether a method is called on a variable, and not on a module of Python or on the model."""
    return isinstance(node, ast.Name) and node.id not in ("self", "torch", "F", "nn", "np")


def _written(*nodes: ast.AST) -> tuple[str, ...]:
    compared = [isinstance(node, ast.Compare) for node in nodes]
    texts = [ast.unparse(node) for node in nodes]
    written = tuple(f"({t})" if c else t for t, c in zip(texts, compared, strict=True))
    kinds = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Compare)
    plain = all(isinstance(node, kinds) for node in nodes)
    return written if plain and max(map(len, written), default=0) <= _LONGEST else ()
