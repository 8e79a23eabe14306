"""Models and graphs from files that hold data, not code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import GraphFileError, InputError
from ..graph import ModelGraph
from .archives import check_archive
from .base import Source
from .huggingface import NAMES_NO_MODEL, from_config
from .other_configs import other_config
from .weights import MAX_DEPTH, Weight, tree

MAX_VALUES = 2_000_000
"""In a file of weights, tensors or not."""


def from_json(path: Path) -> Source:
    """The graph saved in the file, or the model that it describes as a ``config.json``."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise GraphFileError(f"cannot read a graph from {str(path)!r}: {reason}") from error
    return from_json_text(text, path.name)


def from_json_text(text: str, file: str = "the text") -> Source:
    """The graph that was saved as this text, or the model that it describes as a config.

    ``file`` is what to call it. Raises GraphFileError for JSON that is neither.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GraphFileError(
            f"expected a graph saved by modelviz, or a config, and {file} is not JSON: {error}"
        ) from error
    if isinstance(data, dict) and ("model_type" in data or "architectures" in data):
        return from_config(text)
    if isinstance(data, dict) and data.get("format") == "modelviz":
        return Source(ModelGraph.from_dict(data))
    raise GraphFileError(
        f"{file} is neither a graph saved by modelviz nor a config of transformers: {_seen(data)}"
    )


def _seen(data: Any) -> str:
    """What the JSON seems to be, and what to give in its place."""
    if not isinstance(data, dict):
        return f"it holds a {type(data).__name__}, expected an object with a model_type"
    if (other := other_config(data)) is not None:
        return other
    known = ", ".join(list(data)[:4]) or "nothing"
    return f"it has {known}; {NAMES_NO_MODEL}"


def from_safetensors(path: Path) -> Source:
    """The parameters in a safetensors file, as a graph without a forward. Raises InputError."""
    from .safetensors import read_weights

    return Source(tree(path.name, read_weights(path)))


def from_pt(path: Path, *, unpickle: bool = True) -> Source:
    """What a ``.pt`` file holds: a state dict, modules in TorchScript, or an exported program.

    Raises InputError for a state dict unless it may be unpickled, as ``torch.load`` has to.
    """
    from .programs import from_program, is_program
    from .torchscript import from_torchscript, is_torchscript

    if is_torchscript(path):
        return from_torchscript(path)
    if is_program(path):
        return from_program(path)
    if not unpickle:
        raise InputError(
            f"{path.name!r} holds pickled weights, or no model at all, and is not unpickled here: "
            f"save them with safetensors, or run modelviz summary {path.name}"
        )
    return from_state_dict(path)


def from_state_dict(path: Path) -> Source:
    """The parameters in a file that ``torch.save(model.state_dict())`` wrote, as a graph.

    It is read without running code (``weights_only=True``), and its data is not loaded.
    """
    import torch

    check_archive(path)
    try:
        saved = torch.load(path, map_location="meta", weights_only=True, mmap=True)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except Exception as error:
        raise InputError(
            f"{path.name!r} holds more than weights, or was not written by torch.save, and is not "
            "loaded: save model.state_dict() instead, best as safetensors"
        ) from error
    found = list(_weights(saved, path.name))
    if not found:
        raise InputError(f"{path.name!r} holds no tensors: expected a state dict")
    return Source(tree(path.name, found))


def _weights(saved: Any, file: str) -> Iterator[Weight]:
    """The tensors in nested dicts. Raises InputError for dicts without an end."""
    import torch

    # Dicts may hold one another in circles, or one many times.
    pending: list[tuple[Any, str, int]] = [(saved, "", 0)]
    for _ in range(MAX_VALUES):
        if not pending:
            return
        value, name, depth = pending.pop()
        if isinstance(value, torch.Tensor):
            dtype = str(value.dtype).removeprefix("torch.")
            yield name, tuple(value.shape), dtype, value.numel() * value.element_size()
        elif isinstance(value, dict):
            if depth > MAX_DEPTH:
                raise InputError(f"{file!r} has dicts inside each other without an end")
            pending += [
                (part, f"{name}.{key}" if name else str(key), depth + 1)
                for key, part in reversed(value.items())
            ]
    raise InputError(f"{file!r} has more than {MAX_VALUES:,} values: expected a state dict")
