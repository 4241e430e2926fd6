"""Measured latency: more work takes longer, and every model has its turn in every round."""

import keras
import pytest

from evrisim._validate import InputError
from evrisim.cost import latencies


def net(width):
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(width, 3, padding="same")(inputs)
    x = keras.layers.Conv2D(width, 3, padding="same")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


def test_more_work_takes_longer_and_many_images_longer_than_one():
    seen = []
    found = latencies(
        {"narrow": net(4), "wide": net(96)},
        (1, 64),
        rounds=3,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(turn, 12) for turn in range(1, 13)]
    for by_size in found.values():
        assert all(one.low <= one.median <= one.high for one in by_size.values())
    assert found["wide"][64].low > 2 * found["narrow"][64].low
    assert found["wide"][64].low > 2 * found["wide"][1].low


@pytest.mark.parametrize("wrong", [{"batch_sizes": (0,)}, {"rounds": 0}])
def test_a_count_that_is_none_is_refused(wrong):
    with pytest.raises(InputError, match="must be a whole number of at least 1"):
        latencies({"only": net(2)}, **wrong)
