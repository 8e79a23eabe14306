"""Models of a library built without weights, and what that library says where it cannot."""

from __future__ import annotations

import contextlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import InputError
from .base import Source
from .offline import offline
from .torchvision_ops import import_torchvision

if TYPE_CHECKING:
    from torch import nn


def weightless(build: Callable[[], nn.Module], text: str) -> Source:
    """What ``build`` makes, on the meta device if it can be made there. Raises InputError."""
    import torch

    def with_weights() -> nn.Module:
        with _built(text):
            return build()

    try:
        with torch.device("meta"):
            return Source(with_weights(), with_weights=with_weights)
    except InputError as error:
        # Some models compute with values while they are made, which the meta device has not.
        if "meta" not in str(error.__cause__):
            raise
    return Source(with_weights(), with_weights=with_weights)


@contextlib.contextmanager
def _built(text: str) -> Iterator[None]:
    """Turn what a library raises while it builds a model into an InputError."""
    try:
        with warnings.catch_warnings(), offline(text):
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{text} cannot be built with these settings: {first_line(error)}"
        ) from error


def first_line(error: Exception) -> str:
    """The kind of error, and the first line of what it says."""
    reason = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {reason}"


def require(library: str) -> None:
    """Make sure that the library can be imported. Raises InputError when it is not installed."""
    if importlib.util.find_spec(library) is None:
        raise InputError(
            f"{library} is not installed, so its models cannot be listed or built: "
            f"pip install {library}"
        )
    # timm and transformers import it, too.
    import_torchvision()
