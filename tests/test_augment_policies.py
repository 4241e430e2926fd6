"""Policies by name, from files and lists; every mistake in them is one sentence with its place."""

import pytest
import yaml

from evrisim import augment
from evrisim._validate import InputError
from evrisim.augment import METHODS, POLICIES, Chain, named, policy, written_out
from evrisim.augment.policies import KERAS_NAMES


@pytest.fixture
def file(tmp_path):
    def write(steps, name="mine.yaml"):
        path = tmp_path / name
        text = steps if isinstance(steps, str) else yaml.safe_dump({"steps": steps})
        path.write_text(text, "utf-8")
        return str(path)

    return write


STEPS = [
    "flip",
    {"rotation": 0.05},
    {"zoom": [0.1, 0.2]},
    {"erase": {"probability": 0.3, "fill": "grey"}},
    {"either": {"parts": ["mixup", {"cutmix": 0.5}], "weights": [1, 3]}},
]
METHOD_OBJECTS = (
    augment.Flip(),
    augment.Rotation(0.05),
    augment.Zoom(0.1, 0.2),
    augment.Erase(0.3, fill="grey"),
    augment.Either((augment.MixUp(), augment.CutMix(0.5)), (1, 3)),
)


def test_steps_are_the_methods_they_name(file):
    assert policy(STEPS) == Chain(METHOD_OBJECTS)
    assert policy(file(STEPS)) == Chain(METHOD_OBJECTS)


def test_policies_and_files_join_in_their_order(file):
    mine = file(STEPS)
    whole = policy(f"standard+{mine}+mixup")
    parts = [*policy("standard").parts, *METHOD_OBJECTS, *policy("mixup").parts]
    assert list(whole.parts) == parts


def test_a_file_may_have_a_plus_in_its_name(file):
    assert policy(file(["flip"], "a+b.yaml")).parts == (augment.Flip(),)


@pytest.mark.parametrize("name", POLICIES)
def test_every_named_policy_is_there_and_is_written_out_as_its_name(name):
    made = policy(name)
    assert written_out(name) == name
    assert policy(named(name)) == made


def test_written_out_makes_the_same_again(file):
    mine = file(STEPS)
    for source in ("standard+cutmix", mine, f"{mine}+augmix", STEPS):
        kept = written_out(source)
        again = yaml.safe_load(yaml.safe_dump(kept))
        assert policy(again) == policy(source)
    assert written_out(mine) == STEPS


@pytest.mark.parametrize(("name", "own"), KERAS_NAMES.items())
def test_names_of_keras_layers_are_taken(name, own):
    assert policy([name]) == policy([own])
    assert hasattr(__import__("keras").layers, name)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_default(name):
    assert policy([name]).parts == (METHODS[name](),)


def test_severity_scales_every_part_and_at_0_leaves_none():
    assert policy([{"rotation": 0.2}, {"mixup": 1}], 0.5).parts == (
        augment.Rotation(0.1),
        augment.MixUp(1, probability=0.5),
    )
    assert policy("strong", 0) == Chain()


KNOWN = ", ".join(POLICIES)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["flop"], "policy, step 1: `method` must be one of {methods}; received 'flop'."
         " Did you mean 'flip'?"),
        (["flip", {"rotation": 2}],
         "policy, step 2: `factor` must lie between 0 and 1; received 2."),
        ([{"rotation": "far"}],
         "policy, step 1: `factor` must lie between 0 and 1; received 'far'."),
        ([{"rotation": {"angle": 3}}],
         "policy, step 1: `setting` must be one of factor, fill; received 'angle'."),
        ([{"rotation": [0.1, "reflect", 3]}],
         "policy, step 1: 3 settings are given; there are 2: factor, fill."),
        ([{"flip": 1, "crop": 1}],
         "policy, step 1 must be a method's name or one `name: settings` pair; "
         "received {{'flip': 1, 'crop': 1}}."),
        ([3], "policy, step 1 must be a method's name or one `name: settings` pair; received 3."),
        ([{"flip": "sideways"}],
         "policy, step 1: `mode` must be one of horizontal, vertical, both; "
         "received 'sideways'."),
        ([{"either": "mixup"}], "policy, step 1: `parts` must be a list; received 'mixup'."),
        ([{"either": ["mixup", "cutmux"]}],
         "policy, step 1: `method` must be one of {methods}; received 'cutmux'."
         " Did you mean 'cutmix'?"),
        ([{"either": {"parts": ["mixup"], "weights": 3}}],
         "policy, step 1: `weights` must be a list; received 3."),
        ([{"jpeg": 30.5}],
         "policy, step 1: `quality` must be a whole number of at least 1; received 30.5."),
        ({"steps": []}, "`policy` must be a list; received {{'steps': []}}."),
        (None, "`policy` must be a list; received None."),
    ],
)  # fmt: skip
def test_a_mistake_in_a_list_is_named_with_its_step(steps, message):
    with pytest.raises(InputError) as caught:
        policy(steps)
    assert str(caught.value) == message.format(methods=", ".join(METHODS))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps: [flop]", "{file}, step 1: `method` must be one of"),
        ("steps: flip", "{file} must hold `steps:` and a list of them."),
        ("- flip", "{file} must hold `steps:` and a list of them."),
        ("steps: []\nmore: 1", "{file} must hold `steps:` and a list of them."),
        ("", "{file} must hold `steps:` and a list of them."),
        ("steps: [", "{file} is not valid YAML: "),
    ],
)
def test_a_mistake_in_a_file_is_named_with_the_file(file, text, message):
    path = file(text)
    with pytest.raises(InputError) as caught:
        policy(path)
    assert str(caught.value).startswith(message.format(file=path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("standrad", f"`augmentation` must be one of {KNOWN}; received 'standrad'."
         " Did you mean 'standard'?"),
        ("standard+", f"`augmentation` must be one of {KNOWN}; received ''."),
        ("nosuch.yaml", "There is no policy file nosuch.yaml."),
    ],
)  # fmt: skip
def test_an_unknown_policy_is_named_with_what_there_is(source, message):
    with pytest.raises(InputError) as caught:
        policy(source)
    assert str(caught.value) == message


@pytest.mark.parametrize("severity", [-0.1, 1.01, float("nan"), "much"])
def test_a_severity_outside_0_to_1_is_refused(severity):
    with pytest.raises(InputError, match=r"^`severity` must lie between 0 and 1; received .*\.$"):
        policy("standard", severity)
