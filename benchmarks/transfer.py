"""Transfer learning, ours beside plain Keras on the same net, images and batches, in turn.

    python benchmarks/transfer.py
    python benchmarks/transfer.py --images 4096 --size 160

Random weights: they do not change how long anything takes. Seconds of ours include all that its
training does: features, validation, checkpoints. Keras' first epoch, in which it compiles, is not
counted where an epoch is compared, and is where whole trainings are.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

from evrisim import transfer
from evrisim.data.cache import ArrayCache
from evrisim.data.dataset import DataSet, Split
from evrisim.training.precision import policy

BLOCK, BATCH, EPOCHS, ROUNDS = "block_13", 64, 20, 5


def main():
    """Print a row for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--size", type=int, default=96)
    asked = parser.parse_args()
    print(f"Keras {keras.__version__}, MobileNetV2 at {asked.size}, {asked.images} images")
    extraction(asked)
    head(asked)
    partial(asked)


def images_of(asked, count):
    """Draw images of the trunk's size."""
    shape = (count, asked.size, asked.size, 3)
    return np.random.default_rng(0).integers(0, 256, shape).astype("uint8")


def trunk(asked):
    """Build the trunk."""
    return transfer.trunk("mobilenet_v2", (asked.size, asked.size, 3), weights="random")


def plain(asked, freezing_of):
    """Give the whole model, compiled as anyone would, with the same layers frozen."""
    base = trunk(asked)
    model = transfer.classifier(base, 10, freezing_of(base.model))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(1e-3), loss, metrics=["accuracy"])
    return model


def extraction(asked):
    """Compare images a second: ours, and `predict` in float32 and in bfloat16."""
    images = images_of(asked, 512)
    made = transfer.Extractor(trunk(asked))
    rivals = {}
    for name in ("float32", "bfloat16"):
        with policy(name):
            model = trunk(asked).model
            pool = keras.layers.GlobalAveragePooling2D()(model.output)
            rivals[name] = keras.Model(model.input, pool)
    sides = {
        "ours": lambda: made(images),
        **{
            f"predict, {name}": lambda model=model: model.predict(images, verbose=0)
            for name, model in rivals.items()
        },
    }
    found = {name: [] for name in sides}
    for run in sides.values():
        run()
    for _round in range(ROUNDS):
        for name, run in sides.items():
            found[name].append(len(images) / timed(run))
    for name, speeds in found.items():
        print(f"features, {name}: {statistics.median(speeds):.0f} images/s")
    best = [max(pair) for pair in zip(*list(found.values())[1:], strict=True)]
    ratios = [ours / other for ours, other in zip(found["ours"], best, strict=True)]
    told("features a second, of the better predict", ratios)


def head(asked):
    """Compare whole trainings of a head: ours with its extraction, and `fit` on the whole model."""
    data = dataset(asked)
    with tempfile.TemporaryDirectory() as folder:
        recipe = transfer.HEAD.with_settings({"epochs": EPOCHS, "batch_size": BATCH})
        plan = transfer.Plan(trunk(asked), transfer.stages("frozen", head=recipe))
        ours = timed(lambda: run_ours(data, plan, Path(folder)))
    model = plain(asked, transfer.frozen)
    theirs = timed(lambda: fit(model, data, EPOCHS))
    print(f"{EPOCHS} epochs of the head: ours {ours:.1f} s, fit {theirs:.1f} s")
    told("whole training", [theirs / ours])


def partial(asked):
    """Compare an epoch with the layers from a block on trained: above a cut, and whole."""
    data = dataset(asked)
    epochs = 1 + ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        recipe = transfer.TUNE.with_settings({"epochs": epochs, "early_stopping": None})
        stage = transfer.Stage("tune", BLOCK, recipe)
        run = run_ours(data, transfer.Plan(trunk(asked), [stage]), Path(folder))
        ours = [row["seconds"] for row in run.history][1:]
    model = plain(asked, lambda base: transfer.partial(base, block=BLOCK))
    theirs = [timed(lambda: fit(model, data, 1)) for _epoch in range(epochs)][1:]
    print(
        f"an epoch from {BLOCK}: ours {statistics.median(ours):.2f} s, "
        f"fit {statistics.median(theirs):.2f} s"
    )
    told("an epoch", [other / one for one, other in zip(ours, theirs, strict=True)])


def dataset(asked):
    """Give images to train on and a few to validate."""

    def split(count):
        labels = np.arange(count) % 10
        return Split(images_of(asked, count), labels)

    names = tuple(map(str, range(10)))
    return DataSet("drawn", split(asked.images), split(64), split(64), names)


def run_ours(data, plan, folder):
    """Train as `evrisim transfer` does."""
    cache = ArrayCache(folder / "cache")
    return transfer.train(data, plan, directory=folder / "run", cache=cache)


def fit(model, data, epochs):
    """Train as in Keras' guide to transfer learning."""
    validation = (data.validation.images, data.validation.labels)
    model.fit(
        data.train.images,
        data.train.labels,
        batch_size=BATCH,
        epochs=epochs,
        validation_data=validation,
        verbose=0,
    )


def timed(run):
    """Give the seconds that a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def told(name, ratios):
    """Print the median ratio and its range."""
    low, high = min(ratios), max(ratios)
    print(f"{name}: x{statistics.median(ratios):.2f} ({low:.2f}-{high:.2f})")


if __name__ == "__main__":
    main()
