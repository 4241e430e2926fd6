"""Images a second: evrisim's training step beside stock Keras and PyTorch, in one run.

    python benchmarks/training.py [--rounds 5] [--steps 8]

For ResNet-20 and a wide net (64-256-256), each way of training sits in a process of its own and
they take turns, so that a busy machine slows all of them. Printed are the median over
the rounds and the median ratio, round by round, to stock Keras in the best of its precisions; and
that of evrisim to PyTorch in the better of its ways, if it is installed.

  stock float32    keras.layers.BatchNormalization, model.fit, environment as it is
  stock bfloat16   the same under mixed_bfloat16 (only where the processor has bfloat16)
  stock + oneDNN   stock float32 with TF_ENABLE_ONEDNN_OPTS=1, which evrisim sets by itself
  PyTorch          plain PyTorch, channels last, bfloat16 by autocast (float32 without bfloat16)
  PyTorch compiled the same through torch.compile
  evrisim          evrisim's normalisation, convolution and loop, precision auto
"""

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import time

BATCH = 128
STOCK = ("stock float32", "stock bfloat16")
PYTORCH = ("PyTorch", "PyTorch compiled")
WAYS = (*STOCK, "stock + oneDNN", *PYTORCH, "evrisim")
NETS = ("resnet20", "wide")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(*options.worker, options.steps)
    for net in NETS:
        compare(net, options)
    return 0


def compare(net, options):
    workers = {way: start(net, way, options.steps) for way in ways_here()}
    speeds = {way: [] for way in workers}
    for _ in range(options.rounds):
        for way, worker in workers.items():
            speeds[way].append(ask(worker))
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    stock_ways = [way for way in STOCK if way in speeds]
    best = max(stock_ways, key=lambda way: statistics.median(speeds[way]))
    print(f"\n{net}, batch {BATCH}, {options.rounds} rounds of {options.steps} steps")
    for way, found in speeds.items():
        ratios = [ours / theirs for ours, theirs in zip(found, speeds[best], strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        speed = f"{way:16} {statistics.median(found):7.0f} images/s"
        print(f"  {speed}   x{statistics.median(ratios):.2f} ({spread}) of {best}", flush=True)
    theirs = [way for way in PYTORCH if way in speeds]
    if theirs:
        faster = max(theirs, key=lambda way: statistics.median(speeds[way]))
        pairs = zip(speeds["evrisim"], speeds[faster], strict=True)
        ratios = [mine / other for mine, other in pairs]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"  evrisim: x{statistics.median(ratios):.2f} ({spread}) of {faster}", flush=True)


def ways_here():
    from evrisim import machine

    left_out = () if machine.has_fast_bfloat16() else ("stock bfloat16",)
    if importlib.util.find_spec("torch") is None:
        left_out += PYTORCH
    return [way for way in WAYS if way not in left_out]


def start(net, way, steps):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("TF_ENABLE_ONEDNN_OPTS", None)
    if way == "stock + oneDNN":
        environment["TF_ENABLE_ONEDNN_OPTS"] = "1"
    worker = subprocess.Popen(
        [sys.executable, __file__, "--steps", str(steps), "--worker", net, way],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    ask(worker)  # traces and warms up
    return worker


def ask(worker):
    worker.stdin.write("go\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def work(net, way, steps):
    if way in PYTORCH:
        import torch_nets

        run = torch_nets.stepping(net, compiled=way.endswith("compiled"))
    else:
        run = ours(net) if way == "evrisim" else stock(net, "bfloat16" in way)
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH * steps, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, BATCH * steps)
    for _ in sys.stdin:
        started = time.perf_counter()
        run(images, labels)
        print(len(labels) / (time.perf_counter() - started), flush=True)
    return 0


def stock(net, bfloat16):
    """A careful user's Keras: its own layers, its own fit."""
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16" if bfloat16 else "float32")
    model = network(net, keras.layers)
    model.compile(
        keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True, weight_decay=5e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return lambda images, labels: model.fit(images, labels, batch_size=BATCH, verbose=0)


def ours(net):
    from evrisim import layers
    from evrisim.data.batches import Place, training_batches
    from evrisim.data.dataset import Split
    from evrisim.training import Recipe
    from evrisim.training.losses import SmoothedCrossEntropy
    from evrisim.training.optimizers import optimizer
    from evrisim.training.precision import policy, resolve
    from evrisim.training.schedules import learning_rate

    with policy(resolve("auto")):
        model = network(net, layers)
    rate = learning_rate(Recipe(), 100)
    model.compile(optimizer(Recipe(), model, rate), SmoothedCrossEntropy(), metrics=["accuracy"])

    def run(images, labels):
        for batch in training_batches(Split(images, labels), BATCH, Place(seed=0)):
            model.train_on_batch(*batch, return_dict=True)

    return run


def network(net, own):
    """The same layers for both sides; convolution and normalisation are each side's own."""
    import keras
    from keras import layers

    norm = own.BatchNormalization

    def conv(x, filters, size=3, strides=1):
        return own.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)

    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    if net == "wide":
        for filters in (64, 256, 256):
            x = layers.MaxPooling2D()(conv(x, filters))
            x = layers.ReLU()(norm()(x))
            x = layers.ReLU()(norm()(conv(x, filters)))
    else:
        x = layers.ReLU()(norm()(conv(x, 16)))
        for filters in (16, 32, 64):
            for block in range(3):
                strides = 2 if block == 0 and filters > 16 else 1
                shortcut = x if strides == 1 else norm()(conv(x, filters, 1, strides))
                x = layers.ReLU()(norm()(conv(x, filters, strides=strides)))
                x = layers.ReLU()(layers.Add()([shortcut, norm()(conv(x, filters))]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, dtype="float32")(x))


if __name__ == "__main__":
    sys.exit(main())
