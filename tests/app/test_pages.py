"""The pages' logic, without a browser and without processes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import torch
from parts import downloads
from parts.diagram import NO_TIMES
from parts.look import Look
from parts.outcome import Shown
from parts.packed import pack
from streamlit.testing.v1 import AppTest
from torch import nn

from modelviz import check, trace
from modelviz.analysis.experts import find_experts
from modelviz.comparing.wording import where
from modelviz.graph import Finding
from modelviz.jobs import InputSpec, JobError, JobResult, JobSpec
from modelviz.render.engine import LayoutError
from modelviz.units import parameters_text

from .conftest import Open
from .pool import InlinePool, fails, named, traced


def address(app: AppTest) -> dict[str, str]:
    held = {name: app.query_params[name] for name in app.query_params}
    return {name: text if isinstance(text, str) else text[0] for name, text in held.items()}


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def texts(app: AppTest) -> str:
    """Everything that a page says in words."""
    said = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info]
    return "\n".join([element.value for element in said] + [e.proto.body for e in app.get("html")])


def editors(app: AppTest) -> list[dict[str, Any]]:
    """What the editors of the page are told."""
    found = [element.proto for element in app.get("bidi_component")]
    return [json.loads(one.json) for one in found if one.component_name == "modelviz_editor"]


def editor(app: AppTest) -> dict[str, Any]:
    """What the one editor of the page is told."""
    (found,) = editors(app)
    return found


def type_into(app: AppTest, kind: str, text: str) -> None:
    """What is left of typing once the person leaves the editor: AppTest has no components."""
    app.session_state[f"a.{kind}"] = text
    app.run()


def test_a_useful_page_before_anything_is_typed(open_app: Open) -> None:
    app = open_app()
    assert not app.exception
    assert "Transformer" in texts(app)
    assert figures(app) == {
        "Parameters": "2.12 M",
        "FLOPs": "127 M",
        "Weights": "8.47 MB",
        "Activations": "246 kB",
        "Layers": "97",
    }
    assert len(app.dataframe[0].value) == 130
    assert address(app) == {}


def test_another_model_of_the_gallery(open_app: Open) -> None:
    app = open_app()
    app.selectbox(key="a.gallery").select("gpt").run()
    assert figures(app)["Parameters"] == "6.32 M"
    assert address(app)["model"] == "gallery:gpt"


def test_inputs_are_proposed_and_can_be_changed(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="gallery:gpt")
    (shape,) = [field for field in app.text_input if field.label == "ids"]
    assert shape.value == "1, 128"
    shape.set_value("2, 64").run()
    assert pool.specs[-1] == JobSpec("gallery", "gpt", inputs=(InputSpec((2, 64), "int64", "ids"),))
    assert app.dataframe[0].value["output_size"][0] == "2×64×5000"
    assert address(app)["inputs"] == "2x64:int64"


def test_a_shape_that_cannot_be_read_is_said_beside_its_field(open_app: Open) -> None:
    app = open_app(model="gallery:gpt")
    (shape,) = [field for field in app.text_input if field.label == "ids"]
    shape.set_value("two by three").run()
    assert "cannot read 'two by three'" in app.error[0].value.replace("\\", "")
    # What was there stays.
    assert figures(app)["Parameters"] == "6.32 M"
    (shape,) = [field for field in app.text_input if field.label == "ids"]
    assert shape.value == "two by three"


def test_a_forward_that_fails_shows_what_there_is_and_where_it_failed(open_app: Open) -> None:
    app = open_app(model="gallery:residual_cnn")
    whole = figures(app)
    shape = next(field for field in app.text_input if field.key and field.key.endswith("0.shape"))
    shape.set_value("1, 5, 32, 32").run()
    said = texts(app).replace("\\", "")
    assert "The forward failed in " in said
    assert "Shapes that met: **1×5×32×32 and 32×3×3×3" in said
    assert "residual_cnn.py, line " in said
    assert "Change the inputs." in said
    assert figures(app)["Parameters"] == whole["Parameters"]
    assert figures(app)["FLOPs"] != whole["FLOPs"]
    assert not app.exception


def test_the_failing_layer_is_selected_by_a_button(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="gallery:residual_cnn")
    shape = next(field for field in app.text_input if field.key and field.key.endswith("0.shape"))
    shape.set_value("1, 5, 32, 32").run()
    app.button(key="passing.a.failed").click().run()
    graph = traced(pool.specs[-1]).graph
    assert graph is not None and graph.failure is not None
    assert app.session_state["a.selected"] == graph.failure.module != ""


def test_progress_and_cancel(open_app: Open, pool: InlinePool) -> None:
    pool.held = True
    app = open_app(model="gallery:gpt")
    assert "Running the forward" in texts(app)
    assert not app.metric
    app.button(key="passing.a.cancel").click().run()
    assert "was cancelled" in texts(app)
    pool.held = False
    app.button(key="passing.a.again").click().run()
    assert figures(app)["Parameters"] == "6.32 M"


def test_the_last_model_stays_while_the_next_one_is_made(open_app: Open, pool: InlinePool) -> None:
    app = open_app()
    pool.held = True
    app.selectbox(key="a.gallery").select("lstm_tagger").run()
    assert "Running the forward" in texts(app)
    assert figures(app)["Parameters"] == "2.12 M"


def test_what_may_go_well_another_time_can_be_tried_again(open_app: Open, pool: InlinePool) -> None:
    pool.answers["gallery"] = fails("timeout", "Stopped after 60 seconds.")
    app = open_app(model="gallery:gpt")
    assert "It took too long" in texts(app)
    assert "Stopped after 60 seconds." in texts(app)
    del pool.answers["gallery"]
    app.button(key="passing.a.retry").click().run()
    assert figures(app)["Parameters"] == "6.32 M"


def test_names_are_never_markup(open_app: Open, pool: InlinePool) -> None:
    pool.answers["gallery"] = named("<script>alert(1)</script> **Net** $x$")
    app = open_app()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; **Net** $x$" in texts(app)
    assert "<script>" not in texts(app)


def test_library_names_can_be_picked(open_app: Open, pool: InlinePool) -> None:
    app = open_app()
    app.session_state["a.kind"] = "library"
    app.run()
    assert figures(app)["Parameters"] == "2.12 M"
    app.selectbox(key="a.library.timm").select("resnet50").run()
    assert pool.specs[-1] == JobSpec("library", "timm:resnet50")
    assert address(app)["model"] == "timm:resnet50"


def test_a_library_that_is_not_installed_is_said(open_app: Open) -> None:
    app = open_app(model="transformers:bert")
    assert "pip install transformers" in app.warning[0].value.replace("\\", "")


def test_a_file_is_made_when_it_is_asked_for_and_then_saved(open_app: Open) -> None:
    app = open_app()
    assert not app.download_button
    app.button(key="passing.a.make.csv").click().run()
    assert app.download_button(key="passing.a.download.csv").label.startswith("Save Transformer")
    # A picture and a table may have one suffix.
    for key, part in (("tex", "tikzpicture"), ("figures.tex", "tabular")):
        app.button(key=f"passing.a.make.{key}").click().run()
        assert not app.exception
        assert f"\\begin{{{part}" in app.session_state["a.made"].content.decode()
    # It was that of this picture alone.
    app.selectbox(key="heat").select("params").run()
    assert not app.download_button
    assert not app.exception


def test_colours_by_time_measure_it(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="gallery:gpt")
    app.selectbox(key="heat").select("time").run()
    assert pool.specs[-1] == JobSpec("gallery", "gpt", timed=True)
    assert address(app) == {"model": "gallery:gpt", "heat": "time"}
    assert NO_TIMES not in texts(app)
    # Times are not in the way of other inputs.
    (shape,) = [field for field in app.text_input if field.label == "ids"]
    shape.set_value("2, 20").run()
    assert pool.specs[-1].timed
    assert pool.specs[-1].inputs is not None
    app.selectbox(key="heat").select("flops").run()
    assert pool.specs[-1] == replace(pool.specs[-2], timed=False)
    assert not app.exception


def test_a_link_to_colours_by_time_runs_the_model_once(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="gallery:gpt", heat="time")
    # The server itself asks for the first models, which need no visitor.
    assert [spec for spec in pool.specs if spec.timed] == [JobSpec("gallery", "gpt", timed=True)]
    # The inputs are proposed all the same.
    assert "ids" in [field.label for field in app.text_input]


def test_a_graph_without_times_is_not_coloured_by_them(open_app: Open, pool: InlinePool) -> None:
    pool.answers["gallery"] = lambda spec: traced(replace(spec, timed=False))
    app = open_app(heat="time")
    assert NO_TIMES in texts(app)
    app.button(key="passing.a.make.svg").click().run()
    assert app.download_button
    assert not app.exception


def test_a_model_too_large_to_be_timed_can_be_seen_by_shapes(
    open_app: Open, pool: InlinePool
) -> None:
    pool.answers["gallery"] = lambda spec: (
        fails("memory", "it took too much")(spec) if spec.timed else traced(spec)
    )
    app = open_app(heat="time")
    assert "Colour the picture by something else" in texts(app)
    app.selectbox(key="heat").select("memory").run()
    assert not app.error and "127 M" in figures(app).values()


def test_a_file_that_cannot_be_made_says_why_and_can_be_asked_for_again(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def fail(shown: Shown, look: Look) -> bytes:
        made.append(shown)
        raise LayoutError("Graphviz did not finish within <30> s")

    pdf, _ = downloads.PICTURES["pdf"]
    monkeypatch.setitem(downloads.PICTURES, "pdf", (pdf, fail))
    app = open_app()
    app.button(key="passing.a.make.pdf").click().run()
    assert "Graphviz did not finish within \\<30\\> s" in app.error[0].value
    assert "on the left, under Picture" in app.error[0].value
    app.run()
    assert len(made) == 1
    app.button(key="passing.a.make.pdf").click().run()
    assert len(made) == 2
    assert not app.download_button


# -- code -----------------------------------------------------------------------------------------


def test_code_is_not_run_unless_the_server_allows_it(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="code")
    assert "modelviz app --allow-code" in app.info[0].value
    assert editor(app)["readOnly"]
    assert app.button(key="passing.a.code.go").disabled
    assert {spec.kind for spec in pool.specs} == {"gallery"}


@pytest.mark.usefixtures("allow_code")
def test_code_runs_when_its_button_is_pressed(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="code")
    type_into(app, "code", "class Net: ...")
    assert {spec.kind for spec in pool.specs} == {"gallery"}
    app.button(key="passing.a.code.go").click().run()
    assert pool.specs[-1] == JobSpec("code", "class Net: ...")
    assert address(app)["model"] == "code"


def code_jobs(pool: InlinePool) -> list[JobSpec]:
    return [spec for spec in pool.specs if spec.kind == "code"]


@pytest.mark.usefixtures("allow_code")
def test_code_of_a_link_runs_once_it_was_shown_and_confirmed(
    open_app: Open, pool: InlinePool
) -> None:
    theirs = "class Theirs: ..."
    app = open_app(model="code", text=pack(theirs), factory="Theirs")
    assert "press Run if you trust it" in app.warning[0].value
    assert editor(app)["text"] == theirs
    app.button(key="passing.a.code.go").click().run()
    assert app.code[0].value == theirs
    assert "Theirs" in texts(app)
    assert code_jobs(pool) == []
    # A reload asks again.
    assert address(app)["text"] == pack(theirs)
    app.button(key="passing.a.code.sure").click().run()
    assert code_jobs(pool) == [JobSpec("code", theirs, factory="Theirs")]


@pytest.mark.usefixtures("allow_code")
def test_what_one_visitor_ran_runs_unasked_for_nobody(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="code")
    type_into(app, "code", "class Mine: ...")
    app.button(key="passing.a.code.go").click().run()
    link = address(app)
    assert len(code_jobs(pool)) == 1
    assert "press Run if you trust it" in open_app(**link).warning[0].value
    # Another factory of the same code is another job, on the same page as well.
    app.text_input(key="a.factory").set_value("abort").run()
    assert len(code_jobs(pool)) == 1


@pytest.mark.usefixtures("allow_code")
def test_an_error_of_the_code_is_shown_with_its_traceback(open_app: Open, pool: InlinePool) -> None:
    pool.answers["code"] = fails("code", "NameError: name 'torch' is not defined")
    app = open_app(model="code")
    app.button(key="passing.a.code.go").click().run()
    assert "The code failed before there was a model" in texts(app)
    assert "NameError: name 'torch' is not defined" in unescape(texts(app))


@pytest.mark.usefixtures("allow_code")
@pytest.mark.parametrize("failed", [False, True])
def test_what_the_code_printed_can_be_read(open_app: Open, pool: InlinePool, failed: bool) -> None:
    error = JobError("forward", "the forward stopped") if failed else None
    graph = trace(nn.Linear(2, 2), (1, 2))
    pool.answers["code"] = lambda spec: JobResult(graph, error, printed="x is (1, 2)\n")
    app = open_app(model="code")
    app.button(key="passing.a.code.go").click().run()
    assert [block.value for block in app.code].count("x is (1, 2)") == 1


@pytest.mark.usefixtures("allow_code")
def test_why_a_model_was_not_run_stands_above_its_picture(open_app: Open, pool: InlinePool) -> None:
    class Idle(nn.Module):
        pass

    pool.answers["code"] = lambda spec: JobResult(trace(Idle()))
    app = open_app(model="code")
    app.button(key="passing.a.code.go").click().run()
    assert ["Idle has no forward to run" in info.value for info in app.info] == [True]


@pytest.mark.usefixtures("allow_code")
def test_nothing_is_run_without_code(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="code")
    type_into(app, "code", " \n")
    app.button(key="passing.a.code.go").click().run()
    assert [error.value for error in app.error] == [
        r"There is no code yet\: type it, paste it or upload it\."
    ]
    assert not code_jobs(pool)


@pytest.mark.usefixtures("allow_code")
def test_the_line_that_failed_is_told_to_the_editor(open_app: Open, pool: InlinePool) -> None:
    pool.answers["code"] = lambda spec: JobResult(
        None, JobError("code", "NameError: no x\nmore", line=2)
    )
    app = open_app(model="code")
    type_into(app, "code", "one\ntwo\nthree")
    app.button(key="passing.a.code.go").click().run()
    failing = {"line": 2, "text": "two", "message": "NameError: no x"}
    assert editor(app)["failing"] == failing
    # It belongs to what was run, whatever is typed since.
    type_into(app, "code", "one\ntwo")
    assert editor(app)["failing"] == failing
    del pool.answers["code"]
    app.button(key="passing.a.code.go").click().run()
    assert editor(app)["failing"] is None


@pytest.mark.usefixtures("allow_code")
def test_a_new_run_replaces_the_picture_and_the_error(open_app: Open, pool: InlinePool) -> None:
    pool.answers["code"] = lambda spec: replace(
        traced(JobSpec("gallery", "gpt")), error=JobError("forward", "it failed")
    )
    app = open_app(model="code")
    app.button(key="passing.a.code.go").click().run()
    assert "it failed" in texts(app) and figures(app)["Parameters"] == "6.32 M"
    pool.held = True
    type_into(app, "code", "class Other: ...")
    assert "it failed" in texts(app), "nothing was run yet"
    app.button(key="passing.a.code.go").click().run()
    assert "Running **Python code**" in texts(app)
    assert "it failed" not in texts(app)
    assert not app.metric and not app.dataframe


@pytest.mark.usefixtures("allow_code")
def test_code_that_is_run_again_is_run(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model="code")
    for _ in range(2):
        app.button(key="passing.a.code.go").click().run()
    assert len(code_jobs(pool)) == 2


@pytest.mark.usefixtures("allow_code")
def test_code_with_several_models_asks_which(open_app: Open, pool: InlinePool) -> None:
    pool.answers["code"] = lambda spec: replace(
        traced(JobSpec("gallery", "gpt" if spec.factory == "Other" else "simple_net")),
        candidates=("Other", "Net"),
        chosen=spec.factory or "Net",
    )
    app = open_app(model="code")
    type_into(app, "code", "class Other: ...\nclass Net: ...")
    app.button(key="passing.a.code.go").click().run()
    which = app.button_group(key="passing.a.candidate")
    assert which.label == "This code has 2 models. Which one is to be shown?"
    assert which.value == "Net" and which.options == ["Other", "Net"]
    which.set_value("Other").run()
    assert [spec.factory for spec in code_jobs(pool)] == [None, "Other"]
    assert figures(app)["Parameters"] == "6.32 M"
    assert address(app)["factory"] == "Other"
    # What was picked goes with the code that had it.
    type_into(app, "code", "class Net: ...")
    app.button(key="passing.a.code.go").click().run()
    assert code_jobs(pool)[-1].factory is None


# -- what was typed stays -------------------------------------------------------------------------


def test_what_was_typed_stays_when_another_source_is_looked_at(open_app: Open) -> None:
    app = open_app(model="config")
    type_into(app, "config", '{"model_type": "mine"}')
    app.button_group(key="a.kind").set_value("gallery").run()
    assert editors(app) == []
    app.button_group(key="a.kind").set_value("config").run()
    assert editor(app)["text"] == '{"model_type": "mine"}'


def go(app: AppTest, path: str) -> None:
    """Follow the link to another page; AppTest's own way there knows only pages that are files."""
    pages = app._registered_pages.items()
    app._page_hash = next(page for page, about in pages if about["url_pathname"] == path)
    app.run()


def test_both_pages_know_what_was_chosen(open_app: Open) -> None:
    app = open_app(model="gallery:gpt")
    app.toggle(key="fold").set_value(False).run()
    go(app, "compare")
    assert not app.exception
    assert app.selectbox(key="a.gallery").value == "gpt"
    assert app.toggle(key="fold").value is False
    app.selectbox(key="a.gallery").select("lstm_tagger").run()
    go(app, "")
    assert app.selectbox(key="a.gallery").value == "lstm_tagger"
    assert app.toggle(key="fold").value is False
    assert address(app) == {"model": "gallery:lstm_tagger", "fold": "no"}


def test_the_text_and_the_tab_outlive_a_visit_to_another_page(open_app: Open) -> None:
    app = open_app(tab="Charts")
    app.button_group(key="a.kind").set_value("config").run()
    app.run()
    type_into(app, "config", '{"model_type": "mine"}')
    go(app, "compare")
    assert editor(app)["text"] == '{"model_type": "mine"}'
    go(app, "")
    assert editor(app)["text"] == '{"model_type": "mine"}'
    assert address(app)["tab"] == "Charts"


def test_compare_shows_both_and_what_differs(open_app: Open, pool: InlinePool) -> None:
    app = open_app(model2="gallery:simple_net", inputs="2x20:int64;2x9:int64")
    go(app, "compare")
    assert not app.exception
    assert figures(app)["Parameters"] == "102 k"
    # Each side is called what was chosen, the class beside it, with the same figures.
    assert re.findall(r'>([^<>]*) <span class="mv-beside">(\w+)<', texts(app)) == [
        ("transformer", "Transformer"),
        ("simple net", "SimpleNet"),
    ]
    assert "What differs" in [subheader.value for subheader in app.subheader]
    said = texts(app)
    assert "from transformer to simple net" in said.replace("\\", "")
    # Each change has its sign and place, in the order of the diff; the costs end at the second.
    diff = app.session_state["comparison"].diff
    places = [where(change) for change in diff.changes]
    cells = [unescape(cell) for cell in re.findall(r'data-head="Where">([^<]*)<', said)]
    assert cells == places != []
    assert 'data-head="">transformer<' in said and 'data-head="">simple net<' in said
    assert address(app) == {"model2": "gallery:simple_net", "inputs": "2x20:int64;2x9:int64"}


def test_models_that_are_the_same_are_told_apart_and_do_not_differ(open_app: Open) -> None:
    app = open_app(model="gallery:simple_net", model2="gallery:simple_net")
    go(app, "compare")
    assert [one.value.replace("\\", "") for one in app.success] == [
        "Nothing differs between simple net (A) and simple net (B)."
    ]


def test_what_differs_can_be_taken_away(open_app: Open) -> None:
    app = open_app(model="gallery:simple_net", model2="gallery:residual_cnn")
    go(app, "compare")
    starts = {"md": "**simple net → residual cnn: ", "json": '{\n  "before"', "svg": "<"}
    for suffix, start in starts.items():
        app.button(key=f"passing.b.make.{suffix}").click().run()
        assert not app.error
        assert app.session_state["b.made"].content.decode().startswith(start)


# -- findings --------------------------------------------------------------------------------------


def test_findings_are_told_by_rule_and_lead_to_the_part(open_app: Open, pool: InlinePool) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2), nn.Softmax(1))
    graph = trace(model, (2, 4))
    pool.answers["gallery"] = lambda spec: JobResult(graph)
    app = open_app()
    assert not app.exception
    report = check(graph)
    found = [finding for finding in report if finding.path]
    assert [finding.code for finding in found] == ["MV501"]
    said = texts(app).replace("\\", "")
    assert f"**{report.summary}**" in said and "▲ **warning**" in said
    assert found[0].message in unescape(said) and f"→ {found[0].hint}" in unescape(said)
    assert "# MV501" in said, "the page of the rule"
    assert str(report) in [code.value for code in app.code]
    app.button(key="passing.a.finding.MV501.0").click().run()
    assert app.session_state["a.selected"] == found[0].path
    assert app.session_state["tab"] == "Diagram"


def test_a_finding_of_an_op_of_the_model_itself_leads_to_the_op(
    open_app: Open, pool: InlinePool
) -> None:
    class Twice(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.relu(torch.relu(x))

    graph = trace(Twice(), (2, 4))
    (found,) = [finding for finding in check(graph) if finding.code == "MV502"]
    assert not found.path and found.op is not None
    pool.answers["gallery"] = lambda spec: JobResult(graph)
    app = open_app()
    app.button(key="passing.a.finding.MV502.0").click().run()
    assert app.session_state["a.selected"] == f"o{found.op}"
    assert not app.exception


def test_a_model_without_findings_says_so(open_app: Open) -> None:
    app = open_app(model="gallery:simple_net")
    assert "Nothing found." in texts(app)


# -- links ----------------------------------------------------------------------------------------


def test_a_link_brings_back_the_model_its_inputs_and_the_picture(
    open_app: Open, pool: InlinePool
) -> None:
    link = {
        "model": "gallery:gpt",
        "inputs": "2x64:int64",
        "mode": "train",
        "depth": "2",
        "fold": "no",
        "theme": "paper",
        "direction": "LR",
        "heat": "params",
        "select": "blocks.0",
    }
    app = open_app(**link)
    assert pool.specs[-1] == JobSpec(
        "gallery", "gpt", inputs=(InputSpec((2, 64), "int64", "ids"),), mode="train"
    )
    assert address(app) == link


@pytest.mark.parametrize(
    "link",
    [
        {"model": "gallery:nothing"},
        {"model": "timm:nothing"},
        {"model": "config", "text": "!!!"},
        {"model": "gallery:gpt", "inputs": "what"},
        {"theme": "<script>", "depth": "99", "heat": "love"},
        {"model": "a" * 5000, "select": "b" * 5000},
    ],
)
def test_a_damaged_link_still_opens_a_page(open_app: Open, link: dict[str, str]) -> None:
    app = open_app(**link)
    assert not app.exception


# -- what the model is made of ---------------------------------------------------------------------


def test_a_mixture_of_experts_shows_its_active_parameters(open_app: Open) -> None:
    app = open_app(model="gallery:mixture_of_experts")
    shown = app.session_state["a.shown"].shown
    experts = find_experts(shown.graph)
    assert experts.groups
    assert figures(app)["Active"] == parameters_text(experts.active_params)
    assert "Weights in float32" in texts(app)
    app.selectbox(key="a.gallery").select("gpt").run()
    assert "Active" not in figures(app)


def test_the_type_and_the_quantization_of_a_config_are_said(
    open_app: Open, pool: InlinePool
) -> None:
    model = nn.Linear(4, 4).to(torch.bfloat16)
    model.register_parameter("scale", nn.Parameter(torch.ones(10)))
    asked = Finding("MV011", "info", "the config asks for quantized weights (gptq, 4-bit)")
    graph = replace(trace(model, execution="none"), findings=(asked,))
    pool.answers["config"] = lambda spec: JobResult(graph)
    app = open_app(model="config", text=pack("{}"))
    said = texts(app).replace("\\", "")
    assert "Weights in bfloat16 (50%), float32 (50%)." in said
    assert "The config asks for quantized weights (gptq, 4-bit)." in said
