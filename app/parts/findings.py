"""What is wrong with a model, or likely to be, as far as its graph tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from modelviz.checking.report import Report, where
from modelviz.checking.rule import RULES
from modelviz.findings import SIGNS, name_of
from modelviz.graph import Finding, Level

from .selection import select
from .state import Slot, passing
from .text import lines, plain

PAGES = Path(__file__).parents[2] / "docs" / "checks"
"""The pages of the rules; only a checkout has them."""
COLOURS: Mapping[Level, str] = {"error": "red", "warning": "orange", "info": "blue"}
MOST = 20
"""Findings of one rule that a page shows."""
MORE = (
    "This looks at the graph alone. Rules that need the weights, another batch or a real run speak "
    "in `modelviz.check(model, ...)`."
)


def show_findings(slot: Slot, report: Report) -> None:
    """Show the findings by rule, the graver first, each with a button that selects the part."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.markdown(f"**{plain(report.summary)}**" if len(report) else "Nothing found.")
        if len(report):
            with st.popover("As text", icon=":material/content_copy:"):
                st.code(str(report), language=None, wrap_lines=True)
    by_rule: dict[str, list[Finding]] = {}
    for finding in report:
        by_rule.setdefault(finding.code, []).append(finding)
    for code, found in by_rule.items():
        with st.container(border=True):
            _rule(slot, code, found)
    st.caption(MORE)


def _rule(slot: Slot, code: str, found: Sequence[Finding]) -> None:
    level = found[0].level
    with st.container(horizontal=True, vertical_alignment="center"):
        count = f" · {len(found):,}" if len(found) > 1 else ""
        st.markdown(
            f":{COLOURS[level]}[{SIGNS[level]} **{level}**] {plain(name_of(code))}{count}",
            width="content",
        )
        if code in RULES:
            with st.popover(code):
                st.markdown(_page(code))
        else:
            st.badge(code, color="gray")
    for place, finding in enumerate(found[:MOST]):
        with st.container(horizontal=True, vertical_alignment="center"):
            lines(where(finding))
            part = finding.path or (None if finding.op is None else f"o{finding.op}")
            if part:
                st.button(
                    "Show the part",
                    key=passing(slot, f"finding.{code}.{place}"),
                    icon=":material/my_location:",
                    on_click=_show,
                    args=(slot, part),
                )
        lines(finding.message)
        if finding.hint:
            lines(f"→ {finding.hint}")
    if len(found) > MOST:
        st.caption(f"and {len(found) - MOST:,} more; As text has all.")


def _show(slot: Slot, part: str) -> None:
    """Select the part, a module by its path or an op by its id, and bring its picture forward."""
    select(slot, part)
    st.session_state["tab"] = "Diagram"


def _page(code: str) -> str:
    """What a rule looks for: its page where there is one, or in a sentence."""
    page = PAGES / f"{code}.md"
    if page.is_file():
        return page.read_text(encoding="utf-8")
    return f"**{code} {RULES[code].name}**\n\n{plain(RULES[code].test.__doc__ or '')}"
