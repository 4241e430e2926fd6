"""Drawn images kept between runs: the same bytes, never a wrong one, never a failure."""

import numpy as np
import pytest

from evrisim.data import shapes, sources
from evrisim.data.cache import ArrayCache
from evrisim.data.shapes import keeping

COUNTS = (700, 200, keeping.WORTH - 900)


@pytest.fixture
def cache(tmp_path):
    return ArrayCache(tmp_path / "drawn")


def draw(cache, counts=COUNTS, **more):
    """A data set, and whether it was drawn for that."""
    seen = []
    progress = lambda done, total: seen.append(done)  # noqa: E731
    return shapes.generate(counts, cache=cache, progress=progress, **more), bool(seen)


@pytest.mark.parametrize("size", [16, 32])
def test_what_is_read_again_is_what_was_drawn(cache, size):
    alone, _drawn = draw(None, size=size)
    for expected in (True, False):
        found, drawn = draw(cache, size=size)
        assert drawn == expected
        assert found.content_hash() == alone.content_hash()
        assert (found.name, found.class_names) == (alone.name, alone.class_names)
        assert found.origin == alone.origin
        for name in ("train", "validation", "test"):
            ours, theirs = getattr(found, name), getattr(alone, name)
            for key in ("images", "labels", "masks"):
                here, there = getattr(ours, key), getattr(theirs, key)
                assert here.dtype == there.dtype
                assert here.flags.writeable
                np.testing.assert_array_equal(here, there)


def test_other_seeds_counts_and_sizes_have_entries_of_their_own(cache):
    draw(cache)
    for other in ({"seed": 1}, {"counts": (800, 100, COUNTS[2])}, {"size": 16}):
        assert draw(cache, **other)[1]


def test_few_images_are_not_kept(cache):
    draw(cache, (700, 200, COUNTS[2] - 1))
    assert not cache.folder.exists()


def test_a_damaged_entry_is_drawn_again(cache):
    draw(cache)
    (file,) = cache.folder.glob("*/images.npy")
    content = bytearray(file.read_bytes())
    content[-5000] ^= 1
    file.write_bytes(content)
    found, drawn = draw(cache)
    assert drawn
    assert found.content_hash() == draw(None)[0].content_hash()
    assert not draw(cache)[1]


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = ArrayCache(tmp_path / "file")
    assert draw(cache)[1]
    assert draw(cache)[1]


def test_a_data_set_by_name_is_kept_in_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EVRISIM_CACHE", str(tmp_path))
    sources.load("shapes", counts=COUNTS)
    (entry,) = (tmp_path / "drawn").iterdir()
    assert entry.name.startswith("shapes-")
