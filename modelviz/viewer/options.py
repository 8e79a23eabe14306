"""How a picture's style is said to the viewer."""

from __future__ import annotations

from typing import Any

from ..render.style import Style

_HEAT = {"time": "seconds"}


def viewer_options(style: Style) -> dict[str, Any]:
    """The options of ``mount`` in ``viewer-src/src/ui/mount.ts`` for a style.

    The light theme is what a picture has unless another is asked for: the viewer then follows the
    page around it.
    """
    name = style.theme.name
    heat = style.color_by
    return {
        "theme": "auto" if name == "light" else name,
        "direction": style.direction,
        "heat": None if heat is None else _HEAT.get(heat, heat),
    }
