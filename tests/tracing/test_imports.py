"""What a Python module does that a forward is the first to import is no part of the forward."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import check, trace

SOURCE = """
import torch
from torch import nn

TABLE = torch.arange(12.0).view(3, 4).softmax(-1) @ torch.ones(4, 4)
HEAD = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
HEAD(TABLE)

def scale():
    return TABLE.sum()
"""
NAMES = ("imported_plainly", "imported_package", "imported_package.inner")


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "imported_plainly.py").write_text(SOURCE)
    package = tmp_path / "imported_package"
    package.mkdir()
    (package / "__init__.py").write_text("from .inner import TABLE, scale")
    (package / "inner.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in NAMES:
        sys.modules.pop(name, None)


class Importing(nn.Module):
    """Imports what it needs where it needs it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.name = name

    def forward(self, x: Any) -> Any:
        if self.name == "imported_plainly":
            import imported_plainly as module
        else:
            import imported_package as module
        return self.linear(x) * module.TABLE[0] + module.scale()


@pytest.mark.parametrize("execution", ["fake", "real", "auto"])
@pytest.mark.parametrize("name", NAMES[:2])
def test_an_import_is_no_op(name: str, execution: Any) -> None:
    finders, model = list(sys.meta_path), Importing(name)
    first = trace(model, (2, 4), execution=execution)
    assert [op.name for op in first.ops] == ["linear", "getitem", "mul", "sum", "add"]
    assert len(first.calls) == 2 and first.findings == ()
    assert trace(model, (2, 4), execution=execution).to_json() == first.to_json()
    # What it made has data, and is kept as it would be after any forward.
    table = sys.modules[name].TABLE
    assert type(table) is torch.Tensor and torch.isfinite(table).all()
    assert sys.meta_path == finders
    loader = sys.modules[name].__spec__.loader
    assert "exec_module" not in vars(loader)
    assert torch.isfinite(model(torch.rand(2, 4))).all()


def test_an_import_that_fails_fails_as_it_would(tmp_path: Path) -> None:
    (tmp_path / "imported_plainly.py").write_text("import torch\ntorch.ones(2) @ torch.ones(3)\n")

    class Trying(Importing):
        def forward(self, x: Any) -> Any:
            try:
                return super().forward(x)
            except RuntimeError:
                return self.linear(x)

    for _ in range(2):
        graph = trace(Trying("imported_plainly"), (2, 4))
        assert [op.name for op in graph.ops] == ["linear"]
        assert "imported_plainly" not in sys.modules


def test_a_check_of_it_says_nothing() -> None:
    assert check(Importing("imported_plainly"), (2, 4)).findings == ()
