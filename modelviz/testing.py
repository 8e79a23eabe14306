"""For the tests of a project that uses modelviz: an architecture as a golden file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .comparing import diff
from .graph import ModelGraph, load
from .tracing import trace

if TYPE_CHECKING:
    from torch import nn

UPDATE = "MODELVIZ_UPDATE"
"""Set in the environment, as ``pytest --modelviz-update`` does, graphs are written anew."""


def assert_architecture(
    model: nn.Module | ModelGraph,
    path: str | os.PathLike[str],
    input_size: Any = None,
    input_data: Any = None,
    **arguments: Any,
) -> None:
    """Raise AssertionError, with the diff, unless the model is as the graph saved at ``path``.

    The model is traced with the inputs and further arguments of ``modelviz.trace``. With
    ``pytest --modelviz-update`` the graph is written in place of being compared; commit it, and a
    review shows what a change does to the model.
    """
    graph = trace(model, input_size, input_data, **arguments)
    file = Path(path)
    if os.environ.get(UPDATE):
        graph.save(file)
        return
    how = "run pytest --modelviz-update to write it anew"
    if not file.exists():
        raise AssertionError(f"there is no saved architecture at {str(file)!r}: {how}")
    found = diff(load(file), graph)
    if found:
        raise AssertionError(f"the model is not as saved at {str(file)!r}:\n{found}\n{how}")
