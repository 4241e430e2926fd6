"""A web server on loopback that behaves as a test tells it to."""

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A server on loopback whose paths behave as `answers` says; it keeps what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.sent = 0
        lock, outer = Lock(), self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    outer.asked.append((self.path, self.headers.get("Range")))
                outer.answers[self.path](self)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http.server_port}{path}"

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def whole(content: bytes, *, ranges: bool = True, cut: int = 0, lie: int = 0):
    """Serve `content`; break off after `cut` bytes; declare `lie` bytes more than there are."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range") if ranges else None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if start >= len(content):
            return refuse(416)(handler)
        handler.send_response(206 if wanted else 200)
        if wanted:
            handler.send_header(
                "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content) + lie}"
            )
        handler.send_header("Content-Length", str(len(content) - start + lie))
        handler.end_headers()
        handler.wfile.write(content[start : start + cut if cut else None])
        handler.close_connection = True
        return None

    return answer


def refuse(code: int, **headers: str):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def in_turn(*answers: Answer):
    """Answer differently each time; the last one for ever."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def drip(content: bytes, pause: float, size: int = 2000):
    """Send `content` in small pieces with pauses."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        handler.send_response(206 if wanted else 200)
        if wanted:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        try:
            for place in range(start, len(content), size):
                handler.wfile.write(content[place : place + size])
                time.sleep(pause)
        except OSError:
            handler.close_connection = True

    return answer
