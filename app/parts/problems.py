"""What went wrong, and what a reader should know."""

from __future__ import annotations

import streamlit as st

from modelviz.graph import Failure
from modelviz.jobs import JobError, JobSpec
from modelviz.places import place_in_words
from modelviz.problems import TITLES
from modelviz.units import shape_text, shapes_text

from .outcome import Outcome
from .selection import select
from .state import Slot, passing
from .text import lines, plain
from .waiting import try_again

NOT_RUN = "MV008"
"""The finding that says why a model has no forward here."""
PRINTED = "What the code printed"
UNTIMED = (
    "Times are measured on a real forward. Colour the picture by something else (on the left, "
    "under Picture) to see the model by shapes alone, or give smaller inputs."
)


def show_error(slot: Slot, outcome: Outcome) -> None:
    """Show why there is no model, no forward or only the first part of one; else nothing."""
    error = outcome.result.error
    graph = outcome.result.graph
    if error is None:
        for finding in () if graph is None else graph.findings:
            if finding.code == NOT_RUN:
                st.info(plain(finding.message), icon=":material/info:")
        return
    failure = None if graph is None else graph.failure
    with st.container(border=True, key=passing(slot, "error")):
        title = TITLES[error.kind]
        if failure is None:
            _title(title)
            lines(error.message)
        else:
            _title(f"{title} in {failure.module}" if failure.module else title)
            lines(f"{failure.error}: {failure.message}")
            _where(slot, failure)
        if hint := _hint(outcome.spec, error):
            st.markdown(":material/lightbulb: **What to try**")
            st.markdown("\n".join(f"- {plain(remedy)}" for remedy in hint.splitlines()))
        _details(error)
        _printed(outcome.result.printed)
        if outcome.transient and st.button("Try again", key=passing(slot, "retry")):
            try_again(slot, outcome.spec)
            # All of the page, not the part of it that shows the error alone.
            st.rerun()


def _hint(spec: JobSpec, error: JobError) -> str:
    """What to try: a model too large to run can still be seen, unless times are asked for."""
    return UNTIMED if spec.timed and error.kind in ("memory", "timeout") else error.hint


def show_notes(outcome: Outcome) -> None:
    """Show what is known about how the model was made and counted."""
    graph = outcome.result.graph
    notes = list(dict.fromkeys((*outcome.result.notes, *(graph.notes if graph else ()))))
    if graph is not None:
        how = {
            "fake": "Run by shapes alone: no number was computed.",
            "real": "Run for real: every number was computed.",
            "none": "Not run: the modules and their parameters, without a forward.",
        }
        st.markdown(how[graph.execution])
    if outcome.result.inputs:
        given = ", ".join(
            f"{i.name or 'input'} {shape_text(i.shape)} {i.dtype}" for i in outcome.result.inputs
        )
        st.markdown(f"Inputs: {plain(given)}")
    for note in notes:
        with st.container(border=True):
            lines(note)
    if not notes:
        st.caption("Nothing else to note: every op was counted.")
    if outcome.result.error is None:
        _printed(outcome.result.printed)


def _title(text: str) -> None:
    st.markdown(f":red[:material/error: **{plain(text)}**]")


def _where(slot: Slot, failure: Failure) -> None:
    """Where it failed, and the shapes that met there."""
    facts = []
    if failure.shapes:
        facts.append(f"Shapes that met: **{plain(shapes_text(failure.shapes))}**")
    if failure.file is not None:
        facts.append(plain(place_in_words(failure.file, failure.line)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("  ·  ".join(facts))
        st.button(
            "Show the layer",
            key=passing(slot, "failed"),
            icon=":material/my_location:",
            on_click=select,
            args=(slot, failure.module),
        )


def _details(error: JobError) -> None:
    for title, text in (("Traceback", error.traceback), (PRINTED, error.output)):
        if text:
            with st.expander(title, expanded=title == "Traceback" and error.kind == "code"):
                st.code(text, language=None)


def _printed(text: str) -> None:
    if text:
        with st.expander(PRINTED, expanded=True):
            st.code(text, language=None)
