"""Who may talk to an application's server: the browser that was given the secret, nobody else.

Any page a browser has open can send requests to a server on its own machine, and a name of its
own can be made to mean 127.0.0.1 (DNS rebinding). So the `Host` must be ours, the `Origin` too,
and what comes must carry a secret. The rule is the same for HTTP and for web sockets.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from evrisim.messages import translate as _

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 20 * 2**20
"""Bytes a request may bring; an uploaded photograph is the largest."""

LARGEST_MESSAGE = 2**20
"""Bytes a message over the web socket may have."""

POLICY_VIOLATION, TOO_BIG = 1008, 1009  # RFC 6455, section 7.4.1


@dataclass(frozen=True)
class Secret:
    """What a browser must show: the token of the address once, then the cookie it was given."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))


@dataclass(frozen=True)
class Guard:
    """An ASGI application that lets through to `app` only what may pass.

    Attributes:
        app: What is guarded.
        port: The port it is served on, which `Host` and `Origin` must name.
        secret: What the browser must show.
    """

    app: App
    port: int
    secret: Secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one connection and pass it on, or refuse it with one sentence."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._wrong_address(scope)
        if refusal is not None:
            await _answer(send, 403, refusal)
        elif self._brings_token(scope):
            await _answer(send, 303, "", self._welcome())
        elif scope["path"] == "/manifest.json":
            # Browsers ask for it without cookies, and complain of a refusal; it says nothing.
            await _answer(send, 200, "{}", [(b"content-type", b"application/manifest+json")])
        elif not self._has_cookie(scope):
            await _answer(send, 403, _stranger())
        else:
            body = await _whole_body(scope, receive)
            if body is None:
                await _answer(send, 413, _too_large())
            else:
                await self.app(scope, _once(body, receive), self._protected(scope, send))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._wrong_address(scope)
        if refusal is None and not _headers(scope, b"origin"):
            refusal = _foreign("")
        if refusal is None and not self._has_cookie(scope):
            refusal = _stranger()
        if refusal is None:
            await self.app(scope, _bounded(receive), send)
        elif "websocket.http.response" in (scope.get("extensions") or {}):
            await _answer(send, 403, refusal, kind="websocket.http.response")
        else:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})

    def _wrong_address(self, scope: Scope) -> str | None:
        """Say what is wrong with `Host` and `Origin`; None if they are ours."""
        hosts, origins = _headers(scope, b"host"), _headers(scope, b"origin")
        known = [f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        if len(hosts) != 1 or hosts[0] not in known:
            return _("This server answers only at 127.0.0.1, not as {host!r}.").format(
                host=", ".join(hosts)[:100]
            )
        if origins and origins != [f"http://{hosts[0]}"]:
            return _foreign(", ".join(origins)[:100])
        if set(_headers(scope, b"sec-fetch-site")) - {"same-origin", "none"}:
            # Links and pictures of other pages bring no `Origin`; servers at other ports of this
            # machine count as the same site, and so get the cookie sent along.
            return _foreign(_("another page"))
        return None

    def _brings_token(self, scope: Scope) -> bool:
        if scope["method"] != "GET" or scope["path"] != "/":
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        return len(given) == 1 and _same(given[0], self.secret.token)

    def _has_cookie(self, scope: Scope) -> bool:
        try:
            cookies = SimpleCookie("; ".join(_headers(scope, b"cookie")))
        except CookieError:
            return False
        given = cookies.get(self._cookie_name)
        return given is not None and _same(given.value, self.secret.cookie)

    @property
    def _cookie_name(self) -> str:
        return f"evrisim-{self.port}"  # a browser shares cookies between ports

    def _welcome(self) -> list[tuple[bytes, bytes]]:
        cookie = f"{self._cookie_name}={self.secret.cookie}; Path=/; HttpOnly; SameSite=Strict"
        return [(b"location", b"/"), (b"set-cookie", cookie.encode())]

    def _protected(self, scope: Scope, send: Send) -> Send:
        """Add the headers that keep the page from loading or telling anything elsewhere."""
        (host,) = _headers(scope, b"host")
        added = _protection(host)
        names = {name for name, _value in added} | {b"access-control-allow-origin"}

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [one for one in message.get("headers", ()) if one[0].lower() not in names]
                message = {**message, "headers": [*kept, *added]}
            await send(message)

        return protected


def _protection(host: str) -> list[tuple[bytes, bytes]]:
    policy = (
        "default-src 'self'; "
        # marimo starts from scripts within its page, and compiles some of its parts.
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        f"connect-src 'self' data: blob: ws://{host}; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    return [
        (b"content-security-policy", policy.encode("latin-1")),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-dns-prefetch-control", b"off"),
    ]


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _same(given: str, secret: str) -> bool:
    """Compare in a time that does not tell how much of it was right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def _stranger() -> str:
    return _("Open the address that `evrisim app` printed, with its token.")


def _foreign(origin: str) -> str:
    return _("This server takes no requests from {origin!r}, only from its own page.").format(
        origin=origin
    )


def _too_large() -> str:
    return _("This is more than {limit} MiB, the most that can be sent.").format(
        limit=LARGEST_BODY // 2**20
    )


async def _whole_body(scope: Scope, receive: Receive) -> bytes | None:
    """Read what a request brings; None, as soon as that is known, if it is too much."""
    declared = _headers(scope, b"content-length")
    if any(len(size) > len(str(LARGEST_BODY)) or int(size) > LARGEST_BODY for size in declared):
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":  # gone before all was said
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _once(body: bytes, receive: Receive) -> Receive:
    """Give a body that has been read, and then what comes after it."""
    waiting = [body]

    async def next_message() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return next_message


def _bounded(receive: Receive) -> Receive:
    """Give the messages of a web socket, and its end in place of one that is too large."""

    async def next_message() -> Message:
        message = await receive()
        said = message.get("bytes") or (message.get("text") or "").encode()
        if message["type"] == "websocket.receive" and len(said) > LARGEST_MESSAGE:
            return {"type": "websocket.disconnect", "code": TOO_BIG}
        return message

    return next_message


async def _answer(
    send: Send,
    status: int,
    sentence: str,
    headers: list[tuple[bytes, bytes]] | None = None,
    *,
    kind: str = "http.response",
) -> None:
    said = [
        *(headers or [(b"content-type", b"text/plain; charset=utf-8")]),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        # What a refused request still sends is not read.
        (b"connection", b"close"),
    ]
    body = f"{sentence}\n".encode()
    start = {"type": f"{kind}.start", "status": status, "headers": said}
    await send(start)
    await send({"type": f"{kind}.body", "body": body, "more_body": False})
