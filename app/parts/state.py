"""The names under which a visitor's state is kept, and what is there at first.

Two models can be on a page, ``a`` and ``b``; what belongs to one has its letter in front. A widget
whose value is to outlive its time on the page says ``persist_state="session"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from .specs import FIRST, SECOND

Slot = str
"""Whose state it is: ``a`` or ``b``, or the name of a page, or part of one, with its own model."""

CODE = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
        )
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))
"""
CONFIG = """\
{
  "architectures": ["LlamaForCausalLM"],
  "model_type": "llama",
  "hidden_size": 4096,
  "intermediate_size": 14336,
  "num_attention_heads": 32,
  "num_hidden_layers": 32,
  "num_key_value_heads": 8,
  "vocab_size": 128256
}
"""

OF_A_MODEL: Mapping[str, Any] = {
    "kind": "gallery",
    "gallery": None,  # FIRST or SECOND
    "from": "timm",
    "library": None,
    "config": CONFIG,
    "code": CODE,
    "factory": "",
    "execution": "auto",
    "mode": "eval",
}
TABS = ("Diagram", "Table", "Charts", "Findings", "Notes")
OF_THE_PICTURE: Mapping[str, Any] = {
    "depth": "fits",
    "fold": True,
    "direction": "TB",
    "theme": "auto",
    "heat": "kind",
    "tab": "Diagram",
}


def key(slot: Slot, name: str) -> str:
    """The name of a model's own state, and of the widget that holds it: kept for the session."""
    return f"{slot}.{name}"


def passing(slot: Slot, name: str) -> str:
    """The name of a widget with nothing to keep, such as a button."""
    return f"passing.{slot}.{name}"


def value(slot: Slot, name: str, default: Any = None) -> Any:
    """A model's own state."""
    return st.session_state.get(key(slot, name), default)


def put(slot: Slot, name: str, new: Any) -> None:
    """Set a model's own state."""
    st.session_state[key(slot, name)] = new


def begin() -> None:
    """Set everything that nobody has set to what is there at first.

    Set once: what is being typed into a widget is lost when the widget is told its value again.
    """
    for slot, spec in (("a", FIRST), ("b", SECOND), ("plan", FIRST)):
        for name, first in OF_A_MODEL.items():
            st.session_state.setdefault(
                f"{slot}.{name}", spec.source if name == "gallery" else first
            )
    for name, first in OF_THE_PICTURE.items():
        st.session_state.setdefault(name, first)
