"""What tensor parallelism leaves whole, and why."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from torch import nn
from torch.distributed.tensor import DTensor

from ..findings import note
from ..graph import Finding
from ..tracing.torch_internals import parameters_of
from ..units import share_text
from .copies import parameters
from .mesh_words import starred

_ENOUGH = 20
"""One part in so many of the parameters may stay whole without a word."""
_SHOWN = 4
_MUCH = 100
"""A layer with less than one part in so many of the parameters needs no reason."""
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")


def whole_layers(
    model: nn.Module, refused: Mapping[str, str], alone: Mapping[str, str], size: int
) -> Iterator[Finding]:
    """What is left whole, with the reasons, where that is much of the model.

    ``refused`` are layers that would have been split, ``alone`` those of a linear layer that is
    split with no other, each with the reason.
    """
    sizes = {path: p.numel() for path, p in parameters(model).items()}
    left = {p: sizes[p] for p, held in parameters(model).items() if not isinstance(held, DTensor)}
    total, together = sum(sizes.values()), sum(left.values())
    if together * _ENOUGH <= total and not refused:
        return
    largest = max(left, key=left.__getitem__)
    reasons = dict(refused)
    if together * _ENOUGH > total:
        reasons |= _others(model, left, refused, alone, total)
    yield note(
        "MV023",
        f"tp={size} leaves {share_text(together, total)} of the parameters unsplit over its "
        f"devices, the largest of them {largest}{told_reasons(reasons)}: parallelize= can split "
        "them another way",
    )


def _others(
    model: nn.Module,
    left: Mapping[str, int],
    refused: Mapping[str, str],
    alone: Mapping[str, str],
    total: int,
) -> dict[str, str]:
    """The reasons of the layers that have none yet, the largest first."""
    held: dict[str, int] = defaultdict(int)
    for path, size in left.items():
        held[path.rpartition(".")[0]] += size
    # Layers that are alike tell one reason, so that many small ones are one large.
    kinds: dict[str, int] = defaultdict(int)
    for path, size in held.items():
        kinds[starred(path)] += size
    found = {}
    for path in sorted(held, key=lambda path: -kinds[starred(path)]):
        told = any(path == one or path.startswith(f"{one}.") for one in refused)
        if not told and kinds[starred(path)] * _MUCH >= total:
            found[path or "the model itself"] = alone.get(path) or _kind(model.get_submodule(path))
    return found


def _kind(module: nn.Module) -> str:
    """Why a layer of its class is never split."""
    if isinstance(module, nn.modules.conv._ConvNd):
        return "convolutions stay whole"
    if isinstance(module, nn.RNNBase):
        return "recurrent layers stay whole, whose gates are one kernel"
    if isinstance(module, nn.Embedding):
        return "it is looked up with what the model computes, or its rows are no tokens"
    if isinstance(module, nn.Linear):
        return "it is not called as a layer, or its weight is used elsewhere"
    shapes = [p.shape for p in parameters_of(module).values() if p is not None]
    if sum(len(shape) == 3 for shape in shapes) > 1:
        if any(len(shape) < 3 for shape in shapes):
            return "each device would add the biases of its experts to its part of their sum"
        return "the sizes of its stacked weights do not tell what lies between their products"
    return (
        f"a {type(module).__name__} is none of what is split (linear layers, attention, "
        "embeddings, experts)"
    )


def told_reasons(reasons: Mapping[str, str]) -> str:
    """The reasons in words, each once for layers that are alike."""
    alike: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for path, why in reasons.items():
        alike[starred(path), _NUMBER.sub("*", why)].append((path, why))
    shown = [(path, why) if len(those) > 1 else those[0] for (path, why), those in alike.items()][
        :_SHOWN
    ]
    more = len(alike) - len(shown)
    text = "".join(f"; {path}: {why}" for path, why in shown)
    return text + (f"; and {more} more" if more else "")
