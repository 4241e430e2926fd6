"""MNIST and Fashion-MNIST are found, read right, and refused when they are not themselves."""

import gzip
import hashlib
import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evrisim._validate import InputError
from evrisim.data import mnist
from loopback import Server, whole

COUNTS = (200, 30)
CLOTHES = tuple(mnist._FASHION.files)


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    made = {}
    for split, count in zip(("train", "test"), COUNTS, strict=True):
        labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
        images = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        images[:, 0, 0] = labels
        made[f"x_{split}"], made[f"y_{split}"] = images, labels
    return made


def npz(**changes: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{**arrays(), **changes})
    return buffer.getvalue()


def idx(array: np.ndarray) -> bytes:
    head = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes(), 1, mtime=0)


def clothes(**changes: np.ndarray) -> dict[str, bytes]:
    made = {**arrays(), **changes}
    keys = ("x_train", "y_train", "x_test", "y_test")
    return {name: idx(made[key]) for name, key in zip(CLOTHES, keys, strict=True)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("EVRISIM_OFFLINE", raising=False)
    monkeypatch.setattr(mnist, "_MNIST", replace(mnist._MNIST, counts=COUNTS))
    fashion = replace(mnist._FASHION, counts=COUNTS, per_class=(20, 3))
    monkeypatch.setattr(mnist, "_FASHION", fashion)
    home = tmp_path / "keras" / "datasets"
    (home / "fashion-mnist").mkdir(parents=True)
    return home


def put(home: Path, name: str, **changes: np.ndarray) -> Path:
    if name == "mnist":
        (home / "mnist.npz").write_bytes(npz(**changes))
        return home
    for file, content in clothes(**changes).items():
        (home / "fashion-mnist" / file).write_bytes(content)
    return home / "fashion-mnist"


LOADERS = {"mnist": mnist.load_mnist, "fashion_mnist": mnist.load_fashion_mnist}


def load(name: str, **settings: Any):
    return LOADERS[name](**{"offline": True, "validation": 20, **settings})


@pytest.mark.parametrize("name", LOADERS)
def test_images_and_labels_are_those_of_the_files(home: Path, name: str) -> None:
    place = put(home, name)
    dataset = load(name)
    assert dataset.name == name
    assert dataset.image_shape == (28, 28, 1)
    assert dataset.num_classes == 10
    assert [len(split) for split in dataset.splits.values()] == [180, 20, 30]
    for split in dataset.splits.values():
        np.testing.assert_array_equal(split.images[:, 0, 0, 0], split.labels)
    np.testing.assert_array_equal(dataset.test.images[..., 0], arrays()["x_test"])
    assert dataset.origin["path"] == str(place)
    assert dataset.origin["official"] is False
    assert load(name, seed=1).content_hash() != dataset.content_hash()


@pytest.mark.parametrize("name", LOADERS)
def test_a_folder_of_yours_is_searched_first(home: Path, tmp_path: Path, name: str) -> None:
    put(home, name)
    mine = tmp_path / "mine"
    (mine / "fashion-mnist").mkdir(parents=True)
    place = put(mine, name)
    assert load(name, data_dir=mine).origin["path"] == str(place)
    assert load(name, data_dir=place).origin["path"] == str(place)


@pytest.mark.parametrize("name", LOADERS)
def test_nowhere_and_offline_is_one_sentence_with_a_way_on(home: Path, name: str) -> None:
    with pytest.raises(InputError, match="evrisim train shapes") as caught:
        load(name)
    assert str(home) in str(caught.value)


@pytest.mark.parametrize("name", LOADERS)
def test_what_is_nowhere_is_fetched(
    home: Path, name: str, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    contents = {"mnist.npz": npz()} if name == "mnist" else clothes()
    server.answers = {f"/{file}": whole(content) for file, content in contents.items()}
    files = {file: (hashlib.sha256(c).hexdigest(), len(c)) for file, c in contents.items()}
    attribute = "_MNIST" if name == "mnist" else "_FASHION"
    source = replace(getattr(mnist, attribute), files=files, bases=(server.url("/"),))
    monkeypatch.setattr(mnist, attribute, source)
    dataset = load(name, offline=False)
    assert dataset.origin["official"] is True
    assert dataset.origin["sha256"] == {file: sha256 for file, (sha256, _size) in files.items()}
    assert load(name, offline=False).content_hash() == dataset.content_hash()
    assert len(server.asked) == len(files)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    yield server
    server.close()


X, Y = arrays()["x_train"], arrays()["y_train"]
WRONG = {
    "a label too large": ({"y_train": np.where(Y == 9, 10, Y).astype(np.uint8)}, "from 0 to 9"),
    "a class missing": ({"y_train": np.where(Y == 9, 8, Y).astype(np.uint8)}, "class"),
    "an image missing": ({"x_train": X[1:]}, r"\(199, 28, 28\)"),
    "a label missing": ({"y_train": Y[1:]}, "200 labels"),
    "another size": ({"x_train": X[:, 1:]}, r"\(200, 27, 28\)"),
}


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_itself_is_refused(home: Path, name: str, case: str) -> None:
    changes, reason = WRONG[case]
    put(home, name, **changes)
    with pytest.raises(InputError, match=reason) as caught:
        load(name)
    assert str(home) in str(caught.value)


def _npz_member(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in arrays():
            archive.writestr(f"{key}.npy", content)
    return buffer.getvalue()


def _npy(shape: str, kind: str = "|u1", raw: bytes = b"abc") -> bytes:
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + raw


HOSTILE_NPZ = {
    "signed numbers": npz(x_train=arrays()["x_train"].astype(np.int8)),
    "empty": b"",
    "no zip": b"<html></html>",
    "no arrays": npz()[:-40],
    "no npy": _npz_member(b"hello"),
    "giant shape": _npz_member(_npy("(1000000000, 1000000000)")),
    "negative shape": _npz_member(_npy("(-1, -3)")),
    "objects": _npz_member(_npy("(1,)", "|O", b"cos\nsystem\n(S'echo'\ntR.")),
    "code in the header": _npz_member(_npy("__import__('os').system('echo')")),
}


@pytest.mark.parametrize("case", HOSTILE_NPZ)
def test_a_hostile_npz_is_refused(home: Path, case: str) -> None:
    (home / "mnist.npz").write_bytes(HOSTILE_NPZ[case])
    with pytest.raises(InputError, match="is not MNIST as it should be"):
        load("mnist")


HOSTILE_IDX = {
    "empty": b"",
    "no gzip": b"hello",
    "nothing in it": gzip.compress(b""),
    "another type": gzip.compress(b"\0\0\x0d\x01\0\0\0\x01abcd"),
    "signed numbers": gzip.compress(gzip.decompress(idx(X)).replace(b"\x08", b"\x09", 1)),
    "no sizes": gzip.compress(b"\0\0\x08\x03"),
    "sizes cut": gzip.compress(b"\0\0\x08\x03" + bytes(9)),
    "two axes": idx(X.reshape(200, 784)),
    "too many axes": gzip.compress(b"\0\0\x08\xff" + bytes(2000)),
    "giant sizes": gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12 + b"abc"),
    "cut": idx(X)[:-2000],
}


@pytest.mark.parametrize("case", HOSTILE_IDX)
def test_a_hostile_idx_is_refused(home: Path, case: str) -> None:
    put(home, "fashion_mnist")
    (home / "fashion-mnist" / CLOTHES[0]).write_bytes(HOSTILE_IDX[case])
    with pytest.raises(InputError, match="is not Fashion-MNIST as it should be"):
        load("fashion_mnist")


@pytest.mark.parametrize("name", LOADERS)
def test_what_unfolds_into_too_much_is_stopped(
    home: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, name)
    monkeypatch.setattr(mnist, "_LARGEST_ARRAY", 10_000)
    with pytest.raises(InputError, match="unfolds into too much"):
        load(name)


@pytest.mark.parametrize("name", LOADERS)
def test_a_flipped_byte_is_noticed_or_changes_nothing(home: Path, name: str) -> None:
    put(home, name)
    expected, rng, refused = load(name).content_hash(), np.random.default_rng(0), 0
    path = home / "mnist.npz" if name == "mnist" else home / "fashion-mnist" / CLOTHES[0]
    content = path.read_bytes()
    for _flip in range(50):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            assert load(name).content_hash() == expected
        except InputError:
            refused += 1
    assert refused >= 48


def test_some_files_original_and_others_not_is_damage(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, "fashion_mnist")
    files = {n: (hashlib.sha256(c).hexdigest(), len(c)) for n, c in clothes().items()}
    monkeypatch.setattr(mnist, "_FASHION", replace(mnist._FASHION, files=files))
    assert load("fashion_mnist").origin["official"] is True
    other = np.roll(arrays()["x_test"], 1)
    put(home, "fashion_mnist", x_test=other)
    with pytest.raises(InputError, match=r"t10k-images-idx3-ubyte\.gz differs from the official"):
        load("fashion_mnist")
