"""What augmentation costs: evrisim's pipeline beside Keras' layers, and what training loses.

    python benchmarks/augmentation.py pipeline [--rounds 5] [--seconds 1.5]
    python benchmarks/augmentation.py training [--rounds 100]

pipeline   images a second of `training_batches` and of Keras' own layers in `tf.data` (mapped
           batch by batch with AUTOTUNE, then prefetch), both emptied as fast as they go. Each
           side sits in a process of its own and they take turns. Keras is given its batches cut
           ready and in the same order each time; evrisim shuffles and gathers its own.
training   steps of ResNet-20 at batch 128, a step with each policy in turn in one process: the
           share of the images a second without augmentation that a policy loses, by the clock
           and by the processor's time, which other work on the machine hardly changes

Printed are medians over the rounds, and the median and the range of the ratio round by round
(of what training loses: the median's 95 % interval).
What comes before a measure (tracing, compiling, filling the buffers) is not counted.
`--quick` does little of each, `--json` prints the numbers of every round.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from functools import partial

SIZES = {32: 128, 224: 64}
"""Side of the images, and images a batch."""

STORED = {32: 32768, 224: 2048}
"""How many evrisim chooses from, an epoch."""

CASES = {
    "flip + padded crop": "standard",
    "course": "course",
    "RandAugment(2)": [{"rand-augment": 2}],
    "MixUp + CutMix": [{"mixup": {"alpha": 0.2, "per": "image"}}, {"cutmix": {"per": "image"}}],
}
"""What is done to the images, as a policy."""

POLICIES = ("none", "standard", "course", "rand-augment", "mixup-cutmix")
CLASSES = 10
WARM = 0.3
"""Seconds before the clock starts, in which buffers get as full as they stay."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("pipeline", "training", "all"), default="all")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 0.3
    if options.worker:
        return work(*options.worker, options.seconds)
    found = {"machine": machine()}
    if options.what != "training":
        found["pipeline"] = pipeline(options)
    if options.what != "pipeline":
        found["training"] = training(options)
    if options.json:
        print(json.dumps(found, indent=2))
    return 0


def machine():
    from importlib.metadata import version

    from evrisim import machine

    names = ("keras", "tensorflow", "numpy", "numba")
    versions = {"python": sys.version.split()[0], **{name: version(name) for name in names}}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    facts = machine.describe()
    say(f"{facts['processor']}, {facts['cores']} cores, load {load:.1f} at the start")
    say(", ".join(f"{name} {number}" for name, number in versions.items()))
    return {**facts, "versions": versions, "load": load}


def say(text):
    """Print for people; with --json only the numbers go to standard output."""
    print(text, file=sys.stderr if "--json" in sys.argv else sys.stdout, flush=True)


# --- images a second -------------------------------------------------------------------------


def pipeline(options):
    rounds = options.rounds or 5
    found = []
    for side, batch in SIZES.items():
        say(f"\n{side} x {side}, batch {batch}, {rounds} rounds of {options.seconds} s; images/s")
        workers = [start(who, side, options.seconds) for who in ("keras", "evrisim")]
        for case in CASES:
            for worker in workers:
                ask(worker, case)  # traces and compiles
            speeds = [[ask(worker, case) for worker in workers] for _ in range(rounds)]
            found.append({"side": side, "case": case, "speeds": speeds})
            say(f"  {case:20} {compared(speeds, 0)}; by processor time {compared(speeds, 1)}")
        for worker in workers:
            worker.stdin.close()
            worker.wait()
    return found


def compared(speeds, measure):
    """Give the medians of both sides, and the median and the range of the rounds' ratios."""
    pairs = [(theirs[measure], ours[measure]) for theirs, ours in speeds]
    theirs, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [ours / theirs for theirs, ours in pairs]
    spread = f"{min(ratios):.1f} to {max(ratios):.1f}"
    return f"Keras {theirs:6.0f}, evrisim {ours:6.0f}: x{statistics.median(ratios):.1f} ({spread})"


def start(who, side, seconds):
    return subprocess.Popen(
        [sys.executable, __file__, "--seconds", str(seconds), "--worker", who, str(side)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
    )


def ask(worker, case):
    worker.stdin.write(f"{case}\n")
    worker.stdin.flush()
    return tuple(float(word) for word in worker.stdout.readline().split())


def work(who, side, seconds):
    """Print the images a second of each case that a line of the input names."""
    prepare = prepared_by_keras if who == "keras" else prepared_by_evrisim
    batches = {}
    for line in sys.stdin:
        case = line.strip()
        if case not in batches:
            batches[case] = prepare(case, int(side))
            next(batches[case])
        print(*speed(batches[case], SIZES[int(side)], seconds), flush=True)
    return 0


def speed(batches, count, seconds):
    """Give images a second of an endless iterator of batches, by clock and by processor time."""
    began = time.perf_counter()
    while time.perf_counter() - began < WARM:
        next(batches)
    began, worked, taken = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        next(batches)
        taken += count
    work = time.process_time() - worked
    return taken / (time.perf_counter() - began), taken / work


def prepared_by_evrisim(case, side):
    """Epoch after epoch of the batches that training takes, made tensors as Keras' are."""
    import tensorflow as tf

    from evrisim import augment
    from evrisim.data.batches import Place, training_batches
    from evrisim.data.dataset import Split

    split, policy, epoch = Split(*some(STORED[side], side)), augment.policy(CASES[case]), 0
    while True:
        place = Place(0, epoch, classes=CLASSES)
        for batch in training_batches(split, SIZES[side], place, policy):
            yield tuple(tf.constant(part) for part in batch)
        epoch += 1


def prepared_by_keras(case, side):
    """What Keras' guide shows: layers mapped over batches, in parallel, and prefetched."""
    import tensorflow as tf

    images, labels = some(8 * SIZES[side], side)
    images = images.reshape(8, SIZES[side], side, side, 3)
    labels = tf.one_hot(labels, CLASSES).numpy().reshape(8, SIZES[side], CLASSES)
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).repeat()
    augment = by_keras(case, side)
    mapped = batches.map(augment, num_parallel_calls=tf.data.AUTOTUNE)
    return iter(mapped.prefetch(tf.data.AUTOTUNE))


def by_keras(case, side):
    """Give a function of a batch of images and its one-hot labels."""
    import keras
    from keras import layers

    if case == "MixUp + CutMix":
        mix, cut = layers.MixUp(0.2), layers.CutMix()

        def mixed(images, labels):
            both = {"images": keras.ops.cast(images, "float32"), "labels": labels}
            both = cut(mix(both, training=True), training=True)
            return both["images"], both["labels"]

        return mixed
    edge = side // 8
    border = [[0, 0], [edge, edge], [edge, edge], [0, 0]]
    window = side - edge
    chosen = {
        "flip + padded crop": [
            partial(keras.ops.pad, pad_width=border, mode="symmetric"),
            partial(layers.RandomCrop(side, side), training=True),
            partial(layers.RandomFlip("horizontal"), training=True),
        ],
        "course": [
            partial(layer, training=True)
            for layer in (
                layers.RandomFlip("horizontal"),
                layers.RandomRotation(0.1),
                layers.RandomZoom(0.15),
                layers.RandomBrightness(0.2),
                layers.RandomContrast(0.2),
                layers.RandomCrop(window, window),
            )
        ]
        + [layers.Resizing(side, side)],
        "RandAugment(2)": [partial(layers.RandAugment((0, 255), num_ops=2), training=True)],
    }[case]

    def augmented(images, labels):
        for one in chosen:
            images = one(images)
        return images, labels

    return augmented


def some(count, side):
    """Images of blocks, since noise has no neighbours alike, and labels."""
    import numpy as np

    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (count, side // 8, side // 8, 3), np.uint8)
    return blocks.repeat(8, axis=1).repeat(8, axis=2), rng.integers(0, CLASSES, count)


# --- what training loses ---------------------------------------------------------------------


def training(options):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from evrisim import augment
    from evrisim.augment.base import Chain
    from evrisim.data.dataset import DataSet, Split
    from evrisim.training import ModelChoice, Recipe
    from evrisim.training.workbench import compiled

    rounds = options.rounds or 100
    split = Split(*some(STORED[32], 32))
    dataset = DataSet("noise", split, split, split, tuple("0123456789"))
    recipes = {name: Recipe(augmentation=name) for name in POLICIES}
    mixing = {name: augment.mixes(recipe.policy or Chain()) for name, recipe in recipes.items()}
    # Labels that are shares need a step of their own: Keras' accuracy is another one for them.
    models = {
        mixes: compiled(dataset, ModelChoice("resnet20"), recipes[name])
        for mixes, name in ((False, "none"), (True, "mixup-cutmix"))
    }
    ways = {name: (models[mixing[name]], endless(dataset, recipes[name])) for name in POLICIES}
    for _ in range(3):  # traces, compiles, and fills what is prepared ahead
        for way in ways.values():
            stepped(*way)
    found = []
    for number in range(rounds):
        shift = number % len(POLICIES)  # each policy follows each other one equally often
        order = POLICIES[shift:] + POLICIES[:shift]
        order = order[:: -1 if number // len(POLICIES) % 2 else 1]
        found.append({name: stepped(*ways[name]) for name in order})
    say(f"\nResNet-20, 32 x 32, batch 128, {rounds} rounds of a step each; images/s")
    for name in POLICIES:
        middle = statistics.median(row[name]["speed"] for row in found)
        loss = f"{lost(name, 'speed', found)} lost, by processor time {lost(name, 'work', found)}"
        say(f"  {name:14} {middle:7.0f}   {loss}")
    return found


def lost(name, measure, found):
    """Give the share that a policy loses, over the rounds: median and its 95 % interval."""
    shares = sorted(100 * (1 - row[name][measure] / row["none"][measure]) for row in found)
    count = len(shares)
    away = math.ceil(0.98 * math.sqrt(count))  # order statistics: 1.96 deviations of B(n, 1/2)
    low, high = shares[max(count // 2 - away, 0)], shares[min(count // 2 + away, count - 1)]
    return f"{statistics.median(shares):5.1f} % ({low:.1f} to {high:.1f})"


def endless(dataset, recipe):
    """Epoch after epoch of the batches that the training loop takes."""
    from evrisim.training import loop

    epoch = 0
    while True:
        yield from loop.batches(dataset, recipe, epoch)
        epoch += 1


def stepped(model, batches):
    """Give images a second of a turn of the training loop, by the clock and by processor time.

    A batch taken is a batch begun: what is prepared ahead is so beside the policy's own step.
    """
    began, worked = time.perf_counter(), time.process_time()
    batch = next(batches)
    model.train_on_batch(*batch, return_dict=True)
    taken, work = time.perf_counter() - began, time.process_time() - worked
    return {"speed": len(batch[0]) / taken, "work": len(batch[0]) / work}


if __name__ == "__main__":
    sys.exit(main())
