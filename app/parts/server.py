"""What all visitors of one server share: the pool of workers, and the names in the libraries."""

from __future__ import annotations

import sys
import time
from functools import cache
from threading import Lock, Thread

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from modelviz.jobs import Pool

from .runs import Runs, Visitor
from .specs import FIRST, SECOND

ALLOW_CODE = "--allow-code"
ALL_NAMES = 100_000
LOOK_PACE = 2.0
"""Seconds between two looks for pages that were closed."""


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
    Thread(target=_look_after, args=(made,), daemon=True).start()
    return made


def _look_after(made: Runs) -> None:
    """Cancel what nobody waits for any more, as long as the server runs."""
    while True:
        time.sleep(LOOK_PACE)
        if runtime.exists():
            made.look_after(runtime.get_instance().is_active_session)


def visitor() -> Visitor:
    """The visitor whose page this is. Its jobs and models end with the session."""
    if "visitor" not in st.session_state:
        context = get_script_run_ctx()
        session = "" if context is None else context.session_id
        st.session_state["visitor"] = runs(code_allowed()).visitor(session)
    found: Visitor = st.session_state["visitor"]
    return found


@cache
def names(library: str) -> list[str]:
    """Every model of an installed library. Raises InputError where it is not installed."""
    return visitor().runs.pool.names(library, limit=ALL_NAMES)
