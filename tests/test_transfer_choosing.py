"""The course's rule of which strategy suits: by images, and by how close the domain is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evrisim import transfer
from evrisim._validate import InputError
from evrisim.transfer import choosing

RULE = [
    (999, "between", "frozen", 0),
    (1_000, "between", "two-stage", 30),
    (10_000, "between", "two-stage", 30),
    (10_001, "between", "two-stage", "all"),
    (10_000, "close", "frozen", 0),
    (10_001, "close", "two-stage", 30),
    (1, "close", "frozen", 0),
    (999, "far", "two-stage", 30),
    (1_000, "far", "two-stage", "all"),
    (50_000, "far", "two-stage", "all"),
]


@pytest.mark.parametrize(("images", "domain", "strategy", "trained"), RULE)
def test_the_rule_at_its_edges(images, domain, strategy, trained):
    choice = transfer.choose(images, domain)
    assert (choice.strategy, choice.trained) == (strategy, trained)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from(transfer.DOMAINS))
def test_more_images_never_train_less(one, other, domain):
    few, many = sorted((one, other))
    steps = [
        choosing.LADDER.index((choice.strategy, choice.trained))
        for choice in (transfer.choose(few, domain), transfer.choose(many, domain))
    ]
    assert steps[0] <= steps[1]


def test_the_reason_says_the_number_and_the_domain():
    assert transfer.choose(4200).reason == (
        "4,200 training images are from 1,000 to 10,000: enough for the trunk's last layers."
    )
    assert transfer.choose(500, "far").reason == (
        "500 training images are below 1,000: too few to train more than a head on. "
        "The domain is far, so one step more trains: the features fit less."
    )


def test_auto_is_spelled_out_with_its_reason_and_a_named_strategy_without():
    stages, reason = transfer.spelled("auto", images=20_000)
    assert [(stage.name, stage.trained) for stage in stages] == [("head", 0), ("tune", "all")]
    assert "above 10,000" in reason
    named, none = transfer.spelled("partial", images=20_000, trained=5)
    assert [(stage.name, stage.trained) for stage in named] == [("tune", 5)]
    assert none == ""


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"strategy": "magic", "images": 5}, "`strategy` must be one of auto, frozen"),
        ({"strategy": "auto", "images": 5, "domain": "near"}, "`domain` must be one of close"),
        ({"strategy": "full", "images": 5, "domain": "near"}, "`domain` must be one of close"),
        ({"strategy": "auto", "images": 5, "trained": 3}, "name a strategy"),
        ({"strategy": "auto", "images": 0}, "`images` must be"),
    ],
)
def test_what_cannot_be_is_refused(given, sentence):
    with pytest.raises(InputError, match=sentence):
        transfer.spelled(given.pop("strategy"), **given)
