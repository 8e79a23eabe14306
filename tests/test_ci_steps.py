"""The steps of docs/ci run here as on a server: their shell, with its variables, and a stand-in
for ``gh``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

ACTIONS = Path(__file__).parents[1] / "docs" / "ci"
NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.second = nn.Linear(16, 4)

    def forward(self, x):
        return self.second(self.first(x).relu())
"""
GH = """\
#!{python}
import json, os, pathlib, sys
arguments = sys.argv[1:]
body = [part.partition("@")[2] for part in arguments if part.startswith("body=@")]
text = pathlib.Path(body[0]).read_text() if body else ""
with open({log!r}, "a") as log:
    print(json.dumps([arguments, text]), file=log)
if not body and os.path.exists({known!r}):
    print(7)
"""


def action(name: str) -> Any:
    return yaml.safe_load((ACTIONS / name / "action.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["diff", "check"])
def test_every_step_is_shell_that_takes_what_it_is_given_as_variables(name: str) -> None:
    inputs = action(name)["inputs"]
    for step in action(name)["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "text of a pull request is never read as shell"
        for value in step["env"].values():
            for named in re.findall(r"inputs\.([\w-]+)", value):
                assert named in inputs


class Runner:
    """A checkout of a pull request, and what a server gives to its steps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "checkout"
        self.log, self.known = folder / "gh.log", folder / "commented"
        self.github = {
            "github.event.pull_request.number": "12",
            "github.server_url": "https://example.org",
            "github.repository": "me/net",
            "github.token": "none",
        }
        tools = folder / "bin"
        tools.mkdir()
        modelviz = f'#!/bin/sh\nexec "{sys.executable}" -m modelviz "$@"\n'
        gh = GH.format(python=sys.executable, log=str(self.log), known=str(self.known))
        for name, text in (("modelviz", modelviz), ("gh", gh)):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "RUNNER_TEMP": str(folder),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        }
        subprocess.run(["git", "init", "-q", "--bare", str(folder / "origin")], check=True)
        subprocess.run(["git", "init", "-q", str(self.repository)], check=True)
        self.git("remote", "add", "origin", str(folder / "origin"))
        self.commit(NET)
        self.github["github.event.pull_request.base.sha"] = self.git("rev-parse", "HEAD")
        self.commit(NET.replace("16, 4)", "16, 4, bias=False)").replace(".relu()", ""))

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
        done = subprocess.run(
            ["git", *who, *arguments],
            cwd=self.repository,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, text: str) -> None:
        (self.repository / "net.py").write_text(text)
        self.git("add", "net.py")
        self.git("commit", "-qm", "change")

    def run(
        self, name: str, given: Mapping[str, str], first: int = 0
    ) -> list[subprocess.CompletedProcess[str]]:
        """Run the steps from the ``first`` one on, as far as they go well."""
        found: dict[str, str] = dict(self.github)
        for key, about in action(name)["inputs"].items():
            text = given.get(key, str(about.get("default", "")))
            found[f"inputs.{key}"] = self.filled(text, found)
        done: list[subprocess.CompletedProcess[str]] = []
        for step in action(name)["runs"]["steps"][first:]:
            variables = {key: self.filled(text, found) for key, text in step["env"].items()}
            made = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.repository,
                env={**self.environment, **variables},
                capture_output=True,
                text=True,
            )
            done.append(made)
            if made.returncode:
                break
        return done

    def filled(self, text: str, values: Mapping[str, str]) -> str:
        return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda match: values[match[1]], text)

    @property
    def said(self) -> list[tuple[list[str], str]]:
        """What ``gh`` was told: its arguments, and the text of a comment."""
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.slow
def test_a_pull_request_gets_one_comment_with_table_and_picture(runner: Runner) -> None:
    given = {"model": "net.py:Net", "input-size": "2,8"}
    for step in runner.run("diff", given):
        assert step.returncode == 0, step.stderr
    arguments, comment = runner.said[-1]
    assert "repos/me/net/issues/12/comments" in arguments and "PATCH" not in arguments
    assert comment.startswith("<!-- modelviz diff of net.py:Net -->\n**")
    assert "| ~ | second (Linear) |" in comment
    assert "bias=True → bias=False" in comment
    table = comment.partition("\n![")[0].rstrip()
    assert (runner.folder / "summary.md").read_text().rstrip() == table
    # The picture that the comment shows is in the commit that it names.
    commit = re.search(r"https://example.org/me/net/blob/(\w+)/12.png\?raw=true", comment)
    assert commit is not None
    origin = ["git", "-C", str(runner.folder / "origin"), "show", f"{commit[1]}:12.png"]
    assert subprocess.run(origin, capture_output=True, check=True).stdout.startswith(b"\x89PNG")
    assert runner.git("status", "--porcelain") == ""
    # What is compared again after the next push edits the comment, and the branch goes on.
    runner.known.touch()
    for step in runner.run("diff", given, first=1):
        assert step.returncode == 0, step.stderr
    arguments, _ = runner.said[-1]
    assert "repos/me/net/issues/comments/7" in arguments and "PATCH" in arguments
    log = ["git", "-C", str(runner.folder / "origin"), "rev-list", "--count", "modelviz-pictures"]
    assert subprocess.run(log, capture_output=True, text=True, check=True).stdout.strip() == "2"


@pytest.mark.slow
def test_findings_are_put_beside_the_lines_and_into_a_file(runner: Runner) -> None:
    given = {"model": "net.py:Net", "input-size": "2,8", "sarif": "found.sarif"}
    *_, last = runner.run("check", {**given, "fail-on": "warning"})
    assert last.returncode == 1, last.stderr
    assert re.search(r"^::warning file=net.py,line=\d+,title=MV501", last.stdout, re.M)
    sarif = json.loads((runner.repository / "found.sarif").read_text())
    assert "MV501" in [result["ruleId"] for result in sarif["runs"][0]["results"]]
