"""The server for assistants, asked by the client of the ``mcp`` package."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from mcp import Client, StdioServerParameters

from modelviz.assistants.server import make
from modelviz.cli import FOR_ASSISTANTS

NET = """
from torch import nn

print("said by the file")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, WIDTH)
        self.second = nn.Linear(16, 4)

    def forward(self, x):
        print("said in the forward")
        return self.second(self.first(x))
"""
TOOLS = ["summary", "diagram", "diff", "check", "plan", "formulas"]

Asked = TypeVar("Asked")


def ask(server: Any, question: Callable[[Client], Awaitable[Asked]]) -> Asked:
    """What the question gives, asked of a server that is started for it."""

    async def asked() -> Asked:
        async with Client(server) as client:
            return await question(client)

    return anyio.run(asked)


def over_stdio(folder: Path, *options: str) -> StdioServerParameters:
    """The command as an assistant starts it."""
    return StdioServerParameters(
        command=sys.executable, args=["-m", "modelviz", "mcp", *options], cwd=folder
    )


def text_of(result: Any) -> str:
    """The text of what a tool gave."""
    (content,) = result.content
    return str(content.text)


def test_tools_take_what_the_commands_take() -> None:
    tools = ask(make(FOR_ASSISTANTS, False, 60), lambda client: client.list_tools()).tools
    assert [tool.name for tool in tools] == TOOLS
    schemas = {tool.name: tool.input_schema for tool in tools}
    assert schemas["summary"]["required"] == ["model"]
    assert schemas["diff"]["required"] == ["a", "b"]
    assert {"depth", "columns", "fold", "input_size"} <= set(schemas["summary"]["properties"])
    assert {"optimizer", "device", "largest"} <= set(schemas["plan"]["properties"])
    assert schemas["diagram"]["properties"]["format"]["enum"] == ["mermaid", "svg", "png"]
    for schema in schemas.values():
        assert all(one.get("description") or one["title"] for one in schema["properties"].values())
        assert not {"output", "json"} & set(schema["properties"])


@pytest.mark.parametrize("model", ["net.py", "net.py:Net", "os:abort", "HEAD:net.py:Net"])
def test_code_is_not_run_unless_that_was_allowed(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.py").write_text("open('ran', 'w')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for tool in ("summary", "diagram", "check", "plan", "formulas"):
        refused = ask(
            make(FOR_ASSISTANTS, False, 60),
            lambda c, tool=tool: c.call_tool(tool, {"model": model}),
        )
        assert refused.is_error
        assert "modelviz mcp --allow-code" in text_of(refused)
    refused = ask(
        make(FOR_ASSISTANTS, False, 60), lambda c: c.call_tool("diff", {"a": "gpt", "b": model})
    )
    assert refused.is_error and "without --allow-code" in text_of(refused)
    assert not (tmp_path / "ran").exists()


def test_argument_that_is_misspelt_is_refused() -> None:
    given = {"model": "simple_net", "deepth": 2}
    refused = ask(make(FOR_ASSISTANTS, False, 60), lambda c: c.call_tool("summary", given))
    assert refused.is_error and "deepth" in text_of(refused)


@pytest.mark.slow
def test_words_are_taken_in_any_case() -> None:
    given = {"model": "simple_net", "format": "SVG", "direction": "lr", "theme": "Paper"}
    drawn = ask(make(FOR_ASSISTANTS, False, 60), lambda c: c.call_tool("diagram", given))
    assert text_of(drawn).startswith("<svg ")
    refused = ask(
        make(FOR_ASSISTANTS, False, 60),
        lambda c: c.call_tool("diagram", {**given, "theme": "drak"}),
    )
    assert refused.is_error and "'light', 'dark' or 'paper'" in text_of(refused)


def test_an_assistant_over_stdio(tmp_path: Path) -> None:
    async def questions(client: Client) -> None:
        assert "Python code is not run" in str(client.instructions)
        table = await client.call_tool("summary", {"model": "simple_net", "depth": 1})
        assert not table.is_error and "101,770" in text_of(table)
        wrong = await client.call_tool("summary", {"model": "nothing"})
        assert wrong.is_error and "cannot find a model" in text_of(wrong)

    ask(over_stdio(tmp_path), questions)


@pytest.mark.slow
def test_an_assistant_that_edits_code_sees_its_edits(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(NET.replace("WIDTH", "12"), encoding="utf-8")
    given = {"model": "net.py", "input_size": ["2,8"]}

    async def questions(client: Client) -> None:
        failed = await client.call_tool("summary", given)
        assert failed.is_error
        assert "to do: make second (Linear) nn.Linear(in_features=12" in text_of(failed)
        assert "return self.second(self.first(x))" in text_of(failed)
        file.write_text(NET.replace("WIDTH", "16"), encoding="utf-8")
        drawn = await client.call_tool("diagram", {**given, "format": "svg"})
        assert not drawn.is_error and text_of(drawn).lstrip().startswith("<svg")
        assert "said" not in text_of(drawn)

    ask(over_stdio(tmp_path, "--allow-code"), questions)


@pytest.mark.slow
def test_a_call_that_takes_too_long_ends(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("while True: pass", encoding="utf-8")
    ended = ask(
        over_stdio(tmp_path, "--allow-code", "--timeout", "3"),
        lambda client: client.call_tool("summary", {"model": str(tmp_path / "net.py")}),
    )
    assert ended.is_error and "longer than 3 seconds" in text_of(ended)
