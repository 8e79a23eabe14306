"""Random single changes to models, each with what a diff should name: its kind, place and field.

A change is made to a copy of a model, at a random place where it can be made.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class Made:
    """A change that was made, and what names it: its kind, path and fields of details."""

    model: nn.Module
    kind: str
    path: str
    fields: frozenset[str]


Maker = Callable[[nn.Module, random.Random], Made | None]
_ACTIVATIONS = (nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.LeakyReLU, nn.Sigmoid)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)


class Residual(nn.Module):
    """A low-rank addition to a layer."""

    def __init__(self, inner: nn.Linear) -> None:
        super().__init__()
        self.inner = inner
        self.down = nn.Linear(inner.in_features, 2, bias=False)
        self.up = nn.Linear(2, inner.out_features, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The layer's result and the addition."""
        return self.inner(x) + self.up(self.down(x))


def _places(model: nn.Module, *kinds: type) -> list[str]:
    # In shared modules a change is one of several places at once.
    seen = [id(m) for _, m in model.named_modules(remove_duplicate=False)]
    return [
        path
        for path, module in model.named_modules()
        if path and type(module) in kinds and seen.count(id(module)) == 1
    ]


def _put(model: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    # In the mode of the module that it replaces.
    module.train(model.get_submodule(path).training)
    setattr(model.get_submodule(parent), name, module)


def _chosen(model: nn.Module, rng: random.Random, *kinds: type) -> str | None:
    places = _places(model, *kinds)
    return rng.choice(places) if places else None


def activation(model: nn.Module, rng: random.Random) -> Made | None:
    path = _chosen(model, rng, *_ACTIVATIONS)
    if path is None:
        return None
    old = type(model.get_submodule(path))
    _put(model, path, rng.choice([kind for kind in _ACTIVATIONS if kind is not old])())
    return Made(model, "changed", path, frozenset({"class"}))


def eps(model: nn.Module, rng: random.Random) -> Made | None:
    path = _chosen(model, rng, *_NORMS)
    if path is None:
        return None
    model.get_submodule(path).eps = 3e-4  # type: ignore[assignment]
    return Made(model, "changed", path, frozenset({"config"}))


def bias(model: nn.Module, rng: random.Random) -> Made | None:
    places = [p for p in _places(model, nn.Linear) if model.get_submodule(p).bias is not None]
    if not places:
        return None
    path = rng.choice(places)
    old = model.get_submodule(path)
    _put(model, path, nn.Linear(old.in_features, old.out_features, bias=False))  # type: ignore[arg-type]
    return Made(model, "changed", path, frozenset({"config", "parameters"}))


def frozen(model: nn.Module, rng: random.Random) -> Made | None:
    path = _chosen(model, rng, nn.Linear, nn.Conv2d, *_NORMS)
    if path is None or not list(model.get_submodule(path).parameters()):
        return None
    model.get_submodule(path).requires_grad_(False)
    return Made(model, "changed", path, frozenset({"trainable"}))


def wrapped(model: nn.Module, rng: random.Random) -> Made | None:
    path = _chosen(model, rng, nn.Linear)
    if path is None:
        return None
    inner = model.get_submodule(path)
    assert isinstance(inner, nn.Linear)
    _put(model, path, Residual(inner))
    return Made(model, "changed", path, frozenset({"class"}))


def dropout(model: nn.Module, rng: random.Random) -> Made | None:
    path = _chosen(model, rng, nn.Dropout)
    if path is None:
        return None
    model.get_submodule(path).p = 0.37  # type: ignore[assignment]
    return Made(model, "changed", path, frozenset({"config"}))


def width(model: nn.Module, rng: random.Random) -> Made | None:
    """Another hidden width between two linear layers with only an activation between."""
    found = []
    for path, module in model.named_modules():
        if isinstance(module, nn.Sequential):
            kids = list(module)
            for i in range(len(kids) - 2):
                first, last = kids[i], kids[i + 2]
                if type(first) is type(last) is nn.Linear and type(kids[i + 1]) in _ACTIVATIONS:
                    found.append((f"{path}.{i}" if path else str(i), module, i))
    if not found:
        return None
    path, module, i = rng.choice(found)
    first, last = module[i], module[i + 2]
    hidden = first.out_features + 8
    module[i] = nn.Linear(first.in_features, hidden, bias=first.bias is not None)
    module[i + 2] = nn.Linear(hidden, last.out_features, bias=last.bias is not None)
    module[i].train(first.training)
    module[i + 2].train(last.training)
    return Made(model, "changed", path, frozenset({"config", "parameters"}))


def block_added(model: nn.Module, rng: random.Random) -> Made | None:
    return _block(model, rng, add=True)


def block_removed(model: nn.Module, rng: random.Random) -> Made | None:
    return _block(model, rng, add=False)


def _block(model: nn.Module, rng: random.Random, add: bool) -> Made | None:
    """One more or one less of the blocks of a list: another number of copies to a diff."""
    lists = [
        (path, module)
        for path, module in model.named_modules()
        if isinstance(module, nn.ModuleList)
        and len(module) > 2
        and len({str(kid) for kid in module}) == 1
        and list(module.parameters())
    ]
    if not lists:
        return None
    path, module = rng.choice(lists)
    if add:
        module.append(copy.deepcopy(module[-1]))
    else:
        del module[-1]
    return Made(model, "changed", f"{path}.0", frozenset({"copies"}))


def inserted(model: nn.Module, rng: random.Random) -> Made | None:
    """An activation put into a sequence."""
    found = [
        (path, module)
        for path, module in model.named_modules()
        if type(module) is nn.Sequential and len(module) > 1 and "0" in module._modules
    ]
    if not found:
        return None
    path, module = rng.choice(found)
    place = rng.randrange(1, len(module))
    module.insert(place, nn.Softplus())
    return Made(model, "added", f"{path}.{place}" if path else str(place), frozenset())


def dtype(model: nn.Module, rng: random.Random) -> Made | None:
    model.double()
    return Made(model, "changed", "", frozenset({"dtype"}))


def training(model: nn.Module, rng: random.Random) -> Made | None:
    path = _chosen(model, rng, nn.Dropout, *_NORMS)
    if path is None:
        return None
    module = model.get_submodule(path)
    module.train(not module.training)
    return Made(model, "changed", path, frozenset({"training"}))


def shared(model: nn.Module, rng: random.Random) -> Made | None:
    """Two linear layers of one size get one weight."""
    by_size: dict[tuple[int, ...], list[str]] = {}
    for path in _places(model, nn.Linear):
        weight = model.get_submodule(path).weight
        by_size.setdefault(tuple(weight.shape), []).append(path)  # type: ignore[arg-type,union-attr]
    pairs = [paths for paths in by_size.values() if len(paths) > 1]
    if not pairs:
        return None
    first, second = rng.choice(pairs)[:2]
    model.get_submodule(second).weight = model.get_submodule(first).weight
    return Made(model, "changed", second, frozenset({"sharing"}))


MAKERS: tuple[Maker, ...] = (
    activation, eps, bias, frozen, wrapped, dropout, width, block_added, block_removed, inserted,
    dtype, training, shared,
)  # fmt: skip


def changes(make: Callable[[], nn.Module], count: int, seed: int) -> Iterator[tuple[str, Made]]:
    """``count`` random changes, each to a new model, with the name of its kind."""
    rng = random.Random(seed)
    made = 0
    while made < count:
        maker = rng.choice(MAKERS)
        change = maker(make(), rng)
        if change is not None:
            made += 1
            yield maker.__name__, change
