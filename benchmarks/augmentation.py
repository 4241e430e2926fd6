"""Images augmented a second: evrisim's pipeline beside Keras' own layers in tf.data, in one run.

    python benchmarks/augmentation.py [--rounds 5] [--seconds 2] [--only pipeline|training]

pipeline: for four policies, at 32×32 in batches of 128 and at 224×224 in batches of 64, each way
prepares batches as fast as it can, in turns; a turn begins with a new iterator, so that nothing
works on in another's turn. Keras' layers are mapped over whole batches of gathered images with
AUTOTUNE and prefetched, as its guides recommend. Printed are the medians over the rounds and the
ratio, round by round, with its range.

training: images a second of ResNet-20 at batch 128 with evrisim's loop, without augmentation and
with policies, in turns; printed is the loss against none, round by round.

Where Keras draws once for a whole batch (its RandomCrop has one place, its RandAugment one choice
for all images), evrisim draws for each image.
"""

import argparse
import itertools
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

SIZES = ((32, 128, 51_200), (224, 64, 1_024))
"""Rows and columns, images a batch, images in all."""

FIVE = [
    {"RandomFlip": "horizontal"},
    {"RandomRotation": 0.1},
    {"RandomZoom": 0.15},
    {"RandomBrightness": 0.2},
    {"RandomContrast": 0.2},
]
POLICIES = {
    "flip + crop": "standard",
    "course, five layers": FIVE,
    "RandAugment(2)": [{"rand-augment": {"count": 2, "magnitude": 0.3}}],
    "MixUp + CutMix": [{"mixup": {"alpha": 0.2, "per": "image"}}, "cutmix"],
}
TRAINED = ("none", "standard", "course", "standard+rand-augment", "standard+mixup-cutmix")
WARM_STEPS = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each way in each round")
    parser.add_argument("--only", choices=("pipeline", "training"))
    options = parser.parse_args()
    if options.only != "training":
        for size, batch, count in SIZES:
            for name, policy in POLICIES.items():
                compare(name, policy, (size, batch, count), options)
    if options.only != "pipeline":
        train(options)


def compare(name, source, shape, options):
    """Both ways in turns."""
    size, batch, count = shape
    images, labels = material(size, count)
    ways = {
        "Keras": keras_batches(name, images, labels, batch),
        "evrisim": our_batches(source, images, labels, batch),
    }
    for way in ways.values():
        speed(way(), batch, 0.2)  # traced and compiled
    speeds = {way: [] for way in ways}
    for _round in range(options.rounds):
        for way, batches in ways.items():
            speeds[way].append(speed(batches(), batch, options.seconds))
    pairs = zip(speeds["evrisim"], speeds["Keras"], strict=True)
    ratios = [ours / theirs for ours, theirs in pairs]
    spread = f"x{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
    found = ", ".join(f"{way} {statistics.median(one):7.0f}" for way, one in speeds.items())
    print(f"{size:4}² batch {batch:<4} {name:20} images/s: {found}; {spread}", flush=True)


def material(size, count):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, size // 8, size // 8, 3), np.uint8)
    images = np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2)
    return images, np.arange(count) % 10


def speed(endless, batch, seconds):
    """Images a second of an endless iterator of batches, its first batches not counted."""
    for _first in range(3):
        next(endless)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        next(endless)
        done += batch
    return done / (time.perf_counter() - began)


def our_batches(source, images, labels, batch):
    from evrisim.augment import policy
    from evrisim.data.batches import Place, training_batches
    from evrisim.data.dataset import Split

    split, chosen = Split(images, labels), policy(source)

    def endless():
        for epoch in itertools.count():
            yield from training_batches(split, batch, Place(0, epoch, classes=10), chosen)

    return endless


def keras_batches(name, images, labels, batch):
    import tensorflow as tf

    augment = keras_layers(name, images.shape[1])
    pixels, shares = tf.constant(images), tf.one_hot(labels, 10)

    def gathered(index):
        return tf.gather(pixels, index), tf.gather(shares, index)

    data = tf.data.Dataset.range(len(images)).shuffle(len(images)).batch(batch, drop_remainder=True)
    data = data.map(gathered, tf.data.AUTOTUNE).map(augment, tf.data.AUTOTUNE)
    data = data.repeat().prefetch(tf.data.AUTOTUNE)
    return lambda: iter(data)


def keras_layers(name, size):
    """What Keras has for a policy, as a function of a batch."""
    import tensorflow as tf
    from keras import layers

    if name == "MixUp + CutMix":
        mix, cut = layers.MixUp(alpha=0.2), layers.CutMix(factor=(1.0, 1.0))

        def mixed(images, labels):
            both = {"images": tf.cast(images, tf.float32), "labels": labels}
            both = cut(mix(both, training=True), training=True)
            return both["images"], both["labels"]

        return mixed
    chain = {
        "flip + crop": [layers.RandomCrop(size, size), layers.RandomFlip("horizontal")],
        "course, five layers": [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.15),
            layers.RandomBrightness(0.2),
            layers.RandomContrast(0.2),
        ],
        "RandAugment(2)": [layers.RandAugment((0, 255), num_ops=2, factor=0.3)],
    }[name]
    border = size // 8 if name == "flip + crop" else 0

    def augmented(images, labels):
        if border:
            images = tf.pad(images, [[0, 0], [border, border], [border, border], [0, 0]], "REFLECT")
        for layer in chain:
            images = layer(images, training=True)
        return images, labels

    return augmented


def train(options):
    """Training with each policy in turns."""
    from evrisim.data.dataset import DataSet, Split
    from evrisim.training import ModelChoice, Recipe
    from evrisim.training.workbench import compiled

    images, labels = material(32, 51_200)
    split = Split(images, labels)
    data = DataSet("noise", split, split, split, tuple("abcdefghij"))
    steps = {}
    for name in TRAINED:
        recipe = Recipe(augmentation=name, batch_size=128)
        steps[name] = trained(compiled(data, ModelChoice("resnet20", {}), recipe), data, recipe)
    for step in steps.values():
        for _warm in range(WARM_STEPS):
            next(step)
    speeds = {name: [] for name in TRAINED}
    for _round in range(options.rounds):
        for name, step in steps.items():
            speeds[name].append(speed(step, 128, 2 * options.seconds))
    print("\nResNet-20, batch 128, float32 or bfloat16 as the processor has it")
    for name, found in speeds.items():
        lost = [100 * (1 - ours / none) for ours, none in zip(found, speeds["none"], strict=True)]
        print(
            f"  {name:24} {statistics.median(found):7.0f} images/s, "
            f"{statistics.median(lost):5.1f} % less than none ({min(lost):.1f} to {max(lost):.1f})",
            flush=True,
        )


def trained(model, data, recipe):
    """Train step by step, for ever."""
    from evrisim.training import loop

    for epoch in itertools.count():
        for images, labels in loop.batches(data, recipe, epoch):
            yield model.train_on_batch(images, labels, return_dict=True)


if __name__ == "__main__":
    main()
