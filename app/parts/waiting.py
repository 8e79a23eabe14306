"""What is on the page while a job runs."""

from __future__ import annotations

import time

import streamlit as st

from modelviz.jobs import JobSpec

from .outcome import Outcome
from .server import visitor
from .specs import TEXTS, is_shared, title_of
from .state import Slot, passing, put, value
from .text import plain

GRACE = 0.4
"""Seconds that the page waits for a job before it says that one runs: most are done by then."""
STEP = 0.02
POLL = 0.25
"""Seconds between two looks at a job. Only this part of the page is drawn again, so that nobody
is interrupted while typing."""


def await_outcome(slot: Slot, spec: JobSpec) -> Outcome | None:
    """What came of the job; while there is nothing yet, its progress is shown."""
    here = visitor()
    before = value(slot, "asked")
    put(slot, "asked", spec)
    if (outcome := here.outcome(spec)) is not None:
        if before != spec and spec.kind in TEXTS:
            # The editor above, which marks the line that failed, was drawn before it was known.
            st.rerun()
        return outcome
    if is_stopped(slot, spec):
        _stopped(slot, spec)
        return None
    outcome_or_job = here.follow(spec)
    deadline = time.monotonic() + (GRACE if is_shared(spec) else 0)
    while not isinstance(outcome_or_job, Outcome) and time.monotonic() < deadline:
        time.sleep(STEP)
        outcome_or_job = here.follow(spec)
    if isinstance(outcome_or_job, Outcome):
        # The sidebar, which shows the inputs that were proposed, was drawn before it was there.
        st.rerun()
    _progress(slot, spec)
    return None


@st.fragment(run_every=POLL)
def _progress(slot: Slot, spec: JobSpec) -> None:
    outcome_or_job = visitor().follow(spec)
    if isinstance(outcome_or_job, Outcome):
        st.rerun()
    progress = outcome_or_job.progress
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        where = f", {progress.waiting} before it" if progress.waiting else ""
        st.markdown(
            f":material/hourglass_top: Running **{plain(title_of(spec))}**: "
            f"{plain(progress.stage)}{where} · {progress.seconds:.0f} s"
        )
        if st.button("Cancel", key=passing(slot, "cancel")):
            visitor().cancel(spec)
            put(slot, "stopped", spec)
            # All of the page, not this part of it alone.
            st.rerun()


def is_stopped(slot: Slot, spec: JobSpec | None) -> bool:
    """Whether the visitor cancelled this job."""
    return spec is not None and bool(value(slot, "stopped") == spec)


def may_stay(shown: Outcome, spec: JobSpec) -> bool:
    """Whether a picture may stay while another job runs: of the same model, or of a shared one.

    What somebody has just run is not to be taken for what ran before.
    """
    if (shown.spec.kind, shown.spec.source, shown.spec.factory, shown.spec.data) == (
        spec.kind,
        spec.source,
        spec.factory,
        spec.data,
    ):
        return True
    return is_shared(shown.spec) and is_shared(spec)


def _stopped(slot: Slot, spec: JobSpec) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(title_of(spec))}** was cancelled.")
        st.button("Run again", key=passing(slot, "again"), on_click=try_again, args=(slot, spec))


def try_again(slot: Slot, spec: JobSpec) -> None:
    """Forget that the job was stopped or failed, so that the page runs it once more."""
    visitor().forget(spec)
    put(slot, "stopped", None)
