"""What a page shows of a plan: the verdict, the curve, the parts, who holds them, what fits."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from modelviz.jobs import JobSpec
from modelviz.jobs.spec import Find
from modelviz.planning.devices import DEVICES, Device
from modelviz.planning.outline import Outline
from modelviz.planning.words import beside, verdict_on
from modelviz.units import bytes_text, seconds_text, share_text

from .grid import show_grid
from .outcome import Outcome
from .plan_curve import show_curve, show_trends
from .plan_peaks import show_peaks
from .problems import show_error
from .state import Slot, passing, put, value
from .text import lines, plain
from .waiting import await_outcome

SLOT: Slot = "plan"
ROWS = 12
"""Holders that are shown at first."""
HEADS = {
    "parameters": ("Parameter", "Shape", "Placed"),
    "sent by": ("Collective", "Over", "Times", "Messages"),
    "sent for": ("Module", "Collective", "Times"),
}
"""What the columns of the tables of many devices are, by how their titles begin."""
SLOTS: dict[Find, Slot] = {
    "batch": "plan.batch",
    "seq": "plan.seq",
    "peaks": "plan.peaks",
    "growth": "plan.growth",
}


def show_plan(spec: JobSpec, outline: Outline, device: Device) -> None:
    """Show the plan of a step as it is on the device."""
    _verdict(outline, device)
    _figures(outline, device)
    st.subheader("Memory over the step", anchor=False)
    show_curve(outline, device)
    left, right = st.columns([1, 2], gap="large")
    with left:
        _parts(outline)
    with right:
        _holders(outline)
    _many(outline)
    _largest(spec, outline, device)
    if device.is_gpu:
        _devices(outline)
    _peaks(spec, outline, device)
    _growth(spec)
    _notes(outline, device)


def _verdict(outline: Outline, device: Device) -> None:
    text = plain(_sentence(verdict_on(device, outline.peak)))
    memory = device.memory
    if memory is None:
        st.warning(f"**{text}**", icon=":material/help:")
    elif outline.peak > memory:
        st.error(f"**{text}**", icon=":material/cancel:")
    elif outline.peak + device.beside[1] > memory:
        st.warning(f"**{text}**", icon=":material/warning:")
    else:
        st.success(f"**{text}**", icon=":material/check_circle:")
    st.caption(plain(outline.title))


def _figures(outline: Outline, device: Device) -> None:
    parts = {part.name: part.bytes for part in outline.parts}
    pace = next((one for one in outline.paces if one.device == device.name), None)
    with st.container(horizontal=True, gap="small"):
        st.metric(
            "Peak", bytes_text(outline.peak), help=_sentence(f"it is {outline.when}"), width=130
        )
        st.metric("Weights", bytes_text(parts.get("parameters", 0)), width=130)
        if outline.kv_cache:
            st.metric("KV cache", bytes_text(outline.kv_cache), width=130)
        if pace is not None:
            st.metric(
                "A step, at best",
                seconds_text(pace.ideal),
                help="No step is faster, by the data sheet of the device.",
                width=140,
            )
            st.metric(
                "Perhaps", seconds_text(pace.estimate), help=_sentence(outline.basis), width=130
            )


def _parts(outline: Outline) -> None:
    st.subheader("What the peak is made of", anchor=False)
    rows = [
        (part.name, bytes_text(part.bytes), share_text(part.bytes, outline.peak))
        for part in outline.parts
    ]
    show_grid(
        ("Part", "Bytes", "Share"),
        [*rows, ("in all", bytes_text(outline.peak), "100%")],
        numbers=2,
        signs=False,
    )
    st.caption(plain(_sentence(f"the peak is {outline.when}")))
    if outline.steps:
        st.caption(plain(_sentence(outline.steps)))


def _holders(outline: Outline) -> None:
    st.subheader("Who holds it", anchor=False)
    every = len(outline.rows) <= ROWS or st.toggle(
        f"All {len(outline.rows):,}", key=passing(SLOT, "all"), persist_state="session"
    )
    shown = outline.rows if every else outline.rows[:ROWS]
    rows = [(row.what, row.where, row.place, bytes_text(row.bytes)) for row in shown]
    rest = outline.rest + sum(row.bytes for row in outline.rows[len(shown) :])
    if rest:
        rows.append(("everything else", "", "", bytes_text(rest)))
    show_grid(("What", "Whose", "Line", "Bytes"), rows, numbers=1, signs=False)


def _many(outline: Outline) -> None:
    """What one of several devices has, and what it sends."""
    if not outline.spread:
        return
    st.subheader("On one of many devices", anchor=False)
    st.markdown(plain(_sentence(outline.spread)))
    for grid in outline.grids:
        st.markdown(f"**{plain(_sentence(grid.title).rstrip('.'))}**")
        rows = [(*row.texts[1:], row.texts[0]) for row in grid.rows]
        names = next(heads for start, heads in HEADS.items() if grid.title.startswith(start))
        show_grid((*names, "Bytes"), rows, numbers=1, signs=False)
    if outline.sending:
        st.caption(plain(_sentence(outline.sending)))


def _largest(spec: JobSpec, outline: Outline, device: Device) -> None:
    st.subheader("What still fits", anchor=False)
    if device.memory is None:
        st.caption("The memory of this device is not known: choose a GPU, or say how much it has.")
        return
    asks: dict[Find, str] = {}
    if outline.batch is not None:
        asks["batch"] = "Find the largest batch"
    if outline.seq is not None:
        asks["seq"] = "Find the longest context"
    if not asks:
        st.caption("The inputs have neither a batch nor a sequence.")
    for find, label in asks.items():
        found = _asked(spec, find, label, device)
        if found is not None and found.answer is not None:
            st.markdown(f"**{plain(_sentence(found.answer.reason))}**")


def _devices(outline: Outline) -> None:
    st.subheader("On other devices", anchor=False)
    paces = {pace.device: pace for pace in outline.paces}
    rows = []
    for device in DEVICES.values():
        assert device.memory is not None
        fits = outline.peak <= device.memory
        pace = paces.get(device.name)
        rows.append(
            (
                "✓" if fits else "✗",
                device.name,
                "fits" if fits else f"{bytes_text(outline.peak - device.memory)} too much",
                bytes_text(device.memory),
                "" if pace is None else seconds_text(pace.ideal),
                "" if pace is None else seconds_text(pace.estimate),
            )
        )
    with st.expander("Every GPU of the table"):
        show_grid(("", "Device", "", "Memory", "At best", "Perhaps"), rows, numbers=3)


def _peaks(spec: JobSpec, outline: Outline, device: Device) -> None:
    if outline.batch is None and outline.seq is None:
        return
    st.subheader("How the peak grows", anchor=False)
    found = _asked(spec, "peaks", "Plan other sizes")
    if found is not None:
        show_peaks(found.rises, device)


def _growth(spec: JobSpec) -> None:
    st.subheader("How a forward grows", anchor=False)
    found = _asked(spec, "growth", "Find the formulas")
    if found is None:
        return
    if not found.trends:
        st.caption("Nothing of it grows with a dimension of the inputs.")
    show_trends(found.trends)
    if found.proven:
        lines(f"Proven for {found.proven}")


def _asked(spec: JobSpec, find: Find, label: str, device: Device | None = None) -> Outline | None:
    """What a further job found, once the visitor asked for it; its button until then."""
    slot = SLOTS[find]
    assert spec.plan is not None
    at = spec.plan.device if device is None or not device.is_gpu else _name(device)
    wanted = replace(spec, plan=replace(spec.plan, device=at, find=find))
    with st.container():
        if value(slot, "wanted") != wanted:
            st.button(
                label,
                key=passing(slot, "find"),
                on_click=put,
                args=(slot, "wanted", wanted),
                icon=":material/search:",
            )
            return None
        outcome: Outcome | None = await_outcome(slot, wanted)
        if outcome is None:
            return None
        show_error(slot, outcome)
        return outcome.result.plan


def _name(device: Device) -> str:
    """The device as a plan takes it: by its name, or by its bytes."""
    return device.name if device.name in DEVICES else f"{device.memory}B"


def _notes(outline: Outline, device: Device) -> None:
    told = [*outline.notes, *([text] if (text := beside(device)) else [])]
    for note in told:
        st.caption(plain(_sentence(note)))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
