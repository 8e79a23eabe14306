"""What a page shows of two models beside one another, made on first use and kept with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import streamlit as st

from modelviz import Diff, ModelGraph
from modelviz.comparing.build import compare

from .look import Look
from .outcome import Outcome
from .specs import TITLES, title_of

if TYPE_CHECKING:
    from modelviz import Diagram


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two outcomes that both have a graph, and what differs between them."""

    a: Outcome
    b: Outcome
    _document: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def diff(self) -> Diff:
        """What changed from the first to the second, in the words of who chose them."""
        return compare(_graph(self.a), _graph(self.b), self.names)

    @cached_property
    def names(self) -> tuple[str, str]:
        """What the visitor chose; a letter tells apart what would read the same."""
        names = chosen_name(self.a), chosen_name(self.b)
        return names if names[0] != names[1] else (f"{names[0]} (A)", f"{names[1]} (B)")

    def diagram(self, look: Look) -> Diagram:
        """The picture of both."""
        chosen = {} if look.depth is None else {"depth": look.depth}
        return self.diff.draw(
            fold=look.fold,
            direction=look.direction,
            theme=look.drawn_theme,
            color_by=look.heat,
            **chosen,
        )

    def document(self, look: Look) -> dict[str, Any]:
        """The document for the viewer; the last one is kept."""
        key = (look.depth, look.fold)
        if self._document.get("key") != key:
            drawn = self.diagram(look)
            made = drawn.to_dict()
            self._document.update(key=key, made=made)
        found: dict[str, Any] = self._document["made"]
        return found


def comparison(a: Outcome | None, b: Outcome | None) -> Comparison | None:
    """The comparison of two outcomes, kept for as long as they are shown; None without both."""
    if a is None or b is None or a.shown is None or b.shown is None:
        return None
    kept: Comparison | None = st.session_state.get("comparison")
    if kept is None or kept.a is not a or kept.b is not b:
        kept = Comparison(a, b)
        st.session_state["comparison"] = kept
    return kept


def heading_of(outcome: Outcome) -> tuple[str, str]:
    """What to call a model on its own: what the visitor chose, and the name of its class."""
    name, own = chosen_name(outcome), _graph(outcome).name
    return (name, "" if own in name else own)


def _graph(outcome: Outcome) -> ModelGraph:
    assert outcome.shown is not None
    return outcome.shown.graph


def chosen_name(outcome: Outcome) -> str:
    """What the visitor chose: ``timm:resnet18``, ``residual cnn``, ``Net (Python code)``."""
    spec = outcome.spec
    if spec.kind == "gallery":
        return title_of(spec).replace("_", " ")
    if spec.kind in ("config", "code"):
        return f"{_graph(outcome).name} ({TITLES[spec.kind]})"
    return spec.source or TITLES[spec.kind]
