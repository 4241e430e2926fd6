"""What chooses among changes: how often, how strong; AugMix against a slow loop."""

import math

import numpy as np
import pytest
from scipy import stats

from augmented_pictures import noise, soft
from evrisim import augment
from evrisim.augment import AugMix, Code, RandAugment, Step, TrivialAugment, augmented
from evrisim.augment.choose import GEOMETRY_AND_TONE, WIDE, Reach, changes
from evrisim.augment.host import apply

NAMES = list(changes(Reach()))


def names(step):
    """Which change each image was given, read from its code and numbers."""
    found = []
    for code, (a, b, across, c, _d, down, *_) in zip(step.codes, step.values, strict=True):
        if code != Code.MOVE:
            found.append(Code(int(code)).name)
        elif a != 1:
            found.append("turn")
        else:
            given = {"shear-x": b, "shear-y": c, "shift-x": across, "shift-y": down}
            found.append(next((name for name, value in given.items() if value), "no move"))
    return found


def drawn(method, count, size=(32, 32), seed=0):
    return method.draw(augment.base.uniforms(seed, 0, range(count), method.needs), size, np)


def test_there_are_the_fourteen_changes_of_the_papers():
    assert len(NAMES) == 14
    assert len(GEOMETRY_AND_TONE) == 9
    assert set(GEOMETRY_AND_TONE) < set(NAMES)


def test_randaugment_chooses_each_change_equally_often_and_for_each_image():
    first, second = map(names, drawn(RandAugment(2, 0.5), 14_000))
    for found in (first, second):
        kinds, counts = np.unique(found, return_counts=True)
        assert len(kinds) == 14
        assert stats.chisquare(counts).pvalue > 1e-3
    pairs = np.unique(list(zip(first, second, strict=True)), axis=0, return_counts=True)[1]
    assert len(pairs) == 14**2
    assert stats.chisquare(pairs).pvalue > 1e-3


@pytest.mark.parametrize("magnitude", [0.3, 1.0])
def test_randaugment_goes_as_far_as_its_magnitude_either_way(magnitude):
    (step,) = drawn(RandAugment(1, magnitude), 5000)
    found = np.array(names(step))
    shift = math.floor(150 / 331 * 32 * magnitude + 0.5)
    for name, column, reach in [
        ("shear-x", 1, 0.3 * magnitude),
        ("shear-y", 3, 0.3 * magnitude),
        ("shift-x", 2, shift),
        ("shift-y", 5, shift),
        ("turn", 3, math.sin(math.radians(30 * magnitude))),
    ]:
        values = step.values[found == name, column]
        assert np.abs(values) == pytest.approx(reach, rel=1e-5)
        assert (values > 0).mean() == pytest.approx(0.5, abs=0.12)
    for name in ("TONE", "SATURATION", "CONTRAST", "SHARPNESS"):
        factors = step.values[found == name, 0]
        assert set(np.round(factors, 4)) == {
            np.float32(round(1 + sign * 0.9 * magnitude, 4)) for sign in (-1, 1)
        }
    assert set(step.values[found == "POSTERISE", 0]) == {8 - math.floor(4 * magnitude + 0.5)}
    assert step.values[found == "SOLARISE", 0] == pytest.approx(256 * (1 - magnitude), abs=1e-3)


def test_trivialaugment_draws_one_change_of_one_of_31_strengths():
    (step,) = drawn(TrivialAugment(), 60_000)
    found = np.array(names(step))
    turns = np.degrees(np.arctan2(step.values[:, 3], step.values[:, 0]))[found == "turn"]
    steps = np.round(np.abs(turns) / 135 * 30, 3)
    assert set(steps) == set(range(1, 31))  # none at strength 0: that is no turn
    assert np.bincount(steps.astype(int))[1:].std() / len(steps) < 0.005
    bits = step.values[found == "POSTERISE", 0]
    assert set(bits) == {2, 3, 4, 5, 6, 7, 8}
    counts = [np.mean(found == name) for name in ("EQUALISE", "AUTOCONTRAST", "SOLARISE")]
    assert counts == pytest.approx([1 / 14] * 3, abs=0.005)
    assert step.values[found == "shift-x", 2].max() == 32
    assert np.abs(step.values[found == "shear-x", 1]).max() == pytest.approx(WIDE.shear)


def chains_of(steps):
    """The steps of AugMix, parted into chains; and the last step."""
    chains = []
    for one in steps[:-1]:
        if Code.BEGIN in one.may:
            chains.append([])
        chains[-1].append(one)
    return chains, steps[-1]


def alone(step, number):
    """A step of one image of the batch."""
    chosen = slice(number, number + 1)
    return Step(step.codes[chosen], step.values[chosen], step.may, step.fill)


@pytest.mark.parametrize("size", [(32, 32), (5, 8)], ids=str)
def test_augmix_is_a_slow_loop_over_images_and_chains(size):
    images = noise(6, size)
    batch = augmented(AugMix(0.8), images, seed=3)
    chains, blend = chains_of(batch.steps)
    assert len(chains) == 3
    for number, image in enumerate(images):
        total = np.zeros(image.shape)
        for _begin, *middle, end in chains:
            picture = image[None]
            for one in middle:
                picture = apply([alone(one, number)], picture)
            total += float(end.values[number, 0]) * picture[0]
        share = float(blend.values[number, 0])
        known = (1 - share) * image + share * total
        assert np.abs(batch.images[number] - known).max() <= 0.502


def test_augmix_weights_lengths_and_shares_are_those_of_the_paper():
    steps = drawn(AugMix(0.5), 8000)
    chains, blend = chains_of(steps)
    weights = np.stack([chain[-1].values[:, 0] for chain in chains])
    assert weights.sum(axis=0) == pytest.approx(1, abs=1e-5)
    for row in weights:  # one of three Dirichlet(1) weights
        assert stats.kstest(row, stats.beta(1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(blend.values[:, 0], "uniform").pvalue > 1e-3
    for chain in chains:
        first, second, third = (np.array(names(one)) for one in chain[1:-1])
        kept = [(found == "KEEP").mean() for found in (first, second, third)]
        assert kept == pytest.approx([0, 1 / 3, 2 / 3], abs=0.02)
        kinds = [np.mean(first == name) for name in ("EQUALISE", "SOLARISE", "turn")]
        assert kinds == pytest.approx([1 / 9] * 3, abs=0.012)


def test_chains_start_from_what_came_before():
    images = soft(8, (16, 16))
    chain = augment.Chain((augment.Invert(1.0), AugMix(0.5), augment.Invert(1.0)))
    steps = augment.draw(chain, range(8), (16, 16), seed=0, epoch=0)
    inverted = apply(steps[1:-1], 255 - images)
    assert np.array_equal(apply(steps, images), 255 - inverted)


@pytest.mark.parametrize("method", [RandAugment(2, 0), TrivialAugment(0), AugMix(0)])
def test_nothing_is_chosen_at_magnitude_0(method):
    assert drawn(method, 4) == []
