"""Looking at depth: gradients and signals by layer, and how far cells see."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

import command_line
from evrisim import depth, models
from evrisim._validate import InputError
from evrisim.data.dataset import Split
from evrisim.depth import Plan, Watched
from evrisim.training.precision import seeded

SHAPE = (16, 16, 3)
SMALL = Plan(depths=(8,), width=4, steps=4, batch_size=8)


def batch(seed, count=8, classes=3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, *SHAPE)).astype("float32"), rng.integers(0, classes, count)


def split(count=64):
    images, labels = batch(7, count)
    return Split(images.astype("uint8"), labels)


def net(name="plain", layers=8, **options):
    with seeded(0):
        return models.build(name, SHAPE, 3, {"depth": layers, "width": 4, **options})


def linear():
    with seeded(0):
        return keras.Sequential(
            [
                keras.Input(SHAPE),
                keras.layers.Rescaling(1 / 255),
                keras.layers.Flatten(),
                keras.layers.Dense(3, name="logits"),
            ]
        )


def by_hand(model, images, labels):
    """The gradient of the mean cross-entropy of a linear model."""
    pixels = images.reshape(len(images), -1) / 255
    logits = pixels @ numbers(model.get_layer("logits").kernel) + numbers(
        model.get_layer("logits").bias
    )
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return pixels.T @ (shares - np.eye(3)[labels]) / len(images)


def test_the_gradient_of_a_linear_model_is_the_one_worked_out_by_hand():
    model = linear()
    one, other = batch(0), batch(1)
    expected = [by_hand(model, *given).ravel() for given in (one, other)]
    found = Watched(model).flow([one, other])
    assert found.layers == ("logits",)
    assert found.gradient[0] == pytest.approx(np.linalg.norm(np.mean(expected, 0)), rel=1e-4)
    cosine = expected[0] @ expected[1] / np.prod(np.linalg.norm(expected, axis=1))
    assert found.agreement[0] == pytest.approx(cosine, abs=1e-4)
    pixels = np.concatenate([one[0], other[0]]) / 255
    assert found.mean[0] == pytest.approx(pixels.mean(), rel=1e-4)
    assert found.std[0] == pytest.approx(pixels.std(), rel=1e-3)
    assert found.zeros[0] == pytest.approx((pixels == 0).mean(), abs=1e-6)


def test_looking_moves_nothing():
    model = net("resnet")
    watched = Watched(model)
    watched.step(*batch(0))
    before = [numbers(one).copy() for one in [*model.variables, *watched._optimizer.variables]]
    watched.flow([batch(1), batch(2)])
    after = [numbers(one) for one in [*model.variables, *watched._optimizer.variables]]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_step_trains_as_keras_own_sgd():
    ours, theirs = net(), net()
    watched = Watched(ours, learning_rate=0.05)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), loss)
    for seed in range(3):
        expected = float(theirs.train_on_batch(*batch(seed)))
        assert watched.step(*batch(seed)) == pytest.approx(expected, rel=1e-5)
    assert watched.gradient_norm() > 0


def test_equal_batches_agree_wholly():
    found = Watched(net()).flow([batch(0), batch(0)])
    np.testing.assert_allclose(found.agreement, 1, atol=1e-5)
    assert found.early_agreement == pytest.approx(1, abs=1e-5)


def test_a_net_that_gives_nothing_has_no_gradient_and_no_agreement():
    model = linear()
    model.trainable = True
    model.get_layer("logits").kernel.assign(np.zeros((768, 3), "float32"))
    images = np.zeros((8, *SHAPE), "float32")
    found = Watched(model).flow([(images, np.arange(8) % 3), (images, np.arange(8) % 3)])
    assert found.gradient[0] == 0
    assert np.isnan(found.agreement[0])
    assert np.isnan(found.reach)


def test_layers_along_the_way_are_as_many_as_the_depth_and_shortcuts_are_left_out():
    for name in depth.NETS:
        watched = Watched(net(name, 14))
        assert len(watched.layers) == 14
        assert not any("shortcut" in layer.name for layer in watched.layers)


@pytest.mark.tensorflow
def test_shortcuts_keep_the_gradient_even_where_plain_layers_do_not():
    found = {
        name: Watched(net(name, 32)).flow([batch(seed, 16) for seed in range(4)])
        for name in ("plain", "resnet")
    }
    assert found["plain"].reach > 4 * found["resnet"].reach


def test_a_survey_says_the_same_again_and_something_else_with_another_seed():
    once, again = (depth.survey(split(), 3, replace(SMALL, seeds=count)) for count in (2, 1))
    assert [(case.name, case.seed) for case in once] == [
        ("plain-8", 0),
        ("plain-8", 1),
        ("resnet-8", 0),
        ("resnet-8", 1),
    ]
    for one, other in zip(once[::2], again, strict=True):
        np.testing.assert_array_equal(one.losses, other.losses)
        np.testing.assert_array_equal(one.end.gradient, other.end.gradient)
    assert (once[0].losses != once[1].losses).all()
    assert all(case.unrest > 0 for case in once)


def test_a_net_that_begins_anew_is_as_if_it_had_been_made_so():
    used, nets = Watched(net()), []
    for seed in (1, 1):
        with seeded(seed):
            nets.append(models.build("plain", SHAPE, 3, {"depth": 8, "width": 4}))
    used.step(*batch(0))
    used.begin_anew(nets[0])
    made = Watched(nets[1])
    for seed in (1, 2):  # the second step has momentum
        assert used.step(*batch(seed)) == made.step(*batch(seed))
    for mine, its in zip(used.model.weights, made.model.weights, strict=True):
        np.testing.assert_array_equal(numbers(mine), numbers(its))
    assert used.gradient_norm() == made.gradient_norm()


def test_without_steps_only_the_start_is_looked_at():
    seen = []
    cases = depth.survey(
        split(), 3, replace(SMALL, steps=0), progress=lambda done, total: seen.append((done, total))
    )
    assert all(case.end is None and len(case.losses) == 0 for case in cases)
    assert seen[0] == (0, 2)
    assert seen[-1] == (2, 2)


def test_a_training_that_bursts_ends_there():
    plan = replace(SMALL, nets=("resnet",), depths=(26,), norm="none", steps=30, learning_rate=10.0)
    (case,) = depth.survey(split(), 3, plan)
    assert case.end is None
    assert len(case.losses) < 30
    assert np.isfinite(case.losses).all()


def test_a_field_is_as_large_as_its_layers_say_and_its_middle_matters_most():
    found = depth.growth(Plan(depths=(8, 14), width=4))
    assert [one.theoretical for one in found] == [7, 11, 7, 11]
    for one in found:
        heat = one.effective.heat
        assert heat.sum() == pytest.approx(1)
        assert one.effective.side <= one.theoretical
        seen = np.argwhere(heat > 0)
        assert np.ptp(seen, axis=0).max() < one.theoretical
        middle = heat.shape[0] // 2
        assert heat[middle, middle] > 2 * heat[middle, middle - one.theoretical // 2]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"nets": ("plane",)}, "Did you mean 'plain'"),
        ({"depths": (9,)}, "2 more than a multiple of 6"),
        ({"depths": ()}, "At least one net and one depth"),
        ({"norm": "bach"}, "Did you mean 'batch'"),
        ({"nets": ("preact_resnet",), "norm": "group"}, "`model option` must be one of"),
        ({"steps": -1}, "`steps` must be a whole number of at least 0"),
        ({"learning_rate": 0.0}, "`learning_rate` must lie between"),
        ({"batch_size": 20}, "At least 80 training images are needed; there are 64"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_a_sentence(changed, sentence):
    with pytest.raises(InputError, match=sentence):
        depth.survey(split(), 3, replace(SMALL, **changed))


def test_a_model_without_kernels_or_graph_is_refused():
    inputs = keras.Input((4,))
    with pytest.raises(InputError, match="has no layer with a kernel"):
        Watched(keras.Model(inputs, inputs * 2))

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.only = keras.layers.Dense(3)

        def call(self, images):
            return self.only(images)

    own = Own()
    own(np.zeros((1, 4), "float32"))
    with pytest.raises(InputError, match="functional Keras models only"):
        Watched(own)


@pytest.mark.tensorflow
def test_the_command_draws_and_tells_what_it_saw(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["depth", "digits", "--depths", "8", "--width", "4", "--steps", "3", "--seeds", "2"]
    told = command_line.result(capsys, *words, "--batch-size", "16", "--fields")
    assert [case["name"] for case in told["cases"]] == ["plain-8"] * 2 + ["resnet-8"] * 2
    assert [one["theoretical"] for one in told["fields"]] == [7, 7]
    assert all((tmp_path / name).stat().st_size > 10_000 for name in told["pictures"])
    assert told["pictures"] == ["depth.png", "depth-fields.png"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--depths", "8,x"], "`--depths` takes whole numbers with commas between; received 'x'"),
        (["--nets", "plain,resnt"], "Did you mean 'resnet'"),
        (["--depths", "10"], "2 more than a multiple of 6"),
        (["nowhere"], "no data set or folder 'nowhere'"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(capsys, words, sentence):
    assert sentence in command_line.refused(capsys, "depth", *words)
