"""A class has its file and line, and an op its line, wherever the code was written."""

from __future__ import annotations

import doctest
import functools
import importlib
import importlib.util
import math
import re
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz import TraceError, draw, export, summary, trace
from modelviz.places import place_text, short_place
from modelviz.tracing.source import class_place, shown_file

SOURCE = textwrap.dedent(
    """
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            y = self.layer(x)
            return y.relu()
    """
)
FORWARD, CALL, RELU = 10, 11, 12


def _assert_placed(model: nn.Module, file: str, folder: Path) -> None:
    """Every entry point works, and each place is right; so is that of a failure."""
    graph = trace(model, (2, 4))
    assert (graph.modules[0].file, graph.modules[0].line) == (file, FORWARD)
    assert [(op.name, op.file, op.line) for op in graph.ops] == [
        ("linear", file, CALL),
        ("relu", file, RELU),
    ]
    assert summary(model, (2, 4), verbose=0).total_params == 20
    assert summary(model, verbose=0).total_params == 20
    assert "Net" in draw(model, (2, 4)).svg
    assert "text/html" in draw(model, (2, 4))._repr_mimebundle_()
    assert export(model, folder / "net.html", (2, 4)).stat().st_size > 0
    for execution in ("fake", "real"):
        with pytest.raises(TraceError) as caught:
            trace(model, (2, 5), execution=execution)
        failure = caught.value.graph.failure
        assert failure is not None
        assert (failure.file, failure.line) == (file, CALL)
        # The source follows where Python has it.
        assert re.search(rf"at {re.escape(place_text(file, CALL))}[:\n]", str(caught.value))


@pytest.mark.parametrize("module", ["__main__", "builtins", "nowhere_to_be_found", None])
@pytest.mark.parametrize("name", ["<string>", "<stdin>", "<python-input-7>", "<my cell>"])
def test_code_that_was_typed(name: str, module: str | None, tmp_path: Path) -> None:
    namespace: dict[str, Any] = {} if module is None else {"__name__": module}
    exec(compile(SOURCE, name, "exec"), namespace)
    _assert_placed(namespace["Net"](), name, tmp_path)


def test_a_cell_of_ipython_without_its_shell() -> None:
    name = "<ipython-input-12-0a1b2c3d4e5f>"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(SOURCE, name, "exec"), namespace)
    assert class_place(namespace["Net"]) == ("<cell 12>", FORWARD)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("gone", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # and it is not in sys.modules
    path.unlink()
    _assert_placed(module.Net(), str(path), tmp_path)


def test_a_zip_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "models.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("zipped_net.py", SOURCE)
    monkeypatch.syspath_prepend(str(archive))
    module = importlib.import_module("zipped_net")
    monkeypatch.delitem(sys.modules, "zipped_net")
    _assert_placed(module.Net(), str(archive / "zipped_net.py"), tmp_path)


def test_a_doctest() -> None:
    text = "".join(
        f"{'>>> ' if line[0] != ' ' else '... '}{line}\n" for line in SOURCE.split("\n") if line
    ).replace(">>> class", ">>> from modelviz.tracing.source import class_place\n>>> class")
    text += "\n>>> class_place(Net)\n('<doctest typed[3]>', 5)\n"
    example = doctest.DocTestParser().get_doctest(text, {"__name__": "typed"}, "typed", None, 0)
    assert doctest.DocTestRunner().run(example) == (0, 5)


def _kept(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Decorated(nn.Module):
    @torch.no_grad()
    @_kept
    def forward(self, x: Any) -> Any:
        return x + 1


class Settled(nn.Module):
    def _forward(self, x: Any, power: int) -> Any:
        return x**power

    forward = functools.partialmethod(_forward, power=2)


class Inherited(Decorated):
    pass


def test_methods_that_are_wrapped() -> None:
    for kind, function in ((Decorated, Decorated.forward), (Settled, Settled._forward)):
        line = vars(function).get("__wrapped__", function)
        while hasattr(line, "__wrapped__"):
            line = line.__wrapped__
        assert class_place(kind) == (__file__, line.__code__.co_firstlineno)
        assert summary(kind(), (2, 3), verbose=0).graph.ops[0].file == __file__
    assert class_place(Inherited) == class_place(Decorated)


def test_classes_made_by_a_call() -> None:
    made = type("Made", (nn.Module,), {"forward": lambda self, x: x * 2})
    assert class_place(made)[0] == __file__
    assert trace(made(), (2, 3)).ops[0].name == "mul"
    bare = type("Bare", (nn.Linear,), {"__module__": "nowhere.at.all"})
    assert class_place(bare) == (None, None)
    assert summary(bare(4, 4), (2, 4), verbose=0).total_params == 20
    odd = type("Odd", (nn.Module,), {"__module__": 5, "forward": math.sin})
    assert class_place(odd) == (None, None)
    assert trace(odd(), input_data=(1.0,)).ops == ()


def test_forwards_that_an_object_has_of_its_own() -> None:
    for forward in (lambda x: x.relu(), functools.partial(torch.clamp, min=0), torch.relu):
        model = nn.Linear(4, 4)
        model.forward = forward  # type: ignore[method-assign]
        assert len(trace(model, (2, 4)).ops) == 1
        with pytest.raises(TraceError):
            trace(model, input_data=("text",))


def test_what_libraries_write_is_not_the_users() -> None:
    """The line in the file is told, not that in code made by ``exec`` on the way."""
    namespace: dict[str, Any] = {}
    exec("def helped(x):\n    return x + 1", namespace)

    class Helped(nn.Module):
        def forward(self, x: Any) -> Any:
            return namespace["helped"](x)

    (op,) = trace(Helped(), (2, 3)).ops
    assert op.file == __file__


def test_a_module_without_a_python_file() -> None:
    module = ModuleType("made_by_c")
    module.__file__ = "/usr/lib/made_by_c.so"
    sys.modules["made_by_c"] = module
    try:
        kind = type("Kind", (nn.Module,), {"__module__": "made_by_c"})
        assert class_place(kind) == (None, None)
    finally:
        del sys.modules["made_by_c"]


def test_a_relative_name_becomes_whole(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(SOURCE, "here.py", "exec"), namespace)
    assert class_place(namespace["Net"]) == (str(Path.cwd() / "here.py"), FORWARD)


def test_how_places_read() -> None:
    assert place_text("/a/net.py", 3) == "/a/net.py:3"
    assert short_place("/a/net.py", 3) == "net.py:3"
    assert place_text("<cell 3>", 5) == short_place("<cell 3>", 5) == "cell 3, line 5"
    assert place_text("<doctest a/b.py[0]>", 1) == short_place("<doctest a/b.py[0]>", 1)
    assert place_text("/a/net.py", None) == "/a/net.py"
    assert place_text(None, None) == short_place(None, None) == ""
    assert shown_file("<string>") == "<string>"


SHELL = SOURCE.replace("\n\n    def", "\n    def") + textwrap.dedent(
    """
    import modelviz
    print(modelviz.summary(Net(), (2, 4), verbose=0).total_params)
    print(len(modelviz.draw(Net(), (2, 4)).to_dict()) > 0)
    try: modelviz.trace(Net(), (2, 5))
    except modelviz.TraceError as error: print(str(error).split("\\n")[1].strip())

    """
)


@pytest.mark.parametrize(
    ("arguments", "typed", "place"),
    [
        (["-c", SHELL], "", f"<string>, line {CALL - 1}"),
        pytest.param(["-"], SHELL, f"<stdin>, line {CALL - 1}", marks=pytest.mark.slow),
        pytest.param(["-i"], SHELL, "<stdin>, line 6", marks=pytest.mark.slow),
        pytest.param(
            ["-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"],
            SHELL,
            "cell 3, line 6",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_shells(arguments: list[str], typed: str, place: str) -> None:
    folder = str(Path(modelviz.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, *arguments], input=typed, capture_output=True, text=True, cwd=folder
    )
    prompts = re.compile(r"^(\s*(\.\.\.:?|>>>|In \[\d+\]:) )+")
    lines = [prompts.sub("", line).strip() for line in done.stdout.split("\n")]
    params, drawn, at = [line for line in lines if line][:3]
    assert (params, drawn) == ("20", "True"), done.stderr
    # A shell that keeps what was typed shows the line as well.
    assert at in (f"at {place}", f"at {place}: y = self.layer(x)")
