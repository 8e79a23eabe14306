"""Shapes that people write down beside their forward: in annotations, docstrings and comments."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from ..tracing.members import entry_of
from .axes import Axes, Axis, steps_first, usual
from .guess import ArgumentPart
from .layers import SEQUENCE, Option

_ITEM = r"(?:[A-Za-z_][\w.']*(?: (?:len|length|size|dim|steps))?|\d+|-1|\*)(?:\s*[*/+-]\s*\w+)?"
_LISTED = rf"[(\[]\s*({_ITEM}(?:\s*,\s*{_ITEM})+)\s*,?\s*[)\]]"
# What stands in brackets behind a name and is no shape.
_NO_SIZES = frozenset(
    [
        "tensor",
        "optional",
        "int",
        "float",
        "bool",
        "str",
        "list",
        "tuple",
        "dict",
        "default",
        "none",
        "any",
    ]
)
_SPACED = re.compile(r"""\[[^\[\]]*?,\s*["']([^"']+)["']\s*\]""")


def described(model: nn.Module, name: str, annotation: Any) -> Axes | None:
    """The axes that are written down for the argument ``name``; None where none are."""
    written = _annotated(annotation)
    if written is None:
        written = next(_mentioned(name, model), None)
    if written is None or not 1 <= len(written) <= 6:
        return None
    axes = tuple(Axis(item, _size(item, model)) for item in written)
    return None if any(axis.size == 0 for axis in axes) else axes


def fitted(part: ArgumentPart, axes: Axes) -> ArgumentPart:
    """The options that have those axes first; one made of them where none has."""
    known = part.options or (part.now,)
    alike = [option for option in known if len(option.shape) == len(axes)]
    if not alike:
        width = known[0].shape[-1] if len(known[0].shape) > 1 else None
        alike = [Option(usual(axes, width), known[0].dtype, known[0].why)]
    first = [_sized(option, axes) for option in alike]
    rest = [option for option in known if option not in first]
    return ArgumentPart(first[0], (*first, *rest), 0, part.path)


def _sized(option: Option, axes: Axes) -> Option:
    pairs = zip(option.shape, axes, strict=True)
    shape = tuple(own if axis.size is None else axis.size for own, axis in pairs)
    shape = steps_first(axes, shape)
    return option if shape == option.shape else Option(shape, option.dtype, "its shape is written")


def _annotated(annotation: Any) -> list[str] | None:
    """The sizes of an annotation such as ``Float[Tensor, "batch 3 height width"]``."""
    text = getattr(annotation, "dim_str", None)
    if not isinstance(text, str):
        found = _SPACED.search(annotation) if isinstance(annotation, str) else None
        text = found[1] if found is not None else None
    if text is None or "..." in text:
        return None
    return re.split(r"[\s,]+", text.strip())


def _mentioned(name: str, model: nn.Module) -> Iterator[list[str]]:
    """Lists of sizes that stand behind the name of an argument."""
    pattern = re.compile(
        rf"(?<![\w.]){re.escape(name)}(?![\w.(\[=])(?:\s*\([^()\n]*\))?[^\n(\[]{{0,60}}?{_LISTED}"
    )
    for text in _texts(model):
        for match in pattern.finditer(text):
            items = [item.strip() for item in match[1].split(",")]
            if not any(item.lower().rpartition(".")[2] in _NO_SIZES for item in items):
                yield items


def _texts(model: nn.Module) -> Iterator[str]:
    """The docstrings of forward and class, and the comments of the forward."""
    entry = entry_of(model)
    if str(getattr(entry, "__module__", None)).partition(".")[0] in ("torch", "None"):
        return
    yield inspect.getdoc(entry) or ""
    yield type(model).__doc__ or ""
    try:
        lines = inspect.getsource(entry).splitlines()
    except (OSError, TypeError):
        return
    yield "\n".join(line.partition("#")[2] for line in lines if "#" in line)


def _size(item: str, model: nn.Module) -> int | None:
    if re.fullmatch(r"\d+", item):
        return int(item)
    value = vars(model).get(item.removeprefix("self."))
    plain = isinstance(value, int) and not isinstance(value, bool) and value > 1
    return value if plain else None


def parts_of(annotation: Any, several: int) -> Sequence[str] | None:
    """The parts of an argument that its annotation says is a container; None where it is none.

    ``[0]`` and ``[1]`` for a pair of tensors, ``several`` of them for a list, ``.name`` for each
    field of a dataclass or named tuple without a value of its own, nothing for a dict.
    """
    is_class = isinstance(annotation, type)
    if is_class and (hasattr(annotation, "__dataclass_fields__") or hasattr(annotation, "_fields")):
        missing = inspect.Parameter.empty
        signature = inspect.signature(annotation).parameters.values()
        return [f".{one.name}" for one in signature if one.default is missing]
    text = re.sub(r"\b(?:typing|torch|collections\.abc)\.", "", _text(annotation))
    found = re.match(
        r"(?:Optional\[)?(List|Sequence|Iterable|Tuple|Dict|Mapping)\b(.*)", text, re.I
    )
    if found is None:
        return None
    kind, inside = found[1].lower(), found[2]
    if kind in ("dict", "mapping"):
        return []
    count = inside.count("Tensor") if kind == "tuple" and "..." not in inside else several
    return [f"[{place}]" for place in range(count)] if "Tensor" in inside and count else None


def packed(name: str, part: ArgumentPart) -> dict[str, ArgumentPart]:
    """The parts of a packed sequence of one sample, whose steps are as ``part`` is."""
    now = part.now
    steps = replace(now, shape=(SEQUENCE, *now.shape[-1:] * ("int" not in now.dtype)))
    why = "one sample has each step"
    sizes = Option((SEQUENCE,), "int64", why, filled=1)
    return {
        f"{name}.data": ArgumentPart(steps, (steps,), path=part.path),
        f"{name}.batch_sizes": ArgumentPart(sizes, (sizes,), certain=True),
    }


def _text(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else repr(annotation)
