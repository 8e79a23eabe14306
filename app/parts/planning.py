"""The page that says what a step of a model takes, and where it fits."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from modelviz.jobs import JobSpec
from modelviz.planning.devices import Device
from modelviz.planning.outline import Outline

from .choice import choose
from .outcome import Outcome
from .picker import pick
from .plan_controls import choose_device, edit_plan
from .plan_link import read, write
from .plan_models import MODELS, TITLES
from .plan_result import show_plan
from .problems import show_error
from .server import visitor
from .state import Slot, key, put, value
from .text import heading
from .waiting import await_outcome

SLOT: Slot = "plan"
PARAMETER = "model"
WELCOME = "What a step takes before anything runs: memory, where it fits, what still fits."


def planning() -> None:
    """Show the page."""
    with st.sidebar:
        st.markdown(WELCOME)
        model = _model()
        device = choose_device()
        known: tuple[JobSpec, Outline] | None = value(SLOT, "known")
        spec = None
        if model is not None and device is not None:
            held = known[1] if known is not None and known[0] == model else None
            spec = replace(model, plan=edit_plan(model, device, held))
        chosen = str(st.session_state[key(SLOT, "model")])
        named = {} if chosen == next(iter(MODELS)) else {PARAMETER: chosen}
        write(named, None if spec is None else spec.plan)
    # A place of its own, so that what is below it stays where it is.
    with st.container():
        outcome = None if spec is None else _awaited(spec)
    if outcome is not None and model is not None:
        put(SLOT, "shown", outcome)
        if outcome.result.plan is not None and (known is None or known[0] != model):
            put(SLOT, "known", (model, outcome.result.plan))
            # The widgets know now which sizes and parts the model has.
            st.rerun()
    shown: Outcome | None = value(SLOT, "shown")
    if shown is None or device is None:
        st.skeleton(height=500)
        return
    _show(shown, device)


def _show(outcome: Outcome, device: Device) -> None:
    with st.container():
        show_error(SLOT, outcome)
    if outcome.result.plan is not None:
        heading(outcome.result.plan.name)
        show_plan(outcome.spec, outcome.result.plan, device)


def _awaited(spec: JobSpec) -> Outcome | None:
    """What came of the job. One that was asked for before and is wanted no more is stopped."""
    before: JobSpec | None = value(SLOT, "asked")
    if before is not None and before != spec:
        visitor().cancel(before)
    put(SLOT, "asked", spec)
    return await_outcome(SLOT, spec)


def _model() -> JobSpec | None:
    """The model that is chosen, here or by the address; None while the choice is not complete."""
    widget = key(SLOT, "model")
    if widget not in st.session_state:
        linked = st.query_params.get(PARAMETER)
        first = linked if linked is not None and linked in MODELS else next(iter(MODELS))
        st.session_state[widget] = first
        read(MODELS[first])
    chosen = str(choose("Model", TITLES, widget))
    return pick(SLOT) if MODELS[chosen] is None else MODELS[chosen]
