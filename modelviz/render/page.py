"""A picture as one HTML page that needs nothing else: no script, no network."""

from __future__ import annotations

from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; background: {background}; display: flex; justify-content: center; }}
svg {{ max-width: 100%; height: auto; }}
</style>
</head>
<body>
{svg}</body>
</html>
"""


def to_html(svg: str, title: str, background: str) -> str:
    """The page around an SVG document."""
    shown = "".join(
        character if ord(character) >= 32 else chr(0x2400 + ord(character)) for character in title
    )
    return _PAGE.format(title=escape(shown), background=background, svg=svg)
