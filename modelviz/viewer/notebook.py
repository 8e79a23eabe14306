"""The viewer in a notebook cell: a picture that scripts, where they run, make interactive.

The viewer's code is in one cell of a notebook; the others find it there. Neither a kernel nor a
widget's state is needed: a saved notebook, and a page made of it, show what was shown.
"""

from __future__ import annotations

import gzip
from base64 import b64encode
from hashlib import sha256
from html import escape

from ..render.page import CODE_PLACE, code_digest, page_code
from .carrier import carries_code

HEIGHT = 600
"""Pixels; the reader can drag the frame to another height."""

_CELL = """\
<div data-modelviz="{key}" data-page="{page}"{code}>
<img src="data:image/svg+xml;base64,{svg}" alt="{title}" style="max-width: 100%">
</div>
<script>{script}</script>
"""

# The page is in a frame of its own: its keys and styles and those of the notebook stay apart, and
# it can reach nothing of the notebook. Where a cell was copied both are found, each once. The code
# is waited for: a notebook may show its cells in any order. Each version has code of its own.
_SCRIPT = """\
(async () => {
  const known = globalThis.modelvizCode ??= new Map();
  if (!known.has("%(digest)s")) {
    const entry = {};
    entry.code = new Promise((give) => entry.give = give);
    known.set("%(digest)s", entry);
  }
  const {code, give} = known.get("%(digest)s");
  const unpacked = (text) => {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  for (const box of document.querySelectorAll('[data-modelviz="%(key)s"]:not([data-done])')) {
    box.dataset.done = "";
    if (box.dataset.code) give(await unpacked(box.dataset.code));
    const parts = (await unpacked(box.dataset.page)).split("%(place)s");
    const page = parts.join(await code);
    const frame = document.createElement("iframe");
    const tellTheme = () => {
      let colour = "", element = box;
      while (element && (!colour || /^(transparent|rgba\\(.*, 0\\))$/.test(colour))) {
        colour = getComputedStyle(element).backgroundColor;
        element = element.parentElement;
      }
      const [red, green, blue] = (colour.match(/[\\d.]+/g) || [255, 255, 255]).map(Number);
      const dark = 0.299 * red + 0.587 * green + 0.114 * blue < 128;
      frame.contentWindow?.postMessage({modelvizTheme: dark ? "dark" : "light"}, "*");
    };
    frame.title = "Diagram";
    frame.setAttribute("sandbox", "allow-scripts allow-downloads");
    frame.setAttribute("allow", "clipboard-write");
    frame.style.cssText = "display: block; width: 100%%; height: %(height)dpx; border: 0; " +
      "resize: vertical; overflow: hidden";
    frame.addEventListener("load", tellTheme);
    new MutationObserver(tellTheme).observe(document.body, {attributes: true});
    frame.srcdoc = page;
    box.replaceChildren(frame);
  }
})();
"""


def notebook_html(page: str, svg: str, title: str) -> str:
    """The element that shows the SVG, and then the page in a frame in its place.

    ``page`` has ``CODE_PLACE`` where the viewer's code belongs.
    """
    key = sha256(page.encode()).hexdigest()[:16]
    digest = code_digest()
    script = {"key": key, "height": HEIGHT, "digest": digest, "place": CODE_PLACE}
    return _CELL.format(
        key=key,
        page=_packed(page),
        code=f' data-code="{_packed(page_code())}"' if carries_code() else "",
        svg=b64encode(svg.encode()).decode(),
        title=escape(title),
        script=_SCRIPT % script,
    )


def _packed(text: str) -> str:
    return b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()
