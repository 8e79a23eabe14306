"""Who is let in: pages of the server itself, and with leave to run code those with its token."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from parts import gate
from streamlit import config

OWN = {"host": "127.0.0.1:8501"}


@pytest.fixture(autouse=True)
def listens_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_listens", lambda: "127.0.0.1")


def ask(
    tokens: gate.Tokens | None = None,
    path: str = "/",
    *,
    kind: str = "http",
    query: str = "",
    **headers: str,
) -> tuple[bool, dict[str, str]]:
    """Whether a request gets through, and the headers of the answer."""
    sent: list[Any] = []
    passed: list[bool] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        passed.append(True)
        start = "websocket.accept" if kind == "websocket" else "http.response.start"
        await send({"type": start, "status": 200, "headers": []})

    async def receive() -> Any:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    given = {
        "host": OWN["host"],
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    scope = {
        "type": kind,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), text.encode()) for name, text in given.items()],
    }
    asyncio.run(gate.Gate(inner, tokens)(scope, receive, send))
    answered = {name.decode(): text.decode() for name, text in sent[0].get("headers", [])}
    if not passed:
        assert sent[0].get("status") == 403 or sent[0]["type"] == "websocket.close"
    return bool(passed), answered


def test_no_page_may_be_laid_under_another() -> None:
    for _, headers in (ask(), ask(origin="http://evil.example")):
        assert headers["content-security-policy"] == "frame-ancestors 'self'"
        assert headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"origin": "http://127.0.0.1:8501"}, True),
        ({"host": "localhost:9000", "origin": "http://localhost:9000"}, True),
        ({"origin": "http://localhost:8501"}, False),
        ({"origin": "http://127.0.0.1:9999"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"host": "evil.example:8501", "origin": "http://evil.example:8501"}, False),
        ({"host": "[::1:8501"}, False),
        ({"sec_fetch_site": "same-site", "sec_fetch_mode": "no-cors"}, False),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, True),
        ({"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors"}, True),
    ],
)
def test_only_its_own_pages_are_answered(kind: str, headers: dict[str, str], passes: bool) -> None:
    assert ask(kind=kind, **headers)[0] is passes


def test_with_leave_to_run_code_the_token_is_asked_for_once() -> None:
    tokens = gate.Tokens()
    for kind in ("http", "websocket"):
        assert not ask(tokens, kind=kind)[0]
        assert not ask(tokens, kind=kind, query="token=")[0]
        assert not ask(tokens, kind=kind, query="token=guessed", cookie="modelviz-8501=guessed")[0]
    assert ask(tokens, gate.HEALTH)[0]
    passed, headers = ask(tokens, query=f"model=code&token={tokens.token}")
    assert passed
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    held = cookie.partition(";")[0]
    for kind in ("http", "websocket"):
        assert ask(tokens, kind=kind, cookie=f"other=1; {held}")[0]
        assert not ask(tokens, kind=kind, cookie=held, origin="http://localhost:9999")[0]
    # That of another start is worth nothing.
    assert not ask(gate.Tokens(), cookie=held)[0]
    assert ask(None)[0]


def test_a_ticket_is_good_for_one_visit() -> None:
    tokens = gate.Tokens()
    ticket = tokens.ticket()
    assert ask(tokens, query=f"token={ticket}")[0]
    assert not ask(tokens, query=f"token={ticket}")[0]
    assert not ask(tokens, cookie=f"modelviz-{config.get_option('server.port')}={ticket}")[0]


def test_the_address_names_the_token_only_where_one_is_needed() -> None:
    assert gate.tokens_of([]) is None
    tokens = gate.tokens_of(["--allow-code"])
    assert tokens is not None and len(tokens.token) > 40
    assert gate._address(tokens.token).endswith(f"/?token={tokens.token}")
    assert gate._address(None) == f"http://127.0.0.1:{config.get_option('server.port')}/"


def test_what_is_written_is_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit makes its socket without naming the protocol, as here."""
    with socket.socket() as listening, socket.socket() as other:
        for one in (listening, other):
            one.bind(("127.0.0.1", 0))
            one.listen()
        monkeypatch.setattr(config, "get_option", lambda name: listening.getsockname()[1])
        gate._send_at_once()
        waits = []
        for one in (listening, other):
            with socket.create_connection(one.getsockname()):
                served, _ = one.accept()
            with served:
                waits.append(not served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    assert waits == [False, True]
