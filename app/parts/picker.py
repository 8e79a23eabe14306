"""The widgets that choose a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import streamlit as st

from modelviz import ModelvizError, gallery
from modelviz.jobs import JobSpec, Kind
from modelviz.sources import STORED
from modelviz.units import bytes_text

from . import server
from .editor import Failing, edit_text, failing_line, replace_text, take_typed
from .specs import LIBRARIES, TITLES
from .state import Slot, key, passing, put, value
from .text import plain

MEBIBYTE = 2**20
TEXT_LIMIT = MEBIBYTE
"""Bytes of code, or of a config, that are taken."""

HOW_TO_ALLOW = (
    "This server does not run visitors' code. To run your own, start it with "
    "`modelviz app --allow-code`. Code that you paste can do on that machine whatever you can."
)


LINKED_CODE = "This link came with code. Read it, and press Run if you trust it."
NOT_RUN_YET = "Not run yet: press Run."
SURE = "Code that came with a link can do on this machine whatever you can."


def pick(slot: Slot) -> JobSpec | None:
    """The model that is chosen; None while the choice is not complete."""
    st.pills(
        "Choose a model",
        list(TITLES),
        format_func=lambda kind: TITLES[kind],
        key=key(slot, "kind"),
        persist_state="session",
        required=True,
    )
    return _PICKERS[cast("Kind", value(slot, "kind"))](slot)


def _from_gallery(slot: Slot) -> JobSpec:
    st.selectbox(
        "Model",
        gallery.NAMES,
        format_func=lambda name: name.replace("_", " "),
        key=key(slot, "gallery"),
        persist_state="session",
    )
    name: str = value(slot, "gallery")
    st.caption(plain(gallery.title(name)))
    return JobSpec("gallery", name)


def _from_library(slot: Slot) -> JobSpec | None:
    library = st.segmented_control(
        "Library",
        LIBRARIES,
        key=key(slot, "from"),
        persist_state="session",
        required=True,
        label_visibility="collapsed",
    )
    try:
        with st.spinner(f"Asking {library} for its models"):
            known = server.names(cast("str", library))
    except ModelvizError as error:
        st.warning(plain(str(error)))
        return None
    widget = key(slot, f"library.{library}")
    if (linked := value(slot, f"linked.library.{library}")) in known:
        st.session_state.setdefault(widget, linked)
    # One widget for each library: its options, and what was chosen, are its own.
    name = st.selectbox(
        "Model",
        known,
        index=None,
        placeholder=f"Search {len(known):,} models",
        key=widget,
        persist_state="session",
    )
    st.caption("Built with random weights. Nothing is downloaded.")
    return JobSpec("library", f"{library}:{name}") if name else None


def _from_config(slot: Slot) -> JobSpec | None:
    _upload_text(slot, "config", ["json"])
    text = edit_text(
        slot,
        "config",
        "A Hugging Face config.json",
        on_go=lambda: _submit(slot, "config"),
        failing=_failing(slot, "config"),
    )
    st.button(
        "Show",
        key=passing(slot, "config.go"),
        type="primary",
        on_click=_submit,
        args=(slot, "config"),
    )
    st.caption("Built without weights, so any size will do.")
    submitted = value(slot, "submitted.config")
    _say_if_changed(text, submitted)
    return JobSpec("config", submitted) if submitted else None


def _from_code(slot: Slot) -> JobSpec | None:
    allowed = server.code_allowed()
    if not allowed:
        st.info(HOW_TO_ALLOW, icon=":material/lock:")
    else:
        _upload_text(slot, "code", ["py"])
    text = edit_text(
        slot,
        "code",
        "Python code",
        on_go=lambda: _submit(slot, "code"),
        allowed=allowed,
        failing=_failing(slot, "code"),
    )
    factory = st.text_input(
        "Class or function",
        placeholder="The only one in the code",
        key=key(slot, "factory"),
        persist_state="session",
        disabled=not allowed,
    )
    st.button(
        "Run",
        key=passing(slot, "code.go"),
        type="primary",
        disabled=not allowed,
        on_click=_submit,
        args=(slot, "code"),
    )
    submitted = value(slot, "submitted.code")
    if not submitted or not allowed:
        return None
    spec = JobSpec("code", submitted, factory=(factory or "").strip() or None)
    visitor = server.visitor()
    linked = value(slot, "code.linked")
    if value(slot, "code.pressed"):
        put(slot, "code.pressed", False)
        if linked:
            _ask(slot, spec)
        else:
            visitor.allow(spec)
            # Whoever presses the button wants it run, also when it was run before.
            visitor.forget(spec)
            if (asked := value(slot, "asked")) is not None and asked.source == spec.source:
                visitor.forget(asked)
    if not visitor.is_allowed(spec):
        if linked:
            st.warning(LINKED_CODE, icon=":material/link:")
        else:
            st.caption(NOT_RUN_YET)
        return None
    _say_if_changed(text, submitted)
    return spec


@st.dialog("Run this code?", width="large")
def _ask(slot: Slot, spec: JobSpec) -> None:
    """Show what came with a link, and run it only once that is confirmed."""
    st.warning(SURE, icon=":material/link:")
    st.code(spec.source, language="python", height=360)
    if spec.factory:
        st.markdown(f"Its model: **{plain(spec.factory)}**")
    with st.container(horizontal=True):
        if st.button(
            "Run it",
            key=passing(slot, "code.sure"),
            on_click=_confirm,
            args=(slot, spec),
            type="primary",
        ):
            st.rerun()
        if st.button("Leave it", key=passing(slot, "code.leave")):
            st.rerun()


def _confirm(slot: Slot, spec: JobSpec) -> None:
    server.visitor().allow(spec)
    put(slot, "code.linked", False)


def _from_stored(slot: Slot) -> JobSpec | None:
    st.caption(
        "An exported program (.pt2), ONNX, TorchScript, or weights (.safetensors). It is read as "
        "data: nothing in it runs, and weights are not loaded."
    )
    return _from_upload(slot, "stored", [suffix.removeprefix(".") for suffix in STORED])


def _from_graph(slot: Slot) -> JobSpec | None:
    st.caption("A graph saved by `modelviz export model -o model.json`, or downloaded here.")
    return _from_upload(slot, "graph", ["json"])


_PICKERS: Mapping[Kind, Callable[[Slot], JobSpec | None]] = {
    "gallery": _from_gallery,
    "library": _from_library,
    "config": _from_config,
    "code": _from_code,
    "stored": _from_stored,
    "graph": _from_graph,
}


# -- what was typed, and what was uploaded --------------------------------------------------------


def _submit(slot: Slot, kind: str) -> None:
    take_typed(slot, kind)
    text = value(slot, kind, "")
    if not text.strip():
        put(slot, "problem", f"There is no {kind} yet: type it, paste it or upload it.")
        return
    if len(text.encode("utf-8", "replace")) > TEXT_LIMIT:
        put(slot, "problem", f"This is longer than the {bytes_text(TEXT_LIMIT)} that are taken.")
        return
    put(slot, f"submitted.{kind}", text)
    if kind == "code":
        put(slot, "code.pressed", True)
        _drop_what_is_gone(slot, text)


def _drop_what_is_gone(slot: Slot, text: str) -> None:
    """Forget the model that was picked from a list once the code no longer names it."""
    picked = value(slot, "factory.picked")
    if picked and picked == value(slot, "factory") and not re.search(rf"\b{picked}\b", text):
        put(slot, "factory", "")


def _failing(slot: Slot, kind: Kind) -> Failing | None:
    """The line of what was last run that failed."""
    asked: JobSpec | None = value(slot, "asked")
    if asked is None or asked.kind != kind:
        return None
    outcome = server.visitor().outcome(asked)
    if outcome is None or (error := outcome.result.error) is None:
        return None
    return failing_line(asked.source, error.line, error.message.partition("\n")[0])


def _say_if_changed(text: str | None, submitted: str | None) -> None:
    if submitted and text != submitted:
        st.caption("Changed since it was last shown.")


def _from_upload(slot: Slot, kind: Kind, types: list[str]) -> JobSpec | None:
    widget = passing(slot, f"upload.{kind}")
    st.file_uploader(
        "File", type=types, key=widget, on_change=_keep_upload, args=(slot, kind, widget)
    )
    kept = value(slot, f"file.{kind}")
    if kept is None:
        return None
    name, data = kept
    st.caption(f"{plain(name)}, {len(data):,} bytes")
    return JobSpec(kind, name, data=data)


def _keep_upload(slot: Slot, kind: Kind, widget: str) -> None:
    """Keep the file: the widget forgets it when another page, or kind, is chosen."""
    file = st.session_state[widget]
    if file is not None:
        put(slot, f"file.{kind}", (file.name, file.getvalue()))


def _upload_text(slot: Slot, kind: str, types: list[str]) -> None:
    widget = passing(slot, f"upload.{kind}")
    st.file_uploader(
        f"Upload a .{types[0]} file, or edit below",
        type=types,
        key=widget,
        max_upload_size=TEXT_LIMIT // MEBIBYTE,
        on_change=_take_text,
        args=(slot, kind, widget),
    )
    if problem := value(slot, "problem"):
        st.error(plain(problem))
        put(slot, "problem", None)


def _take_text(slot: Slot, kind: str, widget: str) -> None:
    """Put the file's text into the editor, and submit it."""
    file: Any = st.session_state[widget]
    if file is None:
        return
    try:
        text = file.getvalue().decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        put(slot, "problem", f"{file.name} is not text in UTF-8.")
        return
    replace_text(slot, kind, text)
    put(slot, f"{kind}.linked", False)
    _submit(slot, kind)
