"""Models of the libraries that are installed, by name: timm, torchvision, transformers.

They come without weights, on the ``meta`` device: nothing is downloaded, and the size of a model
does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ..errors import InputError
from .base import Source
from .building import first_line, require, weightless
from .names import close_matches, search
from .offline import offline

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Library:
    """How to list a library's models, and how to build one by its name."""

    names: Callable[[], tuple[str, ...]]
    build: Callable[[str], nn.Module]


def names(prefix: str, query: str = "", limit: int = 50) -> list[str]:
    """The names that ``prefix:name`` knows and that match ``query``, best first.

    ``prefix`` is one of ``PREFIXES``. Raises InputError when that library is not installed.
    """
    return search(_known(prefix), query, limit)


def from_library(prefix: str, name: str) -> Source:
    """The model ``name`` of the library, without weights. Raises InputError for no such name."""
    known = _known(prefix)
    if name not in known:
        near = close_matches(name, known)
        advice = f"did you mean {' or '.join(near)}?" if near else f"it has {len(known)} others"
        raise InputError(f"{prefix} has no model named {name!r}: {advice}")
    return weightless(lambda: _LIBRARIES[prefix].build(name), f"{prefix}:{name}")


@cache
def _known(prefix: str) -> tuple[str, ...]:
    if prefix not in _LIBRARIES:
        raise InputError(f"unknown library {prefix!r}: expected {', '.join(_LIBRARIES)}")
    require(prefix)
    try:
        with offline(prefix):
            return _LIBRARIES[prefix].names()
    except Exception as error:  # whatever a library raises while it is imported
        raise InputError(
            f"{prefix} is installed but cannot be imported: {first_line(error)}"
        ) from error


def _timm_names() -> tuple[str, ...]:
    import timm

    return tuple(timm.list_models())


def _timm_model(name: str) -> nn.Module:
    import timm

    model: nn.Module = timm.create_model(name, pretrained=False)
    return model


def _torchvision_names() -> tuple[str, ...]:
    from torchvision.models import list_models

    return tuple(list_models())


def _torchvision_model(name: str) -> nn.Module:
    from inspect import signature

    from torchvision.models import get_model, get_model_builder

    # Detectors have weights of their own, and those of the network they are built on.
    nothing = {n: None for n in signature(get_model_builder(name)).parameters if "weights" in n}
    model: nn.Module = get_model(name, **nothing)
    return model


def _transformers_names() -> tuple[str, ...]:
    from .huggingface import model_names

    return model_names()


def _transformers_model(name: str) -> nn.Module:
    from .huggingface import build_default

    return build_default(name)


_LIBRARIES = {
    "timm": Library(_timm_names, _timm_model),
    "torchvision": Library(_torchvision_names, _torchvision_model),
    "transformers": Library(_transformers_names, _transformers_model),
}
PREFIXES = tuple(_LIBRARIES)
