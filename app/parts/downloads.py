"""Every format to take away, each made when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

import modelviz
from modelviz import ModelvizError, formats
from modelviz.formats import DEFAULT_DPI, Format
from modelviz.units import bytes_text

from .look import Look
from .outcome import Shown
from .state import Slot, passing, put, value
from .text import plain

if TYPE_CHECKING:
    from modelviz import Diagram

Make = Callable[[Any, Look], str | bytes]
"""Makes a file of what a page shows: a model, or two compared."""
Formats = Mapping[str, tuple[Format[Any], Make]]
"""By suffix: a format, and what makes it of what a page shows."""


def _diagram(shown: Shown, look: Look) -> Diagram:
    return modelviz.draw(
        shown.graph,
        depth=look.depth,
        fold=look.fold,
        direction=look.direction,
        theme=look.theme,
        color_by=look.heat,
    )


def _pictures(diagram: Callable[[Any, Look], Diagram]) -> Formats:
    def maker(one: Format[Diagram]) -> Make:
        return lambda shown, look: one.write(diagram(shown, look), DEFAULT_DPI)

    return {one.suffix: (one, maker(one)) for one in formats.PICTURES}


def _texts(every: Iterable[Format[Any]], taken: Callable[[Any], Any]) -> Formats:
    def maker(one: Format[Any]) -> Make:
        return lambda shown, look: one.write(taken(shown))

    return {one.suffix: (one, maker(one)) for one in every}


PICTURES = {**_pictures(_diagram)}
# The whole graph says more than the table of it, and is one of the figures to whoever looks for it.
TABLES = {**_texts(formats.TABLES, lambda shown: shown.summary), "json": PICTURES.pop("json")}
OF_A_MODEL: Mapping[str, Formats] = {"Picture": PICTURES, "Figures": TABLES}
COMPARISONS: Mapping[str, Formats] = {
    "Picture": {
        suffix: made
        for suffix, made in _pictures(lambda both, look: both.diagram(look)).items()
        if suffix != "json"
    },
    "Changes": _texts(formats.CHANGES, lambda both: both.diff),
}
SMALLER = "Depth and folding are on the left, under Picture."


@dataclass(frozen=True, slots=True)
class Wanted:
    """The file that was asked for: a format of what was shown, as it looked then.

    ``key`` is the name of the format among all that the page offers: two may have one suffix.
    """

    key: str
    suffix: str
    name: str
    shown: Any
    look: Look


@dataclass(frozen=True, slots=True)
class Made:
    """What came of that: the file, or why there is none."""

    content: bytes = b""
    problem: str = ""


def show_downloads(
    slot: Slot, name: str, shown: Any, look: Look, groups: Mapping[str, Formats]
) -> None:
    """Show a button for each format of what is ``shown``: it makes the file, then saves it.

    Streamlit can make a file within the download itself, but does not say why where that fails.
    """
    # Settled now: a file has the theme of the page on which it was asked for.
    look = replace(look, theme=look.drawn_theme)
    taken: set[str] = set()
    with st.popover("Download", icon=":material/download:"):
        for title, group in groups.items():
            st.markdown(f"**{title}**")
            for suffix, (one, make) in group.items():
                # A place of its own, so that what is below it stays where it is.
                with st.container():
                    key = f"{title.lower()}.{suffix}" if suffix in taken else suffix
                    taken.add(suffix)
                    _format(slot, Wanted(key, suffix, name, shown, look), one, make)


def _format(slot: Slot, this: Wanted, one: Format[Any], make: Make) -> None:
    made = None
    if value(slot, "wanted") == this:
        made = value(slot, "made")
        if made is None:
            with st.spinner(f"Making it: {one.title}"):
                made = _make(this, make)
            put(slot, "made", made)
    if made is not None and not made.problem:
        name = f"{file_stem(this.name)}.{this.suffix}"
        st.download_button(
            f"Save {plain(name)} · {bytes_text(len(made.content))}",
            made.content,
            file_name=name,
            mime=one.mime,
            key=passing(slot, f"download.{this.key}"),
            on_click="ignore",
            type="primary",
            width="stretch",
        )
        return
    st.button(
        f"{one.title} (.{this.suffix})",
        key=passing(slot, f"make.{this.key}"),
        on_click=_want,
        args=(slot, this),
        width="stretch",
    )
    if made is not None:
        st.error(f"{plain(made.problem)}\n\n{SMALLER}")


def _want(slot: Slot, wanted: Wanted) -> None:
    put(slot, "wanted", wanted)
    put(slot, "made", None)


def _make(wanted: Wanted, make: Make) -> Made:
    try:
        content = make(wanted.shown, wanted.look)
    except ModelvizError as error:
        return Made(problem=f"{error}.")
    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    return Made(content)


def file_stem(name: str) -> str:
    """The name of a model as that of a file, anywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "model"
