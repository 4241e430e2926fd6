"""Moves that follow each other are one map, image by image."""

import numpy as np
import pytest

from augmented_pictures import few, same_step
from evrisim.augment import Code, Step
from evrisim.augment.host import apply
from evrisim.augment.steps import composed, step

COUNT = 40


def maps(seed):
    return np.random.default_rng(seed).normal(size=(COUNT, 8)).astype(np.float32)


def matrix(row):
    """A move as the 3×3 matrix it stands for."""
    return np.array([row[:3], row[3:6], [0, 0, 1]], float)


def moves(values, where=None, **more):
    codes = np.ones(COUNT, np.float32) if where is None else where.astype(np.float32)
    return Step(codes, values, frozenset({Code.MOVE}), **more)


def test_joined_moves_are_the_product_of_their_maps():
    first, second, third = maps(0), maps(1), maps(2)
    (joined,) = composed(np, [moves(first), moves(second), moves(third)])
    for number in range(COUNT):
        product = matrix(first[number]) @ matrix(second[number]) @ matrix(third[number])
        assert matrix(joined.values[number]) == pytest.approx(product, rel=1e-4, abs=1e-4)


def test_images_that_only_one_step_moves_keep_that_map():
    rng = np.random.default_rng(3)
    first, second = maps(0), maps(1)
    left, right = rng.random(COUNT) < 0.5, rng.random(COUNT) < 0.5
    (joined,) = composed(np, [moves(first, left), moves(second, right)])
    assert np.array_equal(joined.codes == Code.MOVE, left | right)
    assert np.array_equal(joined.values[left & ~right, :6], first[left & ~right, :6])
    assert np.array_equal(joined.values[~left & right, :6], second[~left & right, :6])


def test_steps_of_several_kinds_give_the_same_pictures_joined_or_not():
    """Whole pixels that come in again on the other side lose nothing: the order alone decides."""
    rng = np.random.default_rng(4)
    images = few(COUNT, (9, 9))

    def mixed_step():
        codes = rng.choice([Code.KEEP, Code.MOVE, Code.INVERT], COUNT).astype(np.float32)
        values = np.zeros((COUNT, 8), np.float32)
        values[:, [0, 4]] = rng.choice([-1, 1], (COUNT, 2))
        values[:, [2, 5]] = rng.integers(-4, 5, (COUNT, 2))
        # What is not a move keeps numbers of its own that must not leak into a move.
        values[codes == Code.INVERT] = 99
        return Step(codes, values, frozenset({Code.KEEP, Code.MOVE, Code.INVERT}), "wrap")

    steps = [mixed_step() for _ in range(3)]
    assert np.array_equal(apply(composed(np, steps), images), apply(steps, images))


def test_moves_that_fill_in_differently_stay_apart():
    steps = [moves(maps(0)), moves(maps(1), fill="wrap"), moves(maps(2), fill="wrap")]
    assert [one.fill for one in composed(np, steps)] == ["reflect", "wrap"]


def test_other_steps_stay_as_they_are():
    steps = [same_step(Code.TONE, COUNT, 1, 5), moves(maps(0)), same_step(Code.INVERT, COUNT)]
    assert [one.may for one in composed(np, steps)] == [one.may for one in steps]


def test_a_step_has_eight_numbers_and_a_code_for_each_image():
    like = np.zeros(3, np.float32)
    made = step(np, Code.TONE, like, 2.0, like + 5, where=np.array([True, False, True]))
    assert made.codes.tolist() == [Code.TONE, Code.KEEP, Code.TONE]
    assert made.values.tolist() == [[2, 5, 0, 0, 0, 0, 0, 0]] * 3
    assert made.values.dtype == made.codes.dtype == np.float32
