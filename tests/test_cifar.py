"""CIFAR is found where it may be, is what it should be, or is refused in one sentence."""

import hashlib
import io
import multiprocessing
import os
import pickle
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evrisim._validate import InputError
from evrisim.data import cifar
from evrisim.data.cifar_layouts import CIFAR10, CIFAR100, Layout
from loopback import Server, drip, whole

EACH = 40  # images in each file of the small set


def written(layout: Layout, protocol: int = 4, each: int = EACH) -> dict[str, bytes]:
    """Write a small set in the official layout; the first pixel of an image is its label."""
    classes = len(layout.class_names)
    files = {}
    for number, name in enumerate((*layout.train, *layout.test)):
        rng = np.random.default_rng(number)
        labels = rng.permutation(np.arange(each) % classes)
        pixels = rng.integers(0, 256, (each, 3072)).astype(np.uint8)
        pixels[:, 0], pixels[:, 1024], pixels[:, 2048] = labels, number, np.arange(each)
        table = {b"data": pixels, layout.labels_key.encode(): labels.tolist(), b"filenames": [b"x"]}
        files[name] = pickle.dumps(table, protocol)
    names = [name.encode() for name in layout.class_names]
    files[layout.meta] = pickle.dumps({layout.names_key.encode(): names}, protocol)
    return files


def archive_of(layout: Layout, files: dict[str, bytes], path: Path) -> bytes:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{layout.folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path.read_bytes()


def md5s(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.md5(content).hexdigest() for name, content in files.items()}


SMALL = replace(CIFAR10, per_class=(20, 4))
FILES = written(SMALL)
OFFICIAL = replace(SMALL, checksums=md5s(FILES))  # the small set, as if it were the original


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a place for Keras' data sets, and make the small set stand for CIFAR-10."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("EVRISIM_OFFLINE", raising=False)
    monkeypatch.setattr(cifar, "CIFAR10", SMALL)
    home = tmp_path / "keras" / "datasets"
    home.mkdir(parents=True)
    return home


def lay(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def load(**settings: Any):
    return cifar.load_cifar10(**{"offline": True, "validation": 20, **settings})


def test_images_labels_and_splits_are_those_of_the_files(home: Path) -> None:
    lay(home / SMALL.folder)
    dataset = load()
    assert dataset.image_shape == (32, 32, 3)
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 180,
        "validation": 20,
        "test": 40,
    }
    seen = []
    for name, split in dataset.splits.items():
        np.testing.assert_array_equal(split.images[:, 0, 0, 0], split.labels)
        files, places = split.images[:, 0, 0, 1], split.images[:, 0, 0, 2]
        assert set(files) == ({5} if name == "test" else {0, 1, 2, 3, 4})
        seen += list(zip(files, places, strict=True))
    assert len(set(seen)) == 240
    one = pickle.loads(FILES["test_batch"])[b"data"].reshape(-1, 3, 32, 32)
    np.testing.assert_array_equal(dataset.test.images, np.moveaxis(one, 1, -1))


def test_validation_is_stratified_and_follows_the_seed(home: Path) -> None:
    lay(home / SMALL.folder)
    first, again, other = load(), load(), load(seed=1)
    assert np.bincount(first.validation.labels).tolist() == [2] * 10
    assert first.content_hash() == again.content_hash() != other.content_hash()
    np.testing.assert_array_equal(first.test.images, other.test.images)


def test_the_size_of_validation_is_as_asked(home: Path) -> None:
    lay(home / SMALL.folder)
    assert len(load(validation=50).validation) == 50
    for wrong in (0, 9, 150, -5):
        with pytest.raises(InputError, match="`validation` must lie between 10 and 100"):
            load(validation=wrong)


LAYOUTS = {
    "unpacked": lambda root: lay(root / SMALL.folder),
    "unpacked by Keras 3": lambda root: lay(root / "cifar-10-batches-py-target" / SMALL.folder),
    "the batches themselves": lay,
    "archive": lambda root: archive_of(SMALL, FILES, root / "cifar-10-python.tar.gz"),
    "archive, Keras' name": lambda root: archive_of(
        SMALL, FILES, root / "cifar-10-batches-py.tar.gz"
    ),
    "a parent": lambda root: lay(root / "datasets" / SMALL.folder),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("where", ["data_dir", "keras"])
def test_every_layout_is_found_and_gives_the_same_set(
    home: Path, tmp_path: Path, layout: str, where: str
) -> None:
    lay(tmp_path / "reference")
    expected = load(data_dir=tmp_path / "reference").content_hash()
    mine = tmp_path / "mine"
    mine.mkdir()
    LAYOUTS[layout](mine if where == "data_dir" else home)
    dataset = load(data_dir=mine) if where == "data_dir" else load()
    assert dataset.content_hash() == expected
    assert dataset.origin["path"].startswith(str(mine if where == "data_dir" else home))


def test_a_folder_of_yours_goes_before_the_one_of_keras(home: Path, tmp_path: Path) -> None:
    lay(home / SMALL.folder)
    lay(tmp_path / "mine")
    assert load(data_dir=tmp_path / "mine").origin["path"] == str(tmp_path / "mine")
    (tmp_path / "empty").mkdir()
    assert load(data_dir=tmp_path / "empty").origin["path"] == str(home / SMALL.folder)


def test_the_archive_itself_may_be_named(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "my copy.tar.gz"
    archive_of(SMALL, FILES, path)
    assert load(data_dir=path).origin["path"] == str(path)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_is_read(home: Path, protocol: int) -> None:
    lay(home / SMALL.folder, written(SMALL, protocol))
    assert len(load().test) == 40


def test_origin_tells_a_copy_from_the_original(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(home / SMALL.folder)
    assert load().origin["official"] is False
    monkeypatch.setattr(cifar, "CIFAR10", OFFICIAL)
    origin = load().origin
    assert origin["official"] is True
    assert origin["md5"] == md5s(FILES)


def test_cifar_100_is_read_by_its_fine_labels(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(CIFAR100, per_class=(2, 1))
    monkeypatch.setattr(cifar, "CIFAR100", small)
    files = written(small, each=100)
    table = pickle.loads(files["train"])
    table[b"data"] = np.repeat(table[b"data"], 2, axis=0)
    table[b"fine_labels"] = np.repeat(table[b"fine_labels"], 2).tolist()
    lay(home / small.folder, {**files, "train": pickle.dumps(table, 4)})
    dataset = cifar.load_cifar100(offline=True, validation=100)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (100, 100, 100)
    assert dataset.class_names[:2] == ("apple", "aquarium_fish")


def test_cifar_100_has_a_hundred_names_in_order() -> None:
    assert len(set(CIFAR100.class_names)) == 100
    assert list(CIFAR100.class_names) == sorted(CIFAR100.class_names)


def test_nowhere_and_offline_says_where_it_looked_and_what_to_do(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()

    def forbidden(*_arguments: object, **_named: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket", forbidden)
    monkeypatch.setattr("socket.getaddrinfo", forbidden)
    for settings in ({"offline": True}, {"offline": False}):
        monkeypatch.setenv("EVRISIM_OFFLINE", "" if settings["offline"] else "1")
        with pytest.raises(InputError) as caught:
            load(data_dir=tmp_path / "mine", **settings)
        for part in (str(tmp_path / "mine"), str(home), "evrisim train shapes", "CIFAR-10"):
            assert part in str(caught.value)
        assert str(caught.value).count(". ") == 1


def test_a_folder_that_is_not_there_is_named(home: Path) -> None:
    with pytest.raises(InputError, match="There is no folder nosuch"):
        load(data_dir=Path("nosuch"))


def changed(name: str, **entries: object) -> dict[str, bytes]:
    table = pickle.loads(FILES[name])
    for key, value in entries.items():
        if value is None:
            del table[key.encode()]
        else:
            table[key.encode()] = value
    return {**FILES, name: pickle.dumps(table, 4)}


LABELS = pickle.loads(FILES["data_batch_2"])[b"labels"]
PIXELS = pickle.loads(FILES["data_batch_2"])[b"data"]
WRONG = {
    "label too large": (changed("data_batch_2", labels=[10, *LABELS[1:]]), "from 0 to 9"),
    "label negative": (changed("data_batch_2", labels=[-1, *LABELS[1:]]), "from 0 to 9"),
    "label is text": (changed("data_batch_2", labels=["1", *LABELS[1:]]), "from 0 to 9"),
    "label is true": (changed("data_batch_2", labels=[True, *LABELS[1:]]), "from 0 to 9"),
    "a label missing": (changed("data_batch_2", labels=LABELS[1:]), "40 labels"),
    "no labels": (changed("data_batch_2", labels=None), "40 labels"),
    "no images": (changed("data_batch_2", data=None), "no array of bytes"),
    "images are floats": (changed("data_batch_2", data=PIXELS / 255), "no array of bytes"),
    "images cut": (changed("data_batch_2", data=PIXELS[1:]), r"\(39, 3072\) instead of"),
    "images of another size": (changed("data_batch_2", data=PIXELS[:, :-3]), "3069"),
    "classes out of balance": (
        changed("data_batch_2", labels=[LABELS[0]] * 40),
        "images instead of 20",
    ),
    "other classes": (changed("batches.meta", label_names=[b"a"] * 10), "other classes"),
    "classes in another order": (
        changed("batches.meta", label_names=[n.encode() for n in CIFAR10.class_names[::-1]]),
        "other classes",
    ),
    "not a table": ({**FILES, "test_batch": pickle.dumps([1], 4)}, "no table"),
    "hostile": ({**FILES, "test_batch": b"cos\nsystem\n(S'echo'\ntR."}, "Nothing in it was run"),
    "hostile meta": (
        {**FILES, "batches.meta": b"\x80\x02cos\nsystem\nU\x04echo\x85R."},
        r"os\.system.+Nothing in it was run",
    ),
    "truncated": ({**FILES, "data_batch_5": FILES["data_batch_5"][:-500]}, "ends too early"),
    "empty": ({**FILES, "data_batch_5": b""}, "ends too early"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_what_is_not_cifar_is_refused_with_its_place(home: Path, case: str, kind: str) -> None:
    files, reason = WRONG[case]
    if kind == "folder":
        lay(home / SMALL.folder, files)
    else:
        archive_of(SMALL, files, home / "cifar-10-python.tar.gz")
    with pytest.raises(InputError, match=reason) as caught:
        load()
    assert str(home) in str(caught.value)


def test_a_flipped_byte_in_any_file_of_the_original_is_noticed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar, "CIFAR10", OFFICIAL)
    rng = np.random.default_rng(0)
    noticed = 0
    for _flip in range(100):
        name = str(rng.choice(SMALL.files))
        content = bytearray(FILES[name])
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        lay(home / SMALL.folder, {**FILES, name: bytes(content)})
        with pytest.raises(InputError):
            load()
        noticed += 1
    assert noticed == 100


def test_a_flipped_byte_in_the_archive_is_noticed_or_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar, "CIFAR10", OFFICIAL)
    path = home / "cifar-10-python.tar.gz"
    whole_archive = archive_of(SMALL, FILES, path)
    expected = load().content_hash()
    rng = np.random.default_rng(0)
    refused = 0
    for _flip in range(30):
        content = bytearray(whole_archive)
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(content)
        try:
            assert load().content_hash() == expected  # the flip was in the time stamp or padding
        except InputError:
            refused += 1
    assert refused >= 28


def test_the_checksum_at_the_end_of_a_copys_archive_is_read(home: Path) -> None:
    path = home / "cifar-10-python.tar.gz"
    content = bytearray(archive_of(SMALL, FILES, path))
    content[-7] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="CRC check failed"):
        load()


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _member(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in fields.items():
        setattr(member, key, value)
    return member, content


BATCH = f"{SMALL.folder}/data_batch_1"
ARCHIVES = {
    "empty": b"",
    "no archive": b"<html></html>",
    "without files": _tar(),
    "files missing": _tar(_member(BATCH, FILES["data_batch_1"])),
    "names that climb": _tar(_member(f"../../{BATCH}", FILES["data_batch_1"])),
    "a link for a file": _tar(
        _member(BATCH, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        _member(f"{SMALL.folder}/test_batch", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    ),
    "an endless number in a header": _tar(
        _member("x", b"1" * 5000 + b" path=a\n", type=tarfile.XHDTYPE), _member(BATCH)
    ),
    "a device for a file": _tar(_member(BATCH, type=tarfile.CHRTYPE)),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_an_archive_that_is_none_is_refused_and_unpacks_nothing(home: Path, case: str) -> None:
    (home / "cifar-10-python.tar.gz").write_bytes(ARCHIVES[case])
    before = sorted(home.parent.parent.rglob("*"))
    with pytest.raises(InputError, match="is not CIFAR-10 as it should be"):
        load()
    assert sorted(home.parent.parent.rglob("*")) == before


def test_an_archive_that_unfolds_into_too_much_is_stopped(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar, "_LARGEST_FILE", 2_000_000)
    bomb = _tar(_member("zeros", bytes(30_000_000)), _member(BATCH, FILES["data_batch_1"]))
    assert len(bomb) < 300_000
    (home / "cifar-10-python.tar.gz").write_bytes(bomb)
    with pytest.raises(InputError, match="unfolds into too much"):
        load()


def test_a_file_that_is_too_large_is_not_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(home / SMALL.folder)
    monkeypatch.setattr(cifar, "_LARGEST_FILE", 1000)
    with pytest.raises(InputError, match="too large"):
        load()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    yield server
    server.close()


def _fetchable(server: Server, content: bytes) -> Layout:
    return replace(
        OFFICIAL,
        urls=(server.url("/a"),),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


@pytest.mark.parametrize("where", ["keras", "data_dir"])
def test_what_is_nowhere_is_fetched_once(
    home: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    content = archive_of(SMALL, FILES, tmp_path / "a")
    monkeypatch.setattr(cifar, "CIFAR10", _fetchable(server, content))
    server.answers = {"/a": whole(content)}
    mine = tmp_path / "mine"
    mine.mkdir()
    data_dir, place = (mine, mine) if where == "data_dir" else (None, home)
    seen: list[int] = []
    dataset = load(
        data_dir=data_dir, offline=False, progress=lambda done, _total: seen.append(done)
    )
    assert dataset.origin["official"] is True
    assert dataset.origin["path"] == str(place / "cifar-10-python.tar.gz")
    assert seen[-1] == len(content)
    assert load(data_dir=data_dir, offline=False).content_hash() == dataset.content_hash()
    assert len(server.asked) == 1
    assert [path.name for path in place.iterdir()] == ["cifar-10-python.tar.gz"]


ROUNDS = 10


def _load_again_and_again(layout: Layout, root: str, barrier: Any, results: Any) -> None:
    cifar.CIFAR10 = layout  # a process of its own
    for number in range(ROUNDS):
        os.environ["KERAS_HOME"] = f"{root}/{number}"
        barrier.wait(60)
        try:
            results.put(load(offline=False).content_hash())
        except Exception as problem:
            results.put(repr(problem))


def test_four_processes_with_a_cold_cache_all_succeed(
    home: Path, tmp_path: Path, server: Server
) -> None:
    content = archive_of(SMALL, FILES, tmp_path / "a")
    server.answers = {"/a": drip(content, 0.001, 100_000)}
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    arguments = (_fetchable(server, content), str(tmp_path), barrier, results)
    children = [
        context.Process(target=_load_again_and_again, args=arguments) for _child in range(4)
    ]
    for child in children:
        child.start()
    found = [results.get(timeout=60) for _load in range(4 * ROUNDS)]
    for child in children:
        child.join(60)
    lay(home / SMALL.folder)
    assert found == [load().content_hash()] * 4 * ROUNDS
    assert len(server.asked) == ROUNDS


@pytest.mark.cifar
@pytest.mark.skipif("KERAS_HOME" not in os.environ, reason="no CIFAR-10 is at hand")
def test_the_real_cifar_10_is_read_as_keras_reads_it() -> None:
    folder = Path(os.environ["KERAS_HOME"]) / "datasets" / CIFAR10.folder
    if not folder.is_dir():
        pytest.skip("no CIFAR-10 is at hand")
    dataset = cifar.load_cifar10(offline=True)
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 45_000,
        "validation": 5_000,
        "test": 10_000,
    }
    assert np.bincount(dataset.validation.labels).tolist() == [500] * 10
    raw = pickle.loads((folder / "test_batch").read_bytes(), encoding="bytes")
    images = raw[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(dataset.test.images, images)
    np.testing.assert_array_equal(dataset.test.labels, raw[b"labels"])
