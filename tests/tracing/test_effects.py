"""What a forward does outside of the process stays, and is told with its line."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import io
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from modelviz import summary, trace


class Does(nn.Module):
    """Does something beside its forward."""

    def __init__(self, do: Callable[[], Any]) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.do = do

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.do()
        result: torch.Tensor = self.linear(x)
        return result


def told(do: Callable[[], Any], execution: Any = "fake") -> list[str]:
    """What a trace of a forward that does it says of it, each with the line of ``do``."""
    graph = trace(Does(do), (2, 3), execution=execution)
    found = [f for f in graph.findings if f.code == "MV012"]
    first = do.__code__.co_firstlineno
    assert all(f.file == __file__ and (f.line or 0) - first in range(4) for f in found)
    return [f.message.removeprefix("left as the forward made it: ") for f in found]


@pytest.fixture(autouse=True)
def _here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _log() -> None:
    with open("a.log", "a") as file:
        file.write("seen")


def _four() -> None:
    for n in range(4):
        pathlib.Path(f"{n}.txt").write_text("seen")


def _low() -> None:
    os.close(os.open("low.bin", os.O_WRONLY | os.O_CREAT))


def _atomically() -> None:
    pathlib.Path("part").write_text("seen")
    os.replace("part", "whole")


@pytest.mark.parametrize("execution", ["fake", "real", "auto"])
@pytest.mark.parametrize(
    ("do", "said"),
    [
        (_log, ["opened for writing: a.log"]),
        (_four, ["opened for writing: 0.txt, 1.txt, 2.txt and 1 more"]),
        (_low, ["opened for writing: low.bin"]),
        (_atomically, ["moved a file to: whole"]),
        (lambda: np.save("x.npy", np.zeros(2)), ["opened for writing: x.npy"]),
        (lambda: os.makedirs("one/two"), ["made the folder: one/two, one"]),
    ],
)
def test_a_file_that_is_written(do: Any, said: list[str], execution: Any) -> None:
    found = told(do, execution)
    assert [sorted(line.split(": ")[1].split(", ")) for line in found] == [
        sorted(line.split(": ")[1].split(", ")) for line in said
    ]


def test_a_file_that_torch_saves() -> None:
    values = torch.zeros(2)
    assert told(lambda: torch.save(values, "x.pt"), "real") == ["opened for writing: x.pt"]


def test_a_file_that_is_removed() -> None:
    pathlib.Path("old").touch()
    assert told(lambda: os.remove("old")) == ["removed: old"]
    os.makedirs("old/inside")
    assert told(_rmtree) == ["removed: old"]


def _clears_a_folder() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "kept").touch()  # as is a file here


def _rmtree() -> None:
    shutil.rmtree("old")


def _for_a_time() -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:
        file.write(b"seen")
        pathlib.Path(folder, "x").write_text("seen")


def _fails() -> None:
    with contextlib.suppress(FileNotFoundError):
        pathlib.Path("missing/a.log").write_text("seen")


@pytest.mark.parametrize(
    "do",
    [
        _for_a_time,
        _clears_a_folder,
        _fails,
        lambda: pathlib.Path(__file__).read_text(),
        lambda: open(os.devnull, "w").close(),
        lambda: os.makedirs(".", exist_ok=True),
        lambda: io.StringIO().write("seen"),
    ],
)
def test_what_leaves_nothing_is_not_told(do: Any) -> None:
    pathlib.Path("kept").touch()
    assert told(do) == []


def test_a_process_that_is_started() -> None:
    program = sys.executable
    said = f"started a process: {program}"
    assert told(lambda: subprocess.run([program, "--version"], capture_output=True)) == [said]
    assert told(lambda: os.system("true")) == ["started a process: true"]


def test_a_connection() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = server.getsockname()
        assert told(lambda: socket.create_connection(address).close()) == [
            f"connected to: 127.0.0.1:{address[1]}"
        ]


def test_a_function_that_is_to_run_at_the_end() -> None:
    function = str.upper
    try:
        said = "registered for the end of the process: str.upper"
        assert told(lambda: atexit.register(function)) == [said]
    finally:
        atexit.unregister(function)


def test_the_summary_says_it() -> None:
    assert "opened for writing: a.log" in str(summary(Does(_log), (2, 3), verbose=0))


def test_the_functions_are_the_same_afterwards() -> None:
    before = [builtins.open, io.open, os.remove, torch.save, subprocess.Popen.__init__]
    told(_log)
    with pytest.raises(Exception, match="stop"):
        told(lambda: (_ for _ in ()).throw(RuntimeError("stop")))
    now = [builtins.open, io.open, os.remove, torch.save, subprocess.Popen.__init__]
    assert all(one is other for one, other in zip(now, before, strict=True))
    assert "connect" not in vars(socket.socket)
