"""The HTML page and the notebook cell: what is in them, and that no name can do anything there."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import modelviz.diagram
from modelviz.drawing import draw
from modelviz.render.engine import LayoutError
from modelviz.render.page import script_json, to_html
from modelviz.view.making import document_of
from modelviz.viewer import bundle
from tests.graphs import GraphBuilder
from tests.render.models import residual

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\u2028&amp;"


class Page(HTMLParser):
    """The elements of a page with their attributes and texts, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        self.inside = True

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.elements[-1][2].append(data)

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def named(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(text)) for name, attrs, text in self.elements if name == tag]

    def json(self, name: str) -> Any:
        found = [text for attrs, text in self.named("script") if attrs.get("id") == name]
        assert len(found) == 1
        return json.loads(found[0])


def hostile() -> Any:
    build = GraphBuilder(HOSTILE)
    build.module(HOSTILE, HOSTILE)
    x = build.input(1, 2)
    return build.graph(build.layer(HOSTILE, x, "relu"))


def too_long(plan: object) -> None:
    raise LayoutError("it took too long")


def test_the_page_holds_the_document_and_the_style() -> None:
    diagram = draw(residual(), depth=1, theme="dark", direction="LR", color_by="flops")
    page = Page(diagram.html)
    assert page.json("modelviz-document") == document_of(residual(), diagram.options).to_dict()
    assert page.json("modelviz-document")["open"] != document_of(residual()).to_dict()["open"]
    options = page.json("modelviz-options")
    assert options["theme"] == "dark" and options["direction"] == "LR"
    assert options["heat"] == "flops" and options["url"] is True


def test_the_light_picture_follows_the_page() -> None:
    assert Page(draw(residual()).html).json("modelviz-options")["theme"] == "auto"


def test_without_scripts_the_page_shows_the_picture() -> None:
    diagram = draw(residual())
    assert f"<noscript>{diagram.svg}</noscript>" in diagram.html


def test_nothing_is_fetched_and_only_the_viewer_runs() -> None:
    page = Page(draw(hostile()).html)
    (policy,) = [
        attrs["content"] or ""
        for attrs, _ in page.named("meta")
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "http" not in policy and "*" not in policy
    assert "unsafe" not in rules["script-src"].replace("'wasm-unsafe-eval'", "")
    scripts = [text for attrs, text in page.named("script") if attrs.get("type") == "module"]
    assert len(scripts) == 1
    digest = b64encode(sha256(scripts[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in rules["script-src"]
    for _, attrs, _ in page.elements:
        for name in ("src", "href"):
            assert (attrs.get(name) or "data:").startswith("data:")


def test_no_name_leaves_its_place() -> None:
    page = Page(draw(hostile()).html)
    assert [attrs.get("type") for attrs, _ in page.named("script")] == [
        "application/json",
        "application/json",
        "module",
    ]
    assert not page.named("img")
    assert page.json("modelviz-document")["name"] == HOSTILE
    ((_, title), *_rest) = page.named("title")
    assert title == HOSTILE


@pytest.mark.parametrize("text", [HOSTILE, "\u2028\u2029", "\ud800", 'quote" \\ back'])
def test_json_in_a_script_reads_as_it_was_and_ends_nothing(text: str) -> None:
    written = script_json({"name": text})
    assert json.loads(written) == {"name": text}
    assert not set(written) & set("<>&\u2028\u2029")


def test_a_page_can_be_encoded_whatever_the_name() -> None:
    to_html({"name": "\ud800"}, {}, "", "\ud800\x00").encode()


def test_the_bundle_can_stand_in_a_page() -> None:
    # Either would need the script to be changed, and its hash with it.
    assert "</script" not in bundle().lower() and "<!--" not in bundle()


def test_a_model_that_cannot_be_laid_out_has_a_page_still(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(modelviz.diagram, "lay_out", too_long)
    text = draw(residual()).save(tmp_path / "model.html").read_text("utf-8")
    assert "<noscript><p>it took too long</p></noscript>" in text
    assert Page(text).json("modelviz-document")["name"] == "Residual"


def test_a_cell_shows_the_picture_until_scripts_run() -> None:
    diagram = draw(hostile())
    bundle = diagram._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    page = Page(bundle["text/html"])
    ((image, _),) = page.named("img")
    assert b64decode((image["src"] or "").removeprefix("data:image/svg+xml;base64,")) == (
        diagram.svg.encode()
    )
    assert image["alt"] == HOSTILE
    assert len(page.named("script")) == 1


def test_a_cell_carries_the_page_of_the_viewer() -> None:
    bundle = draw(residual())._repr_mimebundle_()
    ((box, _),) = Page(bundle["text/html"]).named("div")
    inner = Page(gzip.decompress(b64decode(box["data-page"] or "")).decode())
    assert inner.json("modelviz-document")["name"] == "Residual"
    assert inner.json("modelviz-options")["url"] is False
    assert re.fullmatch(r"[0-9a-f]{16}", box["data-modelviz"] or "")


def test_the_same_model_gives_the_same_cell() -> None:
    first, second = (draw(residual())._repr_mimebundle_()["text/html"] for _ in range(2))
    assert first == second
