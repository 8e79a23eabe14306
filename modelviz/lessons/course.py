"""The lessons: four ways to build a model, each an example of the gallery."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .. import gallery


@dataclass(frozen=True, slots=True)
class Topic:
    """One way to build a model: the ``example`` of the gallery that shows it, and what to say."""

    example: str
    title: str
    words: str
    look: str


TOPICS = (
    Topic(
        "simple_net",
        "A module of your own",
        "A model is a class. `__init__` makes its layers and keeps them as attributes; `forward` "
        "says how data goes through them.",
        "Each layer has two lines: one that makes it and one that uses it. A layer that is made "
        "and not used has parameters and no place in the picture.",
    ),
    Topic(
        "sequential_net",
        "Layers in a row",
        "Where each layer feeds the next one, `nn.Sequential` takes the layers and needs no "
        "`forward`.",
        "It is the same network with the same numbers; the layers are called 0, 1 and 2, by their "
        "places.",
    ),
    Topic(
        "softmax_net",
        "What forward says",
        "`forward` maps inputs to outputs, step by step, in plain Python: it can call layers and "
        "any function of PyTorch.",
        "`softmax` is no layer: no line of `__init__` makes it, and it has nothing to learn. It is "
        "in the picture all the same, because data goes through it.",
    ),
    Topic(
        "complex_model",
        "Modules inside modules",
        "A layer of a model can be a model itself. What it holds belongs to the outer one, too: "
        "its name gets longer, `branch.0`.",
        "The frame in the picture is one attribute, `branch`, with its own layers inside.",
    ),
)
"""In the order to read them."""


FACTORY = "example"
"""The function of an example that gives its model with inputs that fit."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of a script that a lesson shows: ``lines`` are where its lines are in the script."""

    text: str
    lines: tuple[int, ...]


def excerpt(name: str) -> Excerpt:
    """The code of the gallery's example, without what is about modelviz and running it as a script.

    It stands on its own: a person can change it and run it.
    """
    return cut(gallery.script(name).read_text(encoding="utf-8"))


def factory_of(source: str) -> str | None:
    """What gives the model of such a code: ``example`` where it has one; None leaves it open."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return None
    names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    return FACTORY if FACTORY in names else None


def cut(source: str) -> Excerpt:
    """The source without its docstring, its import of modelviz, and its part for scripts."""
    lines = source.split("\n")
    tree = ast.parse(source)
    left_out: set[int] = set()
    for node in tree.body:
        if _is_left_out(node):
            left_out |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    kept: list[int] = []
    for number, text in enumerate(lines, 1):
        # A page has little room: one empty line says as much as two.
        blank = not text.strip()
        if number in left_out or (blank and (not kept or not lines[kept[-1] - 1].strip())):
            continue
        kept.append(number)
    while kept and not lines[kept[-1] - 1].strip():
        kept.pop()
    return Excerpt("\n".join(lines[number - 1] for number in kept) + "\n", tuple(kept))


def _is_left_out(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    if isinstance(node, ast.Import):
        return all(name.name == "modelviz" for name in node.names)
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
