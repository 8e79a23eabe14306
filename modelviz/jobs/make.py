"""The model that a job names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import InputError
from ..graph import ModelGraph, load
from ..sources import (
    PREFIXES,
    Source,
    from_config,
    from_gallery,
    from_json_text,
    from_library,
    from_stored,
)
from ..sources.base import Tell
from ..sources.python import candidates, from_factory, likeliest, load_script, look_up
from .spec import CODE_KINDS, JobSpec

CODE_FILE = "model.py"
"""What code that was typed is called, in messages and in the graph."""


Offer = Callable[[Sequence[str], str], None]
"""Takes the names in the code that could be models, and the one that is taken."""


def make(spec: JobSpec, upload: Path | None, tell: Tell, offer: Offer) -> Source:
    """The model that the job names; ``upload`` holds its data. Raises InputError, CodeError.

    What the code of the job has to offer is offered before the model is built, which may fail.
    """
    if spec.kind == "gallery":
        tell("Building the model")
        return from_gallery(spec.source)
    if spec.kind == "library":
        return _from_library(spec.source, tell)
    if spec.kind in CODE_KINDS:
        return _from_code(spec, upload, tell, offer)
    if spec.kind == "config":
        tell("Building the model")
        return from_config(_text(spec, upload))
    if spec.kind == "stored":
        tell("Reading the file")
        return from_stored(upload or Path(spec.source))
    tell("Reading the graph")
    if upload is None and not spec.source.lstrip().startswith("{"):
        return Source(load(spec.source))
    source = from_json_text(_text(spec, upload))
    if not isinstance(source.model, ModelGraph):
        raise InputError("this is the config of a model, not a saved graph: open it as a config")
    return source


def _from_library(text: str, tell: Tell) -> Source:
    prefix, colon, name = text.partition(":")
    if not colon:
        raise InputError(f"{text!r} does not say which library: expected {PREFIXES[0]}:{text}")
    tell(f"Building {text}")
    return from_library(prefix, name)


def _from_code(spec: JobSpec, upload: Path | None, tell: Tell, offer: Offer) -> Source:
    path = Path(spec.source)
    if spec.kind == "code":
        path = Path(CODE_FILE)
        path.write_text(_text(spec, upload), encoding="utf-8")
    elif upload is not None:
        path = upload
    tell("Running the code")
    module = load_script(path)
    names = candidates(module)
    offer(names, spec.factory or "")
    factory = spec.factory or likeliest(module)
    offer(names, factory)
    tell("Building the model")
    return from_factory(look_up(module, factory, factory), factory)


def _text(spec: JobSpec, upload: Path | None) -> str:
    if upload is None:
        return spec.source
    try:
        return upload.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"expected text in UTF-8, got other data: {error}") from error
