"""From what a user types to a model: a name, a path, or ``"package.module:factory"``."""

from __future__ import annotations

import re
from pathlib import Path

from .. import gallery
from ..errors import CodeError, InputError
from .base import Source
from .files import from_json, from_json_text, from_safetensors, from_state_dict
from .huggingface import from_config
from .libraries import PREFIXES, from_library, names
from .python import from_factory, from_file, from_module, load_file

__all__ = [
    "PREFIXES",
    "CodeError",
    "Source",
    "from_config",
    "from_gallery",
    "from_json",
    "from_json_text",
    "from_library",
    "from_safetensors",
    "names",
    "resolve",
]

EXPECTED = (
    '"package.module:factory", "file.py:factory", '
    + ", ".join(f'"{prefix}:name"' for prefix in PREFIXES)
    + ', a config.json, a file of weights (".safetensors", ".pt"), a graph saved as ".json", '
    "or one of the gallery: " + ", ".join(gallery.NAMES)
)

_ON_HUB = re.compile(r"[\w.-]+/[\w.-]+")


def resolve(text: str) -> Source:
    """The model that ``text`` names. Raises InputError when there is none."""
    if text in gallery.NAMES:
        return from_gallery(text)
    # The last colon, so that a Windows drive stays part of the path.
    place, colon, factory = text.rpartition(":")
    if text.endswith(".json"):
        return from_json(Path(factory if place == "transformers" else text))
    if place in PREFIXES:
        return from_library(place, factory)
    if text.endswith(".safetensors"):
        return from_safetensors(Path(text))
    if text.endswith((".pt", ".pth")):
        return from_state_dict(Path(text))
    if not colon and text.endswith(".py"):
        place, factory = text, ""
    if not place:
        config = Path(text) / "config.json"
        if config.is_file():
            return from_json(config)
        raise InputError(f"cannot find a model named {text!r}: {_beside(text)}expected {EXPECTED}")
    if place.endswith(".py"):
        return from_file(Path(place), factory)
    return from_module(place, factory)


def _beside(text: str) -> str:
    """What the text seems to be in place of a model."""
    path = Path(text)
    if path.is_dir():
        return "it is a folder without a config.json; "
    if path.is_file():
        return f"it is a file of a kind that is not read ({path.suffix or 'no suffix'}); "
    if _ON_HUB.fullmatch(text):
        return "nothing is fetched from a hub: give the path of its config.json; "
    return ""


def from_gallery(name: str) -> Source:
    """The example ``name``: the same weights and inputs each time. Raises InputError."""
    if name not in gallery.NAMES:
        raise InputError(
            f"the gallery has no example {name!r}: expected {', '.join(gallery.NAMES)}"
        )
    import torch

    module = load_file(gallery.script(name), f"modelviz.examples.{name}")
    # The caller's random numbers are left alone.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return from_factory(module.example, name)
