"""What each tool does to get from a model to a PNG file, as its own documentation says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import modelviz
from modelviz.diagram import DEFAULT_DPI

from ..zoo import Sample

GRAPHVIZ_DPI = 96.0
"""What Graphviz makes of a PNG that nobody gave a resolution."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture in a file, the nodes and edges that it has, and its resolution."""

    path: Path
    nodes: int
    edges: int
    dpi: float = GRAPHVIZ_DPI


Tool = Callable[[Sample, Path], Drawn]


def draw_modelviz(sample: Sample, target: Path) -> Drawn:
    """``modelviz.draw`` without options, saved as PNG."""
    diagram = modelviz.draw(sample.module, **sample.trace_arguments())
    path = diagram.save(target)
    return Drawn(path, diagram.view.size, len(diagram.view.edges), DEFAULT_DPI)


def draw_torchview(sample: Sample, target: Path) -> Drawn:
    """``torchview.draw_graph`` without options, rendered by the machine's Graphviz."""
    import torchview

    given = sample.trace_arguments()
    graph = torchview.draw_graph(sample.module, device="cpu", **given).visual_graph
    graph.render(outfile=str(target), cleanup=True)
    return _counted(target, graph.source)


def draw_torchlens(sample: Sample, target: Path, **options: Any) -> Drawn:
    """``torchlens.trace`` and ``draw(fold_repeats=True)``, rendered by the machine's Graphviz."""
    import torchlens

    trace = torchlens.trace(sample.module, list(sample.args), dict(sample.kwargs))
    source = trace.draw(
        fold_repeats=True,
        vis_save_only=True,
        vis_fileformat=target.suffix[1:],
        vis_outpath=str(target.with_suffix("")),
        **options,
    )
    return _counted(target, source)


def draw_torchlens_collapsed(sample: Sample, target: Path) -> Drawn:
    """The same with ``collapse="auto"``, which closes modules until the picture is readable."""
    return draw_torchlens(sample, target, collapse="auto")


TOOLS: dict[str, Tool] = {
    "torchlens": draw_torchlens,
    "torchlens-collapsed": draw_torchlens_collapsed,
    "torchview": draw_torchview,
    "modelviz": draw_modelviz,
}


@contextmanager
def tidy(tool: str) -> Iterator[None]:
    """Afterwards torch is as it was: torchlens leaves wrappers that slow down everything else."""
    try:
        yield
    finally:
        if tool.startswith("torchlens"):
            from torchlens.backends.torch.wrappers import unwrap_torch

            unwrap_torch()


def _counted(path: Path, source: Any) -> Drawn:
    import pygraphviz

    graph = pygraphviz.AGraph().from_string(str(source))
    return Drawn(path, graph.number_of_nodes(), graph.number_of_edges())
