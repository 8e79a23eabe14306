"""One list of formats: whatever offers formats has a new one from a single line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import modelviz
from modelviz import InputError, formats
from modelviz.formats import Format
from tests.graphs import GraphBuilder


def graph() -> modelviz.ModelGraph:
    builder = GraphBuilder()
    builder.module("fc", "Linear", "4, 4", {"weight": (4, 4)})
    x = builder.input(2, 4)
    with builder.call("", x) as outputs:
        outputs.append(builder.layer("fc", x, flops=64))
    return builder.graph(outputs[0])


def test_a_new_picture_format_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = Format("names", "names", "Names", "text/plain", lambda it, dpi: it.view.name)
    monkeypatch.setattr(formats, "PICTURES", (*formats.PICTURES, names))
    monkeypatch.setattr("modelviz.diagram.PICTURES", formats.PICTURES)
    diagram = modelviz.draw(graph())
    assert diagram.save(tmp_path / "net.names").read_text() == "Net"
    with pytest.raises(InputError, match=r"expected one of .*svg.* names"):
        diagram.save(tmp_path / "net.nothing")


@pytest.mark.parametrize("one", formats.PICTURES, ids=lambda one: one.name)
def test_every_picture_format_writes_a_file(one: Format, tmp_path: Path) -> None:
    diagram = modelviz.draw(graph())
    sizes = {
        diagram.save(tmp_path / f"net.{suffix}").stat().st_size
        for suffix in (one.suffix, *one.aliases)
    }
    assert len(sizes) == 1 and min(sizes) > 50
    assert "/" in one.mime and one.title


def test_every_table_format_is_one_of_the_command_line(tmp_path: Path) -> None:
    from modelviz.cli import app

    path = graph().save(tmp_path / "net.json")
    for one in formats.TABLES:
        ran = CliRunner().invoke(app, ["summary", str(path), "--format", one.name])
        assert ran.exit_code == 0 and "Linear" in ran.output, one.name
    ran = CliRunner().invoke(app, ["summary", str(path), "--format", "papyrus"])
    assert ran.exit_code == 2


def test_every_change_format_is_a_method_of_a_diff() -> None:
    found = modelviz.diff(graph(), graph())
    assert all(one.write(found) for one in formats.CHANGES)
