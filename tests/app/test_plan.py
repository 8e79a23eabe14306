"""The page Plan, without a browser."""

from __future__ import annotations

from functools import cache

import pytest
from streamlit.testing.v1 import AppTest

from modelviz import ModelvizError
from modelviz.jobs import JobError, JobResult, JobSpec, PlanSpec
from modelviz.jobs.planned import planned
from tests.planning.test_outline import source

from .conftest import Open
from .pool import InlinePool, traced
from .test_pages import address, figures, go, texts


@cache
def answer(spec: JobSpec) -> JobResult:
    """The plan of a small model of tokens, whichever was asked for; a trace where none was."""
    if spec.plan is None:
        return traced(spec)
    try:
        return JobResult(plan=planned(source(), None, spec.plan, lambda stage: None))
    except ModelvizError as error:
        return JobResult(error=JobError("input", str(error)))


@pytest.fixture
def plans(pool: InlinePool) -> InlinePool:
    pool.answers.update(dict.fromkeys(("gallery", "library", "config"), answer))
    return pool


def opened(open_app: Open, **query: str) -> AppTest:
    app = open_app()
    for name, text in query.items():
        app.query_params[name] = text
    go(app, "plan")
    assert not app.exception
    return app


def last(pool: InlinePool) -> PlanSpec:
    found = pool.specs[-1].plan
    assert found is not None
    return found


def said(app: AppTest) -> str:
    boxes = [*app.success, *app.error, *app.warning]
    return "\n".join([texts(app), *(box.value for box in boxes)]).replace("\\", "")


def test_a_verdict_and_its_figures_at_once(open_app: Open, plans: InlinePool) -> None:
    app = opened(open_app)
    assert app.success[0].value.replace("\\", "").startswith("**Fits on H100 80 GB: ")
    assert {"Peak", "Weights", "A step, at best", "Perhaps"} <= set(figures(app))
    assert "optimizer states" in said(app)
    assert "blocks.*" in said(app)
    assert address(app) == {}


def test_controls_change_what_is_planned(open_app: Open, plans: InlinePool) -> None:
    app = opened(open_app)
    first = figures(app)["Peak"]
    for field in app.number_input:
        if field.label in ("Batch", "Context"):
            field.set_value({"Batch": 4, "Context": 16}[field.label])
    app.run()
    assert (last(plans).batch, last(plans).seq) == (4, 16)
    assert figures(app)["Peak"] != first
    app.selectbox(key="plan.optimizer").select("sgd").run()
    app.selectbox(key="plan.precision").select("bfloat16").run()
    checkpoint, lora = app.multiselect
    assert checkpoint.options == ["blocks.*"] and lora.options == ["*.up", "*.down"]
    checkpoint.set_value(["blocks.*"]).run()
    app.multiselect[1].set_value(["*.up"]).run()
    assert last(plans) == PlanSpec(
        optimizer="sgd",
        precision="bfloat16",
        device="H100 80 GB",
        batch=4,
        seq=16,
        checkpoint=("blocks.*",),
        lora=("*.up",),
    )
    app.segmented_control(key="plan.goal").set_value("infer").run()
    assert last(plans).optimizer is None and last(plans).checkpoint == ()
    assert not app.exception


def test_every_gpu_is_judged_by_one_plan(open_app: Open, plans: InlinePool) -> None:
    app = opened(open_app)
    asked = len(plans.specs)
    app.selectbox(key="plan.device").select("T4 16 GB").run()
    assert "T4 16 GB" in app.success[0].value
    app.selectbox(key="plan.device").select("other").run()
    app.text_input(key="plan.memory").set_value("20kB").run()
    assert "Does not fit on a GPU of 20" in said(app)
    assert len(plans.specs) == asked
    app.text_input(key="plan.memory").set_value("a lot").run()
    assert "expected 'cpu', bytes" in app.sidebar.error[0].value.replace("\\", "")
    assert not app.exception


@pytest.mark.slow
def test_the_largest_batch_is_looked_for_when_it_is_asked(
    open_app: Open, plans: InlinePool
) -> None:
    app = opened(open_app)
    assert not any(spec.plan and spec.plan.find for spec in plans.specs)
    app.selectbox(key="plan.device").select("other").run()
    app.text_input(key="plan.memory").set_value("100kB").run()
    app.button(key="passing.plan.batch.find").click().run()
    assert last(plans).find == "batch" and last(plans).device == "100000B"
    assert "with batch 1" in said(app) or "fits on a GPU of 100" in said(app).lower()
    # Another plan is another question.
    app.selectbox(key="plan.optimizer").select("sgd").run()
    assert app.button(key="passing.plan.batch.find")
    assert not app.exception


def test_how_the_peak_grows_is_planned_when_it_is_asked(open_app: Open, plans: InlinePool) -> None:
    app = opened(open_app)
    charts = len(app.get("vega_lite_chart"))
    app.button(key="passing.plan.peaks.find").click().run()
    assert last(plans).find == "peaks"
    assert len(app.get("vega_lite_chart")) == charts + 2
    assert "**Peak by batch (seq " in said(app) and "**Peak by seq (batch " in said(app)
    # Another device is another line in the same charts.
    asked = len(plans.specs)
    app.selectbox(key="plan.device").select("T4 16 GB").run()
    assert len(plans.specs) == asked
    assert not app.exception


def test_bad_input_gives_one_message(open_app: Open, plans: InlinePool) -> None:
    app = opened(open_app)
    app.multiselect[0].set_value(["nothing.*"]).run()
    assert "fits no module of the model" in said(app)
    assert not app.exception
    app.multiselect[0].set_value([]).run()
    assert app.success


def test_a_job_can_be_watched_and_cancelled_and_an_old_one_is_stopped(
    open_app: Open, plans: InlinePool
) -> None:
    app = opened(open_app)
    plans.held = True
    app.selectbox(key="plan.optimizer").select("adafactor").run()
    unwanted = plans.jobs[-1]
    assert "Running the forward" in texts(app)
    assert figures(app)["Peak"]  # the last plan stays
    app.selectbox(key="plan.optimizer").select("sgd").run()
    assert unwanted.cancelled
    app.button(key="passing.plan.cancel").click().run()
    assert "was cancelled" in texts(app)
    assert not app.exception


def test_a_link_brings_every_choice_back(open_app: Open, plans: InlinePool) -> None:
    link = {
        "model": "llama", "device": "A100 80 GB", "precision": "bfloat16", "optimizer": "sgd",
        "dp": "4", "tp": "2", "batch": "4", "seq": "16", "checkpoint": "blocks.*", "lora": "*.up",
        "rank": "32",
    }  # fmt: skip
    app = opened(open_app, **link)
    assert last(plans) == PlanSpec(
        optimizer="sgd", precision="bfloat16", device="H100 80 GB", batch=4, seq=16,
        checkpoint=("blocks.*",), lora=("*.up",), lora_rank=32, dp=4, tp=2,
    )  # fmt: skip
    assert address(app) == link
    assert "each of 8 devices (dp=4, tp=2)" in said(app).lower()
    assert "A100 80 GB" in app.success[0].value
    assert not app.exception


def test_what_a_link_cannot_mean_is_left_out(open_app: Open, plans: InlinePool) -> None:
    app = opened(open_app, dp="-3", tp="x", batch="0", device="none", rank="7", optimizer="?")
    assert last(plans).dp == last(plans).tp == 1 and last(plans).batch is None
    assert address(app) == {}
    assert not app.exception


def test_one_of_many_devices(open_app: Open, plans: InlinePool) -> None:
    app = opened(open_app)
    assert "Each of" not in said(app)
    app.number_input(key="plan.dp").set_value(2).run()
    assert (last(plans).dp, last(plans).tp) == (2, 1) and address(app) == {"dp": "2"}
    assert "Each of 2 devices (dp=2)" in said(app)
    assert "all-gather" in said(app) and "Shard(0)" in said(app)
    app.number_input(key="plan.tp").set_value(5).run()
    assert "tp=5" in said(app)
    assert not app.exception


def test_a_link_names_its_model(open_app: Open, plans: InlinePool) -> None:
    app = opened(open_app, model="llama")
    assert plans.specs[-1].kind == "config"
    assert '"num_hidden_layers": 80' in plans.specs[-1].source
    assert address(app) == {"model": "llama"}
    app.selectbox(key="plan.model").select("own").run()
    assert app.selectbox(key="plan.gallery").value == "transformer"
    assert not app.exception
