"""Sides of a diff that are files in a revision of git, and what is said where there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from modelviz import InputError
from modelviz.comparing.revisions import graph_at_revision
from modelviz.sources import resolve

BLOCK = """
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width, bias=BIAS)

    def forward(self, x):
        return x + self.linear(x)
"""
MODEL = """
from torch import nn
from .block import Block

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(8) for _ in range(3)])

    def forward(self, x):
        return self.blocks(x)
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose block has a bias in the first commit, and none in the second."""

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=someone", "-c", "user.email=someone@example.com"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    package = tmp_path / "src" / "net"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model.py").write_text(MODEL)
    git("init", "-q")
    for bias in ("True", "False"):
        (package / "block.py").write_text(BLOCK.replace("BIAS", bias))
        git("add", "-A")
        git("commit", "-q", "-m", "a change")
    git("branch", "topic/bias", "HEAD~1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def at(text: str) -> int | None:
    graph = graph_at_revision(text, ["1,8"], None, "eval", "auto", "forward")
    return None if graph is None else graph.total_params


@pytest.mark.slow
def test_a_file_is_that_of_the_revision_with_all_that_it_imports(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert at("HEAD:src/net/model.py:Model") == 3 * 64
    assert at("topic/bias:src/net/model.py:Model") == 3 * 72
    monkeypatch.chdir(repository / "src" / "net")
    assert at("HEAD~1:./model.py") == 3 * 72


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("HEAD~7:src/net/model.py:Model", "there is no revision 'HEAD~7'"),
        ("HEAD:src/net/modle.py:Model", "there is no file 'src/net/modle.py' in the revision"),
        ("HEAD:net.model:Model", "a side in a revision is a file, such as 'HEAD:src/net.py:Net'"),
    ],
)
def test_what_is_not_in_a_revision_is_named(repository: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        at(text)


@pytest.mark.parametrize("text", ["src/net/model.py:Model", "net.model:Model", "gpt", "timm:vgg11"])
def test_other_sides_name_no_revision(repository: Path, text: str) -> None:
    assert at(text) is None


def test_a_model_is_not_looked_for_in_a_revision_elsewhere(repository: Path) -> None:
    with pytest.raises(InputError, match="only modelviz diff takes files in a revision"):
        resolve("HEAD:src/net/model.py:Model")
