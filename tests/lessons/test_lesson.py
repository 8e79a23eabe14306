"""The four lessons: every line of the code, every block of the picture, and what joins them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from modelviz import gallery, trace
from modelviz.lessons import TOPICS, Lesson, excerpt, factory_of, lesson
from modelviz.lessons.course import cut
from modelviz.lessons.tokens import coloured
from modelviz.sources import resolve
from modelviz.sources.python import from_file


@cache
def lesson_of(example: str) -> Lesson:
    source = resolve(example)
    assert isinstance(source.model, nn.Module)
    graph = trace(source.model, input_data=source.inputs)
    script = gallery.script(example)
    return lesson(graph, script.read_text(), str(script), excerpt(example).lines)


def joined(made: Lesson) -> dict[str, list[str]]:
    """The blocks of each line that has some, by what they are called."""
    names = {block.id: block.name or block.title for block in made.blocks}
    texts = ["".join(piece for _, piece in line.pieces).strip() for line in made.lines]
    return {
        text: [names[block] for block in line.blocks]
        for text, line in zip(texts, made.lines, strict=True)
        if line.blocks
    }


def test_a_layer_has_the_line_that_makes_it_and_the_one_that_uses_it() -> None:
    found = joined(lesson_of("simple_net"))
    assert found["self.fc1 = nn.Linear(784, 128)"] == ["fc1"]
    assert found["x = self.fc1(x)"] == ["fc1"]
    assert found["def forward(self, x: Tensor) -> Tensor:"] == ["x"]
    assert found["return self.fc2(x)"] == ["fc2", "output"]
    assert found["class SimpleNet(nn.Module):"] == ["x", "fc1", "relu", "fc2", "output"]


def test_a_sequential_has_a_line_for_each_layer() -> None:
    found = joined(lesson_of("sequential_net"))
    assert [found[f"nn.{text},"] for text in ("Linear(784, 128)", "ReLU()", "Linear(128, 10)")] == [
        ["0"],
        ["1"],
        ["2"],
    ]


def test_a_function_has_the_line_that_calls_it() -> None:
    found = joined(lesson_of("softmax_net"))
    assert found["return torch.softmax(scores, dim=-1)"] == ["softmax", "output"]
    assert set(found["hidden = self.relu(self.layer1(inputs))"]) == {"layer1", "relu"}


def test_modules_inside_modules() -> None:
    made = lesson_of("complex_model")
    found = joined(made)
    assert found["self.branch = nn.Sequential("] == found["x = self.branch(x)"] == ["branch"]
    assert found["nn.Linear(100, 50),"] == ["0"]
    levels = {block.name: block.level for block in made.blocks}
    assert (levels["branch"], levels["0"], levels["shared_fc"]) == (0, 1, 0)


@pytest.mark.parametrize("example", [topic.example for topic in TOPICS])
def test_every_block_has_a_place_a_row_and_a_line(example: str) -> None:
    made = lesson_of(example)
    data = json.loads(json.dumps(made.data))
    width, height = map(float, data["svg"].partition('viewBox="0 0 ')[2].partition('"')[0].split())
    for block in data["blocks"]:
        for left, top, wide, high in block["places"]:
            assert 0 <= left < left + wide <= width
            assert 0 <= top < top + high <= height
        assert block["places"], block
    layers = {block["id"] for block in data["blocks"] if block["parameters"]}
    told = {block for line in data["lines"] for block in line["blocks"]}
    assert layers <= told
    # The rows of layers, without the frames around them, add up to the model.
    derived = [block["parameters"].rpartition("= ")[2] for block in data["blocks"]]
    rows = [
        int(text.replace(",", "") or 0)
        for text, block in zip(derived, data["blocks"], strict=True)
        if block["title"] != "Sequential"
    ]
    assert f"{sum(rows):,}" == data["total"]


@pytest.mark.parametrize("example", [topic.example for topic in TOPICS])
def test_the_code_that_is_shown_runs_by_itself(example: str, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    text = excerpt(example).text
    assert "modelviz" not in text and "__main__" not in text
    file.write_text(text)
    factory = factory_of(text)
    assert factory == "example"
    source = from_file(file, factory)
    assert isinstance(source.model, nn.Module)
    graph = trace(source.model, input_data=source.inputs)
    assert graph.total_params == lesson_of(example).graph.total_params
    # As code of its own it has the same lines for the same blocks.
    again = lesson(graph, text, str(file))
    assert joined(again) == joined(lesson_of(example))


def test_the_line_of_a_failure_is_marked(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    source = excerpt("simple_net").text.replace("nn.Linear(128, 10)", "nn.Linear(100, 10)")
    file.write_text(source)
    made = from_file(file, "example")
    with pytest.raises(Exception, match="fc2") as failed:
        trace(made.model, input_data=made.inputs)  # type: ignore[arg-type]
    broken = lesson(failed.value.graph, source, str(file))  # type: ignore[attr-defined]
    texts = ["".join(text for _, text in line.pieces) for line in broken.lines if line.failed]
    assert texts == ["        return self.fc2(x)"]


def test_a_larger_model_is_drawn_as_it_fits_a_page() -> None:
    model = nn.Sequential(
        *(nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)) for _ in "a" * 30)
    )
    graph = trace(model, input_data=(torch.rand(1, 4),))
    made = lesson(graph, "", "net.py")
    assert len(made.blocks) < 60
    (folded,) = [block for block in made.blocks if "×" in block.parameters]
    assert folded.parameters == "30 × (2·20 = 40) = 1,200"


@given(st.text(alphabet="adef1 \n\"'#(=:\\{}", max_size=30))
def test_coloured_code_is_the_code(text: str) -> None:
    lines = text.split("\n")
    assert ["".join(piece for _, piece in pieces) for pieces in coloured(text)] == lines


def test_colours_of_code() -> None:
    (line,) = coloured('def f(x="a"): return 1  # one')
    tones = {text: tone for tone, text in line if tone}
    assert tones == {
        "def": "keyword", "f": "name", '"a"': "string", "return": "keyword", "1": "number",
        "# one": "comment",
    }  # fmt: skip


def test_a_script_is_cut_to_what_a_lesson_shows() -> None:
    script = (
        '"""Doc."""\n\nimport torch\nimport modelviz\n\n\nx = 1\n\nif __name__ == "a":\n    x\n'
    )
    made = cut(script)
    assert made.text == "import torch\n\nx = 1\n"
    assert made.lines == (3, 5, 7)
