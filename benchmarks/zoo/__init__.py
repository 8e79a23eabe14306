"""Real models with random weights, each built with its inputs when asked.

``zoo()`` lists them, ``entry(name)`` finds one; nothing is imported or built before
``Entry.build``. A package that is not installed takes its family out; ``missing()`` says why.
"""

from __future__ import annotations

import importlib.util
from functools import cache

from modelviz.sources.torchvision_ops import import_torchvision

from . import (
    diffusers_models,
    geometric_models,
    timm_models,
    torch_models,
    torchvision_models,
    transformers_media,
    transformers_text,
)
from .entry import Entry, Sample, Scale

__all__ = ["Entry", "Sample", "Scale", "entry", "missing", "zoo"]

_FAMILIES = (
    torch_models,
    torchvision_models,
    timm_models,
    transformers_text,
    transformers_media,
    diffusers_models,
    geometric_models,
)
_NEEDS = {"timm": ("timm", "torchvision")}

import_torchvision()


@cache
def zoo() -> tuple[Entry, ...]:
    """Every entry, in the order of the families, installed or not."""
    return tuple(entry for family in _FAMILIES for entry in family.entries())


def entry(name: str) -> Entry:
    """The entry called ``name``. Raises KeyError when there is none."""
    return {item.name: item for item in zoo()}[name]


@cache
def missing(family: str) -> str | None:
    """Why the models of ``family`` cannot be built here; None when they can."""
    absent = [
        package
        for package in _NEEDS.get(family, (family,))
        if importlib.util.find_spec(package) is None
    ]
    return f"not installed: {', '.join(absent)}" if absent else None
