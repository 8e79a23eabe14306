"""``modelviz demo``: the gallery traced, summed up and drawn, to see what modelviz does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import gallery
from .drawing import draw
from .errors import OutputError
from .progress import progress
from .sources import resolve
from .table.summary import summary
from .tracing import trace

SUFFIXES = (".svg", ".png")


def run(folder: Path) -> list[dict[str, Any]]:
    """Print a summary of each model in the gallery, and draw each into ``folder``.

    What is shown comes back as JSON-ready data: name, title, summary, and the paths of pictures.
    """
    _make(folder)
    shown = []
    for name in gallery.NAMES:
        print(f"{name}: {gallery.title(name)}\n")
        with progress(f"Tracing {name}"):
            source = resolve(name)
            graph = trace(source.model, input_data=source.inputs, mode="eval")
        table = summary(graph, verbose=1)
        with progress(f"Drawing {name}"):
            diagram = draw(graph)
            pictures = [diagram.save(folder / f"{name}{suffix}") for suffix in SUFFIXES]
        print(f"Drawn: {'  '.join(map(str, pictures))}\n")
        about = {"name": name, "title": gallery.title(name), "summary": table.to_dict()}
        shown.append({**about, "pictures": [str(picture) for picture in pictures]})
    print(f"{len(gallery.NAMES)} models, drawn in {folder}.")
    print(f"Their scripts, to read and to change: {gallery.script('*')}")
    print("Yours next: modelviz summary file.py:YourModel --input-size 1,3,224,224")
    return shown


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {str(folder)!r}: {error.strerror}") from error
