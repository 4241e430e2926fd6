"""Explanations a second time: from the papers' equations, one number at a time, no gradients.

A gradient is a central difference: every feature is moved a little, by itself, and the model is run
again.
"""

import numpy as np
from keras import ops

from evrisim import taps
from evrisim.images import upsample

STEP = 1e-2


class Watched:
    """A model whose layer's output can be read, and moved.

    Args:
        model: with logits.
        image: `(height, width, channels)`.
        path: of the layer.
        call: which of its calls, from 0.
    """

    def __init__(self, model, image, path, call=0):
        self.model, self.image, self.call = model, image.astype(np.float64), call
        self.step = taps.steps(model)[path]
        self.features = self.run(self.image[None], lambda output: output)[0][0].astype(np.float64)

    def run(self, images, changed):
        calls, kept = [], []

        def tap(output):
            calls.append(1)
            if len(calls) != self.call + 1:
                return output
            kept.append(changed(output))
            return kept[0]

        with taps.tapped([(self.step, tap)]):
            logits = self.model(ops.convert_to_tensor(images.astype(np.float32)), training=False)
        return ops.convert_to_numpy(kept[0]), ops.convert_to_numpy(logits).astype(np.float64)

    def logits(self, images):
        return self.run(images, lambda output: output)[1]

    def of_features(self, features):
        """Give the logits of the image with other features, `(count, rows, columns, channels)`."""
        images = np.repeat(self.image[None], len(features), axis=0)
        return self.run(images, lambda _: ops.convert_to_tensor(features.astype(np.float32)))[1]

    def slopes(self, label):
        """Give the gradient of a score at every feature."""
        moved = STEP * np.eye(self.features.size).reshape(-1, *self.features.shape)
        rise = self.of_features(self.features + moved) - self.of_features(self.features - moved)
        return (rise[:, label] / (2 * STEP)).reshape(self.features.shape)


def grad_cam(watched, label):
    weights = watched.slopes(label).mean(axis=(0, 1))
    return np.maximum((watched.features * weights).sum(axis=-1), 0)


def hirescam(watched, label):
    return np.maximum((watched.features * watched.slopes(label)).sum(axis=-1), 0)


def layer_cam(watched, label):
    return np.maximum((watched.features * np.maximum(watched.slopes(label), 0)).sum(axis=-1), 0)


def grad_cam_plus_plus(watched, label):
    """With Y = exp(S): its derivatives at a feature are exp(S) times powers of that of S."""
    slopes, features = watched.slopes(label), watched.features
    raised = np.exp(watched.logits(watched.image[None])[0, label])
    weights = np.zeros(features.shape[-1])
    for row, column, channel in np.ndindex(features.shape):
        slope = slopes[row, column, channel]
        below = 2 * raised * slope**2 + features[..., channel].sum() * raised * slope**3
        if below:
            weights[channel] += raised * slope**2 / below * max(raised * slope, 0)
    return np.maximum((features * weights).sum(axis=-1), 0) / raised


def xgrad_cam(watched, label):
    slopes, features = watched.slopes(label), watched.features
    weights = np.zeros(features.shape[-1])
    for channel in range(features.shape[-1]):
        total = features[..., channel].sum()
        if total:
            weights[channel] = (features[..., channel] / total * slopes[..., channel]).sum()
    return np.maximum((features * weights).sum(axis=-1), 0)


def eigen_cam(watched, _label):
    rows, columns, channels = watched.features.shape
    flat = watched.features.reshape(-1, channels)
    _left, _values, right = np.linalg.svd(flat, full_matrices=False)
    felt = flat @ right[0]
    felt = felt if felt.sum() >= 0 else -felt
    return np.maximum(felt.reshape(rows, columns), 0)


def score_cam(watched, label):
    size = watched.image.shape[:2]
    black = watched.logits(np.zeros_like(watched.image)[None])[0, label]
    rises, maps = [], []
    for channel in range(watched.features.shape[-1]):
        own = watched.features[..., channel]
        if own.max() == own.min():
            continue
        mask = (own - own.min()) / (own.max() - own.min())
        seen = watched.image * upsample(mask[None].astype(np.float32), size)[0][..., None]
        rises.append(watched.logits(seen[None])[0, label] - black)
        maps.append(own)
    shares = np.exp(rises) / np.exp(rises).sum()
    return np.maximum(sum(share * one for share, one in zip(shares, maps, strict=True)), 0)


def ablation_cam(watched, label):
    whole = watched.logits(watched.image[None])[0, label]
    total = np.zeros(watched.features.shape[:2])
    for channel in range(watched.features.shape[-1]):
        without = watched.features.copy()
        without[..., channel] = 0
        left = watched.of_features(without[None])[0, label]
        total += (whole - left) * watched.features[..., channel]
    return np.maximum(total, 0)


def pixel_slopes(watched, label, image=None):
    """Give the gradient of a score at every pixel."""
    image = watched.image if image is None else image
    moved = STEP * 10 * np.eye(image.size).reshape(-1, *image.shape)
    rise = watched.logits(image + moved) - watched.logits(image - moved)
    return (rise[:, label] / (20 * STEP)).reshape(image.shape)


def saliency(watched, label):
    return np.abs(pixel_slopes(watched, label)).max(axis=-1)


def smooth_grad(watched, label, draws, noise, seed=0):
    rng = np.random.default_rng(seed)
    image, total = watched.image, 0
    for _draw in range(draws):
        drawn = rng.normal(size=(1, *image.shape))[0]
        total = total + pixel_slopes(watched, label, image + noise * np.ptp(image) * drawn)
    return np.abs(total / draws).max(axis=-1)


def integrated_gradients(watched, label, steps):
    ways = [(step + 0.5) / steps for step in range(steps)]
    mean = np.mean([pixel_slopes(watched, label, way * watched.image) for way in ways], axis=0)
    return np.maximum((mean * watched.image).sum(axis=-1), 0)


def occlusion(watched, label, cells):
    """Cells must divide the image."""
    image = watched.image
    side = image.shape[0] // cells
    whole = watched.logits(image[None])[0, label]
    lost, count = np.zeros((cells, cells)), np.zeros((cells, cells))
    for top in range(cells - 1):
        for left in range(cells - 1):
            covered = image.copy()
            covered[top * side : (top + 2) * side, left * side : (left + 2) * side] = image.mean(
                axis=(0, 1)
            )
            drop = whole - watched.logits(covered[None])[0, label]
            lost[top : top + 2, left : left + 2] += drop
            count[top : top + 2, left : left + 2] += 1
    return np.maximum(lost / count, 0)


def rise(watched, label, masks):
    scores = np.array(
        [watched.logits((watched.image * mask[..., None])[None])[0, label] for mask in masks]
    )
    seen = sum(score * mask for score, mask in zip(scores, masks, strict=True)) / masks.sum(axis=0)
    return np.maximum(seen - scores.mean(), 0)
