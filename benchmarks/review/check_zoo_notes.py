"""Why each kind of finding that ``check`` has on models of libraries stands."""

from __future__ import annotations

NOTES: dict[tuple[str, str], str] = {}
