"""Steps carried out in their order, each on the images it is for."""

import numpy as np

from augmented_pictures import few, noise, same_step
from evrisim.augment import Code, Step
from evrisim.augment.host import apply
from evrisim.augment.host.compiling import compiled

COUNT = 6


def test_no_steps_give_a_copy():
    images = noise(COUNT, (5, 5))
    found = apply([], images)
    assert np.array_equal(found, images)
    assert not np.shares_memory(found, images)


def test_steps_are_carried_out_in_their_order():
    images = noise(COUNT, (5, 5))
    lighter, negative = same_step(Code.TONE, COUNT, 1, 40), same_step(Code.INVERT, COUNT)
    more = np.minimum(images.astype(int) + 40, 255)
    assert np.array_equal(apply([lighter, negative], images), 255 - more)
    less = np.minimum(255 - images.astype(int) + 40, 255)
    assert np.array_equal(apply([negative, lighter], images), less)


def test_each_image_of_a_step_has_its_own_code_and_numbers():
    images = noise(COUNT, (5, 8))
    codes = [Code.KEEP, Code.INVERT, Code.TONE, Code.MOVE, Code.POSTERISE, Code.TONE]
    values = np.zeros((COUNT, 8), np.float32)
    values[2, :2], values[5, :2], values[3, [0, 4]], values[4, 0] = (1, 9), (0.5, 0), (-1, 1), 3
    found = apply([Step(np.float32(codes), values, frozenset(codes))], images)
    assert np.array_equal(found[0], images[0])
    assert np.array_equal(found[1], 255 - images[1])
    assert np.array_equal(found[2], np.minimum(images[2].astype(int) + 9, 255))
    assert np.array_equal(found[3], images[3, :, ::-1])
    assert np.array_equal(found[4], images[4] // 32 * 32)
    assert np.array_equal(found[5], (images[5].astype(int) + 1) // 2)


def test_images_may_lie_in_memory_in_any_way():
    images = noise(COUNT, (5, 8))
    steps = [same_step(Code.BLUR, COUNT, 0.8), same_step(Code.NOISE, COUNT, 9, 1, 2)]
    strided = np.asfortranarray(images)
    assert np.array_equal(apply(steps, strided), apply(steps, images))
    twice = np.repeat(images, 2, axis=0)[::2]
    assert np.array_equal(apply(steps, twice), apply(steps, images))


def test_moves_by_pixels_and_between_them_are_each_images_own():
    images = noise(COUNT, (5, 8))
    values = np.zeros((COUNT, 8), np.float32)
    values[:, [0, 4]] = 1
    values[1, 2], values[3, 2], values[4, 0] = 1, 0.5, -1
    step = Step(np.full(COUNT, float(Code.MOVE), np.float32), values, frozenset({Code.MOVE}))
    index = np.array([5, 0, 0, 2, 1, 3])
    found = apply([step], images[:, ::-1], index=index)
    whole = images[index][:, ::-1]
    assert np.array_equal(found[[0, 2, 5]], whole[[0, 2, 5]])
    assert np.array_equal(found[1, :, :-1], whole[1, :, 1:])
    halves = whole[3, :, :-1].astype(int) + whole[3, :, 1:]
    assert np.array_equal(found[3, :, :-1], (halves + 1) // 2)
    assert np.array_equal(found[4], whole[4, :, ::-1])


def test_masks_follow_moves_before_and_after_a_chain_but_not_in_it():
    masks = few(COUNT, (5, 8), 1)
    mirror = same_step(Code.MOVE, COUNT, -1, 0, 0, 0, 1, 0)
    chain = [same_step(Code.BEGIN, COUNT), mirror, same_step(Code.ADD, COUNT, 1)]
    steps = [*chain, same_step(Code.BLEND, COUNT, 1)]
    assert np.array_equal(apply(steps, masks), masks[:, :, ::-1])
    assert np.array_equal(apply(steps, masks, masks=True), masks)
    assert np.array_equal(apply([mirror, *steps], masks, masks=True), masks[:, :, ::-1])
    assert np.array_equal(apply([*steps, mirror], masks, masks=True), masks[:, :, ::-1])


def test_partners_are_taken_as_they_were_before_the_step():
    images = noise(COUNT, (4, 4))
    codes = np.full(COUNT, float(Code.CUTMIX), np.float32)
    values = np.zeros((COUNT, 8), np.float32)
    values[:, 0] = np.roll(np.arange(COUNT), 1)  # a ring: each gives and takes
    values[:, 3:5] = 4
    whole = Step(codes, values, frozenset({Code.CUTMIX}))
    assert np.array_equal(apply([whole], images), np.roll(images, 1, axis=0))


def test_two_averages_of_chains_one_after_the_other_start_anew():
    images = noise(COUNT, (4, 4))
    once = [
        same_step(Code.BEGIN, COUNT),
        same_step(Code.INVERT, COUNT),
        same_step(Code.ADD, COUNT, 1),
        same_step(Code.BLEND, COUNT, 1),
    ]
    assert np.array_equal(apply(once, images), 255 - images)
    assert np.array_equal(apply(once + once, images), images)


def test_loops_compile_where_nothing_can_be_kept(monkeypatch):
    from numba.core.caching import CompileResultCacheImpl

    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    twice = compiled(lambda value: 2 * value)
    assert twice(21) == 42
