"""Batch normalisation in training, forward and back: TensorFlow's fused kernel and ours, in turn.

    python benchmarks/normalisation.py

Where the channels are a multiple of 4 both are the fused kernel.
"""

import statistics
import time

import keras
import tensorflow as tf

from evrisim.layers import BatchNormalization

SHAPES = ((32, 16), (32, 17), (32, 45), (16, 34), (16, 90), (8, 68), (8, 90))
"""Rows and columns, and channels, of 64 images."""

BATCH, ROUNDS = 64, 11


class Fused(BatchNormalization):
    """Always TensorFlow's kernel."""

    def _by_products(self, inputs):
        outputs, mean, variance = self._fused(inputs, [], [], is_training=True)
        return outputs, mean, variance


def step(layer, shape):
    """Give what runs the layer forward and back on random maps."""
    maps = tf.random.normal(shape)
    layer.build(shape)
    weights = [layer.gamma.value, layer.beta.value]

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(maps)
            outputs = layer(maps, training=True)
        return tape.gradient(outputs, [maps, *weights], output_gradients=maps)

    run()
    return run


def seconds(run):
    """Time one run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main():
    """Print a row for each shape."""
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, batch {BATCH}, {ROUNDS} rounds")
    print(f"{'maps':>12}  {'fused, ms':>9}  {'ours, ms':>8}  ratio, median (range)")
    for size, channels in SHAPES:
        shape = (BATCH, size, size, channels)
        sides = [step(layer, shape) for layer in (Fused(), BatchNormalization())]
        rounds = [tuple(map(seconds, sides)) for _round in range(ROUNDS)]
        ratios = sorted(theirs / ours for theirs, ours in rounds)
        fused, ours = (1000 * statistics.median(side) for side in zip(*rounds, strict=True))
        print(
            f"{size}×{size}×{channels:<5}".rjust(12),
            f"{fused:9.2f}  {ours:8.2f}  {statistics.median(ratios):.2f}",
            f"({ratios[0]:.2f}–{ratios[-1]:.2f})",
        )


if __name__ == "__main__":
    main()
