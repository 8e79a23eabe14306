"""The changes from one model to the other as tables: what they are, and what each costs."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from modelviz import Diff
from modelviz.analysis.figures import Figures
from modelviz.comparing.wording import SIGNS, lines, where
from modelviz.units import bytes_text, count_text, difference_text, parameters_text

from .comparison import Comparison
from .grid import show_grid
from .text import plain

MOST = 200
"""Changes that a page shows; the files have all of them."""
COSTS: tuple[tuple[str, Callable[[Figures], int], Callable[[float], str], bool], ...] = (
    ("Parameters", lambda figures: figures.params, parameters_text, False),
    ("FLOPs", lambda figures: figures.flops, count_text, True),
    ("Activations written", lambda figures: figures.memory, bytes_text, True),
)
"""What a change costs: its title, the figure, how it reads, and whether it needs a forward."""


def show_changes(comparison: Comparison) -> None:
    """Show every change in the order of the model, and what each adds to the totals."""
    diff = comparison.diff
    if not diff:
        st.success(f"Nothing differs between {plain(' and '.join(comparison.names))}.")
        return
    st.caption(
        f"{len(diff.changes):,} change{'s' if len(diff.changes) > 1 else ''} from "
        f"{plain(comparison.names[0])} to {plain(comparison.names[1])}, in the order of the model. "
        "+ added, − removed, ~ changed, » renamed, ↷ moved."
    )
    what, costs = st.tabs(["Changes", "What they cost"])
    with what:
        show_grid(
            ("", "Where", "What"),
            [
                (SIGNS[change.kind], where(change), lines(change) or change.kind)
                for change in diff.changes[:MOST]
            ],
        )
    with costs:
        _costs(diff)
    if len(diff.changes) > MOST:
        st.caption(f"The first {MOST} are shown; the files to download have all.")


def _costs(diff: Diff) -> None:
    """What each change adds, between the figures of both models, which it adds up to."""
    ran = bool(diff.before.calls and diff.after.calls)
    kinds = [cost for cost in COSTS if ran or not cost[3]]
    costly = [
        change for change in diff.changes if any(figure(change.cost) for _, figure, _, _ in kinds)
    ]

    def whole(figures: Figures) -> list[str]:
        return [text(figure(figures)) for _, figure, text, _ in kinds]

    def added(figures: Figures) -> list[str]:
        return [difference_text(figure(figures), text) for _, figure, text, _ in kinds]

    rows = [(SIGNS[one.kind], where(one), *added(one.cost)) for one in costly[:MOST]]
    if rest := costly[MOST:]:
        others = sum((change.cost for change in rest), Figures())
        rows.append(("", f"{len(rest):,} others", *added(others)))
    show_grid(
        ("", "", *(title for title, *_ in kinds)),
        [
            ("", diff.names[0], *whole(diff.totals.before)),
            *rows,
            ("=", diff.names[1], *whole(diff.totals.after)),
        ],
        numbers=len(kinds),
    )
    if not ran:
        st.caption("FLOPs and activations are compared once both models are run.")
