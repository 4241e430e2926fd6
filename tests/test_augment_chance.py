"""Uniforms from counters: the published generator, any order, no pattern between images."""

import numpy as np
import pytest
from scipy import stats

from evrisim.augment.chance import uniforms
from evrisim.augment.host import counting


def threefry(key, counter):
    """The generator in whole numbers of any length, after the paper's figure."""
    keys = [*key, 0x1BD11BDA ^ key[0] ^ key[1]]
    a, b = ((word + one) % 2**32 for word, one in zip(counter, key, strict=True))
    for number in range(20):
        turn = (13, 15, 26, 6, 17, 29, 16, 24)[number % 8]
        a = (a + b) % 2**32
        b = ((b << turn | b >> (32 - turn)) % 2**32) ^ a
        if number % 4 == 3:
            part = number // 4 + 1
            a = (a + keys[part % 3]) % 2**32
            b = (b + keys[(part + 1) % 3] + part) % 2**32
    return a, b


@pytest.mark.parametrize(
    ("key", "counter", "known"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((2**32 - 1,) * 2, (2**32 - 1,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_the_generator_gives_the_published_numbers(key, counter, known):
    assert threefry(key, counter) == known
    assert counting.mixed(*(np.uint32(word) for word in (*key, *counter))) == known


@pytest.mark.parametrize("needs", [1, 2, 5, 34])
def test_a_number_is_the_upper_24_bits_of_its_counter(needs):
    found = uniforms(11, 4, [0, 7, 2**31], needs)
    for row, place in zip(found, [0, 7, 2**31], strict=True):
        for column, value in enumerate(row):
            word = threefry((11, 4), (place, column // 2))[column % 2]
            assert value == (word >> 8) / 2**24


def test_a_row_is_the_same_whatever_is_drawn_with_it():
    whole = uniforms(5, 1, np.arange(100), 7)
    assert np.array_equal(whole[40:60], uniforms(5, 1, np.arange(40, 60), 7))
    assert np.array_equal(whole[::-1], uniforms(5, 1, np.arange(100)[::-1], 7))
    assert np.array_equal(whole[:, :3], uniforms(5, 1, np.arange(100), 3))


def test_no_images_or_no_needs_are_no_numbers():
    assert uniforms(0, 0, [], 3).shape == (0, 3)
    assert uniforms(0, 0, [1, 2], 0).shape == (2, 0)


def test_numbers_are_even_over_0_to_1():
    found = uniforms(0, 0, np.arange(20_000), 4)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() < 1
    for column in found.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("other", [(0, 1, 0), (1, 0, 0), (0, 0, 1)], ids=["epoch", "seed", "place"])
def test_another_epoch_seed_or_place_has_nothing_to_do_with_this_one(other):
    seed, epoch, shift = other
    here = uniforms(0, 0, np.arange(20_000), 1)[:, 0]
    there = uniforms(seed, epoch, np.arange(20_000) + shift, 1)[:, 0]
    assert abs(np.corrcoef(here, there)[0, 1]) < 0.03


def test_seeds_of_any_size_are_taken():
    assert np.array_equal(uniforms(-1, 0, [3], 2), uniforms(2**32 - 1, 0, [3], 2))
