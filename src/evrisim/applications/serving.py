"""Serve an application's notebook as a web page to this machine's own browser."""

import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evrisim._validate import InputError
from evrisim.applications.guard import LARGEST_MESSAGE, App, Guard, Secret
from evrisim.messages import translate as _

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """Where a page is served.

    Attributes:
        listening: The socket, bound to loopback only.
        secret: What the browser must show.
    """

    listening: socket.socket
    secret: Secret

    @property
    def port(self) -> int:
        """The port it is bound to."""
        return int(self.listening.getsockname()[1])

    @property
    def url(self) -> str:
        """The address to open; the token in it is a secret."""
        return f"http://{LOOPBACK}:{self.port}/?token={self.secret.token}"


def bind(port: int = 0) -> Address:
    """Take a port of the loopback device, which other machines cannot reach; 0 for any free one.

    Raises:
        InputError: If the port is taken or may not be used.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        raise InputError(
            _("Port {port} cannot be used ({reason}); leave out --port for a free one.").format(
                port=port, reason=error.strerror
            )
        ) from None
    return Address(listening, Secret())


def serve(notebook: Path, address: Address, *, ready: Callable[[], None] = lambda: None) -> None:
    """Serve a notebook until the process is interrupted.

    Args:
        notebook: The file; visitors run it, they do not see or change its code.
        address: Where.
        ready: Called when the server answers.

    Raises:
        KeyboardInterrupt: When the user ended it.
    """
    import asyncio

    page = _page(notebook)
    server = _server(Guard(page, address.port, address.secret), ready, lambda: _close(page))
    address.listening.listen(64)
    asyncio.run(server.serve(sockets=[address.listening]))


def _page(notebook: Path) -> Any:
    """Give marimo's page in its mode for readers: no code, no editor, no look for updates."""
    import marimo

    builder = marimo.create_asgi_app(quiet=True, include_code=False)
    # No token of marimo's own, no cross-site headers: the guard stands in front of it all.
    return builder.with_app(path="", root=str(notebook)).build()


async def _close(page: Any) -> None:
    """End what visitors run; else threads that wait for it would hold the process."""
    for route in page.routes:
        await route.app.state.session_manager.shutdown()


def _server(
    app: App, ready: Callable[[], None], close: Callable[[], Coroutine[Any, Any, None]]
) -> Any:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            ready()

        async def shutdown(self, sockets: Any = None) -> None:
            await close()
            await super().shutdown(sockets=sockets)

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody stands between
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        timeout_graceful_shutdown=2,
        lifespan="off",
    )
    return Server(config)
