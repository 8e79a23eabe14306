"""What is asked of a graph needs no PyTorch, which takes seconds to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

import modelviz

ROOT = Path(__file__).parents[1]
CODE = """
import sys
import modelviz
from modelviz.view.making import document_of
from modelviz.view.marks import finding_marks
from modelviz.view.options import view_options

sys.path.insert(0, sys.argv[2])
import main, parts.server  # the app, with all of its pages

graph = modelviz.load(sys.argv[1])
modelviz.summary(graph, verbose=0, depth=None).to_pandas()
report = modelviz.check(graph)
document_of(graph, view_options(None), finding_marks(report)).to_dict()
str(modelviz.diff(graph, graph)), modelviz.draw(graph).source
sys.exit("torch" in sys.modules)
"""


def test_a_graph_is_shown_without_torch(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    file = modelviz.trace(model, input_data=torch.zeros(2, 4)).save(tmp_path / "graph.json")
    command = [sys.executable, "-c", CODE, str(file), str(ROOT / "app")]
    assert subprocess.run(command, cwd=ROOT).returncode == 0
