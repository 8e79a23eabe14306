"""Globs that a person may give to a plan: what repeats in a model, and its linear layers."""

from __future__ import annotations

from collections import defaultdict

from torch import nn

from ..tracing.modules import walk
from ..tracing.torch_internals import children_of
from .copies import parameters

MOST = 12


def repeated_globs(model: nn.Module) -> tuple[str, ...]:
    """``model.layers.*``: the modules that repeat, to compute them again; the largest first."""
    found: dict[str, int] = {}
    for path, module in walk(model):
        children = [child for child in children_of(module).values() if child is not None]
        kinds = set(map(type, children))
        inside = [child for child in children if children_of(child)]
        if len(children) > 1 and len(kinds) == 1 and len(inside) == len(children):
            found[f"{path}.*" if path else "*"] = sum(_size(child) for child in inside)
    ordered = sorted(found, key=lambda glob: -found[glob])
    return tuple(ordered[:MOST])


def linear_globs(model: nn.Module) -> tuple[str, ...]:
    """``*.q_proj``: the names that several linear layers have, to put adapters on, in order."""
    names: dict[str, int] = defaultdict(int)
    for path, module in walk(model):
        if isinstance(module, nn.Linear) and "." in path:
            names[path.rpartition(".")[2]] += 1
    known = [name for name, count in names.items() if count > 1 and not name.isdigit()]
    return tuple(f"*.{name}" for name in known[:MOST])


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in parameters(module).values())
