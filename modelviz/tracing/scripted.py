"""What is known of the code inside a scripted module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

# Kernels that TorchScript's optimiser puts in place of PyTorch's own, and calls by itself.
_UNSEEN = ("prim::mkldnn_", "prim::MKLDNN", "mkldnn_prepacked::", "prepacked::", "tensorrt::")


def unseen_kernels(module: nn.Module) -> tuple[str, ...]:
    """The heavy kernels in the code of ``module`` that no dispatch mode sees, each once."""
    graph = getattr(module, "inlined_graph", None)
    return () if graph is None else tuple(dict.fromkeys(_unseen(graph)))


def _unseen(block: Any) -> Iterator[str]:
    for node in block.nodes():
        kind = str(node.kind())
        if kind.startswith(_UNSEEN):
            yield kind
        for inner in node.blocks():
            yield from _unseen(inner)
