"""A notebook of twelve figures: how large its file is, and what is alive where.

``python -m benchmarks.notebook`` runs the notebook in a real kernel, with one copy of the viewer's
code and, as before, with one in each figure; converts it to static HTML; and opens that in
headless Chromium. ``--keep FOLDER`` leaves the files there. Needs Chromium, and
``pip install '.[test,bench]'``.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from tests.browser.browsers import chromium

from .report import table, write_section

MODELS = (
    "residual_cnn",
    "transformer",
    "gpt",
    "lstm_tagger",
    "mixture_of_experts",
    "softmax_net",
)
FIGURES = 12
SETUP = "import modelviz\nfrom modelviz.sources import resolve"
EVERY = "from modelviz.viewer import notebook\nnotebook.carries_code = lambda: True"
CELL = """source = resolve({name!r})
modelviz.draw(source.model, input_data=source.inputs, {options})"""
ALIVE = """() => [...document.querySelectorAll("iframe")].length"""


def notebook(setup: str) -> Any:
    """Twelve figures of six models, each at its first depth and at another."""
    v4 = nbformat.v4
    cells = [v4.new_code_cell(setup)]
    for place in range(FIGURES):
        options = "" if place < len(MODELS) else "depth=1"
        name = MODELS[place % len(MODELS)]
        cells.append(v4.new_code_cell(CELL.format(name=name, options=options)))
    return v4.new_notebook(cells=cells)


def executed(setup: str, file: Path) -> Any:
    """The notebook, run by this Python's kernel and saved."""
    made = notebook(setup)
    NotebookClient(made, kernel_name="python3", timeout=300).execute()
    nbformat.write(made, file)
    return made


def code_copies(text: str) -> int:
    """How many outputs hold the viewer's code."""
    return text.count("data-code=")


def alive(file: Path) -> int:
    """How many figures of a page are viewers in Chromium, each with a picture drawn."""
    with chromium() as browser:
        page = browser.new_page()
        page.goto(file.as_uri())
        frames = page.locator("iframe[title=Diagram]")
        frames.nth(FIGURES - 1).wait_for()
        for place in range(frames.count()):
            frames.nth(place).content_frame.locator(".mv-picture").wait_for(timeout=120_000)
        return frames.count()


def megabytes(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:.2f} MB"


@contextlib.contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory() as made:
            yield Path(made)
    else:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a folder for the files")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    given = parser.parse_args()
    rows = []
    with folder(given.keep) as place:
        for name, setup in (("before", f"{SETUP}\n{EVERY}"), ("now", SETUP)):
            file = place / f"{name}.ipynb"
            made = executed(setup, file)
            page = place / f"{name}.html"
            page.write_text(HTMLExporter(embed_images=True).from_notebook_node(made)[0], "utf-8")
            outputs = [
                output.data for cell in made.cells for output in cell.outputs if "data" in output
            ]
            pictures = sum("image/svg+xml" in data for data in outputs)
            copies = str(code_copies(file.read_text("utf-8")))
            shown = f"{alive(page)} of {FIGURES}"
            rows.append([name, megabytes(file), copies, str(pictures), megabytes(page), shown])
    head = ("", "notebook", "copies of the code", "pictures (SVG)", "as static HTML", "alive there")
    text = table(head, rows)
    print(text)
    if given.write:
        write_section("notebook", text)


if __name__ == "__main__":
    main()
