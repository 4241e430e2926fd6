"""Downloads end in the right file or in none, whatever the other side does."""

import hashlib
import io
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib import request

import numpy as np
import pytest

from evrisim._validate import InputError
from evrisim.data import download
from loopback import Server, drip, in_turn, refuse, whole

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "EVRISIM_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "_PAUSES", (0.0, 0.01, 0.01))
    server = Server()
    yield server
    server.close()


def leftovers(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


WRONG = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]

RECOVERED = {
    "plain": whole(CONTENT),
    "cut once": in_turn(whole(CONTENT, cut=100_000), whole(CONTENT)),
    "cut at every try": whole(CONTENT, cut=70_000),
    "cut at byte one": in_turn(whole(CONTENT, cut=1), whole(CONTENT)),
    "ranges ignored": in_turn(whole(CONTENT, cut=100_000), whole(CONTENT, ranges=False)),
    "500 then fine": in_turn(refuse(500), whole(CONTENT)),
    "503 then fine": in_turn(refuse(503), whole(CONTENT)),
    "429 then fine": in_turn(refuse(429), whole(CONTENT)),
    "the length lies": whole(CONTENT, lie=5),
    "cut, and the length lies": in_turn(whole(CONTENT, cut=100_000, lie=5), whole(CONTENT, lie=5)),
    "redirect to http": refuse(302, Location="/there"),
    "wrong start, then fine": in_turn(whole(WRONG, cut=100_000), whole(CONTENT), whole(CONTENT)),
}


@pytest.mark.parametrize("case", RECOVERED)
def test_recovers(server: Server, tmp_path: Path, case: str) -> None:
    server.answers = {"/file": RECOVERED[case], "/there": whole(CONTENT)}
    target = tmp_path / "new" / "file.bin"
    assert download.fetch([server.url("/file")], target, sha256=SHA256) == target
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == []


FAILED = {
    "404": (refuse(404), "HTTP 404"),
    "403": (refuse(403), "HTTP 403"),
    "always 500": (refuse(500), "HTTP 500"),
    "another file": (whole(WRONG), "not the right one"),
    "an error page": (whole(b"<html>Moved</html>"), "not the right one"),
    "nothing": (refuse(200), "not the right one"),
    "always cut at once": (whole(CONTENT, cut=1), "ended early"),
    "redirect to a file": (refuse(302, Location="file:///etc/passwd"), "not allowed"),
    "redirect to ftp": (refuse(302, Location="ftp://127.0.0.1/x"), "not allowed"),
    "redirect to data": (refuse(302, Location="data:,x"), "not allowed"),
    "redirect for ever": (refuse(302, Location="/file"), "for ever"),
}


@pytest.mark.parametrize("case", FAILED)
def test_a_broken_download_never_becomes_a_file(server: Server, tmp_path: Path, case: str) -> None:
    answer, reason = FAILED[case]
    server.answers = {"/file": answer}
    target = tmp_path / "file.bin"
    with pytest.raises(InputError, match=reason) as caught:
        download.fetch([server.url("/file")], target, sha256=SHA256)
    assert not target.exists()
    assert str(target) in str(caught.value)
    assert server.url("/file") in str(caught.value)
    assert all(name.endswith(".part") for name in leftovers(target))


def test_the_next_mirror_goes_on_where_the_first_was_cut(server: Server, tmp_path: Path) -> None:
    server.answers = {"/first": whole(CONTENT, cut=120_000), "/second": whole(CONTENT)}
    download.fetch(
        [server.url("/first"), server.url("/second")], tmp_path / "file.bin", sha256=SHA256
    )
    assert server.asked == [("/first", None), ("/second", "bytes=120000-")]


def test_a_mirror_with_a_file_of_another_size_does_not_spoil_what_is_here(
    server: Server, tmp_path: Path
) -> None:
    server.answers = {"/a": whole(CONTENT, cut=120_000), "/b": whole(b"x" * 50, ranges=False)}
    server.answers["/c"] = whole(CONTENT)
    urls = [server.url(path) for path in ("/a", "/b", "/c")]
    download.fetch(urls, tmp_path / "file.bin", sha256=SHA256, size=len(CONTENT))
    assert server.asked[-1] == ("/c", "bytes=120000-")


def test_a_mirror_that_sends_more_than_the_file_is_stopped(server: Server, tmp_path: Path) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"\0" * 50_000)
        except OSError:
            handler.close_connection = True

    server.answers = {"/file": endless}
    with pytest.raises(InputError, match="more than the file holds"):
        download.fetch([server.url("/file")], tmp_path / "f", sha256=SHA256, size=len(CONTENT))
    assert leftovers(tmp_path / "f") == []


def test_a_silent_server_is_given_up(server: Server, tmp_path: Path) -> None:
    server.answers = {"/file": lambda _handler: time.sleep(1.0), "/good": whole(CONTENT)}
    urls = [server.url("/file"), server.url("/good")]
    began = time.monotonic()
    download.fetch(urls, tmp_path / "f", sha256=SHA256, timeout=0.2)
    assert time.monotonic() - began < 0.9


def test_a_slow_mirror_is_left_for_the_next(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_SLOW_SECONDS", 0.2)
    server.answers = {"/slow": drip(CONTENT, 0.02, 1000), "/good": whole(CONTENT)}
    download.fetch([server.url("/slow"), server.url("/good")], tmp_path / "f", sha256=SHA256)
    path, asked = server.asked[-1]
    assert path == "/good"
    assert asked is not None  # what the slow one had sent is kept


def test_when_all_are_slow_the_file_still_arrives(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_SLOW_SECONDS", 0.1)
    monkeypatch.setattr(download, "_SLOW_BYTES_A_SECOND", 10**9)
    server.answers = {"/slow": drip(CONTENT, 0.05, 40_000)}
    download.fetch([server.url("/slow")], tmp_path / "f", sha256=SHA256)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert len(server.asked) > 1


def test_progress_ends_at_the_size(server: Server, tmp_path: Path) -> None:
    server.answers = {"/file": whole(CONTENT)}
    seen: list[tuple[int, int]] = []
    download.fetch(
        [server.url("/file")],
        tmp_path / "f",
        sha256=SHA256,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


def test_a_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT)
    download.fetch([server.url("/file")], tmp_path / "f", sha256=SHA256)
    assert server.asked == []


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.{SHA256[:12]}.part")


def test_a_file_that_had_arrived_whole_is_only_renamed(server: Server, tmp_path: Path) -> None:
    _part(tmp_path / "f").write_bytes(CONTENT)
    download.fetch([server.url("/file")], tmp_path / "f", sha256=SHA256)
    assert server.asked == []
    assert leftovers(tmp_path / "f") == []


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize("more", [0, 10])
def test_a_whole_but_wrong_part_is_begun_anew(
    server: Server, tmp_path: Path, size: int | None, more: int
) -> None:
    server.answers = {"/file": whole(CONTENT)}
    _part(tmp_path / "f").write_bytes(WRONG + bytes(more))
    download.fetch([server.url("/file")], tmp_path / "f", sha256=SHA256, size=size)
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("place", ["http://127.0.0.1/x", "ftp://127.0.0.1/x", "file:///x"])
def test_no_redirection_leads_from_https_to_less(place: str) -> None:
    asked = request.Request("https://127.0.0.1/file")
    with pytest.raises(download._MirrorFailed, match="not allowed"):
        download._SameOrSafer().redirect_request(asked, io.BytesIO(), 302, "", Message(), place)


def test_another_file_at_the_target_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"mine")
    with pytest.raises(InputError, match="move it away first"):
        download.fetch([server.url("/file")], tmp_path / "f", sha256=SHA256)
    assert (tmp_path / "f").read_bytes() == b"mine"


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_opens_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    def forbidden(*_arguments: object, **_named: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket", forbidden)
    monkeypatch.setattr("socket.create_connection", forbidden)
    monkeypatch.setattr("socket.getaddrinfo", forbidden)
    monkeypatch.setenv("EVRISIM_OFFLINE", "1" if how == "environment" else "0")
    with pytest.raises(InputError, match="offline") as caught:
        download.fetch(
            ["https://example.org/f"], tmp_path / "f", sha256=SHA256, offline=how == "argument"
        )
    assert "https://example.org/f" in str(caught.value)
    assert leftovers(tmp_path / "f") == []


def test_only_http_and_https_are_asked(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    with pytest.raises(InputError, match="only http and https"):
        download.fetch([source.as_uri()], tmp_path / "f", sha256=SHA256)
    assert leftovers(tmp_path / "f") == ["source"]


def test_a_full_disk_is_one_sentence_and_what_arrived_is_kept(
    server: Server, tmp_path: Path
) -> None:
    server.answers = {"/file": whole(CONTENT)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        with pytest.raises(InputError, match="Cannot write to"):
            download.fetch([server.url("/file")], tmp_path / "f", sha256=SHA256)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "f").exists()
    download.fetch([server.url("/file")], tmp_path / "f", sha256=SHA256)
    assert server.asked[-1][1] == "bytes=100000-"


def test_a_disk_without_room_is_found_before_the_first_byte(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No space left"):
        download.fetch([server.url("/file")], tmp_path / "f", sha256=SHA256, size=2**60)
    assert server.asked == []


def test_a_file_in_the_folders_place_is_one_sentence(server: Server, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="Cannot write to"):
        download.fetch([server.url("/file")], tmp_path / "taken" / "f", sha256=SHA256)


def _fetch(url: str, target: Path, barrier: Any = None) -> None:
    os.environ.pop("EVRISIM_OFFLINE", None)
    if barrier is not None:
        barrier.wait(60)
    download.fetch([url], target, sha256=SHA256)


def test_a_killed_download_is_resumed(server: Server, tmp_path: Path) -> None:
    server.answers = {
        "/file": in_turn(
            drip(CONTENT, 0.01), drip(CONTENT, 0.01), drip(CONTENT, 0.01), whole(CONTENT)
        )
    }
    target = tmp_path / "f"
    code = (
        "import sys; from pathlib import Path; from evrisim.data import download\n"
        f"download.fetch([sys.argv[1]], Path(sys.argv[2]), sha256={SHA256!r})"
    )
    sizes = [0]
    for _kill in range(3):
        child = subprocess.Popen([sys.executable, "-c", code, server.url("/file"), str(target)])
        deadline = time.monotonic() + 30
        while _part_size(tmp_path) <= sizes[-1] + 20_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert not target.exists()
        sizes.append(_part_size(tmp_path))
    assert sizes == sorted(set(sizes))
    _fetch(server.url("/file"), target)
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == []
    assert [asked for _path, asked in server.asked] == [
        None,
        *(f"bytes={size}-" for size in sizes[1:]),
    ]


def _part_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.part"))


def test_three_processes_at_once_download_once(server: Server, tmp_path: Path) -> None:
    server.answers = {"/file": drip(CONTENT, 0.005)}
    target = tmp_path / "f"
    context = multiprocessing.get_context("spawn")
    arguments = (server.url("/file"), target, context.Barrier(3))
    children = [context.Process(target=_fetch, args=arguments) for _child in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == []
    assert len(server.asked) == 1
