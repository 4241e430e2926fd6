"""The sections that say what it cost, what was done and how to do it again."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Code, Heading, Points, Row, Section, Table, Terms, Text
from evrisim.report.material import Material

SHOWN = 20
"""Files named one by one; of more, the rest is counted."""

LONGEST = 400
"""Letters of a nested value that are shown."""


def cost(material: Material) -> Section:
    """Say how large the model is and what it takes to run and to train."""
    spent: Mapping[str, Any] = material.facts.get("cost") or {}
    speeds = [row["images_per_second"] for row in material.history if "images_per_second" in row]
    rows = [
        (_("parameters"), _exact(spent.get("parameters"))),
        (_("MACs for one image"), _exact(spent.get("macs"))),
        (_("FLOPs for one image"), _exact(spent.get("flops"))),
        (_("MACs for one image in training"), _exact(spent.get("training_macs"))),
        (_("epochs trained"), numbers.whole(len(material.history))),
        (_("training time"), numbers.duration(material.facts.get("seconds"))),
        (_("training speed, images a second"), _speed(speeds)),
    ]
    for size, seconds in (material.facts.get("latency") or {}).items():
        name = _("milliseconds for {count} images at once, median (fastest to slowest round)")
        if size == "1":
            name = _("milliseconds for one image, median (fastest to slowest round)")
        rows.append((name.format(count=size), _milliseconds(seconds)))
    table = Table(_("Size and cost"), (_("What"), _("How much")), rows, frozenset({1}))
    terms = Terms(
        [
            (_("Parameter"), _("A number the model learns, or keeps from the training images.")),
            (
                _("MAC (multiply–accumulate)"),
                _("One multiplication and one addition; convolutions are made of little else."),
            ),
            (
                _("FLOP (floating-point operation)"),
                _(
                    "One single operation with numbers; a MAC is two of them. Here it is an amount "
                    "of work, not a speed."
                ),
            ),
        ]
    )
    return Section("cost", _("What it costs"), [Row([[table], [terms]])])


def _milliseconds(seconds: Sequence[float]) -> str:
    median, low, high = (numbers.decimal(1000 * one, 1) for one in seconds)
    return f"{median} ({low}–{high})"


def _exact(count: int | None) -> str:
    if count is None or count < 10_000:
        return numbers.whole(count)
    return f"{numbers.large(count)} ({numbers.whole(count)})"


def _speed(speeds: list[float]) -> str:
    return numbers.whole(float(np.median(speeds))) if speeds else numbers.whole(None)


def done(material: Material) -> Section:
    """Say what was trained, on what and how."""
    blocks: list[Block] = [
        Heading(_("Data")),
        Row([[_data_table(material)], [_split_table(material)]]),
        *_origin(material),
        *_skipped(material),
        Heading(_("Model")),
        _model_table(material),
        *transfer_tables(material.facts),
        Heading(_("Recipe")),
        _recipe_table(material.facts.get("recipe") or {}),
    ]
    return Section("done", _("What was done"), blocks)


def _data_table(material: Material) -> Table:
    data = material.data
    shape = data.get("image_shape") or ()
    rows = [
        (_("name"), str(data.get("name", ""))),
        (_("classes"), numbers.whole(len(material.class_names))),
        (_("image size"), " × ".join(str(side) for side in shape)),
        (_("content (SHA-256)"), str(data.get("content_hash", ""))),
    ]
    return Table(_("Data set"), (_("What"), _("Value")), rows)


def _split_table(material: Material) -> Table:
    splits = material.data.get("splits") or {}
    names = {"train": _("training"), "validation": _("validation"), "test": _("test")}
    rows = [(names.get(name, name), numbers.whole(count)) for name, count in splits.items()]
    total = numbers.whole(sum(splits.values()))
    return Table(
        _("Splits"),
        (_("Split"), _("Images")),
        rows,
        frozenset({1}),
        foot=[(_("together"), total)],
    )


def _origin(material: Material) -> list[Block]:
    origin = material.data.get("origin") or {}
    rows = [(named(key), plain(value)) for key, value in origin.items() if key != "skipped"]
    return [Table(_("Where the data came from"), (_("What"), _("Value")), rows)] if rows else []


def _skipped(material: Material) -> list[Block]:
    skipped = (material.data.get("origin") or {}).get("skipped") or []
    if not skipped:
        return []
    named = [f"{file['name']}: {file['reason']}" for file in skipped[:SHOWN]]
    if len(skipped) > SHOWN:
        rest = numbers.whole(len(skipped) - SHOWN)
        named.append(_("… and {count} more, listed in run.json").format(count=rest))
    return [
        Text(
            _("{count} files could not be read and were left out:").format(
                count=numbers.whole(len(skipped))
            ),
            "warning",
        ),
        Points(named),
    ]


def _model_table(material: Material) -> Table:
    model = material.facts.get("model") or {}
    rows = [
        (_("name"), str(model.get("name", ""))),
        *((str(key), plain(value)) for key, value in (model.get("options") or {}).items()),
        (_("numbers computed in"), str(material.facts.get("precision") or _("n/a"))),
        (_("weights (SHA-256)"), str(material.facts.get("weights_sha256") or _("n/a"))),
    ]
    return Table(_("Model and options"), (_("What"), _("Value")), rows)


def transfer_tables(facts: Mapping[str, Any]) -> list[Table]:
    """Tabulate what a run took over and what trained when; none for one from the start."""
    told = facts.get("transfer")
    if not told:
        return []
    what = [
        (_("trunk"), told["trunk"]),
        (_("its weights"), told["weights"]),
        (_("size it sees"), "×".join(map(str, told["size"]))),
        (_("head"), told["head"]),
        *([(_("why these stages"), told["reason"])] if told["reason"] else []),
    ]
    header = (
        _("Stage"),
        _("trains of the trunk"),
        _("normalisations"),
        _("epochs"),
        _("highest rate"),
        _("validation top-1"),
        _("seconds for features"),
        _("seconds of training"),
    )
    rows = [
        (
            stage["name"],
            plain(stage["trained"]),
            stage["norm"],
            numbers.whole(stage["epochs"]),
            numbers.general(stage["recipe"]["learning_rate"], 3),
            numbers.percent(stage["validation"]["top1"]),
            numbers.decimal(stage["features_seconds"], 1),
            numbers.decimal(stage["seconds"], 1),
        )
        for stage in told["stages"]
    ]
    return [
        Table(_("What was taken over"), (_("What"), _("Value")), what),
        Table(_("What trained when"), header, rows, frozenset({3, 4, 5, 6, 7})),
    ]


def _recipe_table(recipe: Mapping[str, Any]) -> Table:
    means = meanings()
    rows = [(key, plain(value), means.get(key, "")) for key, value in recipe.items()]
    return Table(_("How it was trained"), (_("Setting"), _("Value"), _("Meaning")), rows)


def meanings() -> dict[str, str]:
    """Say what each setting of a recipe does."""
    return {
        "epochs": _("passes over the training images"),
        "batch_size": _("images in one step"),
        "optimizer": _("rule by which the weights are changed"),
        "learning_rate": _("size of the steps at its highest"),
        "kernel_rate": _("the same for kernels of convolutions (muon only)"),
        "momentum": _("share of the last step kept in the next (not adamw)"),
        "weight_decay": _("pull of the weights towards zero"),
        "schedule": _("how the learning rate goes on after the warm-up"),
        "warmup_epochs": _("epochs in which the learning rate climbs from zero"),
        "layer_decay": _("what the rate is multiplied by from a layer to the one before it"),
        "offset_rate": _("what the rate of normalisations' offsets is multiplied by"),
        "label_smoothing": _("share of the target spread over all classes"),
        "ema": _("momentum of the averaged weights that are kept"),
        "lookahead": _("steps after which the weights go back to slow ones that are kept"),
        "clip_norm": _("largest gradient let through"),
        "early_stopping": _("epochs without a better validation result before stopping"),
        "augmentation": _("random changes of the training images"),
        "severity": _("strength of these changes, 0 to 1"),
        "image_sizes": _("shorter sides of training images in the first epochs, in pixels"),
        "test_views": _("views of an image that are averaged when it is judged"),
        "precision": _("numbers asked for; auto takes what the processor has"),
        "seed": _("number that decides every random choice"),
    }


def repeat(material: Material) -> Section:
    """Give the exact command, the versions and the machine."""
    facts = material.facts
    blocks = command(
        facts,
        _("This command, with the versions below, makes the same run again:"),
        _("The run was started from Python; data, model and recipe are given above."),
    )
    rows = [(_("Keras backend"), str(facts.get("backend") or _("n/a")))]
    return Section("repeat", _("How to repeat it"), [*blocks, *surroundings(facts, rows)])


def command(facts: Mapping[str, Any], before: str, otherwise: str) -> list[Block]:
    """Give the command that was typed, or say what stands in its place."""
    typed = facts.get("command")
    if not typed:
        return [Text(otherwise)]
    return [Text(before), Code(typed if isinstance(typed, str) else shlex.join(typed))]


def surroundings(facts: Mapping[str, Any], more: Sequence[tuple[str, str]] = ()) -> list[Block]:
    """Give versions and machine, with `more` rows about it, and what the numbers depend on."""
    versions = [(str(name), str(number)) for name, number in (facts.get("versions") or {}).items()]
    machine = [(named(key), plain(value)) for key, value in (facts.get("machine") or {}).items()]
    tables = Row(
        [
            [Table(_("Versions"), (_("Package"), _("Version")), versions)],
            [Table(_("Machine"), (_("What"), _("Value")), [*machine, *more])],
        ]
    )
    same = Text(
        _(
            "On the same machine with the same number of threads, the result is the same bit "
            "for bit. Elsewhere, sums are rounded in another order and the numbers differ a "
            "little, about as much as with another seed."
        )
    )
    return [tables, same]


def plain(value: Any) -> str:
    """Show a value of run.json: numbers as the language writes them, the rest as JSON."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value == {} or value == []:
        return "–"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return numbers.general(value, 6)
    if isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "… (run.json)"


def named(key: str) -> str:
    """Name a key of run.json in the reader's language, as far as it is a usual one."""
    names = {
        "seed": _("seed"),
        "size": _("image size"),
        "version": _("version"),
        "folder": _("folder"),
        "path": _("path"),
        "layout": _("layout of the folder"),
        "class_order": _("order of the classes"),
        "images_by_class": _("images of each class"),
        "left_out": _("left out"),
        "copies": _("identical images"),
        "split": _("how it was split"),
        "policy": _("how images were brought to size"),
        "official": _("the official files"),
        "validation": _("taken for validation"),
        "processor": _("processor"),
        "cores": _("processor cores"),
        "memory_gib": _("memory (GiB)"),
        "system": _("system"),
        "native_bfloat16": _("computes in bfloat16 itself"),
        "threads": _("threads asked for"),
    }
    return names.get(key, str(key))
