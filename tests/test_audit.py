"""The check of a data set: planted faults are found, and nothing is made up."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from evrisim.data.audit import Audit, audit_dataset, audit_folder
from evrisim.data.dataset import DataSet, Split
from evrisim.data.duplicates import exact_groups, join, members, near_pairs
from reference import hostile


def photographs(count: int, side: int = 32, seed: int = 0) -> np.ndarray:
    """Noise with the falling spectrum of photographs, in light more than in colour."""
    random = np.random.default_rng(seed)
    light = sum(
        gaussian_filter(random.normal(size=(count, side, side, 1)), (0, scale, scale, 0)) * scale
        for scale in (1, 2, 4, 8)
    )
    tint = gaussian_filter(random.normal(size=(count, side, side, 3)), (0, 5, 5, 0)) * 3
    pictures = light + tint
    pictures -= pictures.min(axis=(1, 2, 3), keepdims=True)
    return (255 * pictures / pictures.max(axis=(1, 2, 3), keepdims=True)).astype(np.uint8)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def resized(image: np.ndarray, side: int) -> np.ndarray:
    small = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
    return np.array(small.resize((32, 32), Image.Resampling.BILINEAR))


COPIES = {
    "re-encoded": lambda image: jpeg(image, 60),
    "resized": lambda image: resized(image, 20),
    "mirrored": lambda image: image[:, ::-1],
    "turned a quarter": lambda image: np.rot90(image),
    "turned and re-encoded": lambda image: jpeg(np.ascontiguousarray(image[::-1, ::-1]), 75),
    "darker": lambda image: (image * 0.7 + 15).astype(np.uint8),
}


@pytest.mark.parametrize("kind", COPIES)
def test_planted_near_copies_are_found_and_no_others(kind):
    originals = photographs(600)
    copies = np.stack([COPIES[kind](image) for image in originals[:100]])
    found = {tuple(pair) for pair in near_pairs(np.concatenate([originals, copies])).tolist()}
    planted = {(i, 600 + i) for i in range(100)}
    assert len(found & planted) >= 95
    assert found <= planted


def test_the_tree_finds_every_pair_that_comparing_all_with_all_finds():
    originals = photographs(150, seed=3)
    random = np.random.default_rng(1)
    noisy = originals.astype(int) + random.normal(0, 1, originals.shape) * np.linspace(
        1, 60, len(originals)
    ).reshape(-1, 1, 1, 1)
    images = np.concatenate([originals, np.clip(noisy, 0, 255).astype(np.uint8)])

    def described(side: int, weights: np.ndarray) -> np.ndarray:
        cells = images.reshape(len(images), side, 32 // side, side, 32 // side, 3).mean((2, 4))
        flat = (cells @ weights).reshape(len(images), -1)
        flat = flat - flat.mean(axis=1, keepdims=True)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    coarse, fine = described(8, np.array([[0.299], [0.587], [0.114]])), described(16, np.eye(3))
    expected = {
        (i, j)
        for i in range(len(images))
        for j in range(i + 1, len(images))
        if np.linalg.norm(coarse[i] - coarse[j]) <= 0.2
        and np.linalg.norm(fine[i] - fine[j]) <= 0.25
    }
    found = {tuple(pair) for pair in near_pairs(images).tolist()}
    assert 40 < len(expected) < 150
    assert found == expected


def test_ten_thousand_different_photographs_hold_no_near_copies():
    assert len(near_pairs(photographs(10_000, side=16, seed=5))) == 0


def test_flat_pictures_are_copies_only_when_equal():
    flat = np.full((50, 8, 8, 3), 200, np.uint8)
    flat[np.arange(50), np.arange(50) // 8, np.arange(50) % 8, 0] = 208
    flat[49] = flat[48]
    assert len(near_pairs(flat)) == 0
    assert [part.tolist() for part in members(exact_groups(flat))] == [[48, 49]]


@pytest.mark.parametrize("shape", [(5, 7, 1), (28, 28, 1), (40, 50, 3), (3, 64, 3), (1, 1, 3)])
def test_images_of_any_shape_can_be_compared(shape):
    images = np.random.default_rng(0).integers(0, 256, (20, *shape), dtype=np.uint8)
    images[7] = images[3]
    assert exact_groups(images)[7] == exact_groups(images)[3]
    assert near_pairs(images).shape[1] == 2


def test_groups_that_a_pair_connects_are_one():
    groups = join(np.array([0, 1, 1, 2, 3]), np.array([[0, 2], [3, 4]]))
    assert [part.tolist() for part in members(groups)] == [[0, 1, 2], [3, 4]]


def dataset(images: np.ndarray, labels: np.ndarray, sizes: tuple[int, int]) -> DataSet:
    cuts = np.cumsum(sizes)
    parts = [
        Split(part, label)
        for part, label in zip(np.split(images, cuts), np.split(labels, cuts), strict=True)
    ]
    return DataSet("planted", parts[0], parts[1], parts[2], ("a", "b"))


def kinds(audit: Audit) -> dict[str, str]:
    return {finding.kind: finding.severity for finding in audit.findings}


def test_copies_across_splits_and_labels_are_found_in_a_data_set():
    images, labels = photographs(300), np.arange(300) % 2
    images[200] = images[0]  # train and validation
    images[251] = images[2]  # train and test, another label
    images[253] = jpeg(images[5], 70)  # nearly, train and test
    audit = audit_dataset(dataset(images, labels, (200, 50)))
    assert not audit.ok
    found = {(f.kind, group) for f in audit.findings for group in f.groups}
    assert ("across-splits", ("train/#0", "validation/#0")) in found
    assert ("across-splits", ("train/#2", "test/#1")) in found
    assert ("conflicting-labels", ("train/#2", "test/#1")) in found
    assert ("near-duplicates", ("train/#5", "test/#3")) in found
    assert ("across-splits", ("train/#5", "test/#3")) in found
    assert len(found) == 7
    assert "near-duplicates" not in kinds(
        audit_dataset(dataset(images, labels, (200, 50)), near=False)
    )


def test_a_clean_data_set_has_no_findings():
    audit = audit_dataset(dataset(photographs(300), np.arange(300) % 2, (200, 50)))
    assert audit.ok
    assert audit.findings == ()
    assert audit.classes == {"a": 150, "b": 150}


def save(root: Path, name: str, image: np.ndarray, kind: str | None = None) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(root / name, kind)


def test_every_planted_fault_of_a_folder_is_named(tmp_path):
    root, pictures = tmp_path / "root", photographs(240)
    for i in range(220):
        save(root, f"cat/{i}.png", pictures[i])
    for i in range(220, 240):
        save(root, f"dog/{i}.png", pictures[i], "JPEG" if i == 220 else None)
    save(root, "cat/again.bmp", pictures[0])
    save(root, "dog/also.bmp", pictures[1])
    save(root, "few/one.png", photographs(1, seed=9)[0])
    broken = [case for case in hostile.all_cases() if case.truth is None and not case.unknowable]
    for case in broken:
        case.make(root / "cat" / case.name)
    (root / "cat" / "notes.txt").write_text("x")
    audit = audit_folder(root, cache_dir=tmp_path / "cache")
    assert not audit.ok
    named = {finding.files[0] for finding in audit.findings if finding.kind == "unreadable"}
    assert named == {f"cat/{case.name}" for case in broken}
    assert kinds(audit) == {
        "unreadable": "error", "few-images": "error", "conflicting-labels": "error",
        "mislabelled-type": "warning", "imbalance": "warning", "exact-duplicates": "warning",
        "sizes": "note", "left-out": "note",
    }  # fmt: skip
    by_kind = {finding.kind: finding for finding in audit.findings}
    assert by_kind["mislabelled-type"].files == ("dog/220.png",)
    assert by_kind["mislabelled-type"].text.startswith("1 files are named as PNG but hold JPEG")
    assert ("cat/0.png", "cat/again.bmp") in by_kind["exact-duplicates"].groups
    assert by_kind["conflicting-labels"].groups == (("cat/1.png", "dog/also.bmp"),)
    assert "smallest 32x32, median 32x32, largest 32x32" in by_kind["sizes"].text
    assert audit.classes == {"cat": 221, "dog": 21, "few": 1}
    assert json.loads(json.dumps(audit.to_json()))["ok"] is False


def test_a_folder_that_cannot_be_listed_is_a_finding_and_no_exception(tmp_path):
    audit = audit_folder(tmp_path / "nosuch")
    assert kinds(audit) == {"layout": "error"}
    assert not audit.ok
    save(tmp_path, "root/only/1.png", photographs(1)[0])
    single = audit_folder(tmp_path / "root", cache_dir=tmp_path / "cache")
    assert any("single class" in finding.text for finding in single.findings)
