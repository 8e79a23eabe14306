"""Who may ask the server for what: its own pages alone, and with leave to run code only those who
hold the token of this start.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import config

from modelviz.serve import LOOPBACK

from .server import ALLOW_CODE

ANYWHERE = ("0.0.0.0", "::")
HEALTH = "/_stcore/health"
"""Says that the server runs and nothing else, so that it may be asked without the token."""

HEADERS = {
    # No other page may lay this one, unseen, under the visitor's clicks.
    "content-security-policy": "frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    # The address holds what is shown, and may hold the token.
    "referrer-policy": "no-referrer",
}

NOT_OURS = "modelviz answers its own pages only."
NO_TOKEN = (
    "This modelviz runs code, so its address has a token, and this one is missing or of an "
    "earlier start. Open the address that `modelviz app` printed."
)


class Tokens:
    """The token of this start: in the address once, in a cookie from then on.

    The address that a browser is started with can be read by every user of the machine in the
    list of processes. It therefore has a ticket instead, which is good for one visit.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self._tickets: set[str] = set()

    def ticket(self) -> str:
        """A new text that stands for the token, once."""
        made = secrets.token_urlsafe(32)
        self._tickets.add(made)
        return made

    def opens(self, given: str) -> bool:
        """Whether an address with this text lets its visitor in; uses up a ticket."""
        for ticket in list(self._tickets):
            if secrets.compare_digest(given.encode(), ticket.encode()):
                self._tickets.discard(ticket)
                return True
        return self.is_token(given)

    def is_token(self, given: str) -> bool:
        """Whether this is the token itself."""
        return secrets.compare_digest(given.encode(), self.token.encode())


class Gate:
    """Lets in what the server's own pages ask, and tells browsers to keep others out."""

    def __init__(self, app: ASGIApp, tokens: Tokens | None) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        entering = self._enters(scope)
        if not _is_own(headers):
            refusal = NOT_OURS
        elif not (entering or self._holds_token(headers) or scope["path"] == HEALTH):
            refusal = NO_TOKEN
        else:
            await self._app(scope, receive, self._sealed(send, entering))
            return
        answer = WebSocketClose() if scope["type"] == "websocket" else _refused(refusal)
        await answer(scope, receive, self._sealed(send, False))

    def _enters(self, scope: Scope) -> bool:
        """Whether the address has the token."""
        if self._tokens is None:
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        return any(map(self._tokens.opens, given))

    def _holds_token(self, headers: Headers) -> bool:
        """Whether no token is needed, or the visitor was let in with it before."""
        if self._tokens is None:
            return True
        cookies: SimpleCookie = SimpleCookie()
        for line in headers.getlist("cookie"):
            cookies.load(line)
        held = cookies.get(_cookie())
        return held is not None and self._tokens.is_token(held.value)

    def _sealed(self, send: Send, entering: bool) -> Send:
        """The way back to the visitor, with our headers on all that is sent."""

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, text in HEADERS.items():
                    headers[name] = text
                if entering and self._tokens is not None:
                    headers.append(
                        "set-cookie",
                        f"{_cookie()}={self._tokens.token}; Path=/; HttpOnly; SameSite=Lax",
                    )
            await send(message)

        return sealed


@asynccontextmanager
async def opened(app: Any) -> AsyncIterator[None]:
    """While the server runs: say where, and open a browser there if one is wanted."""
    _send_at_once()
    tokens = tokens_of(sys.argv[1:])
    token = None if tokens is None else tokens.token
    print(f"\n  modelviz runs at {_address(token)}")
    if _listens() in ANYWHERE:
        other = _address(token, socket.gethostname())
        print(f"  and for other machines at {other}")
    print("  Stop it with Ctrl-C.\n", flush=True)
    if not config.get_option("server.headless") and _has_display():
        address = _address(None if tokens is None else tokens.ticket())
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    yield


def _send_at_once() -> None:
    """Have all connections send what is written without waiting for more.

    asyncio sees to that only where a socket was made with its protocol named, and Streamlit's is
    not: the second part of each answer then waits 40 ms until the browser confirms the first.
    https://github.com/Kludex/uvicorn/issues/3149
    """
    for place in psutil.Process().net_connections("tcp"):
        listens = place.status == psutil.CONN_LISTEN and place.fd >= 0
        if listens and place.laddr.port == config.get_option("server.port"):
            # Connections have the options of the socket that they came to.
            with socket.socket(fileno=os.dup(place.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def tokens_of(arguments: list[str]) -> Tokens | None:
    """The tokens of a server with these arguments; None for one that needs none."""
    return _tokens if ALLOW_CODE in arguments else None


_tokens = Tokens()


def _is_own(headers: Headers) -> bool:
    """Whether a page of this server asks, or a program that is no browser."""
    host = headers.get("host", "")
    # A name of somebody else's may be made to lead here.
    if _listens() in LOOPBACK and _name(host) not in LOOPBACK:
        return False
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == host or origin in config.get_option(
            "server.corsAllowedOrigins"
        )
    # A browser says of what kind the page is even where it sends no origin. A link to here is
    # a link, wherever it stands.
    strange = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return not strange or headers.get("sec-fetch-mode") == "navigate"


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _refused(why: str) -> PlainTextResponse:
    return PlainTextResponse(f"{why}\n", status_code=403)


def _cookie() -> str:
    """The cookie's name: cookies of one machine's servers are not told apart by their ports."""
    return f"modelviz-{config.get_option('server.port')}"


def _listens() -> str:
    return str(config.get_option("server.address") or ANYWHERE[0])


def _address(token: str | None, name: str | None = None) -> str:
    host = name or _listens()
    host = "localhost" if host in ANYWHERE else host
    host = f"[{host}]" if ":" in host else host
    query = "" if token is None else f"?token={token}"
    return f"http://{host}:{config.get_option('server.port')}/{query}"


def _has_display() -> bool:
    """Whether a browser has a screen: one of text alone would take over the terminal."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
