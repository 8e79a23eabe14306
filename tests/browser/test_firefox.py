"""What a person does with the viewer, in Firefox: search, keys, fingers, paper, frames."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelviz.drawing import draw

from .firefox import Firefox, firefox
from .test_viewer_reach import BRANCHES, SMALL_ONES, branching

pytestmark = pytest.mark.slow

NODES = """(async () => {
  const root = () => document.querySelector(".modelviz-viewer")?.shadowRoot;
  const later = () => new Promise((next) => setTimeout(next, 20));
  while (!root()?.querySelector(".mv-picture")) await later();
  return root().querySelectorAll(".node").length;
})()"""
SHOWN = "root?.querySelector('.mv-picture') !== null && Boolean(root)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("profile")) as started:
        if started is None:
            pytest.skip("Firefox is not installed: apt-get install firefox-esr")
        yield started


@pytest.fixture
def page(browser: Firefox, tmp_path: Path) -> Iterator[Firefox]:
    path = draw(branching(), expand="branch1").save(tmp_path / "model.html")
    browser.faults.clear()
    browser.open(path.as_uri())
    browser.wait(SHOWN)
    yield browser
    assert browser.faults == []


def test_search_finds_lists_and_leads(page: Firefox) -> None:
    page.type("/")
    page.run("root.querySelector('.mv-query').focus()")
    page.type("branch1.inner w")
    found = page.wait("[...root.querySelectorAll('[role=option]')].map((one) => one.innerText)")
    assert len(found) == 1 and "parameter" in found[0] and "branch1.inner.weight" in found[0]
    page.type("ArrowDown", "Enter")
    assert page.wait("root.querySelector('tr[data-here] th')?.innerText") == "weight"
    assert page.wait("root.querySelector('.node.mv-selected')?.textContent").startswith("Inner")


def test_arrow_keys_lead_from_branch_to_branch(page: Firefox) -> None:
    page.run("root.querySelector('.mv-canvas').focus()")
    page.type("ArrowDown", "ArrowDown")
    seen = set()
    for key in ("ArrowLeft",) * BRANCHES + ("ArrowRight",) * BRANCHES:
        seen.add(page.run("root.querySelector('.node.mv-selected')?.dataset.id"))
        page.type(key)
    assert len(seen - {None}) >= BRANCHES


def test_fingers_find_room(page: Firefox) -> None:
    page.open(page.run("location.href"), 390, 844)
    page.wait(SHOWN)
    page.run("root.querySelector('.node').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    page.wait("root.querySelector('.mv-inspector:not([hidden])') !== null")
    shown, small = page.run(f"({SMALL_ONES})()")
    assert small == [] and shown >= 15


def test_paper_has_the_whole_diagram_alone(page: Firefox, tmp_path: Path) -> None:
    page.run("root.querySelector('.node').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    page.type("+", "+", "+")
    (tmp_path / "page.pdf").write_bytes(page.printed())
    command = ["pdftotext", str(tmp_path / "page.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert text.count("\f") == 1, "one page"
    assert {"Branching", "output", *(f"Last{n}" for n in range(BRANCHES))} <= set(text.split())
    assert not {"Depth", "Centre", "SVG"} & set(text.split())


def test_a_frame_and_a_notebook_show_the_viewer(
    browser: Firefox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelviz.viewer import notebook

    carrying = iter((False, True))
    monkeypatch.setattr(notebook, "carries_code", lambda: next(carrying))
    cells = [draw(branching(), depth=n)._repr_mimebundle_()["text/html"] for n in (1, 2)]
    draw(branching()).save(tmp_path / "model.html")
    frame = '<iframe src="model.html" sandbox="allow-scripts"></iframe>'
    (tmp_path / "page.html").write_text(f"<!doctype html>{''.join(cells)}{frame}", "utf-8")
    browser.faults.clear()
    browser.open((tmp_path / "page.html").as_uri())
    browser.wait("document.querySelectorAll('iframe').length === 3")
    frames = browser.ask("browsingContext.getTree")["contexts"][0]["children"]
    for inside in frames:
        target = {"context": inside["context"]}
        found = browser.ask("script.evaluate", expression=NODES, target=target, awaitPromise=True)
        assert found["result"]["value"] > 3
    assert len(frames) == 3 and browser.faults == []
