"""Charts of a plan: memory over the step, and how figures grow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import streamlit as st

from modelviz.growth.curves import written
from modelviz.planning.devices import Device
from modelviz.planning.outline import Outline, Spot, Trend
from modelviz.units import bytes_text

from .charts import TEXT

HEIGHT = 300
_COLUMNS = 2
"""Of a legend: more would make a chart wider than a telephone."""
BYTES = {"labelExpr": "replace(format(datum.value, '.3~s'), /(\\D*)$/, ' $1B')"}
"""An axis of bytes."""
COLOURS = {
    "forward": "#4477aa",
    "loss": "#aa3377",
    "backward": "#ccbb44",
    "optimizer": "#228833",
}
"""Of the phases, from Paul Tol's schemes: told apart with any colour vision."""
OTHER = "#777777"
LIMIT = "#cc3311"
NARROWEST = 0.03
"""Of the width of the chart, that of any phase."""
NEAR = 3
"""A limit is drawn where it is no more than so many times the peak: else the curve is a line."""


def show_curve(outline: Outline, device: Device) -> None:
    """Show the memory over the step, with what the device has where that is near."""
    import altair
    import pandas

    text = text_colour()
    placed = list(_placed(outline.curve))
    frame = pandas.DataFrame(
        {
            "place": [place for place, _ in placed],
            "bytes": [float(spot.bytes) for _, spot in placed],
            "phase": [spot.phase for _, spot in placed],
            "where": [spot.where for _, spot in placed],
            "held": [bytes_text(spot.bytes) for _, spot in placed],
            "kernel": [spot.kernel + 1 for _, spot in placed],
        }
    )
    phases = list(dict.fromkeys(frame["phase"]))
    x = altair.X(
        "place:Q",
        title=f"The step: {outline.kernels:,} kernels, one after the other",
        axis=altair.Axis(labels=False, ticks=False, grid=False),
        scale=altair.Scale(domain=[0, 1], nice=False),
    )
    y = altair.Y("bytes:Q", title="Memory held", axis=BYTES, stack=None)
    area = (
        altair.Chart(frame)
        .mark_area(opacity=0.8, interpolate="step-after")
        .encode(
            x=x,
            y=y,
            color=altair.Color(
                "phase:N",
                title=None,
                sort=phases,
                scale=altair.Scale(
                    domain=phases, range=[COLOURS.get(phase, OTHER) for phase in phases]
                ),
                legend=altair.Legend(orient="top", columns=_COLUMNS),
            ),
            tooltip=[
                altair.Tooltip("held:N", title="Held"),
                altair.Tooltip("where:N", title="While this runs"),
                altair.Tooltip("phase:N", title="Phase"),
                altair.Tooltip("kernel:Q", title="Kernel", format=","),
            ],
        )
    )
    top = frame.loc[[frame["bytes"].idxmax()]].assign(label=f"peak, {bytes_text(outline.peak)}")
    peak = altair.Chart(top).encode(x=x, y=y)
    late = float(top["place"].iloc[0]) > 0.5
    layers: list[Any] = [
        area,
        peak.mark_point(color=text, filled=True, size=50),
        peak.mark_text(
            align="right" if late else "left", dx=-8 if late else 8, dy=-9, color=text, fontSize=13
        ).encode(text="label:N"),
    ]
    layers += limit(device, outline.peak, y, text)
    st.altair_chart(altair.layer(*layers).properties(height=HEIGHT))


def limit(device: Device, peak: int, y: Any, text: str) -> Iterator[Any]:
    """The line of what a device has, where that is near a peak, with its label."""
    import altair
    import pandas

    if device.memory is None or device.memory > NEAR * peak:
        return
    held = f"{device.name} has {bytes_text(device.memory)}"
    line = pandas.DataFrame({"bytes": [float(device.memory)], "label": [held]})
    rule = altair.Chart(line).encode(y=y)
    yield rule.mark_rule(color=LIMIT, strokeDash=[6, 4], size=2)
    label = rule.mark_text(align="left", dx=6, dy=-9, color=text, fontSize=13, x=0)
    yield label.encode(text="label:N")


def text_colour() -> str:
    """The colour of texts in a chart."""
    return TEXT["dark" if st.context.theme.type == "dark" else "light"]


def _placed(curve: Sequence[Spot]) -> Iterator[tuple[float, Spot]]:
    """The points with their places from 0 to 1, each phase up to where the next one begins.

    A phase of few kernels, such as the work of an optimizer on all tensors at once, may hold the
    most: it is no narrower than can be seen.
    """
    phases = {phase: list(those) for phase, those in groupby(curve, key=attrgetter("phase"))}
    wide = {phase: max(len(those) / len(curve), NARROWEST) for phase, those in phases.items()}
    start, total = 0.0, sum(wide.values())
    for phase, those in phases.items():
        width = wide[phase] / total
        for turn, spot in enumerate(those):
            yield start + width * turn / len(those), spot
        start += width
        yield min(start, 1.0), those[-1]


def show_trends(trends: Sequence[Trend]) -> None:
    """Show how each figure grows with each dimension: the formula, and its curve."""
    for figure in dict.fromkeys(trend.figure for trend in trends):
        those = [trend for trend in trends if trend.figure == figure]
        st.code(those[0].formula, language=None, wrap_lines=True)
        for column, trend in zip(st.columns(max(2, len(those))), those, strict=False):
            with column:
                _trend(trend)


def _trend(trend: Trend) -> None:
    import altair
    import pandas

    frame = pandas.DataFrame(
        {
            "size": trend.sizes,
            "value": trend.values,
            "text": [written(trend.figure, one) for one in trend.values],
        }
    )
    st.markdown(f"**{trend.title}**" + (f", {trend.setting}" if trend.setting else ""))
    chart = (
        altair.Chart(frame)
        .mark_line(point={"size": 22}, color=COLOURS["forward"])
        .encode(
            x=altair.X("size:Q", title=trend.dim),
            y=altair.Y("value:Q", title=None, axis=altair.Axis(format=".3~s")),
            tooltip=[
                altair.Tooltip("size:Q", title=trend.dim, format=","),
                altair.Tooltip("text:N", title=trend.title),
            ],
        )
    )
    st.altair_chart(chart.properties(height=220))
    if trend.remark:
        st.caption(trend.remark[:1].upper() + trend.remark[1:] + ".")
