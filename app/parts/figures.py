"""The figures of a model at a glance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from modelviz.analysis.sight import sight_of
from modelviz.units import bytes_text, count_text, difference_text, parameters_text

from .facts import show_facts
from .outcome import Shown


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it is called, how it is found and read, and what it means exactly."""

    label: str
    value: Callable[[Shown], int]
    text: Callable[[float], str]
    exact: Callable[[Shown], str]
    of_forward: bool = False


FIGURES = (
    Figure(
        "Parameters",
        lambda shown: shown.graph.total_params,
        parameters_text,
        lambda shown: (
            f"{shown.graph.total_params:,} in all, each tensor counted once; "
            f"{shown.graph.trainable_params:,} are trainable."
        ),
    ),
    Figure(
        "FLOPs",
        lambda shown: shown.graph.total_flops,
        count_text,
        lambda shown: (
            f"{sight_of(shown.graph).count(f'{shown.graph.total_flops:,}')} in one forward, "
            "2 for each multiply-add."
        ),
        of_forward=True,
    ),
    Figure(
        "Weights",
        lambda shown: shown.graph.total_param_bytes,
        bytes_text,
        lambda shown: f"{shown.graph.total_param_bytes:,} bytes of parameters.",
    ),
    Figure(
        "Activations",
        lambda shown: shown.summary.memory.peak_bytes,
        bytes_text,
        lambda shown: (
            f"{shown.summary.memory.peak_bytes:,} bytes that activations hold "
            "at the peak of one forward."
        ),
        of_forward=True,
    ),
    Figure(
        "Layers",
        lambda shown: shown.layers,
        lambda count: f"{count:,}",
        lambda shown: (
            f"{shown.layers:,} modules without others inside; "
            f"{len(shown.graph.modules):,} modules in all."
        ),
    ),
)


ACTIVE = Figure(
    "Active",
    lambda shown: shown.summary.active_params,
    parameters_text,
    lambda shown: (
        f"{shown.summary.active_params:,} parameters that one token passes through: "
        f"{shown.summary.experts.choice if shown.summary.experts.groups else 'all of them'}."
    ),
    of_forward=True,
)
"""Of a mixture of experts alone."""

WIDTH = 118
"""Pixels of a figure: five fit beside the sidebar, three on a telephone."""


def show_figures(shown: Shown, other: Shown | None = None, *, differ: bool = False) -> None:
    """Show the figures, the same ones as of the ``other`` model where there is one.

    ``differ`` says by how much more they are than those of the other.
    """
    ran = bool(shown.graph.calls)
    with st.container(horizontal=True, gap="small"):
        for figure in _figures(shown, other):
            known = ran or not figure.of_forward
            st.metric(
                figure.label,
                figure.text(figure.value(shown)) if known else "–",
                _difference(figure, shown, other) if known and differ else None,
                delta_color="off",
                delta_arrow="off",
                help=figure.exact(shown) if known else "Known once the model is run.",
                width=WIDTH,
            )
    show_facts(shown.graph)


def _figures(shown: Shown, other: Shown | None) -> tuple[Figure, ...]:
    """The figures of a model, with those that a mixture of experts has where one is shown."""
    mixture = any(one.summary.experts.groups for one in (shown, other) if one is not None)
    return (FIGURES[0], ACTIVE, *FIGURES[1:]) if mixture else FIGURES


def _difference(figure: Figure, shown: Shown, other: Shown | None) -> str | None:
    if other is None or (figure.of_forward and not other.graph.calls):
        return None
    difference = figure.value(shown) - figure.value(other)
    if not difference:
        return "same"
    return difference_text(difference, figure.text)
