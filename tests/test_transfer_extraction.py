"""Features computed once: the same as the trunk's, found again only where they are the same."""

import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import models, transfer
from evrisim._validate import InputError
from evrisim.data.cache import ArrayCache

IMAGES = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3)).astype("uint8")
NET = {"width": 6, "blocks": 1}


@pytest.fixture
def trunk():
    keras.utils.set_random_seed(0)
    model = models.build("condensed", (32, 32, 3), 4, NET)
    return transfer.Trunk("condensed", "random", transfer.without_head(model))


@pytest.fixture
def cache(tmp_path):
    return ArrayCache(tmp_path)


def straight(trunk, images, layer=None):
    inputs = keras.Input((16, 16, 3))
    maps = trunk.model(keras.layers.Resizing(32, 32)(inputs))
    if layer:
        part = keras.Model(trunk.model.input, trunk.model.get_layer(layer).output)
        maps = part(keras.layers.Resizing(32, 32)(inputs))
    return numbers(keras.Model(inputs, maps)(images.astype("float32"), training=False))


def test_features_are_the_averages_of_the_trunk_s_maps(trunk, cache):
    made = transfer.Extractor(trunk, (16, 16, 3), precision="float32")
    assert made.shape == (1, 1, 8)
    found = transfer.features(made, IMAGES, cache)
    expected = straight(trunk, IMAGES).mean((1, 2), keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_cut_gives_the_maps_of_a_layer(trunk, cache):
    made = transfer.Extractor(trunk, (16, 16, 3), cut="stage1_block2_relu2", precision="float32")
    found = transfer.features(made, IMAGES, cache)
    expected = straight(trunk, IMAGES, "stage1_block2_relu2")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="`cut` must be one of"):
        transfer.Extractor(trunk, cut="stage1_block2_conv1")  # the shortcut goes around it


def test_short_numbers_change_little(trunk, cache):
    exact, short = (
        transfer.features(transfer.Extractor(trunk, (16, 16, 3), precision=one), IMAGES, cache)
        for one in ("float32", "bfloat16")
    )
    assert not np.array_equal(exact, short)
    assert np.abs(exact - short).max() < 0.03 * np.abs(exact).max()


def test_what_is_kept_is_not_computed_again(trunk, cache, monkeypatch):
    made = transfer.Extractor(trunk, (16, 16, 3))
    told = []
    first = transfer.features(made, IMAGES, cache, progress=lambda *now: told.append(now))
    assert told == [(70, 70)]
    again = transfer.Extractor(trunk, (16, 16, 3))
    monkeypatch.setattr(again, "_model", None)
    np.testing.assert_array_equal(transfer.features(again, IMAGES, cache), first)


def changes(trunk):
    """Extractors that must not take each other's features."""
    yield transfer.Extractor(trunk, (16, 16, 3))
    yield transfer.Extractor(trunk, (16, 16, 3), precision="float32")
    yield transfer.Extractor(trunk, (16, 16, 3), precision="bfloat16")
    yield transfer.Extractor(trunk, (32, 32, 3), precision="float32")
    yield transfer.Extractor(trunk, (16, 16, 3), cut="stage1_block1_relu", precision="float32")
    weights = trunk.model.get_weights()
    weights[0][0, 0, 0, 0] = np.nextafter(weights[0][0, 0, 0, 0], 1)
    trunk.model.set_weights(weights)
    yield transfer.Extractor(trunk, (16, 16, 3), precision="float32")


def test_each_weight_size_cut_and_precision_has_a_key_of_its_own(trunk):
    keys = [made.key for made in changes(trunk)]
    assert len(set(keys[1:])) == 5
    assert keys[0] in keys[1:3]  # what `auto` stands for here


def test_other_images_are_not_taken_for_these(trunk, cache):
    made = transfer.Extractor(trunk, (16, 16, 3))
    first = transfer.features(made, IMAGES, cache)
    other = IMAGES.copy()
    other[3, 0, 0, 0] ^= 255
    found = transfer.features(made, other, cache)
    assert [i for i in range(70) if not np.array_equal(found[i], first[i])] == [3]


def test_a_damaged_chunk_is_made_again(trunk, cache):
    made = transfer.Extractor(trunk, (16, 16, 3))
    first = transfer.features(made, IMAGES, cache)
    (file,) = cache.folder.glob("*/images.npy")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    np.testing.assert_array_equal(transfer.features(made, IMAGES, cache), first)


def test_a_full_disk_leaves_no_torn_chunk(trunk, cache, monkeypatch):
    made = transfer.Extractor(trunk, (16, 16, 3))

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evrisim.data.cache.os.posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        transfer.features(made, IMAGES, cache)
    assert list(cache.folder.iterdir()) == []


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import keras, numpy as np
from pathlib import Path
from evrisim import models, transfer
from evrisim.data.cache import ArrayCache
from evrisim.transfer import extraction
from test_transfer_extraction import NET
extraction.CHUNK = 64
keras.utils.set_random_seed(0)
model = models.build("condensed", (32, 32, 3), 4, NET)
trunk = transfer.Trunk("condensed", "random", transfer.without_head(model))
images = np.random.default_rng(1).integers(0, 256, (4096, 16, 16, 3)).astype("uint8")
made = transfer.Extractor(trunk, (16, 16, 3))
found = transfer.features(made, images, ArrayCache(Path({folder!r})))
np.save({out!r}, found)
"""


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_killed_extraction_goes_on_and_two_at_once_get_the_same(tmp_path):
    from pathlib import Path

    def command(folder, out):
        text = SCRIPT.format(
            tests=str(Path(__file__).parent), folder=str(tmp_path / folder), out=str(tmp_path / out)
        )
        return [sys.executable, "-c", text]

    alone = subprocess.run(command("alone", "alone.npy"), check=True, capture_output=True)
    assert alone.returncode == 0
    killed = subprocess.Popen(command("shared", "no.npy"), stderr=subprocess.DEVNULL)
    while not list((tmp_path / "shared").glob("*/entry.json")):
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    done = len(list((tmp_path / "shared").glob("*/entry.json")))
    assert done < 64
    both = [
        subprocess.Popen(command("shared", name), stderr=subprocess.PIPE, text=True)
        for name in ("one.npy", "two.npy")
    ]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    expected = np.load(tmp_path / "alone.npy")
    for name in ("one.npy", "two.npy"):
        np.testing.assert_array_equal(np.load(tmp_path / name), expected)
    # What the kill left half-written has a name of its own, and is never taken for a chunk.
    kept = [path for path in (tmp_path / "shared").iterdir() if path.suffix != ".partial"]
    assert len(kept) == 64
    assert all((path / "entry.json").is_file() for path in kept)
