"""How a picture's style is said to the viewer."""

from __future__ import annotations

from typing import Any

from ..render.style import Style


def viewer_options(style: Style) -> dict[str, Any]:
    """The options of ``mount`` in ``viewer-src/src/ui/mount.ts`` for a style.

    The light theme is what a picture has unless another is asked for: the viewer then follows the
    page around it.
    """
    name = style.theme.name
    return {
        "theme": "auto" if name == "light" else name,
        "direction": style.direction,
        "heat": heat_option(style.color_by),
    }


def heat_option(color_by: str | None) -> str | None:
    """The figure of the document that ``color_by`` of a picture stands for."""
    return "seconds" if color_by == "time" else color_by
