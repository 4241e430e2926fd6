"""The guard before a served page: who is refused, and that nothing large is read."""

import asyncio
import contextlib
import http.client
import socket
import threading

import pytest
import websockets.sync.client as sockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from evrisim._validate import InputError
from evrisim.applications import guard, serving
from evrisim.applications.guard import Guard, Secret

PORT = 4321
OURS = f"127.0.0.1:{PORT}"
SECRET = Secret("right-token", "right-cookie")
COOKIE = f"evrisim-{PORT}=right-cookie"


class Inner:
    """What is guarded: keeps what reached it, echoes on a web socket."""

    def __init__(self):
        self.bodies, self.messages = [], []

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            await self.talk(receive, send)
            return
        message = await receive()
        self.bodies.append(message["body"])
        headers = [(b"access-control-allow-origin", b"*"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"in"})

    async def talk(self, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.messages.append(message)
            await send({"type": "websocket.send", "text": "heard"})


def ask(kind="http", *, path="/", query=b"", method="GET", body=(b"",), messages=(), **headers):
    """What a guarded page answers: status, headers, text, and what reached the page."""
    inner, sent = Inner(), []
    given = {"host": OURS, **{name.replace("_", "-"): text for name, text in headers.items()}}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(k.encode(), v.encode()) for k, v in given.items() if v is not None],
        "extensions": {"websocket.http.response": {}} if kind == "websocket" else {},
    }
    if kind == "websocket":
        heard = [{"type": "websocket.receive", **message} for message in messages]
        end = {"type": "websocket.disconnect", "code": 1000}
        waiting = [{"type": "websocket.connect"}, *heard, end]
    else:
        waiting = [
            {"type": "http.request", "body": part, "more_body": place + 1 < len(body)}
            for place, part in enumerate(body)
        ]

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(inner, PORT, SECRET)(scope, receive, send))
    first = sent[0]
    text = b"".join(one.get("body", b"") for one in sent).decode()
    return first.get("status"), dict(first.get("headers", ())), text, inner


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": None},
        {"cookie": f"evrisim-{PORT}=wrong"},
        {"cookie": "evrisim-1=right-cookie"},
        {"cookie": f"evrisim-{PORT}=right-token"},
        {"host": "evil.example"},
        {"host": f"evil.example:{PORT}"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:80"},
        {"host": f"127.0.0.1:{PORT}.evil.example"},
        {"host": None},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:80"},
        {"origin": f"https://{OURS}"},
        {"origin": f"http://localhost:{PORT}"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
    ids=str,
)
def test_a_stranger_is_refused_with_one_sentence(kind, headers):
    usual = {"cookie": COOKIE, "origin": f"http://{OURS}"}
    status, _headers, text, inner = ask(kind, **{**usual, **headers})
    assert status == 403
    assert text.count("\n") == 1
    assert text.strip().endswith(".")
    assert (inner.bodies, inner.messages) == ([], [])


def test_a_web_socket_without_an_origin_is_refused_though_a_request_may_lack_it():
    assert ask("websocket", cookie=COOKIE)[0] == 403
    assert ask("http", cookie=COOKIE)[0] == 200


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_page_itself_passes(kind, name):
    host = f"{name}:{PORT}"
    status, headers, _text, inner = ask(kind, host=host, origin=f"http://{host}", cookie=COOKIE)
    if kind == "http":
        assert (status, inner.bodies) == (200, [b""])
        assert b"default-src 'self'" in headers[b"content-security-policy"]
        assert b"access-control-allow-origin" not in headers
    else:
        assert status is None  # accepted


def test_the_token_gives_a_cookie_that_scripts_and_other_sites_cannot_use():
    status, headers, _text, inner = ask(query=b"token=right-token")
    assert (status, headers[b"location"], inner.bodies) == (303, b"/", [])
    cookie, *properties = headers[b"set-cookie"].decode().split("; ")
    assert cookie == COOKIE
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} == set(properties)
    assert ask(cookie=cookie)[0] == 200


@pytest.mark.parametrize(
    ("path", "query", "method"),
    [
        ("/", b"token=wrong", "GET"),
        ("/", b"token=", "GET"),
        ("/", b"token=right-token&token=wrong", "GET"),
        ("/", b"token=%C4%B1%FF", "GET"),
        ("/api/x", b"token=right-token", "GET"),
        ("//evil.example", b"token=right-token", "GET"),
        ("/", b"token=right-token", "POST"),
    ],
)
def test_a_wrong_token_or_a_right_one_in_a_wrong_place_gives_nothing(path, query, method):
    status, headers, _text, _inner = ask(path=path, query=query, method=method)
    assert status == 403
    assert b"set-cookie" not in headers


def test_the_token_is_no_way_around_the_address():
    assert ask(query=b"token=right-token", host="evil.example")[0] == 403
    assert ask(query=b"token=right-token", origin="http://evil.example")[0] == 403


def test_two_hosts_are_refused():
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", OURS.encode()), (b"host", OURS.encode()), (b"cookie", b"")],
    }
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(Inner(), PORT, SECRET)(scope, None, send))
    assert sent[0]["status"] == 403


def test_each_server_has_a_secret_of_its_own():
    first, second = Secret(), Secret()
    assert len({first.token, first.cookie, second.token, second.cookie}) == 4
    assert min(map(len, (first.token, first.cookie))) >= 43  # 256 bits


def test_a_body_is_passed_on_whole_up_to_the_limit(monkeypatch):
    monkeypatch.setattr(guard, "LARGEST_BODY", 10)
    usual = {"method": "POST", "cookie": COOKIE}
    assert ask(**usual, body=(b"12345", b"67890"))[3].bodies == [b"1234567890"]
    status, _headers, _text, inner = ask(**usual, body=(b"12345", b"67890", b"1"))
    assert (status, inner.bodies) == (413, [])


def test_what_is_declared_too_large_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(guard, "LARGEST_BODY", 10)
    for size in ("11", "9" * 5000):
        answer = ask(method="POST", cookie=COOKIE, content_length=size, body=())
        assert answer[0] == 413


@pytest.mark.parametrize("large", [{"text": "ü" * 6}, {"bytes": b"x" * 11}])
def test_a_large_message_of_a_web_socket_is_its_end_whatever_server_it_came_through(
    large, monkeypatch
):
    monkeypatch.setattr(guard, "LARGEST_MESSAGE", 10)
    usual = {"cookie": COOKIE, "origin": f"http://{OURS}"}
    small = {"text": "ü" * 5}
    inner = ask("websocket", messages=(small, large, small), **usual)[3]
    assert [message["text"] for message in inner.messages] == ["ü" * 5]


@pytest.fixture
def served():
    """A guarded page on a real port: its address and what reached it."""
    inner, address, started = Inner(), serving.bind(), threading.Event()

    async def close():
        pass

    server = serving._server(Guard(inner, address.port, address.secret), started.set, close)
    address.listening.listen()
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[address.listening])), daemon=True
    )
    thread.start()
    assert started.wait(10)
    yield address, inner
    server.should_exit = True
    thread.join(10)
    address.listening.close()


def cookie_of(address):
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
    connection.request("GET", f"/?token={address.secret.token}")
    answer = connection.getresponse()
    assert answer.status == 303
    connection.close()
    return answer.getheader("Set-Cookie").partition(";")[0]


def test_only_this_machine_can_reach_it(served):
    address, _inner = served
    assert address.listening.getsockname()[0] == "127.0.0.1"
    with contextlib.suppress(OSError):
        others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
        for other in others - {"127.0.0.1", "127.0.1.1", "::1"}:
            with pytest.raises(ConnectionError), socket.create_connection((other, address.port), 2):
                pass


def test_a_body_sent_in_pieces_is_cut_off_at_the_limit(served, monkeypatch):
    address, inner = served
    monkeypatch.setattr(guard, "LARGEST_BODY", 2**16)
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
    headers = {"Cookie": cookie_of(address), "Transfer-Encoding": "chunked"}
    pieces = (b"x" * 2**15 for _piece in range(64))
    with contextlib.suppress(ConnectionError):  # the server no longer listens
        connection.request("POST", "/api", pieces, headers, encode_chunked=True)
    with contextlib.suppress(ConnectionError):
        assert connection.getresponse().status == 413
    connection.close()
    assert inner.bodies == []


def test_a_web_socket_hears_the_page_but_nothing_too_large(served):
    address, inner = served
    url, origin = f"ws://127.0.0.1:{address.port}/ws", f"http://127.0.0.1:{address.port}"
    headers = {"Cookie": cookie_of(address)}
    with sockets.connect(url, origin=origin, additional_headers=headers, proxy=None) as line:
        line.send("x" * 1000)
        assert line.recv(5) == "heard"
        line.send("x" * (guard.LARGEST_MESSAGE + 1))
        with pytest.raises(ConnectionClosed):
            line.recv(5)
    assert [len(message["text"]) for message in inner.messages] == [1000]


@pytest.mark.parametrize("origin", ["http://evil.example", None])
def test_a_web_socket_of_another_page_is_answered_403(served, origin):
    address, _inner = served
    headers = {"Cookie": cookie_of(address)}
    url = f"ws://127.0.0.1:{address.port}/ws"
    with (
        pytest.raises(InvalidStatus) as refused,
        sockets.connect(url, origin=origin, additional_headers=headers, proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_a_port_that_is_taken_is_refused_in_a_sentence():
    taken = serving.bind()
    taken.listening.listen()
    with pytest.raises(InputError, match=rf"Port {taken.port} cannot be used .*--port"):
        serving.bind(taken.port)
    taken.listening.close()
