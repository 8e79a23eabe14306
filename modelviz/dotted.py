"""Dotted paths of modules and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .graph import Module, Parameter


def join(path: str, name: str) -> str:
    """The dotted path of ``name`` in the module at ``path``."""
    return f"{path}.{name}" if path else name


def relative(path: str, inside: str) -> str:
    """A path as the module at ``inside`` would say it; as it is where it is not in there."""
    return path[len(inside) + 1 :] if inside and path.startswith(f"{inside}.") else path


def common_path(paths: Sequence[str]) -> str:
    """The path of the innermost module that all paths are those of, or of something in it."""
    names = zip(*(path.split(".") for path in paths), strict=False)
    together = takewhile(lambda some: len(set(some)) == 1, names)
    return ".".join(some[0] for some in together)


def with_ancestors(path: str) -> Iterator[str]:
    """The path, those of the modules above it, and the root's."""
    while path:
        yield path
        path = path.rpartition(".")[0]
    yield ""


def parameter_key(module: Module, parameter: Parameter) -> str:
    """The full path under which the parameter's tensor appears first in the model."""
    return parameter.shared_with or join(module.shared_with or module.path, parameter.name)
