"""Logits averaged over several views of each image, when a model is judged or used."""

from collections.abc import Callable, Iterator

import keras
import numpy as np

from evrisim import inference
from evrisim._validate import check_choice

VIEWS = ("one", "mirror", "six", "unsure")
"""What can be averaged over: see `predict_logits`."""

SHIFT = 1
"""Pixels that a moved view is moved by, in both directions at once."""

UNSURE = 0.25
"""Share of the images that `unsure` looks at again."""

Progress = Callable[[int, int], None]


def predict_logits(
    model: keras.Model,
    images: np.ndarray,
    views: str = "one",
    *,
    batch_size: int = inference.BATCH,
    progress: Progress | None = None,
) -> np.ndarray:
    """Give the logits of every image, averaged over views of it.

    Args:
        model: Takes raw images in 0–255, gives `(batch, classes)`.
        images: `(count, rows, columns, channels)`, uint8 or float in 0–255.
        views: `one`, the image as it is; `mirror`, and its mirror image; `six`, both as they are
            and moved by a pixel up and to the left, and down and to the right, these four with half
            the weight together; `unsure`, `one` for most and `six` for the quarter whose two
            highest logits lie nearest to each other.
        batch_size: Images at a time.
        progress: Called as `progress(done, total)` in images, each counted once a view.

    Returns:
        `(count, classes)` float32.

    Raises:
        InputError: As `inference.predict_logits` does, and for unknown views.

    Reference:
        Jordan 2024, https://arxiv.org/abs/2404.00498, for the six;
        https://github.com/hiverge/cifar10-speedrun, for the unsure quarter.
    """
    check_choice("views", views, VIEWS)
    total = round(passes(views) * len(images))

    def logits(view: np.ndarray, start: int) -> np.ndarray:
        def shown(done: int, _total: int) -> None:
            if progress is not None:
                progress(min(start + done, total), total)

        return inference.predict_logits(model, view, batch_size=batch_size, progress=shown)

    if views != "unsure":
        # One view at a time: all of them together would take six times the images' memory.
        weighted = enumerate(_views(images, views))
        found = [weight * logits(view, number * len(images)) for number, (weight, view) in weighted]
        return np.sum(found, axis=0).astype(np.float32)
    plain = logits(images, 0)
    again = _unsure(plain)
    others = _views(images[again], "six")
    weight, _as_it_is = next(others)
    plain[again] *= weight
    for number, (weight, view) in enumerate(others):
        plain[again] += weight * logits(view, len(images) + number * len(again))
    return plain


def passes(views: str) -> float:
    """Tell how many times as much work it is as one view of each image."""
    return {"one": 1.0, "mirror": 2.0, "six": 6.0, "unsure": 1.0 + 5 * UNSURE}[views]


def _unsure(logits: np.ndarray) -> np.ndarray:
    """Give the places of the images whose two highest logits lie nearest to each other."""
    highest = np.sort(logits, axis=1)[:, -2:]
    nearest = np.argsort(highest[:, 1] - highest[:, 0], kind="stable")
    return np.sort(nearest[: -(-len(logits) // round(1 / UNSURE))])


def _views(images: np.ndarray, views: str) -> Iterator[tuple[float, np.ndarray]]:
    """Give each view with its weight, the images as they are first; the weights add up to 1."""
    if views == "one":
        yield 1.0, images
        return
    starts = {None: 1.0} if views == "mirror" else {None: 0.5, 0: 0.25, 2: 0.25}
    for start, weight in starts.items():
        one = images if start is None else _moved(images, start)
        yield weight / 2, one
        yield weight / 2, one[:, :, ::-1]


def _moved(images: np.ndarray, start: int) -> np.ndarray:
    """Give a window of images padded with their reflections on all sides; `start` 0 to 2 pixels."""
    rows, columns = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="reflect")
    return padded[:, start : start + rows, start : start + columns]
