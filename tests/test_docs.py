"""What the documents show runs as it stands there: code, and the options of commands."""

from __future__ import annotations

import copy
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import typer
from torch import nn

import modelviz
from modelviz.cli import app

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_SLOW = re.compile(r"\b(plan|formulas|profile|stats|probe|dims)\b")


def blocks(*languages: str) -> list[tuple[str, str]]:
    """The blocks of code of all documents, each with the name of its file and its number."""
    found = []
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        for number, (language, code) in enumerate(re.findall(r"```(\w*)\n(.*?)```", text, re.S)):
            if language in languages:
                found.append((f"{file.name}-{number}", code))
    return found


class DoubleConv(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 8, 8), nn.Conv2d(4, 8, 4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x).relu()).relu()


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.qkv(x).chunk(3, -1)
        return F.scaled_dot_product_attention(apply_rotary_pos_emb(q), k, v)


def apply_rotary_pos_emb(x: torch.Tensor) -> torch.Tensor:
    one, other = x.chunk(2, -1)
    return torch.cat([-other, one], -1) + x


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(x)
        return x + self.mlp(x)


class Pictures(nn.Module):
    """A network for pictures that has the names which the documents use."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = DoubleConv()
        self.layer1 = nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU())
        self.attention_mask = nn.Softplus()
        self.layers = nn.ModuleList(Block() for _ in range(3))
        self.decoder = nn.ModuleList([nn.Linear(8, 8)])
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        y = self.attention_mask(self.layer1(self.inc(x))).flatten(2).transpose(1, 2)
        for layer in self.layers:
            y = layer(y)
        return {"logits": self.fc(self.decoder[0](y).relu().mean(1)), "cache": y}


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(64, 32)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32)) for _ in range(2)
        )
        self.head = nn.Linear(32, 64)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(input_ids)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


def names_for(code: str) -> dict[str, Any]:
    """What a block may take for granted: a model that fits its inputs, and these."""
    reads_tokens = "torch.long" in code or "tokens" in code
    model: nn.Module = Tokens() if reads_tokens else Pictures()
    x = torch.randn(2, 3, 64, 64)
    after = copy.deepcopy(model)
    if not reads_tokens:
        after.fc = nn.Linear(8, 7)
    return {
        "torch": torch,
        "nn": nn,
        "modelviz": modelviz,
        "draw": modelviz.draw,
        "model": model,
        "before": model,
        "after": after,
        "x": x,
        "batch": x,
        "tokens": torch.zeros(2, 16, dtype=torch.long),
    }


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(code, id=name, marks=pytest.mark.slow if _SLOW.search(code) else ())
        for name, code in blocks("python")
    ],
)
def test_code_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = names_for(code)
    if ("graph." in code and "graph = " not in code) or "graph = graph" in code:
        names["graph"] = modelviz.trace(names["model"], names["x"].shape)
    if "dims=(" in code and "height" in code:  # two calls, for tokens and for pictures
        tokens, pictures = code.strip().splitlines()
        run(tokens, names)
        names, code = names_for("pictures"), pictures
    run(code, names)


def run(code: str, names: dict[str, Any]) -> None:
    """Run a block; three dots among the arguments of a call stand for inputs."""
    exec(code.replace("(model, ...,", "(model, x.shape,"), names)


COMMANDS = [
    pytest.param(line, id=f"{name}-{line[9:40]}")
    for name, code in blocks("sh", "")
    for line in code.splitlines()
    if line.startswith("modelviz ")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_options_of_a_command_are_there(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    group: Any = typer.main.get_command(app)
    if words[0].startswith("--"):
        with group.make_context("modelviz", [words[0], "--help"], resilient_parsing=True):
            assert words[0] in {name for one in group.params for name in one.opts}
        return
    command = group.commands.get(words[0])
    if words[0].isupper():
        return  # a placeholder, as in a usage line
    assert command is not None, words[0]
    command.make_context(words[0], words[1:])  # a usage error where an option is none
