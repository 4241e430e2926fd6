import errno
import os

import pytest

from evrisim import _files


def test_a_file_is_there_whole_after_writing(tmp_path):
    _files.write_json(tmp_path / "a.json", {"größe": [1, 2.5, None]})
    assert (tmp_path / "a.json").read_text("utf-8").startswith('{\n  "größe"')
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken):
    target = tmp_path / "a.txt"
    _files.write_text(target, "old")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(OSError, match="No space left"):
        _files.write_text(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_nan_is_refused_in_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        _files.write_json(tmp_path / "a.json", float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_the_place_of_an_older_one(tmp_path):
    for text in ("old", "new"):
        with _files.written_beside(tmp_path / "folder") as temporary:
            temporary.mkdir()
            (temporary / "a").write_text(text)
    assert (tmp_path / "folder" / "a").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_writer_that_needs_the_ending_gets_it(tmp_path):
    seen = []

    def write(path):
        seen.append(path.suffix)
        path.write_text("x")

    _files.write_with(tmp_path / "model.keras", write)
    assert seen == [".keras"]
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_folders_put_in_one_place_by_many_at_once_are_all_written(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    def put(number):
        with _files.written_beside(tmp_path / "place") as temporary:
            temporary.mkdir()
            (temporary / "number").write_text(str(number), encoding="utf-8")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(200)))
    assert (tmp_path / "place" / "number").read_text("utf-8") in map(str, range(200))
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
