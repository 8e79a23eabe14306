"""From what a user types to shapes and types of inputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .errors import InputError
from .graph import Shape
from .unknown import nearest

if TYPE_CHECKING:
    import torch


def parse_shape(text: str) -> Shape:
    """The shape in ``"1,3,224,224"`` (also ``"1x3x224x224"`` or ``"(1, 3, 224, 224)"``)."""
    sizes = [size.strip() for size in re.split("[,x]", text.strip().strip("()[]").rstrip(","))]
    if not all(size.isascii() and size.isdigit() for size in sizes):
        raise InputError(
            f"cannot read {text!r} as the shape of an input: expected sizes separated by commas, "
            "batch first, such as 1,3,224,224"
        )
    return tuple(int(size) for size in sizes)


def parse_dtypes(names: Sequence[str], inputs: int) -> list[torch.dtype]:
    """One torch dtype for each of ``inputs`` inputs, from one name for all or one each."""
    if len(names) not in (1, inputs):
        raise InputError(
            f"got {len(names)} dtypes for {inputs} inputs: give one for all, or one for each"
        )
    dtypes = [parse_dtype(name) for name in names]
    return dtypes * inputs if len(dtypes) == 1 else dtypes


def parse_dtype(name: str) -> torch.dtype:
    """The torch dtype called ``name``, with or without ``torch.`` in front."""
    import torch

    found = getattr(torch, name.strip().lower().removeprefix("torch."), None)
    if not isinstance(found, torch.dtype):
        known = [one for one, value in vars(torch).items() if isinstance(value, torch.dtype)]
        raise InputError(
            f"there is no dtype {name!r}: expected a name such as float32, bfloat16, int64 or bool"
            f"{nearest(name, known)}"
        )
    return found


def parse_dims(given: Sequence[str] | None) -> Any:
    """``dims`` for ``modelviz.formulas`` from what the options say."""
    if not given:
        return None
    found: dict[str | int, tuple[str | None, ...]] = {}
    for place, text in enumerate(given):
        key, equals, names = text.rpartition("=")
        listed = (name.strip() for name in names.split(","))
        found[key.strip() if equals else place] = tuple(
            None if name in ("-", "", "_") or name.isdigit() else name for name in listed
        )
    return found
