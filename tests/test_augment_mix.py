"""MixUp and CutMix against plain loops; their draws against the distributions they name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from augmented_pictures import noise
from evrisim import augment
from evrisim._validate import InputError
from evrisim.augment import Code, CutMix, Either, MixUp, augmented
from evrisim.augment.mix import beta, label_shares

COUNT, CLASSES = 16, 5
LABELS = np.arange(COUNT) % CLASSES


def drawn(method, count, size=(32, 32), seed=0):
    return method.draw(augment.base.uniforms(seed, 0, range(count), method.needs), size, np)


@pytest.mark.parametrize("per", ["batch", "image"])
def test_mixup_is_the_loop_of_the_paper(per):
    images = noise(COUNT, (5, 8))
    batch = augmented(MixUp(1.0, per), images, labels=LABELS, classes=CLASSES, seed=1)
    one_hot = np.eye(CLASSES)[LABELS]
    for number, values in enumerate(batch.steps[0].values.astype(float)):
        partner, share = int(values[0]), values[1]
        image = share * images[number] + (1 - share) * images[partner]
        assert np.abs(batch.images[number] - image).max() <= 0.501
        label = share * one_hot[number] + (1 - share) * one_hot[partner]
        assert batch.labels[number] == pytest.approx(label, abs=1e-6)


@pytest.mark.parametrize("per", ["batch", "image"])
def test_cutmix_is_the_loop_of_the_paper(per):
    images = noise(COUNT, (9, 12))
    batch = augmented(CutMix(1.0, per), images, labels=LABELS, classes=CLASSES, seed=2)
    for number, values in enumerate(batch.steps[0].values.astype(int)):
        partner, top, left, bottom, right = values[:5]
        known, pasted = images[number].copy(), 0
        for row in range(top, bottom):
            for column in range(left, right):
                known[row, column] = images[partner, row, column]
                pasted += 1
        assert np.array_equal(batch.images[number], known)
        label = np.zeros(CLASSES)
        label[LABELS[number]] += 1 - pasted / (9 * 12)
        label[LABELS[partner]] += pasted / (9 * 12)
        assert batch.labels[number] == pytest.approx(label, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    alpha=st.floats(0.05, 8),
    per=st.sampled_from(["batch", "image"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_cutmix_labels_are_the_shares_of_the_pixels(rows, columns, alpha, per, seed):
    """Each image is one colour of its own, so that pixels can be counted."""
    own = np.arange(COUNT, dtype=np.uint8)
    images = np.broadcast_to(own[:, None, None, None], (COUNT, rows, columns, 1))
    batch = augmented(CutMix(alpha, per), images, labels=own.astype(int), classes=COUNT, seed=seed)
    counted = np.stack([(batch.images == colour).mean(axis=(1, 2, 3)) for colour in own], axis=1)
    assert batch.labels == pytest.approx(counted, abs=1e-6)
    assert batch.labels.sum(axis=1) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("alpha", [0.4, 1.0, 3.0])
def test_shares_are_beta_numbers(alpha):
    found = beta(np, augment.base.uniforms(3, 0, range(20_000), 1)[:, 0], alpha)
    assert stats.kstest(found, stats.beta(alpha, alpha).cdf).pvalue > 1e-3


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.2])
def test_shares_of_a_small_alpha_are_beta_numbers_to_a_hundredth(alpha):
    """Closer to 1 many lie within what float32 tells apart."""
    found = beta(np, augment.base.uniforms(3, 0, range(20_000), 1)[:, 0], alpha)
    counts, edges = np.histogram(found, 100, (0, 1))
    known = np.diff(stats.beta(alpha, alpha).cdf(edges)) * len(found)
    assert stats.chisquare(counts, known * counts.sum() / known.sum()).pvalue > 1e-3


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_mixup_shares_and_cutmix_areas_come_from_their_alpha(alpha):
    chance = augment.base.uniforms(1, 0, range(5000), 5)
    (mixed,) = MixUp(alpha, "image").draw(chance, (8, 8), np)
    chance[:, 3:] = 0.5  # boxes about the middle, which no border cuts
    (pasted,) = CutMix(alpha, "image").draw(chance, (5000, 5000), np)
    top, left, bottom, right = pasted.values[:, 1:5].T / 5000
    for shares in (mixed.values[:, 1], (bottom - top) * (right - left)):
        assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 1e-3


def test_cutmix_boxes_before_the_border_have_the_drawn_share_of_the_area():
    (step,) = drawn(CutMix(1.0, "image"), 20_000, (400, 200))
    top, left, bottom, right = step.values[:, 1:5].T
    whole = (top > 0) & (bottom < 400) & (left > 0) & (right < 200)
    height, width = (bottom - top)[whole], (right - left)[whole]
    assert np.abs(height / 400 - width / 200).max() <= 1 / 200
    middle = ((top + bottom) / 2)[whole]
    assert middle.mean() == pytest.approx(200, abs=5)


@pytest.mark.parametrize("method", [MixUp(), CutMix()])
def test_partners_are_a_permutation_and_others_in_each_batch(method):
    (step,) = drawn(method, 500)
    partners = step.values[:, 0].astype(int)
    assert sorted(partners) == list(range(500))
    (other,) = drawn(method, 500, seed=1)
    assert (partners == other.values[:, 0]).mean() < 0.02


def test_a_batch_has_one_share_and_an_image_its_own():
    (batch,) = drawn(MixUp(1.0, "batch"), 50)
    (image,) = drawn(MixUp(1.0, "image"), 50)
    assert len(set(batch.values[:, 1])) == 1
    assert len(set(image.values[:, 1])) == 50


def test_the_probability_is_that_of_batches_or_of_images():
    for per, many in [("image", 1), ("batch", 2000)]:
        method = CutMix(1.0, per, 0.3)
        codes = [drawn(method, 4000 // many, seed=seed)[0].codes for seed in range(many)]
        assert (np.concatenate(codes) == Code.CUTMIX).mean() == pytest.approx(0.3, abs=0.04)
        assert per == "image" or all(len(set(one)) == 1 for one in codes)


def test_images_that_are_not_mixed_keep_image_and_label():
    images = noise(COUNT, (6, 6))
    batch = augmented(MixUp(1.0, "image", 0.5), images, labels=LABELS, classes=CLASSES)
    kept = batch.steps[0].codes == Code.KEEP
    assert 0 < kept.sum() < COUNT
    assert np.array_equal(batch.images[kept], images[kept])
    assert np.array_equal(batch.labels[kept], np.eye(CLASSES)[LABELS[kept]])


@pytest.mark.parametrize("weights", [(), (1, 3, 0, 4), (0.1,) * 4])
@pytest.mark.parametrize("per", ["batch", "image"])
def test_either_chooses_as_often_as_its_weights_say(per, weights):
    parts = (MixUp(), CutMix(), augment.Invert(1.0), augment.Equalise(1.0))
    method = Either(parts, weights, per)
    many, count = (800, 3) if per == "batch" else (1, 4000)
    chosen = []
    for seed in range(many):
        codes = np.stack([one.codes for one in drawn(method, count, seed=seed)])
        assert (np.count_nonzero(codes, axis=0) == 1).all()  # always one, never two
        rows = codes.argmax(axis=0) if per == "image" else codes.argmax(axis=0)[:1]
        assert per == "image" or (codes == codes[:, :1]).all()
        chosen += rows.tolist()
    shares = np.array(weights or [1] * 4) / sum(weights or [1] * 4)
    counts = np.bincount(chosen, minlength=4)
    assert (counts[shares == 0] == 0).all()
    known = shares[shares > 0] * len(chosen)
    assert stats.chisquare(counts[shares > 0], known).pvalue > 1e-3


def test_either_mixes_labels_as_the_part_that_was_chosen():
    images = noise(COUNT, (7, 7))
    method = Either(per="image")
    batch = augmented(method, images, labels=LABELS, classes=CLASSES)
    shares = np.eye(CLASSES)[LABELS]
    for one in batch.steps:
        partner, own = label_shares(one, (7, 7))
        shares = own[:, None] * shares + (1 - own)[:, None] * shares[partner]
    assert batch.labels == pytest.approx(shares, abs=1e-6)
    assert {*batch.steps[0].codes, *batch.steps[1].codes} == {Code.KEEP, Code.MIXUP, Code.CUTMIX}


def test_labels_that_are_shares_already_are_mixed_further():
    shares = np.random.default_rng(0).dirichlet(np.ones(CLASSES), COUNT).astype(np.float32)
    batch = augmented(MixUp(1.0), noise(COUNT, (4, 4)), labels=shares)
    partner, own = label_shares(batch.steps[0], (4, 4))
    known = own[:, None] * shares + (1 - own)[:, None] * shares[partner]
    assert batch.labels == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MixUp(0), "`alpha` must lie between 0.05 and 100; received 0."),
        (lambda: CutMix(per="row"), "`per` must be one of batch, image; received 'row'."),
        (lambda: Either(()), "`parts` must name one method at least."),
        (lambda: Either(weights=(1,)), "`weights` must hold one number for each of 2 parts."),
        (lambda: Either(weights=(0, 0)), "One of `weights` at least must be above 0."),
    ],
)
def test_wrong_settings_are_one_sentence(make, message):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == message
