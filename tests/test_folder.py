"""A user's folder: every layout, name, link and fault is read right or named."""

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evrisim._validate import InputError
from evrisim.data import decoded, folder
from evrisim.data.cache import ArrayCache
from evrisim.data.folder import load_folder
from evrisim.data.listing import list_images
from evrisim.data.split import SPLITS
from reference import hostile


def save(path: Path, seed: int, size: tuple[int, int] = (8, 8)) -> Path:
    """An image of its own, so that no two seeds are copies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def make(root: Path, classes: dict[str, int], end: str = "png") -> Path:
    seed = 0
    for name, count in classes.items():
        for number in range(count):
            save(root / name / f"{number}.{end}", seed := seed + 1)
    return root


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVRISIM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pets(tmp_path) -> Path:
    return make(tmp_path / "pets", {"cat": 10, "dog": 20})


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_a_folder_of_classes_becomes_a_data_set_with_the_right_pixels_and_labels(pets):
    dataset = load_folder(pets)
    assert dataset.class_names == ("cat", "dog")
    assert dataset.image_shape == (8, 8, 3)
    assert [len(split) for split in dataset.splits.values()] == [20, 5, 5]
    for split in dataset.splits.values():
        for i, name in enumerate(split.names):
            np.testing.assert_array_equal(split.images[i], pixels(pets / name))
            assert dataset.class_names[split.labels[i]] == name.split("/")[0]
    assert dataset.origin["images_by_class"] == {"cat": 10, "dog": 20}
    assert json.loads(json.dumps(dataset.origin)) == dataset.origin


def test_a_second_reading_decodes_nothing_and_gives_the_same(pets, monkeypatch):
    first = load_folder(pets)

    def never(*_arguments, **_more):
        raise AssertionError("decoded again")

    monkeypatch.setattr(decoded, "decode", never)
    second = load_folder(pets)
    assert second.origin["decoded"] == "cache"
    assert second.content_hash() == first.content_hash()


def test_a_flipped_byte_anywhere_in_the_cache_is_noticed(pets, tmp_path):
    first = load_folder(pets).content_hash()
    (entry,) = (tmp_path / "cache" / "decoded").iterdir()
    random = np.random.default_rng(0)
    for number in range(20):
        file = entry / ("images.npy" if number % 2 else "entry.json")
        content = bytearray(file.read_bytes())
        content[random.integers(len(content))] ^= 1 << random.integers(8)
        file.write_bytes(content)
        again = load_folder(pets)
        assert again.content_hash() == first
        assert again.origin["decoded"] == "files"


def test_a_changed_file_is_decoded_again_even_with_its_old_date(pets):
    before = load_folder(pets).content_hash()
    target = pets / "cat" / "0.png"
    old = target.stat()
    content = target.read_bytes()
    other = save(pets.parent / "other.png", 99).read_bytes()
    target.write_bytes(other[: len(content)].ljust(len(content), b"\0"))
    os.utime(target, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert load_folder(pets).content_hash() != before


def test_images_beyond_the_share_of_memory_stay_on_disk_with_the_same_content(pets):
    in_memory = load_folder(pets)
    on_disk = load_folder(pets, memory_share=0)
    assert on_disk.origin["images"] == "disk"
    assert isinstance(on_disk.test.images, np.memmap)
    assert on_disk.content_hash() == in_memory.content_hash()


def test_without_a_writable_cache_it_goes_on_and_says_so(pets, tmp_path):
    (tmp_path / "file").write_text("in the way")
    dataset = load_folder(pets, cache_dir=tmp_path / "file")
    assert dataset.origin["decoded"].startswith("files, not kept: ")
    assert dataset.origin["split"]["file"] is None
    assert dataset.content_hash() == load_folder(pets).content_hash()
    with pytest.raises(InputError, match=r"more than the 0 MB of memory .* EVRISIM_CACHE"):
        load_folder(pets, cache_dir=tmp_path / "file", memory_share=0)


def test_a_full_disk_leaves_nothing_behind(pets, tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert "No space left" in load_folder(pets).origin["decoded"]
    assert list((tmp_path / "cache" / "decoded").iterdir()) == []


def test_one_more_file_moves_no_other_and_the_split_is_kept_in_a_file(pets):
    before = load_folder(pets)
    side = {name: part for part in SPLITS for name in before.splits[part].names}
    for seed in range(100, 110):
        save(pets / "cat" / f"new-{seed}.png", seed)
    after = load_folder(pets)
    assert after.origin["split"]["source"] == "continued"
    moved = [n for part in SPLITS for n in after.splits[part].names if side.get(n, part) != part]
    assert moved == []
    assert sum(len(split) for split in after.splits.values()) == 40
    assert load_folder(pets, seed=1).test.names != after.test.names


def test_copies_with_the_same_pixels_stay_on_one_side(pets):
    for number in range(10):
        source = pets / "dog" / f"{number}.png"
        Image.open(source).save(pets / "dog" / f"again-{number}.bmp")
    for seed in range(8):
        dataset = load_folder(pets, seed=seed)
        assert dataset.origin["copies"]["groups"] == 10
        assert dataset.origin["copies"]["across_splits"] == 0
        for split in dataset.splits.values():
            names = {name for name in split.names if name.startswith("dog/again-")}
            originals = {n.replace("again-", "").replace(".bmp", ".png") for n in names}
            assert originals <= set(split.names)


def test_ready_made_splits_are_kept_and_a_missing_one_is_taken_from_train(tmp_path):
    root = make(
        tmp_path / "a", {"Train/cat/deep": 10, "Train/dog": 10, "test/cat": 4, "test/dog": 4}
    )
    (root / "unlabelled").mkdir()
    save(root / "unlabelled" / "x.png", 500)
    dataset = load_folder(root)
    assert sorted(dataset.test.names) == sorted(
        f"test/{c}/{i}.png" for c in ("cat", "dog") for i in range(4)
    )
    assert [len(dataset.train), len(dataset.validation)] == [16, 4]
    assert all(name.startswith("Train/") for name in dataset.validation.names)
    assert dataset.origin["layout"] == "splits"
    assert dataset.origin["left_out"]["folders_beside_the_splits"] == {"unlabelled": 1}


def test_a_class_that_is_called_train_is_a_class(tmp_path):
    root = make(tmp_path / "a", {"train": 5, "bus": 5})
    assert load_folder(root).class_names == ("bus", "train")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_of_paths_and_labels_is_read(pets, separator):
    rows = [("Label", "PATH", "note")]
    rows += [
        (path.parent.name.upper(), path.relative_to(pets), "x") for path in pets.rglob("*.png")
    ]
    text = "\n".join(separator.join(map(str, row)) for row in rows)
    (pets / "list.csv").write_text("\ufeff" + text + "\n\n", encoding="utf-8")
    dataset = load_folder(pets / "list.csv")
    assert dataset.class_names == ("CAT", "DOG")
    assert sum(len(split) for split in dataset.splits.values()) == 30
    for i, name in enumerate(dataset.train.names):
        np.testing.assert_array_equal(dataset.train.images[i], pixels(pets / name))


def test_a_csv_may_name_the_splits(pets):
    given = {
        path: ("test", "val", "train", "train")[i % 4]
        for i, path in enumerate(sorted(pets.rglob("*.png")))
    }
    lines = [f"{path},{path.parent.name},{split}" for path, split in given.items()]
    (pets / "list.csv").write_text("path,label,split\n" + "\n".join(lines))
    dataset = load_folder(pets / "list.csv")
    assert set(dataset.test.names) == {str(p) for p, split in given.items() if split == "test"}
    assert set(dataset.validation.names) == {str(p) for p, split in given.items() if split == "val"}
    assert dataset.origin["split"]["source"] == "given"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "label is missing"),
        ("file,class\na.png,x\n", "path, label is missing, found: file, class"),
        ("path,label\n", "has a header but no rows"),
        ("path,label\na.png,\n", "line 2: no label for a.png"),
        ("path,label\n,x\n", "line 2: no path"),
        ("path,label,split\na.png,x,tset\n", "line 2: split 'tset' is none of"),
        ("path,label\na.png,x\na.png,y\n", "line 3: as in line 2, but differs"),
        ("path,label\nnone.png,x\nnope.png,y\n", r"none\.png: there is no such file"),
        ("path,label\na\0.png,x\nb.png,y\n", "cannot be read|no readable CSV"),
    ],
)
def test_a_faulty_csv_is_refused_with_its_line(tmp_path, text, says):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=says):
        load_folder(tmp_path / "list.csv")


def test_a_csv_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "list.csv").write_bytes("path,label\na.png,çöp\n".encode("cp1254"))
    with pytest.raises(InputError, match="is not UTF-8 text"):
        load_folder(tmp_path / "list.csv")


def _stray(root: Path) -> None:
    save(root / "stray.png", 77)


@pytest.mark.parametrize(
    ("classes", "spoil", "says"),
    [
        ({}, None, "There is no folder or CSV file"),
        ({}, lambda root: root.mkdir(), "holds no image: expected one folder for each class"),
        ({"cat": 5}, None, "has a single class, cat; a classifier needs at least 2"),
        ({"cat": 5, "dog": 2}, None, "class dog has 2 different images .* needs at least 3"),
        (
            {"cat": 5, "dog": 5},
            lambda root: (root / "bird").mkdir(),
            "class folder bird holds no image",
        ),
        ({"cat": 5, "dog": 5}, _stray, r"1 images lie beside the class folders.*stray\.png"),
        ({".": 5}, None, "its 5 images lie in no class folder"),
        ({"train/cat": 5, "train/dog": 5, "test": 2}, None, r"test/0\.png"),
    ],
)
def test_odd_folders_are_refused_in_words(tmp_path, classes, spoil, says):
    root = make(tmp_path / "root", classes)
    if spoil:
        spoil(root)
    with pytest.raises(InputError, match=says) as caught:
        load_folder(root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"policy": "squash"}, "`policy` must be one of"),
        ({"validation": 0.6, "test": 0.5}, "together below 1"),
        ({"test": 0}, "`test` must lie between"),
        ({"size": (0, 3)}, "`size` must be"),
        ({"memory_share": 2}, "`memory_share` must lie between"),
    ],
)
def test_odd_settings_are_refused_in_words(pets, setting, says):
    with pytest.raises(InputError, match=says):
        load_folder(pets, **setting)


def test_five_images_a_class_and_five_hundred_classes_work(tmp_path):
    small = load_folder(make(tmp_path / "five", {"a": 5, "b": 5}), validation=0.1, test=0.1)
    assert [len(split) for split in small.splits.values()] == [6, 2, 2]
    many = load_folder(make(tmp_path / "many", {f"c{i:03}": 3 for i in range(500)}))
    assert many.num_classes == 500
    assert all(len(np.unique(split.labels)) == 500 for split in many.splits.values())


def test_names_of_all_kinds_are_accepted_and_the_class_order_is_stated(tmp_path):
    classes = [
        "çöp",
        "İğüş",
        "Zebra",
        "armut",
        "a b",
        "#1 100%",
        "-dash",
        "ıI",
        "🐱",
        "s\u0327eker",
        "x" * 255,
    ]
    root = make(tmp_path / "root", dict.fromkeys(classes, 3))
    for seed, name in enumerate(
        ("ı İ #%20.png", "-rf.png", "🙂.PNG", "n\u0303.png", "y" * 251 + ".png")
    ):
        save(root / "armut" / name, 900 + seed)
    save(root / "Zebra" / os.fsdecode(b"\xff\xfe.png"), 950)
    dataset = load_folder(root)
    found = [name for split in dataset.splits.values() for name in split.names]
    assert len(found) == 33 + 6
    assert r"Zebra/\xff\xfe.png" in found
    folded = [name.casefold() for name in dataset.class_names]
    assert folded == sorted(folded)
    assert "\u015feker" in dataset.class_names
    assert dataset.origin["class_order"] == "casefolded NFC name"
    json.dumps(dataset.origin).encode()


def test_links_are_followed_once_and_nothing_is_counted_twice(tmp_path):
    outside = make(tmp_path / "outside", {"birds": 4}) / "birds"
    root = make(tmp_path / "root", {"cat": 4, "dog": 4})
    (root / "bird").symlink_to(outside)
    (root / "bird-again").symlink_to(outside)
    (root / "cat" / "loop").symlink_to(root)
    (root / "cat" / "up").symlink_to("/")
    (root / "cat" / "dogs").symlink_to(root / "dog")
    (root / "cat" / "same.png").symlink_to(root / "cat" / "0.png")
    (root / "dog" / "extra.png").symlink_to(save(tmp_path / "elsewhere" / "z.png", 300))
    listing = list_images(root)
    names = [file.name for file in listing.files]
    assert len(names) == len(set(names)) == 13
    assert len({file.path.resolve() for file in listing.files}) == 13
    assert listing.class_names == ("bird", "cat", "dog")
    assert sorted(listing.left_out["links"]) == [
        "bird-again", "cat/dogs", "cat/loop", "cat/same.png", "cat/up",
    ]  # fmt: skip


def test_hidden_and_other_files_are_left_out_and_counted_and_content_finds_unnamed_images(pets):
    (pets / ".DS_Store").write_bytes(b"x")
    (pets / "__MACOSX").mkdir()
    (pets / "cat" / ".thumb.png").write_bytes(b"x")
    (pets / "cat" / "notes.txt").write_text("x")
    (pets / "README").write_text("x")
    shutil.copy(pets / "cat" / "0.png", pets / "cat" / "IMG_0001")
    listing = list_images(pets)
    assert listing.left_out == {"hidden": 3, "other_files": {"-": 1, ".txt": 1}}
    assert "cat/IMG_0001" in [file.name for file in listing.files]


@pytest.mark.slow
def test_a_folder_with_many_thousand_odd_entries_is_listed_in_seconds(pets):
    (pets / "cat" / "many").mkdir()
    for number in range(5_000):
        os.close(os.open(pets / "cat" / "many" / f".{number}", os.O_CREAT))
    start = time.monotonic()
    assert list_images(pets).left_out == {"hidden": 5_000}
    assert time.monotonic() - start < 2


def test_broken_files_stop_with_their_names_and_the_way_on_and_are_skipped_on_request(tmp_path):
    root = make(tmp_path / "root", {"good": 6, "bad": 6})
    cases = [case for case in hostile.all_cases() if case.truth is None and not case.unknowable]
    for case in cases:
        case.make(root / "bad" / case.name)
    with pytest.raises(InputError) as caught:
        load_folder(root)
    assert f"{len(cases)} of {len(cases) + 12} images" in str(caught.value)
    assert "--skip-broken" in str(caught.value)
    assert str(caught.value).count("; ") >= 10
    dataset = load_folder(root, skip_broken=True, size=(8, 8))
    skipped = {entry["name"]: entry["reason"] for entry in dataset.origin["skipped"]}
    assert set(skipped) == {f"bad/{case.name}" for case in cases}
    assert all(skipped.values())
    assert sum(len(split) for split in dataset.splits.values()) == 12


def test_an_unreadable_folder_is_named(pets, monkeypatch):
    real = os.scandir

    def refuse(path):
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"pets/dog cannot be opened: Permission denied"):
        load_folder(pets)


def test_the_size_is_the_common_one_or_64(tmp_path):
    root = make(tmp_path / "root", {"a": 4, "b": 4})
    assert load_folder(root).image_shape == (8, 8, 3)
    save(root / "a" / "other.png", 40, (9, 8))
    assert load_folder(root).image_shape == (64, 64, 3)
    assert load_folder(root, size=(16, 12), policy="pad").image_shape == (16, 12, 3)
    large = tmp_path / "large"
    for seed in range(8):
        save(large / "ab"[seed % 2] / f"{seed}.png", seed, (100, 100))
    assert load_folder(large).image_shape == (64, 64, 3)


def test_progress_reaches_the_end_and_an_interrupt_stops_at_once(pets):
    calls = []
    load_folder(pets, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (30, 30)

    def interrupt(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_folder(pets, size=(5, 5), progress=interrupt)


def test_a_split_file_that_was_damaged_stops_and_is_named(pets):
    file = Path(load_folder(pets).origin["split"]["file"])
    file.write_text("{")
    with pytest.raises(InputError, match="does not hold a split that can be read; remove it"):
        load_folder(pets)


def test_the_cache_keeps_nothing_when_writing_fails_in_the_middle(tmp_path):
    cache = ArrayCache(tmp_path / "cache")

    def fail(_images):
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        cache.store("key", (1, 2, 2, 3), fail)
    assert list(cache.folder.iterdir()) == []
    assert cache.load("key") is None


def test_reading_has_no_setting_without_effect():
    assert set(folder.Reading.__dataclass_fields__) == {
        "size", "policy", "seed", "validation", "test", "skip_broken", "cache_dir", "memory_share",
    }  # fmt: skip
