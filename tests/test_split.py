"""Splits: stratified, seeded, hard to disturb, and the same again from a file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evrisim._validate import InputError
from evrisim.data.split import SPLITS, continue_split, load_split, save_split, split_indices

COUNTS = st.lists(st.integers(3, 60), min_size=1, max_size=6)
SHARES = st.sampled_from([(0.15, 0.15), (0.1, 0.2), (0.3, 0.05), (0.01, 0.01), (0.4, 0.4)])


def labels_of(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def keys_of(count: int) -> list[str]:
    return [f"sınıf/{i}.jpg" for i in range(count)]


def sides(parts: dict[str, np.ndarray], keys: list[str]) -> dict[str, str]:
    return {keys[i]: name for name, part in parts.items() for i in part}


@settings(derandomize=True, deadline=None, max_examples=60)
@given(COUNTS, SHARES, st.integers(0, 5))
def test_every_image_is_in_one_split_and_classes_have_their_shares_to_one_image(
    counts, shares, seed
):
    labels = labels_of(counts)
    validation, test = shares
    parts = split_indices(labels, validation=validation, test=test, seed=seed)
    joined = np.concatenate(list(parts.values()))
    np.testing.assert_array_equal(np.sort(joined), np.arange(len(labels)))
    for label, count in enumerate(counts):
        found = {name: int((labels[part] == label).sum()) for name, part in parts.items()}
        assert min(found.values()) >= 1
        assert abs(found["test"] - test * count) <= 1
        assert abs(found["validation"] - validation * count) <= 1


def test_the_same_seed_gives_the_same_split_in_any_order_and_another_seed_another():
    labels, keys = labels_of([40, 30]), keys_of(70)
    once = sides(split_indices(labels, validation=0.2, test=0.2, seed=1, keys=keys), keys)
    order = np.random.default_rng(0).permutation(70)
    mixed = [keys[i] for i in order]
    again = split_indices(labels[order], validation=0.2, test=0.2, seed=1, keys=mixed)
    assert sides(again, mixed) == once
    other = split_indices(labels, validation=0.2, test=0.2, seed=2, keys=keys)
    assert sides(other, keys) != once


@settings(derandomize=True, deadline=None, max_examples=60)
@given(COUNTS, SHARES, st.integers(0, 999))
def test_one_more_file_moves_at_most_two_others(counts, shares, seed):
    labels, keys = labels_of(counts), keys_of(sum(counts))
    arguments = {"validation": shares[0], "test": shares[1], "seed": seed}
    before = sides(split_indices(labels, keys=keys, **arguments), keys)
    more = [*keys, "sınıf/new.jpg"]
    after = sides(split_indices(np.append(labels, 0), keys=more, **arguments), more)
    assert sum(after[key] != before[key] for key in keys) <= 2


def test_going_on_from_a_file_moves_no_image_and_keeps_the_shares(tmp_path):
    labels, keys = labels_of([40, 60]), keys_of(100)
    arguments = {"validation": 0.2, "test": 0.2, "seed": 0}
    parts = split_indices(labels, keys=keys, **arguments)
    save_split(tmp_path / "split.json", parts, keys)
    before = load_split(tmp_path / "split.json")
    assert before == sides(parts, keys)
    more = [*keys, *(f"new/{i}" for i in range(50))]
    after_parts = continue_split(
        before, np.append(labels, np.ones(50, int)), keys=more, **arguments
    )
    after = sides(after_parts, more)
    assert {key: after[key] for key in keys} == before
    assert len(after) == 150
    assert abs(len(after_parts["test"]) - 30) <= 2
    assert abs(len(after_parts["validation"]) - 30) <= 2


def test_a_new_copy_joins_its_original_and_copies_on_two_sides_leave_the_test():
    labels, keys = np.zeros(6, int), list("abcdef")
    previous = {"a": "train", "b": "validation", "c": "test", "d": "test"}
    groups = np.array([0, 1, 2, 0, 2, 1])  # a=d, c=e, b=f
    parts = continue_split(
        previous, labels, validation=0.3, test=0.3, seed=0, keys=keys, groups=groups
    )
    found = sides(parts, keys)
    assert found == {
        "a": "train", "d": "train", "b": "validation", "f": "validation", "c": "test", "e": "test",
    }  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 999), st.integers(12, 80))
def test_copies_stay_on_one_side(seed, count):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    groups = random.integers(0, max(9, count // 2), count)
    labels = labels[groups]  # copies share a label
    try:
        parts = split_indices(labels, validation=0.2, test=0.2, seed=seed, groups=groups)
    except InputError:
        smallest = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
        assert smallest < 3
        return
    side = np.empty(count, int)
    for number, name in enumerate(SPLITS):
        side[parts[name]] = number
        assert set(labels[parts[name]]) == set(labels)
    assert all(len(np.unique(side[groups == group])) == 1 for group in np.unique(groups))


def test_large_groups_do_not_swell_the_test_beyond_its_share():
    groups = np.repeat(np.arange(10), 10)
    parts = split_indices(np.zeros(100, int), validation=0.15, test=0.15, seed=0, groups=groups)
    assert [len(parts[name]) for name in SPLITS] == [80, 10, 10]


def test_five_images_with_a_tenth_each_still_fill_three_splits():
    parts = split_indices(np.zeros(5, int), validation=0.1, test=0.1, seed=0)
    assert [len(parts[name]) for name in SPLITS] == [3, 1, 1]


def test_a_share_of_zero_leaves_a_split_empty():
    parts = split_indices(np.zeros(5, int), validation=0, test=0.2, seed=0)
    assert [len(parts[name]) for name in SPLITS] == [4, 0, 1]


def test_too_few_images_and_impossible_shares_are_refused_in_a_sentence():
    with pytest.raises(InputError, match=r"Class number 1 has 2 different images .* at least 3"):
        split_indices(labels_of([5, 2]), validation=0.1, test=0.1, seed=0)
    for validation, test in ((0.5, 0.5), (-0.1, 0.2), (float("nan"), 0.1), (1, 0)):
        with pytest.raises(InputError, match="together below 1"):
            split_indices(np.zeros(9, int), validation=validation, test=test, seed=0)


def test_names_composed_in_two_ways_are_one_key():
    arguments = {"labels": np.zeros(30, int), "validation": 0.3, "test": 0.3, "seed": 0}
    one = split_indices(keys=[f"\u015f{i}" for i in range(30)], **arguments)
    two = split_indices(keys=[f"s\u0327{i}" for i in range(30)], **arguments)
    assert all((one[name] == two[name]).all() for name in SPLITS)


def test_a_split_file_that_is_none_is_named_and_a_missing_one_is_empty(tmp_path):
    assert load_split(tmp_path / "none.json") == {}
    for content in ("", "[]", "{}", '{"splits": {"train": 3}}', "\x00"):
        (tmp_path / "split.json").write_text(content)
        with pytest.raises(InputError, match=r"split\.json does not hold a split"):
            load_split(tmp_path / "split.json")
