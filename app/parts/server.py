"""What all visitors of one server share: the pool of workers, and the names in the libraries."""

from __future__ import annotations

import gc
import sys
import time
from functools import cache
from importlib import import_module
from threading import Event, Lock, Thread

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from modelviz.jobs import Job, Pool

from .outcome import Outcome
from .runs import Runs, Visitor
from .specs import FIRST, SECOND

ALLOW_CODE = "--allow-code"
ALL_NAMES = 100_000
SPARES = 2
"""Workers that are ready: one is taken for a change of the page, and one for the next."""
LOOK_PACE = 2.0
"""Seconds between two looks for pages that were closed."""


LIBRARIES = ("pandas", "pyarrow", "altair", "modelviz.drawing")
"""What tables, charts and files of a page need, beside the picture."""


def prepare() -> None:
    """Import what is needed beside the picture; Streamlit looks for garbage after each run of a
    script, and not in what stays for good.
    """
    for name in LIBRARIES:
        import_module(name)
    gc.collect()
    gc.freeze()


_settled = Event()


def is_settled() -> bool:
    """Whether the first picture can be on its page, and what else pages need is there."""
    return _settled.is_set()


def code_allowed() -> bool:
    """Whether the server was started with leave to run the visitors' own code."""
    return ALLOW_CODE in sys.argv[1:]


_lock = Lock()


def runs(allow_code: bool, pool: Pool | None = None) -> Runs:
    """The jobs of this server; its first models are on their way before anyone asks.

    ``pool`` is one that was started already, for the first who asks.
    """
    # Visitors come in threads, and there is one pool for all of them.
    with _lock:
        if pool is not None:
            _started.append(pool)
        return _runs(allow_code)


_started: list[Pool] = []


@cache
def _runs(allow_code: bool) -> Runs:
    made = Runs(_started.pop() if _started else Pool(allow_code=allow_code, spares=0))
    first = made.follow("first", FIRST)
    if not isinstance(first, Job):
        _settled.set()
    Thread(target=_look_after, args=(made, first), daemon=True).start()
    return made


def _look_after(made: Runs, first: Outcome | Job) -> None:
    """Get ready for what is asked next once the first model can be on the page; then cancel what
    nobody waits for any more, as long as the server runs.
    """
    if isinstance(first, Job):
        first.wait()
        time.sleep(LOOK_PACE)
        if runtime.exists():  # else it is a process of somebody else's, such as one that tests
            prepare()
        _settled.set()
    made.follow("first", SECOND)
    made.pool.keep(SPARES)
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
