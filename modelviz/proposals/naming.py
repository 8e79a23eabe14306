"""Layers that an argument is for, going by the names of both: ``user`` and ``user_embedding``."""

from __future__ import annotations

import re

from torch import nn

from ..tracing.modules import walk
from .layers import Option, options

# Words that say of a layer what sort it is, or of an argument that it is one.
_FILLERS = frozenset(
    [
        *("x", "in", "input", "inputs", "feat", "feature", "data", "batch", "tensor", "the", "of"),
        *(
            "emb",
            "embed",
            "embedding",
            "embedder",
            "embeds",
            "proj",
            "projection",
            "encoder",
            "enc",
        ),
        *(
            "net",
            "layer",
            "fc",
            "linear",
            "lin",
            "conv",
            "to",
            "tower",
            "branch",
            "mlp",
            "backbone",
        ),
        *("factor", "stem", "id", "idx", "index"),
    ]
)


def _words(name: str) -> list[str]:
    parts = re.split(r"[_\W\d]+|(?<=[a-z])(?=[A-Z])", name)
    return [_singular(part.lower()) for part in parts if part]


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _told_by(name: str) -> frozenset[str]:
    return frozenset(_words(name)) - _FILLERS


def namesake(name: str, model: nn.Module, dtype: str, *, single: bool) -> list[Option]:
    """What the layer takes that is called as the argument is; empty where none is.

    A table of rows gets one number for each sample where the argument is a ``single`` thing
    (``user``), and a sequence of them where it is several (``words``).
    """
    told = _told_by(name)
    if not told:
        return []
    for path, layer in walk(model):
        if not any(_told_by(part) == told for part in path.split(".") if part):
            continue
        found = options(layer, path, dtype)
        if found and found[0].dtype == "int64" and single:
            found.sort(key=lambda option: option.shape != (1,))
        if found:
            return found
    return []
