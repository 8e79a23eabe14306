"""Small graphs to draw."""

from __future__ import annotations

from modelviz.graph import ModelGraph
from tests.graphs import GraphBuilder

NAMES = (
    'a"b',
    "<b>x</b>",
    "back\\slash",
    "two\nlines",
    "漢字",
    "{curly}",
    "[sq]|pipe|",
    "1) list",
    "%% remark",
    "`tick`",
    "#35;",
    "&amp;",
    "end",
    "- dash",
    "$$x$$",
    "\\N\\l",
    'charset="latin1"',
    "it's",
)
"""Module names that some format would read as something else."""


def residual(blocks: int = 3) -> ModelGraph:
    """Blocks of norm, layer and a residual, then a head."""
    build = GraphBuilder("Residual")
    for index in range(blocks):
        build.module(f"blocks.{index}", "Block")
        build.module(f"blocks.{index}.norm", "LayerNorm", "(8,), eps=1e-05", {"weight": (8,)})
        build.module(f"blocks.{index}.fc", "Linear", "8, 8", {"weight": (8, 8)})
        build.module(f"blocks.{index}.act", "ReLU")
    build.module("head", "Linear", "8, 3", {"weight": (3, 8)})
    x = build.input(2, 8)
    with build.call("", x):
        for index in range(blocks):
            with build.call(f"blocks.{index}", x) as outputs:
                y = build.layer(f"blocks.{index}.norm", x, "layer_norm")
                y = build.layer(f"blocks.{index}.fc", y, flops=256)
                y = build.layer(f"blocks.{index}.act", y, "relu")
                x = build.op("add", x, y)
                outputs.append(x)
        x = build.layer("head", x, flops=96)
    return build.graph(x)


def oddly_named() -> ModelGraph:
    """A chain of layers with every name in ``NAMES``."""
    build = GraphBuilder('Odd <"&\\> model')
    for name in NAMES:
        build.module(name, f"Cls{name}", weights={"weight": (4, 4)})
    x = build.input(2, 4, name='in"put')
    with build.call("", x):
        for name in NAMES:
            x = build.op("add", build.layer(name, x), x)
    return build.graph(x)


def chain(size: int) -> ModelGraph:
    """Different layers one after the other."""
    build = GraphBuilder("Chain")
    for index in range(size):
        build.module(f"layer{chr(97 + index % 26)}{index}x", "Linear", f"8, {index}")
    x = build.input(2, 8)
    with build.call("", x):
        for index in range(size):
            path = f"layer{chr(97 + index % 26)}{index}x"
            with build.call(path, x):
                x = build.op("linear", x, shape=(2, index + 1), flops=1)
    return build.graph(x)
