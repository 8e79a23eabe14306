"""Ready text for nodes and edges: configuration in short, names, contents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

MAX_NAME = 120
"""Most characters of a line in a picture, so that none is wider than a page for one name."""
MAX_DETAIL = 44
"""Most characters of a configuration that a node shows; the rest is in its tooltip."""

_DEFAULTS = {
    "stride": 1,
    "dilation": 1,
    "groups": 1,
    "padding": None,
    "output_padding": None,
    "padding_mode": None,
    "bias": None,
    "eps": None,
    "momentum": None,
    "affine": None,
    "elementwise_affine": None,
    "track_running_stats": None,
    "inplace": None,
    "ceil_mode": None,
    "device": None,
    "dtype": None,
    "batch_first": None,
    "padding_idx": None,
    "count_include_pad": None,
    "approximate": None,
}
"""Settings that a short text leaves out: always (None), or at this value."""

# Python reads no number of thousands of digits, which no layer's size has.
_SIZES = re.compile(r"\(?\s*(\d{1,18}(?:\s*,\s*\d{1,18})*)\s*,?\s*\)?")
_SETTING = re.compile(r"^([A-Za-z_]\w*)\s*=\s*(.+)$", re.DOTALL)


@lru_cache(4096)
def short_config(config: str) -> str:
    """The configuration of a layer in a few words: ``3×3, 64 → 128, stride 2``.

    Text that is not a list of settings comes back as it is, cut at ``MAX_DETAIL`` characters.
    """
    parts = _split(config.strip())
    found = [match for part in parts if (match := _SETTING.match(part))]
    settings: dict[str, str] = {match[1]: match[2] for match in found}
    numbers = [part for part in parts if not _SETTING.match(part)]
    words: list[str] = []
    if "kernel_size" in settings:
        words.append(_kernel(settings.pop("kernel_size")))
    widths = _widths(settings)
    if widths:
        words.append(widths)
    elif len(numbers) == 2 and all(part.isdigit() for part in numbers) and "eps" not in settings:
        words.append(" → ".join(numbers))
    else:
        words += [_tuple(part) for part in numbers]
    # What is merely on comes first: it is short, and tells more than a number does.
    for name, value in sorted(settings.items(), key=lambda setting: setting[1] != "True"):
        if name in _DEFAULTS and (_DEFAULTS[name] is None or _same(value, _DEFAULTS[name])):
            continue
        words.append(_setting(name, value))
    return _listed([word for word in words if word], MAX_DETAIL)


def cut(text: str, size: int) -> str:
    """The text on one line, cut with an ellipsis when it is longer than ``size`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= size else line[: size - 1].rstrip(" ,") + "…"


def name_range(names: Sequence[str]) -> str:
    """The names of folded copies: ``0 – 11``, or ``layer1 – layer4``."""
    return names[0] if len(names) == 1 or names[0] == names[-1] else f"{names[0]} – {names[-1]}"


def contents_text(titles: Iterable[str]) -> tuple[str, ...]:
    """What several things are, most frequent first: ``Conv2d × 12``, ``ReLU × 11``, ``add``."""
    counts: dict[str, int] = {}
    for title in titles:
        counts[title] = counts.get(title, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return tuple(title if count == 1 else f"{title} × {count}" for title, count in ordered)


def _setting(name: str, value: str) -> str:
    """A setting as it is said: ``stride 2``, ``2 layers`` of num_layers, ``bidirectional``."""
    words = name.replace("_", " ").strip()
    if value == "True":
        return words
    sizes = _numbers(value)
    if words.startswith("num ") and sizes is not None and len(sizes) == 1 and sizes[0] != 1:
        return f"{sizes[0]} {words.removeprefix('num ')}"
    return f"{words} {_tuple(value)}"


def _listed(words: Sequence[str], size: int) -> str:
    """Words one after the other, as many whole ones as are no longer together than ``size``."""
    whole = ", ".join(words)
    for count in range(len(words), 1, -1):
        if len(whole) <= size:
            break
        whole = ", ".join((*words[: count - 1], "…"))
    return cut(whole, size)


def _split(config: str) -> list[str]:
    """The settings of a configuration: split at commas outside brackets and quotes."""
    parts, depth, current, quote = [], 0, "", ""
    for character in config:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
            continue
        current += character
    return [part for part in (*parts, current.strip()) if part]


def _widths(settings: dict[str, str]) -> str:
    """What goes in and what comes out, taken out of the settings: ``64 → 128``."""
    for before, after in (
        ("in_features", "out_features"),
        ("in_channels", "out_channels"),
        ("input_size", "hidden_size"),
    ):
        if before in settings and after in settings:
            return f"{settings.pop(before)} → {settings.pop(after)}"
    return ""


def _kernel(value: str) -> str:
    sizes = _numbers(value)
    if sizes is None or len(sizes) == 1:
        return f"kernel {_tuple(value)}"
    return "×".join(str(size) for size in sizes)


def _tuple(value: str) -> str:
    sizes = _numbers(value)
    if sizes is not None and len(set(sizes)) == 1:
        return str(sizes[0])
    return value


def _same(value: str, default: int | None) -> bool:
    sizes = _numbers(value)
    return sizes is not None and set(sizes) == {default}


def _numbers(value: str) -> list[int] | None:
    match = _SIZES.fullmatch(value)
    return [int(part) for part in match.group(1).split(",")] if match else None
