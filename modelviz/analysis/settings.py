"""The configuration of a layer as settings, by name or by place."""

from __future__ import annotations

import re

_NAMED = re.compile(r"^([A-Za-z_]\w*)\s*=\s*(.+)$", re.DOTALL)


def settings(config: str) -> dict[str, str]:
    """``3, 8, bias=False`` as ``{"0": "3", "1": "8", "bias": "False"}``."""
    found: dict[str, str] = {}
    for place, part in enumerate(split_settings(config)):
        named = _NAMED.match(part)
        if named:
            found[named[1]] = named[2]
        elif part:
            found[str(place)] = part
    return found


def split_settings(config: str) -> list[str]:
    """The parts between commas that are in no brackets."""
    parts, depth, start = [], 0, 0
    for position, sign in enumerate(config):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(0, depth - 1)
        elif sign == "," and depth == 0:
            parts.append(config[start:position].strip())
            start = position + 1
    parts.append(config[start:].strip())
    return parts
