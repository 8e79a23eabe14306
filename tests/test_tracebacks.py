"""What IPython shows of an error: the lines of whoever called, and those of the model."""

import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
import torch
from torch import nn

import modelviz
from modelviz.errors import InputError, ModelvizError, TraceError
from modelviz.tracebacks import LEFT_OUT


class Bad(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x)


def raised(kind: type[ModelvizError], size: tuple[int, ...], **options: object) -> ModelvizError:
    with pytest.raises(kind) as caught:
        modelviz.trace(Bad(), size, **options)
    return caught.value


def test_the_lines_of_the_caller_and_of_the_model_are_shown_alone() -> None:
    error = raised(TraceError, (1, 6))
    text = "".join(error._render_traceback_())
    places = re.findall(r'^  File "(.*)", line \d+, in (\w+)\n    (.*)$', text, re.MULTILINE)
    assert places == [
        (__file__, "forward", "return self.fc(x)"),
        (__file__, "raised", "modelviz.trace(Bad(), size, **options)"),
    ]
    assert "The above exception was the direct cause" in text
    assert text.index(LEFT_OUT) < text.index("modelviz.errors.TraceError: the forward of Bad")


def test_the_error_keeps_the_frames_that_are_not_shown() -> None:
    error = raised(TraceError, (1, 6))
    parts = [one.__traceback__ for one in (error, error.__cause__) if one is not None]
    before = [traceback.extract_tb(part) for part in parts]
    error._render_traceback_()
    assert [one.__traceback__ for one in (error, error.__cause__) if one is not None] == parts
    assert [traceback.extract_tb(part) for part in parts] == before
    assert any("execution.py" in frame.filename for frame in before[0])


def test_an_error_that_ends_in_itself_is_shown_once() -> None:
    error = raised(InputError, (1, 8), dtypes=["floaty"])
    error.__cause__ = error
    assert "".join(error._render_traceback_()).count("floaty' is none") == 1


def test_ipython_shows_it_in_its_own_form(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    code = "from modelviz import load; load('nothing.json')"
    arguments = ["-m", "IPython", "--colors=NoColor", "--simple-prompt", "-c", code]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert f"----> 1 {code}" in done.stdout
    assert "GraphFileError: cannot read a graph from 'nothing.json'" in done.stdout
    assert LEFT_OUT in done.stdout
    assert "interactiveshell.py" not in done.stdout
    assert "saved.py" not in done.stdout


def test_a_traceback_as_deep_as_python_goes_is_shown() -> None:
    class Endless(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.forward(x)

    with pytest.raises(TraceError) as caught:
        modelviz.trace(Endless(), (1, 6), execution="fake")
    assert "return self.forward(x)" in "".join(caught.value._render_traceback_())
