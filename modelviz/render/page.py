"""A model as one HTML page that needs nothing else: the viewer, or without scripts a picture."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any

from ..viewer import bundle
from .text import with_controls

# Nothing is fetched, and no script runs but the viewer, whose hash is given: not even one that
# found its way into a name.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}' 'wasm-unsafe-eval' blob:; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
html {{ color-scheme: light dark; height: 100%; }}
body {{ margin: 0; height: 100%; }}
#modelviz {{ height: 100%; }}
noscript svg {{ max-width: 100%; height: auto; }}
</style>
</head>
<body>
<div id="modelviz"></div>
<noscript>{static}</noscript>
<script type="application/json" id="modelviz-document">{document}</script>
<script type="application/json" id="modelviz-options">{options}</script>
<script type="module">{bundle}</script>
</body>
</html>
"""


CODE_PLACE = "/* the code of the viewer */"
"""What stands in a page in the place of ``page_code``, where that comes from elsewhere."""


@cache
def page_code() -> str:
    """The viewer's JavaScript as it stands in a page: nothing in it ends its element early."""
    return bundle().replace("</script", "<\\/script")


@cache
def code_digest() -> str:
    """The hash of the code, in base 64: what a page allows to run."""
    return b64encode(sha256(page_code().encode()).digest()).decode()


def to_html(
    document: Mapping[str, Any],
    options: Mapping[str, Any],
    static: str,
    title: str,
    *,
    whole: bool = True,
) -> str:
    """The page of a document, opened with the viewer's options.

    ``static`` is what a browser without scripts shows: an SVG element, or escaped text. Unless it
    is to be ``whole``, ``CODE_PLACE`` stands where the viewer's code belongs.
    """
    shown = with_controls(title.encode("utf-8", "replace").decode())
    return _PAGE.format(
        policy=escape(_POLICY.format(digest=code_digest())),
        title=escape(shown),
        static=static,
        document=script_json(document),
        options=script_json(options),
        bundle=page_code() if whole else CODE_PLACE,
    )


def script_json(value: Any) -> str:
    """JSON that can stand in a script element: no character in it ends the element early."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
