"""The example notebook runs in a real kernel, and what it shows stays in the file."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from nbclient import NotebookClient

from modelviz.viewer import bundle

NOTEBOOK = Path(__file__).parents[1] / "examples" / "first_look.ipynb"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a kernel that this Python runs, whatever kernels the machine has."""
    folder = tmp_path / "kernels" / "this_python"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "This Python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return folder.name


@pytest.mark.slow
def test_a_notebook_has_the_code_of_the_viewer_once(kernel: str, tmp_path: Path) -> None:
    v4 = nbformat.v4
    first = "import modelviz\nfrom torch import nn\nnet = nn.Sequential(nn.Linear(4, 4), nn.ReLU())"
    figures = [f"modelviz.draw(net, ({size}, 4))" for size in (2, 3, 4)]
    made = v4.new_notebook(cells=[v4.new_code_cell(code) for code in (first, *figures)])
    _executed(made, kernel)
    nbformat.write(made, tmp_path / "made.ipynb")
    shown = [_shown(cell) for cell in made.cells[1:]]
    assert ["data-code=" in data["text/html"] for data in shown] == [True, False, False]
    for data in shown:
        _assert_svg(data["image/svg+xml"], "Linear")
    figure = max(len(json.dumps(data)) for data in shown[1:])
    assert figure < 50_000
    assert (tmp_path / "made.ipynb").stat().st_size < len(bundle()) + 3 * 50_000


def _executed(notebook: Any, kernel: str) -> list[Any]:
    """The code cells of the notebook, run by the kernel."""
    NotebookClient(notebook, kernel_name=kernel, timeout=120).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _shown(cell: Any) -> dict[str, str]:
    (result,) = [output for output in cell.outputs if output.output_type == "execute_result"]
    return dict(result.data)


def _assert_svg(svg: str, *texts: str) -> None:
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    content = "".join(root.itertext())
    for text in texts:
        assert text in content


def test_the_example_notebook(kernel: str) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells), "committed without outputs"
    notebook.cells.append(
        nbformat.v4.new_code_cell(
            "g = modelviz.trace(Net(), (1, 3, 32, 32))\n"
            "print(g.modules[0].file, g.modules[0].line)\n"
            "print({op.line for op in g.ops if op.name == 'relu'})\n"
            "class Later(Net):\n"
            "    def forward(self, x):\n"
            "        return super().forward(x @ x)\n"
            "modelviz.trace(Later(), (1, 3, 32, 31), execution='real')"
        )
    )
    notebook.cells[-1].metadata.tags = ["raises-exception"]
    definition, table, picture, failure, more = _executed(notebook, kernel)
    assert definition.outputs == []

    shown = _shown(table)
    # 448 of the stem, 4 × (32 + 2,320) of the blocks, 170 of the head.
    assert "Total params: 10,026" in shown["text/plain"]
    assert "10,026" in shown["text/html"] and "<table" in shown["text/html"]
    assert len(table.outputs) == 1, "the table is shown once, not printed as well"

    shown = _shown(picture)
    _assert_svg(shown["image/svg+xml"], "Net", "Block")
    html = shown["text/html"]
    static = re.search(r'<img src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert static is not None, "where no script runs, the picture is there"
    assert base64.b64decode(static.group(1)).decode() == shown["image/svg+xml"]
    assert "data-page=" in html and "<script>" in html

    printed, result = failure.outputs
    first, place, *explained, hint = printed.text.rstrip("\n").split("\n")
    assert any("in_channels=1" in line for line in explained)
    assert "stem (Conv2d)" in first and "[1, 1, 32, 32]" in first
    lines = notebook.cells[1].source.split("\n")
    at = 1 + next(i for i, line in enumerate(lines) if "self.blocks(self.stem(x))" in line)
    assert place == f"  at cell 1, line {at}: {lines[at - 1].strip()}"
    assert ".graph" in hint
    _assert_svg(result.data["image/svg+xml"], "RuntimeError in stem", "not reached")

    forward = 1 + max(i for i, line in enumerate(lines) if "def forward" in line)
    relu = 1 + next(i for i, line in enumerate(lines) if ".relu()" in line)
    printed, error = more.outputs
    assert printed.text == f"<cell 1> {forward}\n{{{relu}}}\n"
    assert error.ename == "TraceError"
    assert f"at cell {more.execution_count}, line 6" in error.evalue
