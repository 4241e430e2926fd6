"""The input pipeline, timed: against clocks set by hand, and stages that last as long as told."""

import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from evrisim import InputError, pipeline
from evrisim.data import batches as prepared
from evrisim.data import decoded
from evrisim.data.folder import load_folder
from evrisim.pipeline import following, measuring, preparing, reading
from evrisim.pipeline.stages import Course, Moment, Spread, Stages
from evrisim.plots import pipeline as plots
from evrisim.plots import save
from evrisim.training import ModelChoice, Recipe, loop

SMALL = Recipe(batch_size=16, augmentation="standard", precision="float32")
CONVNET = ModelChoice("convnet", {"width": 4})


class Clock:
    """Stands still unless it is told that something lasted."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def lasting(self, seconds):
        def action(*_arguments):
            self.now += seconds
            return None, None

        return action


def one_by_one(_ahead, draw):
    """Batches prepared when they are asked for, whatever is wanted."""
    while True:
        yield draw()


def test_without_prefetching_a_step_waits_for_all_of_its_batch():
    clock = Clock()
    found = following.follow(
        one_by_one, clock.lasting(3.0), clock.lasting(1.0), ahead=0, count=2, clock=clock
    )
    assert found.moments == (Moment(0.0, 3.0, 4.0), Moment(4.0, 7.0, 8.0))
    assert found.preparing == ((0.0, 3.0), (4.0, 7.0))
    assert (found.seconds, found.waiting) == (4.0, 0.75)


def test_turns_before_the_buffer_has_settled_do_not_count():
    clock, lasting = Clock(), iter([50.0] * following.SETTLING + [1.0] * 4)

    def slow_at_first(*_batch):
        clock.now += next(lasting)

    found = following.follow(
        one_by_one, clock.lasting(1.0), slow_at_first, ahead=0, count=4, clock=clock
    )
    assert (found.seconds, found.waiting) == (2.0, 0.5)


def sleeping(seconds, make=lambda *_arguments: None):
    def action(*arguments):
        time.sleep(seconds)
        return make(*arguments)

    return action


@pytest.mark.parametrize(
    ("drawing", "step", "without", "ahead"),
    [
        (0.01, 0.04, 0.2, 0.0),  # the step takes longer: all waiting can go
        (0.04, 0.01, 0.8, 0.5),  # the input does, two batches at a time: one is there every 20 ms
    ],
)
def test_prefetching_leaves_the_waiting_that_arithmetic_says(
    stripes, drawing, step, without, ahead
):
    draw = sleeping(drawing, prepared.draw_batch)

    def batches(number, watched):
        return loop.batches(stripes, SMALL, 0, ahead=number, draw=watched)

    for number, expected in ((0, without), (2, ahead)):
        found = following.follow(batches, draw, sleeping(step), ahead=number, count=6)
        assert found.waiting == pytest.approx(expected, abs=0.1)
    turns = zip(found.moments, found.preparing, strict=False)
    assert all(ended <= turn.got for turn, (_began, ended) in turns)  # the turn's own batch


def test_watching_the_batches_changes_none(stripes):
    seen = []

    def watched(*arguments):
        seen.append(arguments)
        return prepared.draw_batch(*arguments)

    pairs = zip(
        loop.batches(stripes, SMALL, 3),
        loop.batches(stripes, SMALL, 3, ahead=0, draw=watched),
        strict=True,
    )
    for (images, labels), (again, labels_again) in pairs:
        assert np.array_equal(images, again)
        assert np.array_equal(labels, labels_again)
    assert len(seen) == 10


def test_a_batch_is_prepared_by_hand_as_training_prepares_it(stripes, monkeypatch):
    calls = []
    monkeypatch.setattr(preparing, "draw_batch", lambda *arguments: calls.append(arguments))
    index = np.arange(5)
    preparing.draw(stripes, SMALL, index, augmented=True)
    preparing.draw(stripes, SMALL, index, augmented=False)
    preparing.draw(stripes, SMALL.with_settings({"augmentation": "none"}), index, augmented=True)
    assert [call[2] for call in calls] == [SMALL.policy, None, None]
    assert calls[0][2] is not None


def test_too_few_images_are_taken_again_and_enough_are_left_alone(stripes):
    few = stripes.train.take(np.arange(3))
    assert preparing.enough(stripes.train, 160) is stripes.train
    assert preparing.enough(few, 7).labels.tolist() == few.labels[[0, 1, 2, 0, 1, 2, 0]].tolist()


def followed(*seconds):
    return [following.Followed((Moment(0.0, 0.0, one),), ()) for one in seconds]


def test_the_gain_is_taken_within_each_round():
    """Rounds grow slower by a factor of ten; prefetching makes each a quarter faster."""
    found = measuring.gains(followed(5.0, 50.0, 500.0), followed(4.0, 40.0, 400.0))
    assert found == [1.25, 1.25, 1.25]


def test_a_course_has_the_numbers_of_all_rounds_and_the_turns_of_one():
    found = following.course(1, followed(3.0, 1.0, 2.0), 1)
    assert found.seconds == Spread(2.0, 1.0, 3.0)
    assert found.moments[0].done == 1.0


@pytest.mark.parametrize(("repeats", "expected"), [([5.0, 1.0, 3.0], 3.0), ([2.0, 2.0, 9.0], 2.0)])
def test_a_stage_takes_the_median_of_its_calls(repeats, expected):
    clock, lasting = Clock(), iter(repeats)

    def action():
        clock.now += next(lasting)

    assert measuring.timed(action, clock) == expected


def test_images_without_files_are_written_and_gone_afterwards(stripes):
    with reading.reader(stripes, 1000) as files:
        assert (files.kind, len(files.files)) == ("written", 128)
        first = decoded.decode_files(files.files, files.size, files.policy).images[0]
        # Random colours from pixel to pixel suffer in a JPEG file, their brightness hardly does.
        luminance = np.array([0.299, 0.587, 0.114])
        assert np.abs((first - stripes.train.images[0].astype(float)) @ luminance).mean() < 4
        folder = files.files[0].path.parent
    assert not folder.exists()


def test_the_cache_decodes_nothing_again(stripes, monkeypatch):
    with reading.reader(stripes, 4) as files:
        files.from_cache()
        monkeypatch.setattr(decoded, "decode", lambda *_a, **_k: pytest.fail("decoded again"))
        files.from_cache()


@pytest.fixture
def folder(stripes, tmp_path, monkeypatch):
    monkeypatch.setenv("EVRISIM_CACHE", str(tmp_path / "cache"))
    for label, name in enumerate(stripes.class_names):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in np.flatnonzero(stripes.train.labels == label)[:24]:
            path = tmp_path / "data" / name / f"{number}.png"
            Image.fromarray(stripes.train.images[number]).save(path)
    return tmp_path / "data"


def test_the_own_files_of_a_folder_are_decoded_as_long_as_they_are_there(folder):
    data = load_folder(folder)
    with reading.reader(data, 10) as files:
        assert files.kind == "folder"
        assert all(file.path.is_relative_to(folder) for file in files.files)
        images = decoded.decode_files(files.files, files.size, files.policy).images
        assert np.array_equal(images, data.train.images[:10])
    files.files[0].path.unlink()
    with reading.reader(data, 10) as files:
        assert (files.kind, len(files.files)) == ("written", 10)


def test_stages_of_known_length_are_found_again(stripes, monkeypatch):
    """Augmenting takes 80 ms and a step 20 ms: of each 100 ms 80 are waiting; one batch ahead 60
    of 80, and with two, prepared beside each other, 20 of 40."""

    def draw(split, index, augmentation, place):
        time.sleep(0.08 if augmentation is not None else 0.0)
        return prepared.draw_batch(split, index, None, place)

    monkeypatch.setattr(preparing, "draw_batch", draw)
    monkeypatch.setattr(measuring, "draw_batch", draw)
    monkeypatch.setattr(measuring, "_training_step", lambda *_arguments: sleeping(0.02))
    found = pipeline.measure(stripes, CONVNET, SMALL, batches=4, rounds=3)
    assert found.limit == "input"
    assert found.augment.median == pytest.approx(0.08, abs=0.01)
    assert found.step.median == pytest.approx(0.02, abs=0.01)
    assert [one.ahead for one in found.courses] == [0, 1, 2]
    shares = [one.waiting.median for one in found.courses]
    assert shares == pytest.approx([0.8, 0.75, 0.5], abs=0.1)
    assert found.gain.median == pytest.approx(2.5, abs=0.3)
    assert "the input limits the speed" in pipeline.sentence(found)


def test_a_real_training_is_timed(stripes):
    shown = []
    found = pipeline.measure(
        stripes,
        CONVNET,
        SMALL.with_settings({"batch_size": 500, "augmentation": "none"}),
        batches=2,
        rounds=2,
        show=lambda *progress: shown.append(progress),
    )
    assert (found.batch_size, found.files, found.model) == (160, "written", "convnet")
    assert found.augment == Spread(0.0, 0.0, 0.0)
    for stage in (found.decode, found.cache, found.gather, found.step):
        assert 0 < stage.low <= stage.median <= stage.high
    for one in found.courses:
        assert 0 < one.waiting.low <= one.waiting.high < 1
        assert len(one.moments) == 2
    assert shown == [(1, 2), (2, 2)]


def test_what_cannot_be_timed_is_refused_in_a_sentence(stripes):
    with pytest.raises(InputError, match="`batches` must be a whole number of at least 1"):
        pipeline.measure(stripes, CONVNET, SMALL, batches=0)
    with pytest.raises(InputError, match="`rounds` must be"):
        pipeline.measure(stripes, CONVNET, SMALL, rounds=0)
    with pytest.raises(InputError, match="Did you mean 'convnet'"):
        pipeline.measure(stripes, ModelChoice("convnt"), SMALL)
    empty = replace(stripes, train=stripes.train.take(np.arange(0)))
    with pytest.raises(InputError, match="there is no image in this split"):
        pipeline.measure(empty, CONVNET, SMALL)


def known(gain=(1.0, 0.9, 1.1), augment=0.01):
    """Stages as if measured: a step of 30 ms, and 10 ms of preparing."""

    def spread(value):
        return Spread(value, value * 0.9, value * 1.1)

    def course(ahead, wait):
        period = wait + 0.03
        moments = tuple(Moment(i * period, i * period + wait, (i + 1) * period) for i in range(6))
        spans = tuple(
            (i * period - 0.03 * ahead, i * period - 0.03 * ahead + 0.01) for i in range(6)
        )
        return Course(ahead, spread(period), spread(wait / period), moments, spans)

    return Stages(
        model="convnet",
        batch_size=60,
        batches=6,
        rounds=3,
        files="written",
        decode=spread(0.05),
        cache=spread(0.002),
        gather=spread(0.0),
        augment=spread(augment),
        step=spread(0.03),
        courses=(course(0, 0.01), course(1, 0.001), course(2, 0.0)),
        gain=Spread(*gain),
    )


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ((1.3, 1.2, 1.4), "more images a second: 1.30 times as many (1.20 to 1.40)"),
        ((0.9, 0.8, 0.95), "fewer images a second: 0.90 times as many (0.80 to 0.95)"),
        ((1.1, 0.9, 1.2), "does not show: 1.10 times as many (0.90 to 1.20 from round"),
    ],
)
def test_what_prefetching_brought_is_claimed_only_if_all_rounds_agree(gain, said):
    assert said in pipeline.sentence(known(gain))


def test_the_slower_of_preparing_and_step_limits():
    slow_step, slow_input = known(), known(augment=0.07)
    assert (slow_step.limit, slow_input.limit) == ("step", "input")
    said = pipeline.sentence(slow_step)
    assert "one comes every 5.00 ms, and its training step takes 30.0 ms: the step limits" in said
    assert "25.0\u00a0% of the time, with 2 batches ahead 0.0\u00a0%" in said
    assert "one comes every 35.0 ms" in pipeline.sentence(slow_input)
    assert "the input limits" in pipeline.sentence(slow_input)
    assert slow_step.images_per_second(0.03) == pytest.approx(2000)


def test_the_picture_shows_the_stages_and_two_timelines(tmp_path):
    figure = plots.pipeline(known())
    bars, without, ahead = figure.get_axes()
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([50, 2, 0, 10, 30])
    assert without.get_xlim()[1] == pytest.approx(plots.TURNS * 40)
    drawn = [(bar.get_x(), bar.get_width()) for bar in without.patches]
    assert drawn[0] == pytest.approx((0, 10))  # the first batch prepared, on the axis of time
    assert (0, 10) in [pytest.approx(span) for span in drawn[4:8]]  # and the wait for it
    assert "25.0" in without.get_title(loc="left")
    assert "2 batches ahead" in ahead.get_title(loc="left")
    save(figure, tmp_path / "pipeline.png")
    with Image.open(tmp_path / "pipeline.png") as picture:
        assert picture.size[0] > 800
