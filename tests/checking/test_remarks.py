"""Remarks in the source: on any line of a statement, and on the line that uses what is hidden."""

from __future__ import annotations

import linecache
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import modelviz
from modelviz.checking.settings import _statement, is_ignored
from modelviz.graph import Finding


def twice(function: Any) -> Any:
    return function


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(8, 4)
        self.hidden = [nn.Linear(4, 4)]

    @twice
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.dropout(
            self.net(x),
            p=0.1,
        )  # modelviz: ignore[MV302]
        x = torch.log(  # modelviz: ignore[log-of-softmax]
            F.softmax(
                x,
                dim=-1,
            )
        )
        return self.hidden[0](x)  # modelviz: ignore


def test_a_remark_on_any_line_of_the_statement_counts() -> None:
    assert not modelviz.check(Net(), (2, 8), ignore="MV5").findings


def test_the_head_of_a_loop_is_a_statement_without_its_body() -> None:
    source = "for i in (\n    1,\n):\n    x = f(\n        i\n    )\n"
    lines = tuple(source.splitlines(keepends=True))
    assert _statement(lines, 1) == _statement(lines, 3) == (1, 3)
    assert _statement(lines, 5) == (4, 6)
    assert _statement(("not python",), 1) == (1, 1)


def test_a_misspelt_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.modelviz]\nignroe = ["MV4"]\n')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(modelviz.InputError, match="'ignroe': expected select and ignore"):
        modelviz.check(nn.Linear(2, 2), (1, 2))


def test_a_branch_that_reads_what_another_leaves_out() -> None:
    class Selective(nn.Module):
        def __init__(self, other: int) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 4, 3, 2, 1)
            self.other = nn.Conv2d(3, 4, 3, 2, other, dilation=other)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.one(x)) + torch.sigmoid(self.other(x))

    (found,) = modelviz.check(Selective(2), (2, 3, 16, 16), select="MV206").findings[:1]
    assert found.level == "info" and "dilation" in found.message


def test_a_layer_that_is_made_and_not_used_is_no_layer_made_in_the_forward() -> None:
    class Swapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            new = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
            new[0] = self.inner
            return new[0](x)

    assert not modelviz.check(Swapped(), (2, 4), select="MV107").findings


def test_remarks_count_in_the_cells_of_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = "<ipython-input-3-abc>"
    lines = ["def f(x):\n", "    return g(\n", "        x\n", "    )  # modelviz: ignore[MV302]\n"]
    monkeypatch.setitem(linecache.cache, cell, (0, None, lines, cell))
    found = Finding("MV302", "error", "", None, None, "<cell 3>", 2, None)
    assert is_ignored(found)
    assert not is_ignored(replace(found, code="MV401"))
