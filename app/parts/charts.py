"""Where the parameters, the FLOPs and the memory are, as bars or as areas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from modelviz.graph import Measure as OwnFigure
from modelviz.graph import ModelGraph
from modelviz.units import bytes_text, count_text, measure_text, parameters_text, share_text

from .areas import ITSELF, show_areas
from .outcome import Shown
from .state import Slot, key, put, value

if TYPE_CHECKING:
    import pandas

BY_MODULE, AS_AREAS, BY_CLASS = "By module", "By module, as areas", "By kind of layer"
BARS = 15
"""Most bars in a chart; what is smaller is added up in one more."""
BAR_HEIGHT = 26
TEXT = {"light": "#3d4654", "dark": "#c7ced8"}
CHARACTER, LABEL = 7, 260
"""Pixels of a character and of the longest label beside a bar."""
OWN = "A figure that was put on the graph, as by graph.with_figures or modelviz.stats."
COLOUR = "#4477aa"
"""From Paul Tol's schemes: told apart from both backgrounds with any colour vision."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of rows that adds up to the model's: over all rows, or those with none below.

    ``own`` has the numbers by path where they are not in a column: what each module runs itself.
    """

    title: str
    column: str
    text: Callable[[float], str]
    help: str
    leaves: bool = False
    of_forward: bool = True
    own: Mapping[str, float] | None = None


MEASURES = (
    Measure(
        "Parameters",
        "num_params",
        parameters_text,
        "Each tensor is counted where it is first held.",
        of_forward=False,
    ),
    Measure("FLOPs", "own_flops", count_text, "2 for each multiply-add."),
    Measure(
        "Output memory",
        "output_bytes",
        bytes_text,
        "Bytes of what layers hand on.",
        leaves=True,
    ),
)


def show_charts(slot: Slot, shown: Shown) -> None:
    """Show a chart for each measure, by module or by kind of layer."""
    st.session_state.setdefault(key(slot, "charts.by"), BY_MODULE)
    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    by = left.segmented_control(
        "Charts",
        [BY_MODULE, AS_AREAS, BY_CLASS],
        key=key(slot, "charts.by"),
        persist_state="session",
        required=True,
    )
    depth = 1
    if by != BY_CLASS and shown.depth > 1:
        if not 1 <= value(slot, "charts.depth", 0) <= shown.depth:
            put(slot, "charts.depth", min(2, shown.depth))
        depth = right.slider(
            "Level of modules",
            1,
            shown.depth,
            key=key(slot, "charts.depth"),
            persist_state="session",
        )
    for figure in shown.graph.measures:
        if not adds_up(figure):
            st.subheader(figure.name, help=OWN, anchor=False)
            numbers = numbers_of(figure)
            if numbers.empty:
                st.caption("Nothing to show: no module has a number.")
            else:
                _draw(numbers)
    added = [measure_of(shown.graph, figure) for figure in shown.graph.measures if adds_up(figure)]
    for measure in (*MEASURES, *added):
        if measure.of_forward and not shown.graph.calls:
            continue
        st.subheader(measure.title, help=measure.help, anchor=False)
        sums = by_class(shown, measure) if by == BY_CLASS else by_module(shown, measure, depth)
        if not sums.any():
            st.caption("Nothing to show: every part has zero.")
        elif by == AS_AREAS:
            show_areas(sums, measure.title, measure.text)
        else:
            _bars(measure, sums)


def by_module(shown: Shown, measure: Measure, depth: int) -> pandas.Series[float]:
    """The measure by path of modules down to ``depth``, in order of execution."""
    parts = shown.rows["path"].map(lambda path: ".".join(path.split(".")[:depth]) or ITSELF)
    return _values(shown.rows, measure).groupby(parts, sort=False).sum()


def by_class(shown: Shown, measure: Measure) -> pandas.Series[float]:
    """The measure by class of layer."""
    return _values(shown.rows, measure).groupby(shown.rows["class_name"], sort=False).sum()


def _values(rows: pandas.DataFrame, measure: Measure) -> pandas.Series[float]:
    """What each row adds to the model's figure."""
    if measure.own is not None:
        own = rows["path"].map(measure.own).fillna(0).astype(float)
        return own.mask(rows["path"].duplicated(), 0.0)
    values = rows[measure.column].fillna(0).astype(float)
    if measure.leaves:
        below = rows["depth"].shift(-1, fill_value=0) > rows["depth"]
        values = values.mask(below, 0.0)
    return values


def bars(sums: pandas.Series[float]) -> pandas.Series[float]:
    """The largest parts, largest first, and what is left of the others as one."""
    import pandas

    ordered = sums[sums > 0].sort_values(ascending=False, kind="stable")
    if len(ordered) <= BARS + 1:
        return ordered
    rest = ordered.iloc[BARS:]
    others = pandas.Series({f"{len(rest)} others": rest.sum()})
    drawn: pandas.Series[float] = pandas.concat([ordered.iloc[:BARS], others])
    return drawn


def adds_up(figure: OwnFigure) -> bool:
    """Whether a figure that was put on the graph has numbers of ops, which add up in modules."""
    return any(isinstance(key, int) for key, _ in figure.values)


def measure_of(graph: ModelGraph, figure: OwnFigure) -> Measure:
    """A figure of ops as a measure of the modules that ran them."""
    own: dict[str, float] = defaultdict(float)
    for op, number in figure.values:
        if isinstance(op, int):
            own[graph.calls[graph.ops[op].call].module] += number
    text = partial(measure_text, unit=figure.unit)
    return Measure(figure.name, figure.name, text, OWN, own=own)


def numbers_of(figure: OwnFigure) -> pandas.DataFrame:
    """The modules that have the largest numbers of a figure, on either side of 0."""
    import pandas

    ranked = sorted(figure.values, key=lambda pair: -abs(pair[1]))
    chosen = {key for key, _ in ranked[:BARS]}
    rows = [(str(key) or ITSELF, value) for key, value in figure.values if key in chosen]
    frame: pandas.DataFrame = pandas.DataFrame(rows, columns=["part", "value"])
    frame["text"] = [measure_text(value, figure.unit) for value in frame["value"]]
    return frame


def _bars(measure: Measure, sums: pandas.Series[float]) -> None:
    import pandas

    shown = bars(sums)
    total = sums.sum()
    _draw(
        pandas.DataFrame(
            {
                "part": shown.index.astype(str),
                "value": shown.to_numpy(),
                "text": [f"{measure.text(v)}  ·  {share_text(v, total)}" for v in shown],
            }
        )
    )


def _draw(frame: pandas.DataFrame) -> None:
    """Bars with their texts: a row for each ``part``, its ``value`` and its ``text``."""
    import altair

    values = frame["value"]
    longest = min(max(map(len, frame["part"])) * CHARACTER, LABEL)
    axis = altair.Axis(
        labelLimit=LABEL, minExtent=longest, ticks=False, domain=False, labelOverlap=False
    )
    # Room for the text beside the longest bar, on a telephone as well.
    room = max(map(len, frame["text"])) * CHARACTER
    wide = altair.ExprRef(f"max(width - {room}, width / 3)")
    scale = altair.Scale(domain=[min(0, values.min()), max(0, values.max())], range=[0, wide])
    base = altair.Chart(frame.assign(end=values.clip(lower=0))).encode(
        y=altair.Y("part:N", sort=None, title=None, axis=axis),
        x=altair.X("value:Q", axis=None, scale=scale),
        tooltip=[altair.Tooltip("part:N", title="Part"), altair.Tooltip("text:N", title="Value")],
    )
    bar = base.mark_bar(color=COLOUR, cornerRadiusEnd=3, height={"band": 0.72})
    text = TEXT["dark" if st.context.theme.type == "dark" else "light"]
    # Beside the bar also where that leads to the left.
    ends = altair.X("end:Q", axis=None, scale=scale)
    label = base.mark_text(align="left", dx=6, color=text).encode(x=ends, text="text:N")
    chart = (bar + label).properties(height=altair.Step(BAR_HEIGHT))
    st.altair_chart(chart.configure_view(stroke=None))
