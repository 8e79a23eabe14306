"""What a plan changes in the copy of a model: frozen weights, adapters, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from ..errors import InputError
from ..tracing.modules import NamedModule, walk
from ..unknown import alike
from .copies import parameters


def freeze(model: nn.Module, globs: Sequence[str]) -> None:
    """Freeze the parameters whose path, or that of a module around them, fits a glob."""
    unused = set(globs)
    for path, parameter in parameters(model).items():
        hits = {glob for glob in globs if _fits(path, glob)}
        unused -= hits
        if hits:
            parameter.requires_grad_(False)
    if unused:
        raise _no_such("freeze", sorted(unused)[0], [path for path, _ in walk(model)])


def checkpointed(model: nn.Module, globs: Sequence[str]) -> None:
    """Compute the matching modules again in the backward pass instead of keeping what they made."""
    for path, module in _matching(model, globs, "checkpoint"):
        if not path:
            raise InputError("checkpoint='': give the path of a module inside the model")
        vars(module)["forward"] = partial(_again, module.forward)


def _again(forward: Any, *args: Any, **kwargs: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)
    # The state of the random numbers is on the host, and there is none on fake tensors.
    return checkpoint(forward, *args, use_reentrant=False, preserve_rng_state=False, **kwargs)


class Adapter(nn.Module):
    """A layer that stays as it is, with a low-rank one beside: ``base(x) + up(down(x)) * scale``.

    As PEFT puts them on: the two matrices are in float32, also beside a half-precision base.
    ``between`` is what is done with what ``down`` gives.
    """

    between: Callable[[torch.Tensor], torch.Tensor] | None = None

    def __init__(self, base: nn.Module, wide: int, narrow: int, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.empty(rank, wide, dtype=torch.float32))
        self.up = nn.Parameter(torch.empty(narrow, rank, dtype=torch.float32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The base's output (…, out) for x (…, in), and what the adapter adds."""
        result: torch.Tensor = self.base(x)
        narrow = nn.functional.linear(x.to(self.down.dtype), self.down)
        if self.between is not None:
            narrow = self.between(narrow)
        added = nn.functional.linear(narrow, self.up)
        return (result + added * 2.0).to(result.dtype)


def layer_of(module: nn.Module) -> nn.Module:
    """The layer that an adapter is on; any other module itself."""
    return module.base if isinstance(module, Adapter) else module


def adapted(model: nn.Module, globs: Sequence[str], rank: int) -> None:
    """Freeze everything and put adapters of ``rank`` on the matching linear layers."""
    for parameter in parameters(model).values():
        parameter.requires_grad_(False)
    done: dict[int, Adapter] = {}
    for path, module in _matching(model, globs, "lora"):
        sizes = _linear_sizes(module)
        if sizes is None:
            continue
        parent, _, name = path.rpartition(".")
        if not path:
            raise InputError("lora: the model itself is one layer; give one that contains it")
        if id(module) not in done:
            done[id(module)] = Adapter(module, *sizes, rank)
        setattr(model.get_submodule(parent), name, done[id(module)])
    if not done:
        raise InputError(
            f"lora={list(globs)}: no linear layer fits; adapters go on nn.Linear and the Conv1D of "
            "transformers"
        )


def _linear_sizes(module: nn.Module) -> tuple[int, int] | None:
    """Inputs and outputs of a linear layer; None for any other."""
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    if type(module).__name__ == "Conv1D" and hasattr(module, "nf"):
        weight: Any = module.weight
        return int(weight.shape[0]), int(weight.shape[1])
    return None


def _matching(model: nn.Module, globs: Sequence[str], label: str) -> list[NamedModule]:
    places = list(walk(model))
    found: dict[int, NamedModule] = {}
    for glob in globs:
        hits = [(path, module) for path, module in places if path and fnmatchcase(path, glob)]
        # A star stands for one name where that is enough, as in ``layers.*``.
        level = [place for place in hits if place[0].count(".") == glob.count(".")]
        if not hits:
            raise _no_such(label, glob, [path for path, _ in places])
        found.update({id(module): (path, module) for path, module in level or hits})
    return list(found.values())


def _fits(path: str, glob: str) -> bool:
    return fnmatchcase(path, glob) or fnmatchcase(path, f"{glob}.*")


def _no_such(label: str, glob: str, paths: Sequence[str]) -> InputError:
    near = alike(glob, filter(None, paths), cutoff=0.3)
    such = f": there are {', '.join(near)}" if near else ""
    return InputError(f"{label}={glob!r} fits no module of the model{such}")
