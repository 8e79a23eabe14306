"""What all visitors of one server share: the pool of workers, and the names in the libraries."""

from __future__ import annotations

import sys
from functools import cache
from threading import Lock

import streamlit as st

from modelviz.jobs import Pool

from .runs import Runs, Visitor
from .specs import FIRST, SECOND

ALLOW_CODE = "--allow-code"
ALL_NAMES = 100_000


def code_allowed() -> bool:
    """Whether the server was started with leave to run the visitors' own code."""
    return ALLOW_CODE in sys.argv[1:]


_lock = Lock()


def runs(allow_code: bool) -> Runs:
    """The jobs of this server; its first models are on their way before anyone asks."""
    # Visitors come in threads, and there is one pool for all of them.
    with _lock:
        return _runs(allow_code)


@cache
def _runs(allow_code: bool) -> Runs:
    made = Runs(Pool(allow_code=allow_code))
    for spec in (FIRST, SECOND):
        made.follow("first", spec)
    return made


def visitor() -> Visitor:
    """The visitor whose page this is. Its jobs and models end with the session."""
    if "visitor" not in st.session_state:
        st.session_state["visitor"] = runs(code_allowed()).visitor()
    found: Visitor = st.session_state["visitor"]
    return found


@cache
def names(library: str) -> list[str]:
    """Every model of an installed library. Raises InputError where it is not installed."""
    return visitor().runs.pool.names(library, limit=ALL_NAMES)
