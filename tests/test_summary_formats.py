"""Every format shows names as they are, whatever is in them."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from torch import nn

from modelviz import ModelGraph, check, diff, formulas, plan
from modelviz.table.characters import clean, cut, width
from modelviz.table.columns import COLUMNS
from modelviz.table.summary import Summary, summary
from tests.graphs import GraphBuilder

NASTY = [
    "<script>alert('x')</script>",
    'a"b',
    "a|b",
    "a\\b",
    "a&amp;b",
    "x_1^2~{$%#}",
    "*bold* [link](url) `code`",
    "two\nlines\r\ttab",
    "\x1b[31mred\x1b[0m",
    "=1+1",
    "日本語 ünï 🦙 e\u0301",
    "\u202eright to left",
    " leading and trailing ",
]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = texts.filter(lambda name: name and "." not in name)


def named(class_name: str, name: str, config: str) -> ModelGraph:
    """A graph with a module of these names in it, and another after it."""
    build = GraphBuilder(class_name)
    build.module(name, class_name, config, weights={"weight": (2, 3)})
    build.module("after", "Linear")
    x = build.input(1, 3)
    with build.call("", x) as outputs:
        outputs.append(build.layer("after", build.layer(name, x, flops=12)))
    return build.graph(outputs[0])


def table_of(graph: ModelGraph, **choices: Any) -> Summary:
    columns = ("output_size", "num_params", "config", "path")
    return summary(
        graph, verbose=0, col_names=columns, row_settings=("depth", "var_names"), **choices
    )


def shown(text: str) -> str:
    """The text as a table can show it: on one line, spaces at its ends not told."""
    return clean(text)


# -- text -----------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(names, names, texts)
@example("<b>", "a\nb", "c\x1b[2J")
def test_text_keeps_its_lines_and_columns(class_name: str, name: str, config: str) -> None:
    text = str(table_of(named(class_name, name, config)))
    lines = text.split("\n")
    plain = str(table_of(named("Net", "layer", "config"))).split("\n")
    assert len(lines) >= len(plain)
    assert all(line.isprintable() for line in lines)
    row = lines[4]
    assert row.startswith(f"├─{shown(class_name)} ({shown(name)}): 1-1")
    label = f"├─{shown(class_name)} ({shown(name)}): 1-1"
    head = lines[1]
    place = width(head[: head.index("Output Shape")])
    assert width(row[: row.index("[1, 3]", len(label))]) == place


@settings(max_examples=100, deadline=None)
@given(names, names, texts)
def test_ascii_only_is_ascii(class_name: str, name: str, config: str) -> None:
    graph = named(class_name, name, config)
    table = summary(
        graph,
        verbose=0,
        col_names=("num_params", "config"),
        row_settings=("ascii_only", "var_names"),
    )
    assert str(table).isascii()
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    console.print(table)
    assert console.file.getvalue().isascii()  # type: ignore[attr-defined]


def test_ascii_only_spells_out_folding() -> None:
    model = nn.Sequential(*(nn.Sequential(nn.Linear(2, 2)) for _ in range(3)))
    table = summary(model, (1, 2), verbose=0, row_settings=("depth", "var_names", "ascii_only"))
    assert "+ Sequential (0..2) x 3: 1-1..1-3" in str(table)
    assert "3 x 6" in str(table)
    assert "|    + Linear" in str(table)


def test_a_stream_without_unicode_gets_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    table = summary(nn.Sequential(nn.Linear(2, 2)), (1, 2), verbose=0)
    table.print(stream)
    stream.seek(0)
    assert "+ Linear: 1-1" in stream.read()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_is_printed_suits_the_output(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    results = [
        summary(model, (1, 2), verbose=0),
        check(model, (1, 2)),
        diff(model, nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), (1, 2)),
        plan(model, (1, 2)),
        plan(model, (2, 2)).growth("batch"),
        formulas(model, (1, 2), dims={"input": ("batch", None)}),
    ]
    monkeypatch.setattr(sys, "stdout", stream)
    for result in results:
        print(result)
    stream.seek(0)
    text = stream.read()
    assert "+ Linear: 1-1" in text and "(2 -> 2 -> 2)" in text
    monkeypatch.setattr(sys, "stdout", None)
    results[0].print()  # nowhere to print to
    assert "├─Linear: 1-1" in str(results[0])


@given(texts, st.integers(0, 12))
def test_cutting_never_exceeds_the_width(text: str, size: int) -> None:
    text = clean(text)
    short = cut(text, size, "…")
    assert width(short) <= max(size, 0)
    assert short == text or short.endswith("…") or size == 0


@pytest.mark.parametrize("limit", [20, 40, 60, 80, 100, 140, 250])
def test_a_terminal_is_never_too_narrow(limit: int) -> None:
    table = summary(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sequential(nn.ReLU(), nn.BatchNorm2d(8))),
        (1, 3, 9, 9),
        verbose=0,
        col_names=("output_size", "num_params", "mult_adds", "path", "source"),
    )
    console = Console(file=io.StringIO(), width=limit, color_system=None)
    console.print(table)
    lines = console.file.getvalue().split("\n")  # type: ignore[attr-defined]
    assert all(width(line) <= limit for line in lines)
    # Numbers are whole or absent.
    assert not re.search(r"(?<!\S)[\d.,]+…", "".join(line for line in lines if "Conv2d" in line))
    if limit == 40:
        assert any("Too narrow to show" in line for line in lines)


def test_in_a_terminal_there_is_colour_and_in_a_pipe_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    summary(model, (1, 2))
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.delenv("NO_COLOR", raising=False)
    summary(model, (1, 2))
    out = capsys.readouterr().out
    assert "\x1b[" in out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert "├─Linear: 1-1" in plain
    assert max(len(line) for line in plain.split("\n")) <= 90


# -- HTML -----------------------------------------------------------------------------------------


class Cells(HTMLParser):
    """The text of the cells, and every tag and attribute met."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.titles: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.titles += [value or "" for name, value in attrs if name == "title"]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@settings(max_examples=150, deadline=None)
@given(names, names, texts)
@example(NASTY[0], '"><img src=x onerror=alert(1)>', "'\"&lt;")
def test_html_shows_names_and_runs_nothing(class_name: str, name: str, config: str) -> None:
    html = table_of(named(class_name, name, config))._repr_html_()
    cells = Cells(html)
    row = cells.rows[2]
    assert row[0] == f"{shown(class_name)} {shown(name)} 1-1"
    assert row[3].strip() in (shown(config).strip(), "--")
    assert cells.tags <= set(
        ["div", "style", "table", "thead", "tbody", "tr", "th", "td", "span", "ul", "li"]
    )
    assert any(shown(name) in title for title in cells.titles)


# -- Markdown -------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(names, names, texts)
@example("a|b", "*x*", "[a](b) `c|d` \\| ~~e~~ <i>")
@example("A", "a", "\x1f")
def test_markdown_shows_names_as_they_are(class_name: str, name: str, config: str) -> None:
    text = table_of(named(class_name, name, config)).to_markdown()
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    cells = Cells(html)
    label = f"{shown(class_name)} ({shown(name)}): 1-1"
    assert cells.rows[2][0].split() == label.split()
    assert cells.rows[2][3].split() == (shown(config).split() or ["--"])
    assert cells.tags <= set(["table", "thead", "tbody", "tr", "th", "td", "ul", "li", "p"])


# -- LaTeX ----------------------------------------------------------------------------------------

_COMMANDS = {
    r"\textbackslash{}": "\\",
    r"\textasciicircum{}": "^",
    r"\textasciitilde{}": "~",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\textquotedbl{}": '"',
    r"\textasciigrave{}": "`",
    r"\textquotesingle{}": "'",
    r"$\times$": "×",
    r"\ldots{}": "…",
}


def typeset(latex: str) -> str:
    """What LaTeX prints for text that has only escapes in it."""
    pattern = "|".join(map(re.escape, _COMMANDS)) + r"|\\[{}$&#%_]|\{.\}|[^\\{}$&#%_^~]"
    printed = ""
    place = 0
    while place < len(latex):
        match = re.compile(pattern, re.DOTALL).match(latex, place)
        assert match, f"unescaped: {latex[place:]!r}"
        token = match.group()
        printed += _COMMANDS.get(token, token[1:-1] if token[0] == "{" else token.lstrip("\\"))
        place = match.end()
    return printed


@settings(max_examples=150, deadline=None)
@given(names, names, texts)
@example("\\end{tabular}", "100%", "a & b \\\\ $x_1$ #1 ~ ^")
def test_latex_prints_names_as_they_are(class_name: str, name: str, config: str) -> None:
    lines = table_of(named(class_name, name, config)).to_latex().split("\n")
    assert lines[0] == r"\begin{tabular}{llrll}"
    row = lines[5]
    assert row.startswith(r"\hspace*{1em}") and row.endswith(r" \\")
    label, *cells = re.split(r"(?<!\\) & ", row[len(r"\hspace*{1em}") : -len(r" \\")])
    assert typeset(label) == f"{shown(class_name)} ({shown(name)}): 1-1"
    assert typeset(cells[2]) == (shown(config) if config.strip(" ") else "--")
    assert sum(r"\end{tabular}" in line for line in lines) == 1


def harmless(text: str) -> str:
    """The text as a cell of CSV: an apostrophe before what a spreadsheet would compute."""
    return f"'{text}" if text[:1] in {*"=+-@\t\r\n＝＋－＠"} else text


# -- data -----------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(names, names, texts)
@example("a,b", 'q"q', "l1\nl2\r\n;=1")
def test_csv_and_json_give_back_what_went_in(class_name: str, name: str, config: str) -> None:
    table = table_of(named(class_name, name, config))
    (_, row, _) = csv.DictReader(io.StringIO(table.to_csv(), newline=""))
    written = tuple(map(harmless, (name, class_name, config)))
    assert (row["path"], row["class_name"], row["config"]) == written
    assert (row["num_params"], row["mult_adds"], row["output_size"]) == ("6", "6", "[1, 3]")
    assert json.loads(table.to_json())["rows"] == json.loads(json.dumps(table.to_dict()["rows"]))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_spreadsheet_computes_nothing(text: str) -> None:
    table = table_of(named("Linear", text, text))
    (_, row, _) = csv.DictReader(io.StringIO(table.to_csv(), newline=""))
    assert (row["path"], row["config"], row["num_params"]) == (f"'{text}", f"'{text}", "6")


def test_pandas_has_plain_figures() -> None:
    model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(5)))
    table = summary(model, (2, 4), verbose=0)
    frame = table.to_pandas()
    assert len(frame) == 6
    assert frame["num_params"].sum() == table.total_params
    assert frame["mult_adds"].sum() == table.total_mult_adds
    assert set(COLUMNS) <= set(frame.columns)
    assert list(table.to_pandas(["flops"]).columns)[-1] == "flops"
    assert list(frame.iloc[1]["output_size"]) == [[2, 4]]
    nothing = summary(model, verbose=0, execution="none").to_pandas()
    assert "flops" not in nothing.columns


def test_to_dict_is_ready_for_json_and_has_the_totals() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    data = summary(model, (2, 4), verbose=0).to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["total_params"] == 20
    assert data["total_mult_adds"] == 32
    assert data["peak_activation_bytes"] == 2 * 2 * 4 * 4
    assert [row["class_name"] for row in data["rows"]] == ["Sequential", "Linear", "ReLU"]


@pytest.mark.parametrize("nasty", NASTY)
def test_a_real_model_with_any_name_goes_through_every_format(nasty: str) -> None:
    model = nn.Sequential()
    model.add_module(nasty.replace(".", ""), type(nasty, (nn.Linear,), {})(2, 2))
    table = summary(model, (1, 2), verbose=0, row_settings=("var_names",))
    for text in (str(table), table.to_html(), table.to_markdown(), table.to_latex()):
        assert "Total params" in text
    assert table.to_pandas()["class_name"][1] == nasty
