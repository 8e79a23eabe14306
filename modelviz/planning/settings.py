"""What is planned: precision, checkpoints, adapters and the rest, checked before a step runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch

from ..errors import InputError
from ..modes import known_mode
from .devices import Device, device_named
from .mesh import Mesh, make_mesh
from .optimizers import Factory, Part, optimizer_factory
from .precision import Precision, precision_named
from .sending import Links, make_links

Mode = Literal["train", "eval"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of a plan. ``factory`` makes the optimizer, None for inference.

    ``parts`` make those of some parameters, where optimizers were given that have some.
    ``records`` says that an inference records gradients, since its forward takes some itself.
    """

    optimizer: str
    factory: Factory | None
    precision: Precision
    device: Device
    mode: Mode
    loss: Any = None
    target: Any = None
    checkpoint: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    lora: tuple[str, ...] = ()
    lora_rank: int = 8
    accumulate: int = 1
    method: str = "forward"
    decode: bool = False
    mesh: Mesh | None = None
    links: Links | None = None
    parts: tuple[Part, ...] = ()
    records: bool = False

    @property
    def autocast(self) -> torch.dtype | None:
        """The dtype of autocast; None without, and where FSDP casts the weights instead."""
        sharded = self.mesh is not None and self.mesh.axis("shard") is not None
        return None if sharded else self.precision.autocast

    @property
    def passes(self) -> float:
        """How many forward and backward passes of a step each of those that were run is for."""
        return self.accumulate / min(self.accumulate, 2)

    @property
    def trains(self) -> bool:
        """Whether a training step is planned, not inference."""
        return self.factory is not None


def make_settings(
    *,
    optimizer: Any,
    precision: Any,
    device: Any,
    mode: Any,
    checkpoint: Any,
    freeze: Any,
    lora: Any,
    lora_rank: int,
    accumulate: int,
    mesh: Any,
    parallelize: Any,
    links: Any,
    **others: Any,
) -> Settings:
    """The choices of a plan. Raises InputError for those that cannot be used."""
    name, factory = optimizer_factory(optimizer)
    if others.get("decode") and factory is not None:
        raise InputError("decode=True plans an inference: give optimizer=None with it")
    mode = known_mode(mode)
    for label, number in (("accumulate", accumulate), ("lora_rank", lora_rank)):
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise InputError(f"{label}={number!r}: expected a whole number of at least 1")
    over = make_mesh(mesh, parallelize)
    return Settings(
        optimizer=name,
        factory=factory,
        precision=precision_named(precision, factory is not None),
        device=device_named(device),
        mode=mode or ("eval" if factory is None else "train"),
        checkpoint=_globs("checkpoint", checkpoint),
        freeze=_globs("freeze", freeze),
        lora=_globs("lora", lora),
        lora_rank=lora_rank,
        accumulate=accumulate,
        mesh=over,
        links=make_links(links, over),
        **others,
    )


def _globs(label: str, given: Any) -> tuple[str, ...]:
    globs = (given,) if isinstance(given, str) else given
    found = tuple(globs) if isinstance(globs, Iterable) else (None,)
    if not all(isinstance(glob, str) for glob in found):
        raise InputError(
            f"{label}={given!r}: expected a path of modules such as 'layers.*', or several"
        )
    return found
