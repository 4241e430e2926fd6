"""What each augmentation costs on the processor: drawing and applying, in microseconds an image.

  python benchmarks/augmentation_methods.py [--batch 128] [--size 32] [--repeats 50]

One thread; the least of the repeats, each a new epoch, after one that compiles.
"""

import argparse
import time

import numpy as np


def main():
    from evrisim.augment import METHODS, POLICIES, policy

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    shape = (options.batch, options.size, options.size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    print(f"{'':18}{'draw':>8}{'apply':>8}   µs an image of {options.size}×{options.size}×3")
    for title, names in (("policies", POLICIES), ("methods", METHODS)):
        print(title)
        for name in names:
            made = policy(name if title == "policies" else [name])
            drawing, applying = times(made, images, options.repeats)
            print(f"  {name:16}{drawing:8.2f}{applying:8.2f}")


def times(augmentation, images, repeats):
    """The least time of drawing and of applying, in microseconds an image."""
    from evrisim.augment import augmented, draw

    drawing, applying = [], []
    for epoch in range(repeats + 1):
        started = time.perf_counter()
        places = np.arange(len(images))
        steps = draw(augmentation, places, images.shape[1:3], seed=0, epoch=epoch)
        drawn = time.perf_counter()
        augmented(augmentation, images, steps=steps)
        drawing.append(drawn - started)
        applying.append(time.perf_counter() - drawn)
    return (1e6 * min(one[1:]) / len(images) for one in (drawing, applying))


if __name__ == "__main__":
    main()
