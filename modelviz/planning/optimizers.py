"""Optimizers by name, class or factory, on parameters without data."""

from __future__ import annotations

import functools
import inspect
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from ..unknown import nearest

Factory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]

_SPELLED = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.01),
    "sgd-momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9),
    "adamw-fused": lambda parameters: torch.optim.AdamW(parameters, fused=True),
    "adam8bit": lambda parameters: Adam8bit(parameters),
    "adamw8bit": lambda parameters: Adam8bit(parameters),
}
_ALSO = {
    "momentum": "sgd-momentum",
    "sgd-with-momentum": "sgd-momentum",
    "adam-8bit": "adam8bit",
    **dict.fromkeys(("adamw-8bit", "adamw-bnb-8bit"), "adamw8bit"),
    "adamw-torch": "adamw",
    "adamw-torch-fused": "adamw-fused",
}
"""What people and transformers (``TrainingArguments.optim``) call them besides."""


def _classes() -> dict[str, Any]:
    """The classes of ``torch.optim`` that need no closure, by their name in small letters."""
    found = {}
    for name, value in vars(torch.optim).items():
        is_class = isinstance(value, type) and issubclass(value, torch.optim.Optimizer)
        if is_class and name not in ("Optimizer", "LBFGS", "SparseAdam"):
            found[name.lower()] = value
    return found


def optimizer_names() -> list[str]:
    """The optimizers that can be named."""
    return sorted({*_SPELLED, *_classes()})


def optimizer_factory(optimizer: Any) -> tuple[str, Factory | None]:
    """The optimizer's name, and what makes it; None for none. Raises InputError."""
    if optimizer is None:
        return "none", None
    if isinstance(optimizer, str):
        plain = re.sub(r"[\s_]+", "-", optimizer.strip().lower().removeprefix("torch.optim."))
        if plain == "none":
            return "none", None
        name = _ALSO.get(plain, plain)
        factory = _SPELLED.get(name) or _classes().get(name)
        if factory is None:
            _refuse_closure(name)
            raise InputError(
                f"optimizer={optimizer!r}: expected one of {', '.join(optimizer_names())}, "
                "a class of torch.optim, or a function that takes the parameters"
                f"{nearest(name, optimizer_names())}"
            )
        return name, factory
    given = instances(optimizer)
    if given:
        names = dict.fromkeys(type(one).__name__ for one in given)
        return " and ".join(names), _like(given[0], given[0].defaults)
    if callable(optimizer):
        _refuse_closure(_called(optimizer))
        return _called(optimizer), optimizer
    raise InputError(
        f"optimizer={reprlib.repr(optimizer)}: expected a name such as 'adamw', a class of "
        "torch.optim, an optimizer or a list of some, a function that takes the parameters, or "
        "None to plan inference"
    )


def _refuse_closure(name: str) -> None:
    if name.lower() == "lbfgs":
        raise InputError(
            "optimizer: LBFGS runs forward and backward again inside of its step, as often as it "
            "needs, and is not planned: give one whose step takes no closure"
        )


def made_by(optimizer: Any) -> Any:
    """What a function without arguments makes, as of a model that it knows; else what is given."""
    if callable(optimizer) and not isinstance(optimizer, type):
        try:
            takes = inspect.signature(optimizer).parameters
        except (TypeError, ValueError):
            return optimizer
        if not takes:
            return optimizer()
    return optimizer


def _called(factory: Any) -> str:
    """What a class or function is called: that which a ``partial`` calls, no ``<lambda>``."""
    while isinstance(factory, functools.partial):
        factory = factory.func
    name = str(getattr(factory, "__name__", type(factory).__name__))
    return name if name.isidentifier() else "an optimizer of its own"


def instances(optimizer: Any) -> tuple[torch.optim.Optimizer, ...]:
    """The optimizers that were given as they are, one or a list; none for anything else."""
    several = tuple(optimizer) if isinstance(optimizer, (list, tuple)) else (optimizer,)
    return several if all(isinstance(one, torch.optim.Optimizer) for one in several) else ()


@dataclass(frozen=True, slots=True)
class Part:
    """What makes the optimizer of some of the parameters, which are named by their paths."""

    factory: Factory
    paths: frozenset[str]


def parts_of(optimizer: Any, held: Mapping[str, nn.Parameter]) -> tuple[Part, ...]:
    """The groups of optimizers that were given, by the model's parameters ``held`` by path.

    None where they have none of these: then their settings are for all parameters.
    """
    paths = {id(parameter): path for path, parameter in held.items()}
    found = []
    for one in instances(optimizer):
        for group in one.param_groups:
            own = frozenset(paths[id(p)] for p in group["params"] if id(p) in paths)
            if own:
                settings = {name: value for name, value in group.items() if name != "params"}
                found.append(Part(_like(one, one.defaults | settings), own))
    return tuple(found)


def _like(optimizer: torch.optim.Optimizer, settings: Mapping[str, Any]) -> Factory:
    """Makes an optimizer of the class of another, with settings."""
    kind: Any = type(optimizer)
    taken = inspect.signature(kind).parameters
    known = {name: value for name, value in settings.items() if name in taken}

    def make(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        made: torch.optim.Optimizer = kind(parameters, **known)
        return made

    return make


def make_optimizers(
    factory: Factory, parts: Iterable[Part], named: Mapping[str, nn.Parameter], grouped: bool
) -> list[torch.optim.Optimizer]:
    """The optimizers of the parameters ``named`` by path, each of those that it is to make.

    One of ``factory`` where they are no parameters of the ``parts``.
    """
    shares = [(one.factory, [p for path, p in named.items() if path in one.paths]) for one in parts]
    shares = [share for share in shares if share[1]] or [(factory, list(named.values()))]
    return [one for make, some in shares for one in _make(make, some, grouped)]


def _make(
    factory: Factory, parameters: list[nn.Parameter], grouped: bool
) -> list[torch.optim.Optimizer]:
    """The optimizers; ``grouped`` as on a GPU, where most work on all parameters at once."""
    try:
        made = factory(parameters)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the optimizer cannot be made of the parameters alone ({error}): give a function, "
            "such as lambda parameters: torch.optim.SGD(parameters, lr=0.1)"
        ) from error
    found = instances(made)
    if not found:
        raise InputError(
            f"the optimizer's factory returned {type(made).__name__}, expected a "
            "torch.optim.Optimizer, or a list of some"
        )
    known = set(map(id, parameters))
    if any(id(p) not in known for one in found for p in _all_of(one)):
        raise InputError(
            "the optimizer's factory made one of other parameters than those it was given: use "
            "its argument, as in lambda parameters: torch.optim.SGD(parameters, lr=0.1), or give "
            "the optimizer itself"
        )
    for one in found:
        # ``foreach=None`` lets torch choose, by device. Adafactor alone never chooses it.
        if grouped and not isinstance(one, torch.optim.Adafactor):
            for group in one.param_groups:
                if "foreach" in group and group["foreach"] is None and not group.get("fused"):
                    group["foreach"] = True
    return list(found)


def _all_of(optimizer: torch.optim.Optimizer) -> Iterator[torch.Tensor]:
    return chain.from_iterable(group["params"] for group in optimizer.param_groups)


_BY_ELEMENT = (
    "ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop",
    "Rprop", "SGD",
)  # fmt: skip
"""Those of ``torch.optim`` that treat each element of a parameter by itself."""


@contextmanager
def alone(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Let an optimizer work on what this device has of distributed parameters, where that is all.

    That is the same work, of the same memory, as on the distributed tensors around; those would
    only ask how each is placed.
    """
    kinds = (Adam8bit, *(getattr(torch.optim, name) for name in _BY_ELEMENT))
    before = [list(group["params"]) for group in optimizer.param_groups]
    if type(optimizer) in kinds and all(map(_alike, chain.from_iterable(before))):
        for group in optimizer.param_groups:
            group["params"] = [_own_part(parameter) for parameter in group["params"]]
    elif len({hasattr(p, "to_local") for p in chain.from_iterable(before)}) > 1:
        # Torch works on all parameters at once where all are distributed, or none.
        for group in optimizer.param_groups:
            if group.get("foreach"):
                group["foreach"] = False
    try:
        yield
    finally:
        for group, parameters in zip(optimizer.param_groups, before, strict=True):
            group["params"] = parameters


def _alike(parameter: torch.Tensor) -> bool:
    """Whether a parameter's gradient is placed as it is itself, if it is distributed."""
    placed = getattr(parameter, "placements", None)
    return parameter.grad is None or getattr(parameter.grad, "placements", None) == placed


def _own_part(parameter: Any) -> Any:
    """The part of a distributed parameter that is here, with its gradient; or the parameter."""
    if not hasattr(parameter, "to_local"):
        return parameter
    with torch.no_grad():
        part: torch.Tensor = parameter.to_local().requires_grad_(parameter.requires_grad)
        part.grad = None if parameter.grad is None else parameter.grad.to_local()
    return part


def state_tensors(optimizer: torch.optim.Optimizer) -> Iterable[tuple[str, torch.Tensor]]:
    """Every tensor that the optimizer keeps, with what it is called."""
    for state in optimizer.state.values():
        if isinstance(state, dict):
            for name, value in state.items():
                if isinstance(value, torch.Tensor):
                    yield name, value


class Adam8bit(torch.optim.Optimizer):
    """Adam with the states of bitsandbytes: for memory only, it changes no parameter.

    Two moments of one byte for each value, and a float32 for each block of 256 values of each;
    tensors of fewer than 4096 values have moments in float32 (``bitsandbytes/optim/optimizer.py``:
    ``Optimizer2State.init_state``). The kernel works in place. Its two maps of 256 float32 are
    shared by all.
    """

    BLOCK = 256
    SMALLEST = 4096

    def __init__(self, params: Any) -> None:
        super().__init__(params, {"lr": 1e-3})
        self._maps: list[torch.Tensor] | None = None

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Make the states, where they are not there yet."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and not self.state[parameter]:
                    self.state[parameter] = self._states(parameter)
        return None

    def _states(self, parameter: torch.Tensor) -> dict[str, torch.Tensor]:
        size = parameter.numel()
        if size < self.SMALLEST:
            return {
                name: torch.zeros_like(parameter, dtype=torch.float32)
                for name in ("state1", "state2")
            }
        blocks = -(-size // self.BLOCK)
        device = parameter.device
        if self._maps is None:
            self._maps = [torch.empty(256, device=device) for _ in range(2)]
        return {
            "state1": torch.zeros_like(parameter, dtype=torch.uint8),
            "state2": torch.zeros_like(parameter, dtype=torch.uint8),
            "absmax1": torch.zeros(blocks, dtype=torch.float32, device=device),
            "absmax2": torch.zeros(blocks, dtype=torch.float32, device=device),
        }
