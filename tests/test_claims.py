"""The claims ledger: what is in it, what is computed, by which rules measurements are judged."""

import shlex
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from command_line import result
from evrisim import InputError, claims, pipeline, study
from evrisim.claims import counting, judged, ledger, measuring, sentences, showing, waiting
from test_docs import check_command

ALL = [f"C{number}" for number in range(1, 30)]

rulings = cache(judged.rulings)


def test_the_ledger_has_the_29_claims_once_each_in_order():
    assert list(ledger.ENTRIES) == ALL
    assert sorted(sentences.said(), key=lambda claim: int(claim[1:])) == ALL
    assert len(set(sentences.said().values())) == 29


def test_each_way_of_settling_a_claim_gives_a_ruling():
    for claim in ALL:
        found = rulings(claim)
        assert {ruling.way for ruling in found} == set(ledger.ENTRIES[claim].ways), claim
        assert found, claim
        for ruling in found:
            assert ruling.claim == claim
            assert ruling.verdict in ledger.VERDICTS
            assert ruling.evidence


def test_what_is_not_measured_names_what_will_settle_it_and_no_command_that_is_not_there():
    for claim in ALL:
        for ruling in rulings(claim):
            if ruling.verdict == "not measured":
                assert bool(ruling.command) == ledger.ENTRIES[claim].repeatable, claim
                assert ruling.date == ""


def test_every_study_of_the_ledger_exists_with_the_comparison_that_counts():
    for entry in ledger.ENTRIES.values():
        if not entry.study:
            continue
        assert entry.study in study.NAMES
        plan = study.named(entry.study)
        if plan.factors:
            setting, _level = entry.arm.split("=")
            levels = {factor.setting: factor.levels for factor in plan.factors}[setting]
            assert [entry.against, entry.arm] == [f"{setting}={one}" for one in levels][:2]
        else:
            against = {arm.name: arm.against or plan.arms[0].name for arm in plan.arms}
            assert against[entry.arm] == entry.against


def commands():
    for claim in ALL:
        yield from ledger.ENTRIES[claim].commands.values()
        yield from (ruling.command for ruling in rulings(claim) if ruling.command)


def test_every_command_of_the_ledger_exists():
    for command in set(commands()):
        program, *words = shlex.split(command)
        assert program == "evrisim"
        check_command(words)


@pytest.mark.parametrize(("given", "claim"), [("C3", "C3"), ("c3", "C3"), (" 14 ", "C14")])
def test_an_id_may_be_written_small_or_as_a_number(given, claim):
    assert claims.check_id(given) == claim


def test_an_unknown_id_is_refused_with_the_nearest_ones():
    with pytest.raises(InputError, match=r"no claim 'C30'; the ledger has C1 to C29.*C3"):
        claims.check_id("C30")


# ── arithmetic, against numbers worked out by hand ────────────────────────────────────────────


def only(claim):
    return next(ruling for ruling in rulings(claim) if ruling.way == "arithmetic")


def test_c2_a_head_with_flatten_has_as_many_times_the_weights_as_a_map_has_cells():
    found = only("C2")
    assert found.verdict == "true"
    assert found.numbers["heads"]["EfficientNetB0, 96×96"] == {
        "flatten": 11_520 * 10 + 10,
        "average": 1_280 * 10 + 10,
    }
    convnet = found.numbers["convnet"]
    assert convnet["flatten"] - convnet["average"] == (64 - 1) * 192 * 10


def test_c3_saves_87_percent_for_the_course_s_layer_and_else_what_the_formula_says():
    found = only("C3")
    for case in found.numbers["savings"]:
        formula = 1 - 1 / case["filters"] - 1 / case["kernel_size"] ** 2
        assert case["saving"] == pytest.approx(formula, abs=1e-9)
    # 32 channels in: 9·32 + 32·64 weights in place of 9·32·64.
    assert counting._saving(3, 64) == pytest.approx(1 - (288 + 2048) / 18432)
    # 1/C between 1/9 taken from 0.135 and from 0.125: C from 42 (0.8651) to 71 (0.8748).
    assert found.numbers["about_87_percent"] == [42, 71]
    assert found.verdict == "partly"


def test_c4_a_bias_before_batch_normalisation_changes_nothing_and_has_no_gradient():
    found = only("C4")
    assert found.verdict == "true"
    assert found.numbers["output_change"] < 1e-12
    assert found.numbers["bias_gradient"] < 1e-11
    assert found.numbers["bias_gradient_without_normalisation"] > 1
    assert found.numbers["output_change_with_group_norm"] > 0.1


def test_the_gradient_through_batch_normalisation_is_that_of_small_steps():
    rng = np.random.default_rng(3)
    maps, after = rng.normal(size=(3, 2, 2, 2)), rng.normal(size=(3, 2, 2, 2))

    def score(values):
        spread = np.sqrt(values.var(axis=(0, 1, 2)) + 1e-3)
        return float((after * (values - values.mean(axis=(0, 1, 2))) / spread).sum())

    expected = np.zeros(maps.shape)
    for place in np.ndindex(maps.shape):
        step = np.zeros(maps.shape)
        step[place] = 1e-6
        expected[place] = (score(maps + step) - score(maps - step)) / 2e-6
    found = showing.gradient_before_batch_norm(maps, after)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_c8_the_formula_the_field_and_the_pixels_agree():
    found = only("C8")
    assert found.verdict == "true"
    cases = {(case["kernel_size"], case["dilation"]): case for case in found.numbers["cases"]}
    for key, side in {(3, 1): 3, (3, 2): 5, (3, 4): 9, (5, 2): 9, (5, 4): 17}.items():
        case = cases[key]
        assert case["formula"] == case["receptive_field"] == case["reach"] == side
        assert case["pixels"] == key[0] ** 2


def test_c7_a_larger_kernel_sees_more_and_costs_more():
    found = only("C7")
    assert found.verdict == "true"
    # Two convolutions and a pooling at each of two sizes, then two more: jumps 1, 2, 4.
    sees = {size: 1 + (size - 1) * (1 + 2 + 2 + 4 + 4) + (1 + 2) for size in (1, 3, 5, 7)}
    assert {int(size): one["sees"] for size, one in found.numbers.items()} == sees
    # All weights are kernels but those of five norms (4 a map) and of the last layer.
    maps, fixed = 48 + 96 + 96 + 192 + 192, 192 * 10 + 10
    weights = 3 * 48 + 48 * 96 + 96 * 96 + 96 * 192 + 192 * 192
    for size, one in found.numbers.items():
        assert one["parameters"] == int(size) ** 2 * weights + 4 * maps + fixed


def test_c8_would_be_false_if_dilation_reached_elsewhere(monkeypatch):
    monkeypatch.setattr(showing, "_tried", lambda size, step: (size * step, size**2))
    assert showing.dilation().verdict == "false"


def test_c14_a_bottleneck_has_a_17th_a_quarter_or_as_many_as_the_other_block():
    found = only("C14")
    assert found.verdict == "partly"
    assert found.numbers["bottleneck"] == 2 * 256 * 64 + 9 * 64 * 64
    assert found.numbers["basic"] == {
        "256": 2 * 9 * 256 * 256,
        "128": 2 * 9 * 128 * 128,
        "64": 2 * 9 * 64 * 64,
    }


def test_c23_is_false_a_5x5_convolution_has_51_264_parameters():
    found = only("C23")
    assert found.verdict == "false"
    assert (found.numbers["5x5"], found.numbers["3x3"]) == (51_264, 18_496)
    assert "51,264" in found.evidence


def test_c24_is_false_keras_pads_with_zeros():
    found = only("C24")
    assert found.verdict == "false"
    sums = [found.numbers[name] for name in ("corner", "edge", "centre")]
    assert sums == pytest.approx([4, 6, 9])
    assert found.numbers["difference_to_zeros"] < 1e-5
    assert found.numbers["difference_to_repeated_edge"] > 0.1


def test_c24_would_be_true_if_the_layer_repeated_the_edge(monkeypatch):
    monkeypatch.setattr(
        showing, "_convolved", lambda layer, image: showing._padded_by_hand(image, "edge")
    )
    found = showing.padding()
    assert found.verdict == "true"
    assert found.numbers["corner"] == 9


def test_c25_the_layer_turns_by_36_degrees_at_most(monkeypatch):
    found = only("C25")
    assert found.verdict == "true"
    assert found.numbers["at_limit"] == pytest.approx(36, abs=0.2)
    assert -36.5 < found.numbers["lowest"] < -30
    assert 30 < found.numbers["highest"] < 36.5
    monkeypatch.setattr(showing, "TURN", 0.2)
    assert showing.rotation().verdict == "false"


def test_c26_all_of_the_table_but_mobilenet_is_right():
    found = only("C26")
    assert found.verdict == "partly"
    off = {
        name: abs(counts["printed_millions"] * 1e6 / counts["trainable_parameters"] - 1)
        for name, counts in found.numbers.items()
    }
    assert [name for name, share in off.items() if share > 0.01] == ["MobileNetV2"]
    assert "3.50\u00a0million, not 3.4 million" in found.evidence


def test_c26_counts_a_built_model_as_the_list_of_models_says():
    assert counting._counts("mobilenet_v2", build=True) == counting._counts(
        "mobilenet_v2", build=False
    )


def test_c6_is_measured_at_once_and_says_what_evrisim_pooling_says(capsys, tmp_path):
    ruling = judged.rulings("C6")[0]
    shown = result(capsys, "pooling", "china", "--out", tmp_path / "pooling.png")
    assert (ruling.way, ruling.verdict) == ("measurement", shown["verdict"]["outcome"])
    assert ruling.numbers["max"]["edges"] == shown["comparison"]["kept"]["max"]["edges"]


# ── measured claims: rules ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("top1", "verdict"),
    [
        ([0.858], "undecided"),
        ([0.9, 0.9], "undecided"),
        ([0.858, 0.857, 0.859], "supported"),  # 0.858 ± 4.30 · 0.001 / √3
        ([0.851, 0.849, 0.853], "undecided"),
        ([0.84, 0.841, 0.839], "refuted"),
    ],
)
def test_c27_needs_three_seeds_and_an_interval_on_one_side_of_85_percent(top1, verdict):
    found, evidence = measuring.judge_accuracy({"top1": top1, "test_images": 10_000})
    assert found == verdict
    assert "10,000" in evidence


def values_of_waiting(long, short, **more):
    return {
        "preparing": 0.05,
        "long_step_ahead_0": 0.05,
        "long_step_ahead_2": 0.05 * long,
        "short_step_ahead_0": 0.05,
        "short_step_ahead_2": 0.05 * short,
        **more,
    }


def values_of_a_real_step(left, gain):
    return {
        "real_preparing": 0.004,
        "real_step": 0.08,
        "real_step_ahead_0": 0.004,
        "real_step_ahead_2": 0.004 * left,
        "real_waiting_ahead_0": 0.048,
        "real_waiting_ahead_2": 0.048 * left,
        "real_gain": gain,
        "real_gain_low": gain - 0.03,
        "real_gain_high": gain + 0.03,
    }


@pytest.mark.parametrize(
    ("long", "short", "verdict"),
    [(0.01, 0.02, "supported"), (0.01, 0.5, "partly"), (0.4, 0.5, "refuted")],
)
def test_c28_is_judged_by_what_is_left_of_the_waiting(long, short, verdict):
    """As in results recorded before a real step was measured."""
    values = values_of_waiting(long, short)
    found, evidence = waiting.judge(values)
    assert found == verdict
    assert "real" not in evidence
    assert "the step is a pause" in " ".join(measuring.notes("C28", values)).lower()


@pytest.mark.parametrize(
    ("long", "short", "left", "verdict"),
    [
        (0.01, 0.02, 0.04, "supported"),
        (0.01, 0.02, 0.12, "partly"),
        (0.4, 0.5, 0.04, "partly"),
        (0.4, 0.5, 0.12, "refuted"),
    ],
)
def test_a_real_step_has_a_say_in_c28(long, short, left, verdict):
    values = values_of_waiting(long, short, **values_of_a_real_step(left, 0.98))
    found, evidence = waiting.judge(values)
    assert found == verdict
    assert "80.0 ms against 4.0 ms" in evidence
    assert "0.98 times as many (0.95 to 1.01 from round to round)" in evidence
    assert "are pauses" in " ".join(measuring.notes("C28", values))


def test_waiting_is_measured_from_asking_to_getting_and_not_while_a_step_lasts(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(waiting.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(
        waiting.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds)
    )

    def slow():
        for number in range(3):
            clock[0] += 0.25
            yield number

    assert waiting._waits(slow(), 7.0) == [0.25] * 3


def test_what_a_real_step_waits_is_its_share_of_the_time_a_batch_takes(monkeypatch):
    def course(ahead, seconds, share):
        return pipeline.Course(ahead, spread(seconds), spread(share), (), ())

    def spread(value):
        return pipeline.Spread(value, value, value)

    found = SimpleNamespace(
        preparing=0.01,
        step=spread(0.03),
        courses=(course(0, 0.04, 0.25), course(1, 0.035, 0.1), course(2, 0.032, 0.05)),
        gain=pipeline.Spread(1.25, 1.2, 1.3),
    )
    monkeypatch.setattr(pipeline, "measure", lambda *_arguments, **_options: found)
    values = waiting.real()
    assert values["real_step_ahead_0"] == pytest.approx(0.01)
    assert values["real_step_ahead_2"] == pytest.approx(0.0016)
    whole = values_of_waiting(0.01, 0.02, **values)
    assert waiting.judge(whole)[0] == "partly"


@pytest.mark.parametrize(
    ("hits", "verdict"), [(0.778, "supported"), (0.15, "undecided"), (0.1, "refuted")]
)
def test_c29_is_judged_against_chance(hits, verdict):
    values = {"pointing_game": hits, "chance": 0.142, "count": 1000.0}
    assert measuring.judge_pointing(values)[0] == verdict
