"""In what the weights are held, and how the model differs from what was asked for."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from modelviz import ModelGraph
from modelviz.units import share_text

from .text import plain

BUILT_OTHERWISE = "MV011"


def show_facts(graph: ModelGraph) -> None:
    """Show them in a line below the figures; nothing of a model without weights."""
    said = [text for text in (weights_text(graph),) if text]
    said += [finding.message for finding in graph.findings if finding.code == BUILT_OTHERWISE]
    if said:
        st.caption(plain(". ".join(f"{text[0].upper()}{text[1:]}" for text in said) + "."))


def weights_text(graph: ModelGraph) -> str:
    """``weights in bfloat16``; of several types each with its share of the bytes."""
    sizes: Counter[str] = Counter()
    for module in graph.modules:
        if module.shared_with is None:
            for one in module.parameters:
                if one.shared_with is None and one.bytes:
                    kind = f"{one.packing} in {one.dtype}" if one.packing else one.dtype
                    sizes[kind] += one.bytes
    kinds = sizes.most_common()
    if len(kinds) == 1:
        return f"weights in {kinds[0][0]}"
    shares = ", ".join(f"{kind} ({share_text(size, sizes.total())})" for kind, size in kinds)
    return f"weights in {shares}" if shares else ""
