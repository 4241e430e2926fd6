"""Seconds and images until a share of CIFAR-10's validation images is right.

  python benchmarks/time_to_accuracy.py [--ways keras course fast speedrun torch] [--seeds 3]
      [--out FOLDER] [--width 64] [--deep 256] [--epochs N]

  keras      the net of `course` in plain Keras: Adam with a cosine, RandomFlip and
             RandomTranslation in a `tf.data` map, float32; 20 epochs, ended at 85 %
  course     evrisim: model convnet, recipe course
  fast       evrisim: model airbench, recipe fast
  speedrun   evrisim: model airbench with half the deep maps and no bias after whitening, recipe
             speedrun
  torch      the recipe fast in plain PyTorch (torch_twin.py; needs PyTorch)

Each training has a process and both cores to itself; ways take turns seed by seed. Seconds are
those of making the net, tracing, training and validation together; reading images is left out,
importing too, and any time for which the benchmark was stopped by Ctrl-Z. With `--epochs` every
way is cut to so many (a trial; its rates fall accordingly). A training that is done is kept in
FOLDER, so that the benchmark can be stopped and goes on; the table is made of all that lie there.
The rate of matrix products is measured anew.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

WAYS = ("keras", "course", "fast", "speedrun", "torch")
LEVELS = (0.85, 0.90, 0.92, 0.93, 0.94)
ENOUGH = 0.85
"""Where plain Keras ends: the comparison is to 85 %."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/time-to-accuracy"))
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--deep", type=int, default=256)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        way, seed, place = options.worker
        return work(way, int(seed), Path(place), options)
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        for way in options.ways:
            one_training(way, seed, options)
    table(options)
    return 0


def one_training(way, seed, options):
    place = options.out / f"{way}-{seed}.json"
    if place.is_file():
        return
    print(f"{way}, seed {seed}", flush=True)
    command = [sys.executable, __file__, *sys.argv[1:], "--worker", way, str(seed), str(place)]
    subprocess.run(command, check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})


def table(options):
    print(f"\nmatrix products: {', '.join(f'{v:.0f} GFLOP/s {k}' for k, v in products().items())}")
    found = {way: read(options.out, way) for way in WAYS}
    base = found["keras"]
    for way, trainings in found.items():
        if not trainings:
            continue
        print(f"\n{way}, {len(trainings)} seeds, {trainings[0]['of']}")
        last = [one["final"] for one in trainings]
        print(f"  ends at {mean_and_spread(last)} after {whole(trainings, 'seconds')} s")
        for level in LEVELS:
            reached = [first(one, level) for one in trainings]
            if None in reached:
                continue
            seconds = statistics.median(row["seconds"] for row in reached)
            images = statistics.median(row["images"] for row in reached)
            line = f"  {level:.0%}: {seconds:6.0f} s, {images:9,.0f} images"
            theirs = [first(one, level) for one in base]
            if base and way != "keras" and None not in theirs:
                line += f", {statistics.median(r['seconds'] for r in theirs) / seconds:.1f}x sooner"
            print(line)


def mean_and_spread(values):
    spread = f" ± {statistics.stdev(values):.2%}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2%}{spread}"


def whole(trainings, key):
    return f"{statistics.median(one['rows'][-1][key] for one in trainings):,.0f}"


def read(folder, way):
    return [json.loads(path.read_text()) for path in sorted(folder.glob(f"{way}-*.json"))]


def first(training, level):
    """The first epoch on whole images with this share right; the last one counts with its views."""
    rows = [*training["rows"][:-1], {**training["rows"][-1], "top1": training["final"]}]
    whole = (row for row in rows if not row.get("image_size"))
    return next((row for row in whole if row["top1"] >= level), None)


class Watch:
    """Notes epochs with the seconds since it was made, less those stopped for by SIGTSTP.

    Attributes:
        rows: One an epoch: `seconds` and `images` up to its end, `top1` of the validation images,
            and their `image_size` if they were shrunk.
    """

    def __init__(self, images):
        self.images, self.rows = images, []  # images of an epoch
        self._started, self._stopped = time.monotonic(), 0.0
        signal.signal(signal.SIGTSTP, self._stop)

    def seconds(self):
        return time.monotonic() - self._started - self._stopped

    def note(self, epoch, top1, image_size=None):
        seconds, images = self.seconds(), epoch * self.images
        row = {"seconds": seconds, "images": images, "top1": top1, "image_size": image_size}
        self.rows.append(row)
        print(f"  {epoch}: {top1:.2%}, {seconds:.0f} s so far", flush=True)

    def _stop(self, *_):
        since = time.monotonic()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._stopped += time.monotonic() - since


def work(way, seed, place, options):
    if way != "torch":
        os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND", "tensorflow")
    from evrisim.data.source import Source

    data = Source("cifar10").load()
    train = {"keras": plain_keras, "torch": plain_torch}.get(way, ours)
    found = train(data, way, seed, options)
    partial = place.with_suffix(".part")
    partial.write_text(json.dumps({"way": way, "seed": seed, **found}))
    partial.rename(place)
    return 0


def ours(data, way, seed, options):
    import tempfile

    from evrisim import metrics, viewing
    from evrisim.training import ModelChoice, Recipe, fit

    net = {"width": options.width, "deep": options.deep}
    choice = {
        "course": ModelChoice("convnet"),
        "fast": ModelChoice("airbench", net),
        "speedrun": ModelChoice(
            "airbench", {**net, "deep": net["deep"] // 2, "whitening_bias": False}
        ),
    }[way]
    recipe = Recipe.load(way).with_settings({"seed": seed})
    if options.epochs:
        recipe = recipe.with_settings({"epochs": options.epochs})
    each = len(data.train) // recipe.batch_size * recipe.batch_size
    watch = Watch(each)

    def note(progress):
        if progress.row:
            row = progress.row
            watch.note(row["epoch"], row["val_accuracy"], row.get("image_size"))

    with tempfile.TemporaryDirectory() as folder:
        run = fit(data, choice, recipe, directory=Path(folder) / "run", show=note)
        before = watch.seconds()
        logits = viewing.predict_logits(run.model(), data.validation.images, recipe.test_views)
        final = metrics.top_k_accuracy(data.validation.labels, logits)
    rows = watch.rows
    rows[-1]["seconds"] += watch.seconds() - before if recipe.test_views != "one" else 0.0
    work_done = 6 * each * sum(macs_each_epoch(choice, recipe, data))
    return {
        "rows": rows,
        "final": final,
        "of": f"{choice.name} {choice.options or ''}, {run.facts['precision']}, "
        f"{work_done / rows[-1]['seconds'] / 1e9:.0f} GFLOP/s of convolution in training",
    }


def macs_each_epoch(choice, recipe, data):
    """MACs of an image in each epoch, whose images may be smaller than they are."""
    from evrisim import cost, models
    from evrisim.training import growing

    for epoch in range(recipe.epochs):
        shape = (*growing.size_in(recipe, epoch, data.image_shape), data.image_shape[2])
        net = models.build(choice.name, shape, data.num_classes, choice.options)
        yield cost.measure(net, input_shape=shape).macs


def plain_keras(data, _way, seed, options):
    """The course's net as a careful user of Keras writes it."""
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(seed)
    augment = keras.Sequential(
        [layers.RandomFlip("horizontal"), layers.RandomTranslation(0.125, 0.125)]
    )
    batches = (
        tf.data.Dataset.from_tensor_slices((data.train.images, data.train.labels))
        .shuffle(len(data.train), seed=seed)
        .batch(128)
        .map(lambda x, y: (augment(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for number, filters in enumerate((48, 96, 96, 192, 192)):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D()(x) if number in (0, 2) else x
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, layers.Dense(10)(x))
    epochs = options.epochs or 20
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, epochs * len(batches))),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    watch = Watch(len(data.train))

    class Noting(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            watch.note(epoch + 1, float(logs["val_accuracy"]))
            self.model.stop_training = watch.rows[-1]["top1"] >= ENOUGH

    model.fit(
        batches,
        epochs=epochs,
        validation_data=(data.validation.images, data.validation.labels),
        callbacks=[Noting()],
        verbose=0,
    )
    return {"rows": watch.rows, "final": watch.rows[-1]["top1"], "of": "float32"}


def plain_torch(data, _way, seed, options):
    import torch_twin

    train, seen = data.train, data.validation
    precision = torch_twin.faster(train.images, train.labels, options.width, options.deep)
    watch = Watch(len(train) // torch_twin.BATCH * torch_twin.BATCH)
    final = torch_twin.train(
        (train.images, train.labels),
        (seen.images, seen.labels),
        seed=seed,
        epochs=options.epochs or torch_twin.EPOCHS,
        net=(options.width, options.deep),
        precision=precision,
        after=watch.note,
    )
    watch.rows[-1]["seconds"] = watch.seconds()
    of = f"channels last, {precision}, the faster one here"
    return {"rows": watch.rows, "final": final, "of": of}


def products(size=2048, rounds=5):
    """GFLOP/s of square matrix products, the best of a few, in each number format."""
    import tensorflow as tf

    found = {}
    for dtype in ("float32", "bfloat16"):
        matrix = tf.cast(tf.random.normal((size, size)), dtype)
        seconds = []
        for _round in range(rounds):
            started = time.perf_counter()
            tf.matmul(matrix, matrix).numpy()
            seconds.append(time.perf_counter() - started)
        found[dtype] = 2 * size**3 / min(seconds) / 1e9
    return found


if __name__ == "__main__":
    sys.exit(main())
