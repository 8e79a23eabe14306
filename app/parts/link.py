"""The address of the page: it holds what is shown, so that a link brings it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from modelviz import InputError, gallery
from modelviz.jobs import JobSpec
from modelviz.parsing import parse_shape

from . import address, look, server
from .editor import replace_text
from .inputs import DTYPES, EXECUTION, MODE, shape_text
from .packed import pack, unpack
from .specs import FIRST, LIBRARIES, NOT_RUN, SECOND, TITLES
from .state import OF_THE_PICTURE, TABS, Slot, key, put, value

TOO_LONG = (
    "What you pasted is too long for the address bar: a reload or a link will not bring it back."
)
UPLOADED = "An uploaded file is not part of the address: a reload or a link will ask for it again."
_TEXTS = tuple(key(slot, kind) for slot in ("a", "b") for kind in ("code", "config"))
DEPTHS = tuple(map(str, range(1, 31)))
LONGEST = 2_000
"""Characters of the viewer's state that are kept."""


# -- writing --------------------------------------------------------------------------------------


def write(*slots: tuple[Slot, JobSpec]) -> None:
    """Put what is shown into the address, unless that has code which still waits for a yes."""
    if any(value(slot, "kind") == "code" and value(slot, "code.linked") for slot, _ in slots):
        return
    wanted = _look()
    for slot, spec in slots:
        wanted |= _model(slot, spec)
    address.write(wanted)


def missing(spec: JobSpec) -> str:
    """What of the model is not in the address, as a sentence; empty when all of it is."""
    if spec.kind in ("config", "code"):
        return "" if pack(spec.source) else TOO_LONG
    return UPLOADED if spec.kind in NOT_RUN else ""


def _look() -> dict[str, str]:
    return {
        name: _text(st.session_state[name])
        for name, first in OF_THE_PICTURE.items()
        if st.session_state[name] != first
    }


def _model(slot: Slot, spec: JobSpec) -> dict[str, str]:
    fields: dict[str, str] = {}
    if spec.kind == "gallery":
        fields["model"] = f"gallery:{spec.source}"
    elif spec.kind == "library":
        fields["model"] = spec.source
    else:
        fields["model"] = spec.kind
        if spec.kind in ("config", "code") and (packed := pack(spec.source)):
            fields["text"] = packed
    if spec.factory:
        fields["factory"] = spec.factory
    if spec.inputs:
        fields["inputs"] = ";".join(
            f"{shape_text(i.shape).replace(', ', 'x')}:{i.dtype}" for i in spec.inputs
        )
    if spec.execution != "auto":
        fields["execution"] = spec.execution
    if spec.mode != "eval":
        fields["mode"] = spec.mode
    for name, held in (("view", "view"), ("select", "selected")):
        if (text := value(slot, held)) and len(text) <= LONGEST:
            fields[name] = text
    if fields["model"] == f"gallery:{(FIRST if slot == 'a' else SECOND).source}":
        del fields["model"]
    return {_named(slot, name): text for name, text in fields.items()}


def _named(slot: Slot, name: str) -> str:
    return name if slot == "a" else f"{name}2"


def _text(held: Any) -> str:
    return {True: "yes", False: "no", None: ""}.get(held, str(held))


# -- reading --------------------------------------------------------------------------------------


def read() -> None:
    """Take over what the address says, once: when a visitor opens the page."""
    if st.session_state.get("begun"):
        return
    st.session_state["begun"] = True
    # It was for the gate, and is not to be passed on with a link.
    st.query_params.pop("token", None)
    given = st.query_params.to_dict()
    address.remember(given)
    _read(given)


def follow(page: str) -> None:
    """Take over what the address says where the visitor went back to it on this page."""
    if not address.went_back(page):
        return
    before = {name: st.session_state.get(name) for name in _TEXTS}
    _read(st.query_params.to_dict())
    for slot in ("a", "b"):
        for kind in ("code", "config"):
            if (text := value(slot, kind)) != before[key(slot, kind)]:
                replace_text(slot, kind, text)
        spec = JobSpec(
            "code", value(slot, "submitted.code", ""), factory=value(slot, "factory") or None
        )
        # It was run before by this visitor, who is not asked again.
        if value(slot, "code.linked") and server.visitor().is_allowed(spec):
            put(slot, "code.linked", False)


def _read(given: Mapping[str, str]) -> None:
    slots: tuple[Slot, ...] = ("a", "b")
    for slot in slots:
        _read_model(slot, {n: given[_named(slot, n)] for n in _FIELDS if _named(slot, n) in given})
    for name, choices in _LOOK.items():
        if name in given and given[name] in choices:
            st.session_state[name] = choices[given[name]]
    if given.get("depth") in DEPTHS:
        st.session_state["depth"] = given["depth"]


_FIELDS = (
    "model",
    "text",
    "factory",
    "inputs",
    "execution",
    "mode",
    "view",
    "select",
)
_LOOK: Mapping[str, Mapping[str, Any]] = {
    "fold": {"no": False},
    "theme": {name: name for name in look.THEMES},
    "direction": {name: name for name in look.DIRECTIONS},
    "heat": {name: name for name in look.HEAT},
    "tab": {name: name for name in TABS},
}


def _read_model(slot: Slot, given: Mapping[str, str]) -> None:
    _read_source(slot, given.get("model", ""), given.get("text", ""))
    if "factory" in given:
        put(slot, "factory", given["factory"][:200])
        put(slot, "code.linked", True)
    for name, choices in (("execution", EXECUTION), ("mode", MODE)):
        if given.get(name) in choices:
            put(slot, name, given[name])
    if "inputs" in given:
        put(slot, "linked.inputs", _read_inputs(given["inputs"]))
    for name, held in (("view", "view"), ("select", "selected")):
        if name in given:
            put(slot, held, given[name][:LONGEST])


def _read_source(slot: Slot, model: str, packed: str) -> None:
    prefix, _, name = model.partition(":")
    if prefix == "gallery" and name in gallery.NAMES:
        put(slot, "kind", "gallery")
        put(slot, "gallery", name)
    elif prefix in LIBRARIES and name:
        put(slot, "kind", "library")
        put(slot, "from", prefix)
        put(slot, f"linked.library.{prefix}", name[:200])
    elif model in TITLES:
        put(slot, "kind", model)
        text = unpack(packed) if packed else None
        if text is not None and model in ("config", "code"):
            put(slot, model, text)
            put(slot, f"submitted.{model}", text)
            put(slot, f"{model}.linked", True)
            put(slot, f"{model}.came", text)


def _read_inputs(text: str) -> tuple[tuple[str, str], ...]:
    """The shape and dtype of each input; nothing of them if one cannot be read."""
    found = []
    for part in text.split(";"):
        shape, _, dtype = part.partition(":")
        try:
            sizes = parse_shape(shape)
        except InputError:
            return ()
        if dtype not in DTYPES:
            return ()
        found.append((shape_text(sizes), dtype))
    return tuple(found)
