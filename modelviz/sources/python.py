"""Models from Python code: a module that can be imported, or a file.

A factory is a class or function that needs no arguments, or a model that is already there. It
gives a model, or a pair ``(model, inputs)`` where the inputs are what ``input_data`` takes.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import sys
import textwrap
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from ..errors import AmbiguousModelError, InputError
from ..signatures import parameters_of
from .base import Source, reported


def from_module(name: str, factory: str) -> Source:
    """The model that ``factory`` of the module called ``name`` gives. Raises InputError."""
    with reported(f"cannot import {name!r}", name):
        module = importlib.import_module(name)
    return _named(module, factory, name)


def from_file(path: Path, factory: str) -> Source:
    """The model that ``factory`` of the Python file gives. Raises InputError."""
    return _named(load_script(path), factory, str(path))


def from_factory(factory: Any, text: str) -> Source:
    """The model that the factory gives; ``text`` is what to call it. Raises InputError."""
    from torch import Tensor, nn

    made = factory
    if callable(factory) and not isinstance(factory, nn.Module):
        if needed := _needed_arguments(factory):
            raise InputError(
                f"{text!r} needs arguments ({', '.join(needed)}): name a function without any "
                "that calls it with the values you want"
            )
        with reported(f"{text!r} could not make its model", text):
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


def candidates(module: ModuleType) -> list[str]:
    """Names of what the module defines itself and could give a model, as they are defined.

    A class of which the module holds a model is that model, and so is a second name of it; a
    function that returns nothing gives none.
    """
    from torch import nn

    held = {name: value for name, value in vars(module).items() if name[0] != "_"}
    made = {type(value) for value in held.values() if isinstance(value, nn.Module)}
    seen: set[int] = set()

    def could(value: Any) -> bool:
        if isinstance(value, nn.Module):
            again = id(value) in seen
            seen.add(id(value))
            return not again
        gives = (_is_model_class(value, module) and value not in made) or (
            _is_function(value, module) and _returns(value)
        )
        return gives and not _needed_arguments(value)

    return [name for name, value in held.items() if could(value)]


def likeliest(module: ModuleType) -> str:
    """The name in the module that a reader would take for its model. Raises InputError for none.

    A model that is already there comes before a class, and a class before a function, which may
    do anything; of several the last, since parts are defined before the whole.
    """
    from torch import nn

    def rank(name: str) -> int:
        value = vars(module)[name]
        return 2 if isinstance(value, nn.Module) else int(isinstance(value, type))

    found = candidates(module)
    if found:
        return max(reversed(found), key=rank)
    needing = [
        f"{name} needs arguments ({', '.join(_needed_arguments(value))})"
        for name, value in vars(module).items()
        if _is_model_class(value, module)
    ]
    reason = "; ".join(needing) or "it defines no torch.nn.Module"
    raise InputError(
        f"no model found in the code: {reason}. Add a line that makes one, such as model = Net(), "
        "or a function without arguments that returns one"
    )


def load_script(path: Path) -> ModuleType:
    """The module in the file, with its folder on ``sys.path``, as when Python runs a script.

    A file in a package is a module of it, so that its relative imports work.
    """
    if not path.is_file():
        raise InputError(f"cannot find the file {str(path)!r}{_in_a_revision(str(path))}")
    path = path.resolve()
    root, package = _package_of(path)
    for folder in (root, path.parent):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    return load_file(path, f"{package}{_free_name(path)}")


def _package_of(path: Path) -> tuple[Path, str]:
    """The folder that a file's package is in, and the package as a prefix of its modules."""
    folder, package = path.parent, ""
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        folder, package = folder.parent, f"{folder.name}.{package}"
    return folder, package


def load_file(path: Path, name: str) -> ModuleType:
    """The module in the file, imported as ``name``. Raises InputError."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"cannot import {str(path)!r}: it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Known before it runs, as an import would have it: dataclasses and pickle look it up.
    sys.modules[name] = module
    with reported(f"cannot import {str(path)!r}", str(path)):
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return module


def _named(module: ModuleType, factory: str, place: str) -> Source:
    name = factory or _only(module, place)
    text = f"{place}:{name}"
    return from_factory(look_up(module, name, text), text)


def _only(module: ModuleType, place: str) -> str:
    """The name of the module's one model. Raises InputError where there are more, or none."""
    found = candidates(module)
    if len(found) <= 1:
        return likeliest(module)
    choices = tuple(f"{place}:{name}" for name in found)
    raise AmbiguousModelError(
        f"{place!r} does not say which model: add one of its names, such as {', '.join(choices)}",
        choices,
    )


def look_up(module: ModuleType, factory: str, text: str) -> Any:
    """What the dotted name ``factory`` means in the module. Raises InputError for nothing."""
    value: Any = module
    for name in factory.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            found = ", ".join(candidates(module)) or "no model"
            raise InputError(f"{text!r} names nothing: {module.__name__} has {found}") from None
    return value


def _in_a_revision(path: str) -> str:
    """What to say of ``HEAD~1:net.py``, which is no path."""
    revision, _, file = path.partition(":")
    if not file or len(revision) < 2:  # the letter of a drive on Windows
        return ""
    return ": only modelviz diff takes files in a revision of git"


def _is_model_class(value: Any, module: ModuleType) -> bool:
    from torch import nn

    return _made_in(value, module) and isinstance(value, type) and issubclass(value, nn.Module)


def _is_function(value: Any, module: ModuleType) -> bool:
    return _made_in(value, module) and inspect.isfunction(value)


def _returns(function: FunctionType) -> bool:
    """Whether a function ends in anything but None, as far as its code can be read."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return True
    defined = tree.body[0]
    if not isinstance(defined, ast.FunctionDef) or isinstance(defined.body[-1], ast.Raise):
        return True
    waiting: list[ast.AST] = list(defined.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return False


def _made_in(value: Any, module: ModuleType) -> bool:
    return getattr(value, "__module__", None) == module.__name__


def _needed_arguments(factory: Any) -> list[str]:
    skipped = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        p.name for p in parameters_of(factory) if p.default is p.empty and p.kind not in skipped
    ]


def _free_name(path: Path) -> str:
    """The file's name, unless a module of another file has it already."""
    name = path.stem
    taken = sys.modules.get(name)
    other = taken is not None and getattr(taken, "__file__", None) != str(path)
    return f"{name}_" if other or name in sys.stdlib_module_names else name
