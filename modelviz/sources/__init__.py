"""From what a user types to a model: a name, a path, or ``"package.module:factory"``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from .. import gallery
from ..errors import CodeError, InputError
from ..unknown import nearest
from .base import Source
from .files import from_json, from_json_text, from_pt, from_safetensors
from .huggingface import from_config
from .libraries import PREFIXES, from_library, names
from .onnx_files import from_onnx
from .programs import from_program
from .python import from_factory, from_file, from_module, load_file
from .torchscript import from_torchscript

__all__ = [
    "PREFIXES",
    "STORED",
    "CodeError",
    "Source",
    "from_config",
    "from_gallery",
    "from_json",
    "from_json_text",
    "from_library",
    "from_safetensors",
    "from_stored",
    "kind_of",
    "names",
    "resolve",
]

EXPECTED = (
    '"package.module:factory", "file.py:factory", '
    + ", ".join(f'"{prefix}:name"' for prefix in PREFIXES)
    + ', a config.json, a file of weights (".safetensors", ".pt"), an exported program '
    '(".pt2", ".onnx", TorchScript), a graph saved as ".json", '
    "or one of the gallery: " + ", ".join(gallery.NAMES)
)

Kind = Literal["gallery", "json", "library", "file", "folder", "code", "nothing"]
_READERS: Mapping[str, Callable[[Path], Source]] = {
    ".safetensors": from_safetensors,
    ".pt": from_pt,
    ".pth": from_pt,
    ".torchscript": from_torchscript,
    ".pt2": from_program,
    ".onnx": from_onnx,
}
"""Files that hold data, by their suffix."""
STORED = tuple(_READERS)
"""The suffixes of these."""
_NAME = re.compile(r"[\w.-]+")
_ON_HUB = re.compile(r"[\w.-]+/[\w.-]+")


def resolve(text: str) -> Source:
    """The model that ``text`` names. Raises InputError when there is none."""
    kind = kind_of(text)
    # The last colon, so that a Windows drive stays part of the path.
    place, _, name = text.rpartition(":")
    if kind == "gallery":
        return from_gallery(text)
    if kind == "json":
        return from_json(Path(name if place == "transformers" else text))
    if kind == "library":
        return from_library(place, name)
    if kind == "file":
        return _READERS[Path(text).suffix.lower()](Path(text))
    if kind == "folder":
        return from_json(Path(text) / "config.json")
    if kind == "nothing":
        raise InputError(
            f"cannot find a model named {text!r}: {_beside(text)}expected {EXPECTED}{_near(text)}"
        )
    if text.endswith(".py"):
        place, name = text, ""
    return from_file(Path(place), name) if place.endswith(".py") else from_module(place, name)


def from_stored(path: Path) -> Source:
    """What a file from a stranger holds: weights, or a program that was exported.

    Nothing in it is run. Raises InputError, also for weights that would have to be unpickled.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = " ".join(STORED)
        raise InputError(f"{path.name!r} is a file of a kind that is not read: expected {known}")
    return from_pt(path, unpickle=False) if reader is from_pt else reader(path)


def kind_of(text: str) -> Kind:
    """What kind of model ``text`` names; of these, only ``code`` runs code of the user's."""
    if text in gallery.NAMES:
        return "gallery"
    if text.endswith(".json"):
        return "json"
    if text.rpartition(":")[0] in PREFIXES:
        return "library"
    if Path(text).suffix.lower() in _READERS:
        return "file"
    if ":" in text or text.endswith(".py"):
        return "code"
    return "folder" if (Path(text) / "config.json").is_file() else "nothing"


def _beside(text: str) -> str:
    """What the text seems to be in place of a model."""
    if not text.strip():
        return "no name was given; "
    path = Path(text)
    if path.is_dir():
        return "it is a folder without a config.json; "
    if path.is_file():
        return f"it is a file of a kind that is not read ({path.suffix or 'no suffix'}); "
    if _ON_HUB.fullmatch(text):
        return "nothing is fetched from a hub: give the path of its config.json; "
    return ""


def _near(text: str) -> str:
    """What may have been meant: a name spelled alike, or a library's model without the library."""
    near = nearest(text, gallery.NAMES)
    if near or not _NAME.fullmatch(text):
        return near
    # Which library has it would take seconds to find out: all of them would be imported.
    return f"; a model of a library is named with it, as in 'timm:{text}'"


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
