"""The gallery: the examples that come with modelviz, by name, in the order to read them."""

from __future__ import annotations

import ast
from pathlib import Path

NAMES = (
    "simple_net",
    "sequential_net",
    "softmax_net",
    "complex_model",
    "residual_cnn",
    "unet",
    "transformer",
    "gpt",
    "lstm_tagger",
    "mixture_of_experts",
)


def script(name: str) -> Path:
    """The script of the example ``name``, which defines ``example() -> (model, inputs)``."""
    return _folder() / f"{name}.py"


def title(name: str) -> str:
    """What the example shows, in a sentence: the first line of its script's docstring."""
    docstring = ast.get_docstring(ast.parse(script(name).read_text(encoding="utf-8")))
    return (docstring or name).partition("\n")[0]


def _folder() -> Path:
    """``examples/``: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent / "examples"
