"""Grad-CAM over CIFAR-10's test images, beside a plain forward pass and the course's own tape code.

    python benchmarks/explain.py
    python benchmarks/explain.py --images 2000 --model mobilenet --rounds 3

Random weights and images: they do not change how long anything takes. All sides take the same
images; each round runs them in turn. Compiling is not counted: all are warmed up first.
"""

import argparse
import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from evrisim import explain, models

TAPE_IMAGES = 64
"""The course's code takes one image at a time: so many are timed, and scaled up."""


def main():
    """Print the time of each side, and its ratio to the forward pass."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--model", default="resnet20")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (asked.images, 32, 32, 3), dtype=np.uint8)
    pooled = models.build(asked.model, (32, 32, 3), 10)
    bent = with_a_bent_head(asked.model)
    print(f"Keras {keras.__version__}, {asked.model}, {asked.images} images, batches of 64")
    compare(
        f"{asked.model}, ends in pooling and a dense layer (closed form)",
        pooled,
        images,
        asked.rounds,
    )
    compare(
        f"{asked.model}, one dense layer more (gradient of the tail)", bent, images, asked.rounds
    )


def with_a_bent_head(name):
    """Give the same net with a hidden dense layer, whose gradient has no closed form."""
    model = models.build(name, (32, 32, 3), 10)
    pool = next(one for one in model.layers if isinstance(one, keras.layers.GlobalAveragePooling2D))
    x = keras.layers.Dense(64, activation="relu")(pool.output)
    return keras.Model(model.input, keras.layers.Dense(10)(x))


def compare(title, model, images, rounds):
    """Time all sides in turn and print medians."""
    prepared = explain.prepare(model)
    tail = model.get_layer(prepared.layer) if "/" not in prepared.layer else None
    sides = {
        "forward pass": lambda: forward(model, images),
        "grad-cam": lambda: prepared(images),
        "grad-cam, all classes": lambda: prepared(images, "all"),
    }
    if tail is not None:
        sides[f"the course's tape, {TAPE_IMAGES} images"] = lambda: by_tape(
            model, tail, images[:TAPE_IMAGES]
        )
    for run in sides.values():
        run()
    found = {name: [] for name in sides}
    for _round in range(rounds):
        for name, run in sides.items():
            started = time.perf_counter()
            run()
            found[name].append(time.perf_counter() - started)
    print(f"\n{title}; looked at: {prepared.layer}")
    plain = found["forward pass"]
    for name, seconds in found.items():
        scale = len(images) / TAPE_IMAGES if "tape" in name else 1.0
        ratios = [scale * one / other for one, other in zip(seconds, plain, strict=True)]
        print(
            f"  {name}: {statistics.median(seconds):.2f} s, x{statistics.median(ratios):.2f} "
            f"of the forward pass ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    if tail is not None:
        tape = found[f"the course's tape, {TAPE_IMAGES} images"]
        scale = len(images) / TAPE_IMAGES
        gains = [scale * one / other for one, other in zip(tape, found["grad-cam"], strict=True)]
        print(f"  the course's tape takes x{statistics.median(gains):.0f} of ours")


def forward(model, images):
    """Run a compiled pass over all images, as fast as Keras does it."""
    for start in range(0, len(images), 64):
        model.predict_on_batch(images[start : start + 64].astype("float32"))


def by_tape(model, layer, images):
    """Explain image by image, eagerly, as the course's slide does."""
    both = keras.Model(model.inputs, [layer.output, model.output])
    for image in images:
        with tf.GradientTape() as tape:
            features, logits = both(image[None].astype("float32"))
            score = logits[:, int(tf.argmax(logits[0]))]
        slopes = tape.gradient(score, features)
        weights = tf.reduce_mean(slopes, axis=(0, 1, 2))
        heat = tf.squeeze(features @ weights[..., tf.newaxis])
        heat = tf.maximum(heat, 0) / tf.math.reduce_max(heat)
        heat.numpy()


if __name__ == "__main__":
    main()
