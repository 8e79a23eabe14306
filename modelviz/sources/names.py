"""Finding a name among many."""

from __future__ import annotations

from collections.abc import Sequence

from ..unknown import alike

_MOST = 5
"""Names that are offered for a wrong one."""


def search(names: Sequence[str], query: str, limit: int) -> list[str]:
    """The names that contain each word of ``query``, best match first, at most ``limit``."""
    words = query.lower().split()
    if not words:
        return list(names[:limit])
    whole = "".join(words)

    def rank(name: str) -> tuple[bool, bool, int, str]:
        low = name.lower()
        return (low != whole, not low.startswith(words[0]), len(name), name)

    found = [name for name in names if all(word in name.lower() for word in words)]
    return sorted(found, key=rank)[:limit]


def close_matches(name: str, names: Sequence[str]) -> list[str]:
    """Names that were perhaps meant by ``name``, likeliest first."""
    return alike(name, names, _MOST) or search(names, name, _MOST)
