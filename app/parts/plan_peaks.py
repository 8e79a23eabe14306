"""How the peak of a step grows with the batch and the sequence, as charts."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from modelviz.planning.devices import Device
from modelviz.planning.outline import Rise
from modelviz.units import bytes_text

from .plan_curve import BYTES, COLOURS, limit, text_colour

PEAK, FORWARD = "peak of the step", "most that its forward holds"
COLOUR_OF = {PEAK: COLOURS["backward"], FORWARD: COLOURS["forward"]}


def show_peaks(rises: Sequence[Rise], device: Device) -> None:
    """Show the peak at sizes of each dimension that double, with what the device has."""
    for column, rise in zip(st.columns(max(2, len(rises))), rises, strict=False):
        with column:
            _rise(rise, device)


def _rise(rise: Rise, device: Device) -> None:
    import altair
    import pandas

    lines = {PEAK: rise.peaks, FORWARD: rise.forwards}
    if rise.peaks == rise.forwards:
        del lines[FORWARD]  # a step that is a forward
    rows = [
        (size, float(held), bytes_text(held), name)
        for name, those in lines.items()
        for size, held in zip(rise.sizes, those, strict=True)
    ]
    frame = pandas.DataFrame(rows, columns=["size", "bytes", "held", "line"])
    y = altair.Y("bytes:Q", title="Memory held", axis=BYTES)
    chart = (
        altair.Chart(frame)
        .mark_line(point={"size": 40})
        .encode(
            x=altair.X(
                "size:Q",
                title=rise.dim,
                scale=altair.Scale(type="log", base=2, nice=False),
                axis=altair.Axis(values=list(rise.sizes), format=",d"),
            ),
            y=y,
            color=altair.Color(
                "line:N",
                title=None,
                sort=list(lines),
                scale=altair.Scale(domain=list(lines), range=[COLOUR_OF[one] for one in lines]),
                legend=altair.Legend(orient="top", columns=1),
            ),
            tooltip=[
                altair.Tooltip("size:Q", title=rise.dim, format=","),
                altair.Tooltip("held:N", title="Held"),
                altair.Tooltip("line:N", title="What"),
            ],
        )
    )
    title = rise.title[:1].upper() + rise.title[1:]
    st.markdown(f"**{title}**")
    layers = altair.layer(chart, *limit(device, max(rise.peaks), y, text_colour()))
    st.altair_chart(layers.properties(height=260))
    if rise.ends:
        st.caption(rise.ends[:1].upper() + rise.ends[1:])
