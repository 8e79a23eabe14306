"""From what a user types to a model: ``"package.module:factory"``, ``"file.py:factory"``, a name.

A factory is a class or function that needs no arguments, or a model that is already there. It
gives a model, or a pair ``(model, inputs)`` where the inputs are what ``input_data`` takes.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import gallery
from .errors import InputError
from .graph import ModelGraph, load

if TYPE_CHECKING:
    from torch import nn

EXPECTED = (
    '"package.module:factory", "file.py:factory", a graph saved as ".json", or one of the gallery: '
    + ", ".join(gallery.NAMES)
)


@dataclass(frozen=True, slots=True)
class Source:
    """A model, or a graph that was saved, and the inputs proposed with it (None: none were)."""

    model: nn.Module | ModelGraph
    inputs: Any = None


def resolve(text: str) -> Source:
    """The model that ``text`` names. Raises InputError when there is none."""
    if text in gallery.NAMES:
        return _from_gallery(text)
    if text.endswith(".json"):
        return Source(load(text))
    # The last colon, so that a Windows drive stays part of the path.
    place, colon, factory = text.rpartition(":")
    if not colon and text.endswith(".py"):
        place = text
    if not place:
        raise InputError(f"cannot find a model named {text!r}: expected {EXPECTED}")
    module = _load_script(Path(place)) if place.endswith(".py") else _import(place)
    if not factory or text == place:
        raise InputError(
            f"{text!r} does not say which model: add one of its names, such as "
            + (", ".join(f"{place}:{name}" for name in _candidates(module)) or f"{place}:factory")
        )
    return _from_factory(_look_up(module, factory, text), text)


def _from_gallery(name: str) -> Source:
    import torch

    module = _load_file(gallery.script(name), f"modelviz.examples.{name}")
    # The same weights and inputs each time, and the caller's random numbers left alone.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return _from_factory(module.example, name)


def _from_factory(factory: Any, text: str) -> Source:
    from torch import Tensor, nn

    made = factory
    if callable(factory) and not isinstance(factory, nn.Module):
        if needed := _needed_arguments(factory):
            raise InputError(
                f"{text!r} needs arguments ({', '.join(needed)}): name a function without any "
                "that calls it with the values you want"
            )
        with _reported(f"{text!r} could not make its model"):
            made = factory()
    inputs = None
    if isinstance(made, (tuple, list)) and len(made) == 2:
        made, inputs = made
        inputs = (inputs,) if isinstance(inputs, Tensor) else inputs
    if not isinstance(made, nn.Module):
        raise InputError(
            f"{text!r} gave an object of type {type(made).__name__}: expected a torch.nn.Module, "
            "or a pair (model, inputs)"
        )
    return Source(made, inputs)


def _needed_arguments(factory: Any) -> list[str]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # built in, without a signature: calling it will tell
        return []
    skipped = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in skipped]


def _look_up(module: ModuleType, factory: str, text: str) -> Any:
    value: Any = module
    for name in factory.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            found = ", ".join(_candidates(module)) or "no model"
            raise InputError(f"{text!r} names nothing: {module.__name__} has {found}") from None
    return value


def _candidates(module: ModuleType) -> list[str]:
    """Names of what the module defines itself and could give a model."""
    from torch import nn

    def could(value: Any) -> bool:
        if isinstance(value, nn.Module):
            return True
        made_here = getattr(value, "__module__", None) == module.__name__
        is_class = isinstance(value, type) and issubclass(value, nn.Module)
        return (
            made_here and (is_class or inspect.isfunction(value)) and not _needed_arguments(value)
        )

    return [name for name, value in vars(module).items() if name[0] != "_" and could(value)]


def _import(name: str) -> ModuleType:
    with _reported(f"cannot import {name!r}"):
        return importlib.import_module(name)


def _load_script(path: Path) -> ModuleType:
    """The module in the file, with its folder on ``sys.path``, as when Python runs a script."""
    if not path.is_file():
        raise InputError(f"cannot find the file {str(path)!r}")
    path = path.resolve()
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    return _load_file(path, _free_name(path))


def _load_file(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"cannot import {str(path)!r}: it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Known before it runs, as an import would have it: dataclasses and pickle look it up.
    sys.modules[name] = module
    with _reported(f"cannot import {str(path)!r}"):
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return module


def _free_name(path: Path) -> str:
    """The file's name, unless a module of another file has it already."""
    name = path.stem
    taken = sys.modules.get(name)
    other = taken is not None and getattr(taken, "__file__", None) != str(path)
    return f"{name}_" if other or name in sys.stdlib_module_names else name


@contextlib.contextmanager
def _reported(what: str) -> Iterator[None]:
    """Turn an error of the user's own code into one that says where it came from."""
    try:
        yield
    except Exception as error:
        place = _place(error)
        raise InputError(f"{what}: {type(error).__name__}: {error}{place}") from error


def _place(error: Exception) -> str:
    """Where in the user's own code it happened, as " (file, line n)"; empty if nowhere there."""
    libraries = (__file__, "<", *(sysconfig.get_path(kind) for kind in ("stdlib", "purelib")))
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(libraries)]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
