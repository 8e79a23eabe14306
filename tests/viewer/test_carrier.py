"""Which figures of a notebook carry the viewer's code."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from modelviz.viewer import carrier
from modelviz.viewer.carrier import carries_code


class Kernel:
    """What a figure sees of IPython: the request that is answered, and how many there were."""

    def __init__(self) -> None:
        self.execution_count = 0
        self.request: dict[str, Any] = {}

    def run(self, code: str, cell: str | None = None) -> None:
        self.execution_count += 1
        metadata = {} if cell is None else {"cellId": cell}
        self.request = {"content": {"code": code}, "metadata": metadata}

    def get_parent(self) -> dict[str, Any]:
        return self.request


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: made))
    monkeypatch.setattr(carrier, "_carrier", None)
    return made


def test_the_first_figure_of_the_first_cell_carries_it(kernel: Kernel) -> None:
    kernel.run("draw(a)")
    assert [carries_code(), carries_code()] == [True, False]
    kernel.run("draw(b)")
    assert not carries_code()


def test_a_cell_that_is_run_again_carries_it_again(kernel: Kernel) -> None:
    kernel.run("draw(a)", "one")
    assert carries_code()
    kernel.run("draw(b)", "two")
    assert not carries_code()
    kernel.run("draw(a, depth=2)", "one")
    assert [carries_code(), carries_code()] == [True, False]


def test_without_the_name_of_a_cell_its_text_tells_which_it_is(kernel: Kernel) -> None:
    for code, expected in (("draw(a)", True), ("draw(b)", False), ("draw(a)", True)):
        kernel.run(code)
        assert carries_code() == expected


def test_outside_of_a_notebook_and_where_cells_are_apart_each_does(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [carries_code(), carries_code()] == [True, True], "a shell without a front end"
    kernel.run("draw(a)")
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    assert [carries_code(), carries_code()] == [True, True]
    monkeypatch.delitem(sys.modules, "google.colab")
    monkeypatch.delitem(sys.modules, "IPython")
    assert [carries_code(), carries_code()] == [True, True]
