"""The page Learn, without a browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from modelviz import TraceError, trace
from modelviz.jobs import JobError, JobResult, JobSpec
from modelviz.jobs.transfer import inputs_of
from modelviz.lessons import TOPICS
from modelviz.sources.python import from_file

from .conftest import Open
from .pool import InlinePool
from .test_pages import address, editor, go, texts


def opened(open_app: Open, **query: str) -> AppTest:
    app = open_app(**query)
    go(app, "learn")
    assert not app.exception
    return app


def shown(app: AppTest) -> dict[str, Any]:
    """What the lesson's component was given."""
    held = app.session_state["learn.lesson"]
    data: dict[str, Any] = json.loads(held[1])
    return data


def test_the_four_ways_each_with_code_picture_and_table(open_app: Open) -> None:
    app = opened(open_app)
    names = []
    for topic in TOPICS:
        app.segmented_control(key="learn.topic").set_value(topic.example).run()
        assert not app.exception
        assert topic.title in texts(app)
        data = shown(app)
        names.append(data["name"])
        assert data["svg"].startswith("<svg")
        assert any("784·128" in block["parameters"] for block in data["blocks"]) or (
            topic.example == "complex_model"
        )
    assert names == ["SimpleNet", "Sequential", "SoftmaxNet", "ComplexModel"]
    assert address(app) == {"lesson": "complex_model"}


def test_a_link_opens_its_lesson(open_app: Open) -> None:
    app = open_app()
    app.query_params["lesson"] = "softmax_net"
    go(app, "learn")
    assert shown(app)["name"] == "SoftmaxNet"


def test_without_leave_the_code_is_shown_and_how_to_start(open_app: Open, pool: InlinePool) -> None:
    app = opened(open_app)
    app.toggle(key="learn.simple_net.editing").set_value(True).run()
    assert editor(app)["readOnly"]
    assert app.button(key="passing.learn.draw").disabled
    assert "modelviz app --allow-code" in app.info[0].value
    assert not any(spec.kind == "code" for spec in pool.specs)


@pytest.mark.usefixtures("allow_code")
def test_an_edit_is_drawn_and_taken_back(open_app: Open, pool: InlinePool, tmp_path: Any) -> None:
    def run(spec: JobSpec) -> JobResult:
        file = tmp_path / "model.py"
        file.write_text(spec.source)
        made = from_file(file, spec.factory or "")
        try:
            graph = trace(made.model, input_data=made.inputs)  # type: ignore[arg-type]
        except TraceError as error:
            failed = JobError("forward", str(error), hint="Change the layer.")
            return JobResult(_as_typed(error.graph, str(file)), failed)
        return JobResult(_as_typed(graph, str(file)), inputs=inputs_of(graph))

    pool.answers["code"] = run
    app = opened(open_app)
    app.toggle(key="learn.simple_net.editing").set_value(True).run()
    wider = editor(app)["text"].replace("128", "64")
    app.session_state["learn.simple_net.code"] = wider
    app.run()
    # Nothing runs until it is asked for.
    assert not any(spec.kind == "code" for spec in pool.specs)
    app.button(key="passing.learn.draw").click().run()
    assert pool.specs[-1] == JobSpec("code", wider, factory="example")
    data = shown(app)
    assert "784·64 + 64 = 50,240" in [block["parameters"] for block in data["blocks"]]
    assert sum(bool(line["blocks"]) for line in data["lines"]) >= 8

    broken = wider.replace("nn.Linear(64, 10)", "nn.Linear(65, 10)")
    app.session_state["learn.simple_net.code"] = broken
    app.button(key="passing.learn.draw").click().run()
    assert "The forward failed in fc2" in texts(app).replace("\\", "")
    (line,) = [line for line in shown(app)["lines"] if line["failed"]]
    assert "".join(text for _, text in line["pieces"]).strip() == "return self.fc2(x)"

    app.button(key="passing.learn.back").click().run()
    assert editor(app)["text"] == wider.replace("64", "128").replace("128, 784", "64, 784")
    assert shown(app)["total"] == "101,770"
    assert not app.exception


def _as_typed(graph: Any, file: str) -> Any:
    """The graph as a worker gives it, which knows what was typed as ``model.py``."""
    text = json.dumps(graph.to_dict()).replace(json.dumps(file)[1:-1], "model.py")
    return type(graph).from_dict(json.loads(text))


def test_progress_is_shown_and_can_be_cancelled(open_app: Open, pool: InlinePool) -> None:
    pool.held = True
    app = opened(open_app)
    assert "Running the forward" in texts(app)
    app.button(key="passing.learn.cancel").click().run()
    assert "was cancelled" in texts(app)
    pool.held = False
    app.button(key="passing.learn.again").click().run()
    assert shown(app)["name"] == "SimpleNet"


def test_a_model_that_cannot_be_made_is_said(open_app: Open, pool: InlinePool) -> None:
    pool.answers["gallery"] = lambda spec: JobResult(None, JobError("crash", "It ended early."))
    app = opened(open_app)
    assert "It ended early." in texts(app)
    assert not app.exception
    assert JobSpec("gallery", "simple_net") in pool.specs
