"""The address of the page Plan: it has every choice, so that a link brings the plan back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import streamlit as st

from modelviz.jobs import JobSpec, PlanSpec

from . import address
from .plan_controls import (
    AXES,
    DEVICES_SHOWN,
    FIRST_DEVICE,
    GOALS,
    MOST_DEVICES,
    OPTIMIZERS,
    OTHER,
    PRECISION,
    RANKS,
    USUAL_RANK,
    of_model,
)
from .state import Slot, key

SLOT: Slot = "plan"
LONGEST = 500
"""Characters of a choice."""
_CHOICES: Mapping[str, tuple[Mapping[Any, str], str]] = {
    "device": (DEVICES_SHOWN, FIRST_DEVICE),
    "goal": (GOALS, "train"),
    "precision": (PRECISION, "float32"),
    "optimizer": (OPTIMIZERS, "adamw"),
}
"""By the name in the address: what may be chosen, and what is chosen at first."""


def read(model: JobSpec | None) -> None:
    """Take over what the address says, when a visitor opens the page or goes back to it.

    What it does not say, or cannot be, is as at first, and is set to that: a widget that is not
    told keeps what was typed into it.
    """
    given = {name: text[:LONGEST] for name, text in st.query_params.to_dict().items()}
    for name, (choices, usual) in _CHOICES.items():
        st.session_state[key(SLOT, name)] = given[name] if given.get(name) in choices else usual
    if "memory" in given:
        st.session_state[key(SLOT, "memory")] = given["memory"]
    for name in AXES:
        size = _number(given.get(name), MOST_DEVICES)
        st.session_state[key(SLOT, name)] = 1 if size is None else size
    if model is None:
        return
    for name in ("batch", "seq"):
        st.session_state[of_model(model, name)] = _number(given.get(name), 10**9)
    for name in ("checkpoint", "lora"):
        listed = given.get(name)
        st.session_state[of_model(model, name)] = listed.split(",") if listed else []
    rank = _number(given.get("rank"), max(RANKS))
    st.session_state[of_model(model, "rank")] = rank if rank in RANKS else USUAL_RANK


def write(first: Mapping[str, str], plan: PlanSpec | None) -> None:
    """Put the choices into the address, those that are not the first; ``first`` come before."""
    wanted = {**first, **dict(_said(plan))}
    address.write(wanted)


def _said(plan: PlanSpec | None) -> Iterator[tuple[str, str]]:
    for name, (_, usual) in _CHOICES.items():
        held: Any = st.session_state.get(key(SLOT, name))
        if held not in (None, usual):
            yield name, str(held)
    if st.session_state.get(key(SLOT, "device")) == OTHER:
        yield "memory", str(st.session_state.get(key(SLOT, "memory")) or "")[:LONGEST]
    if plan is None:
        return
    for name in AXES:
        if getattr(plan, name) > 1:
            yield name, str(getattr(plan, name))
    for name in ("batch", "seq"):
        if (size := getattr(plan, name)) is not None:
            yield name, str(size)
    for name in ("checkpoint", "lora"):
        if globs := getattr(plan, name):
            yield name, ",".join(globs)[:LONGEST]
    if plan.lora:
        yield "rank", str(plan.lora_rank)


def _number(text: str | None, most: int) -> int | None:
    """A whole number from 1 up to ``most``; None for anything else."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 10:
        return None
    return int(text) if 1 <= int(text) <= most else None
