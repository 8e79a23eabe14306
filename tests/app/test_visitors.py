"""Many visitors at once, each with a page of their own, and real workers behind them all."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from parts import server
from streamlit.testing.v1 import AppTest

from modelviz.jobs import JobSpec, Pool

from .conftest import APP
from .test_pages import figures, texts, type_into

VISITORS = 20
PATIENCE = 120
CODE = """\
from torch import nn

class Net{number}(nn.Linear):
    def __init__(self):
        super().__init__({number} + 1, 1)
"""


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """The pool of the app, with real processes."""
    with Pool(allow_code=True) as pool:
        monkeypatch.setattr(server, "Pool", lambda **choices: pool)
        server._runs.cache_clear()
        yield pool
        server._runs.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("allow_code")
def test_twenty_visitors_at_once_each_see_only_their_own(workers: Pool) -> None:
    apps = []
    for number in range(VISITORS):
        app = AppTest.from_file(str(APP / "main.py"), default_timeout=60)
        app.query_params["model"] = "code"
        app.run()
        type_into(app, "code", CODE.format(number=number))
        app.button(key="passing.a.code.go").click().run()
        apps.append(app)
    assert len({app.session_state["visitor"].id for app in apps}) == VISITORS
    # All have asked; nobody had to wait for another's answer before.
    for number, app in enumerate(apps):
        await_own(app, number)
        assert figures(app)["Parameters"] == str(number + 2)
        assert set(re.findall(r"Net\d+", texts(app))) == {f"Net{number}"}
    others = [JobSpec("code", CODE.format(number=number)) for number in range(1, VISITORS)]
    assert not any(apps[0].session_state["visitor"].outcome(spec) for spec in others)


def await_own(app: AppTest, number: int) -> None:
    """Wait until the visitor's own model is on the page."""
    deadline = time.monotonic() + PATIENCE
    while f"Net{number}" not in texts(app):
        assert not app.exception
        assert time.monotonic() < deadline, texts(app)
        time.sleep(0.2)
        app.run()
