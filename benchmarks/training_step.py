"""What each choice of the training step is worth: `airbench` with one choice changed at a time.

    python benchmarks/training_step.py [--rounds 5] [--steps 3] [--batch 256] [--width 64]
        [--deep 256] [--variants VARIANT ...]

Each variant sits in a process of its own and they take turns; printed are the medians of images a
second and of the ratios to the step as it is. What was found is told in training-step.md.

  as it is         precision auto, Winograd's convolution from 64 channels on, fused normalisation
  float32          whatever auto takes
  bfloat16         the same
  plain convolution  Keras' own in place of Winograd's (float32)
  winograd from 24 on  for the first convolution after the whitening, too (float32)
  plain norm       Keras' own batch normalisation in place of the fused one
  relu             in place of GELU
  muon             in place of SGD
  no bias          after the whitening, so that no gradient comes back to it
"""

import argparse
import importlib
import os
import statistics
import subprocess
import sys
import time

from training import ask

VARIANTS = (
    "as it is",
    "float32",
    "bfloat16",
    "plain convolution",
    "winograd from 24 on",
    "plain norm",
    "relu",
    "muon",
    "no bias",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--deep", type=int, default=256)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS[1:], default=VARIANTS[1:])
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker, options)
    workers = {name: start(name) for name in (VARIANTS[0], *options.variants)}
    speeds = {name: [] for name in workers}
    for _ in range(options.rounds):
        for name, worker in workers.items():
            speeds[name].append(ask(worker))
    for name, found in speeds.items():
        ratios = [one / base for one, base in zip(found, speeds[VARIANTS[0]], strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        speed = f"{name:20} {statistics.median(found):6.0f} images/s"
        print(f"{speed}   x{statistics.median(ratios):.2f} ({spread})", flush=True)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return 0


def start(name):
    worker = subprocess.Popen(
        [sys.executable, __file__, *sys.argv[1:], "--worker", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    ask(worker)  # traces and warms up
    return worker


def work(name, options):
    import numpy as np

    model = built(name, options)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (options.batch, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, options.batch)
    for _ in sys.stdin:
        started = time.perf_counter()
        for _step in range(options.steps):
            model.train_on_batch(images, labels, return_dict=True)
        taken = time.perf_counter() - started
        print(options.steps * options.batch / taken, flush=True)
    return 0


def built(name, options):
    """The compiled net of a variant."""
    import keras

    from evrisim import models
    from evrisim.layers import conv
    from evrisim.training import Recipe
    from evrisim.training.losses import SmoothedCrossEntropy
    from evrisim.training.optimizers import optimizer
    from evrisim.training.precision import policy, resolve

    conv.FEWEST_CHANNELS = {"plain convolution": 10**9, "winograd from 24 on": 24}.get(name, 64)
    if name == "plain norm":
        room = importlib.import_module("evrisim.models.airbench")
        room.BatchNormalization = keras.layers.BatchNormalization
    convolving = name in ("plain convolution", "winograd from 24 on")
    precision = "float32" if convolving or name == "float32" else "auto"
    precision = "bfloat16" if name == "bfloat16" else resolve(precision)
    settings = {
        "width": options.width,
        "deep": options.deep,
        "activation": "relu" if name == "relu" else "gelu",
        "whitening_bias": name != "no bias",
    }
    with policy(precision):
        model = models.build("airbench", (32, 32, 3), 10, settings)
    recipe = Recipe(optimizer="muon" if name == "muon" else "sgd")
    model.compile(optimizer(recipe, model, 0.1), SmoothedCrossEntropy(), metrics=["accuracy"])
    return model


if __name__ == "__main__":
    sys.exit(main())
