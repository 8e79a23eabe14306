"""The viewer in a notebook cell: a picture that scripts, where they run, make interactive."""

from __future__ import annotations

import gzip
from base64 import b64encode
from hashlib import sha256
from html import escape

HEIGHT = 600
"""Pixels; the reader can drag the frame to another height."""

_CELL = """\
<div data-modelviz="{key}" data-page="{page}">
<img src="data:image/svg+xml;base64,{svg}" alt="{title}" style="max-width: 100%">
</div>
<script>{script}</script>
"""

# The page is in a frame of its own: its keys and styles and those of the notebook stay apart, and
# it can reach nothing of the notebook. Where a cell was copied both are found, each once.
_SCRIPT = """\
(async () => {
  for (const box of document.querySelectorAll('[data-modelviz="%(key)s"]:not([data-done])')) {
    box.dataset.done = "";
    const packed = Uint8Array.from(atob(box.dataset.page), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
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
    frame.srcdoc = await new Response(stream).text();
    box.replaceChildren(frame);
  }
})();
"""


def notebook_html(page: str, svg: str, title: str) -> str:
    """The element that shows the SVG, and then the page in a frame in its place."""
    packed = b64encode(gzip.compress(page.encode(), 6, mtime=0)).decode()
    key = sha256(page.encode()).hexdigest()[:16]
    return _CELL.format(
        key=key,
        page=packed,
        svg=b64encode(svg.encode()).decode(),
        title=escape(title),
        script=_SCRIPT % {"key": key, "height": HEIGHT},
    )
