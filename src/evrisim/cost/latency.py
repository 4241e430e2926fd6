"""How long models take for a batch, measured on this machine, all of them in turn."""

import time
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np

from evrisim._validate import check_whole
from evrisim.statistics import Spread

BATCHES = (1, 128)
"""Images at a time: one, as in use, and many, as in evaluation."""

ROUNDS = 9
_LEAST = 0.05
"""Seconds that a round lasts at least: of short calls it is the mean of many."""

Progress = Callable[[int, int], None]


def latencies(
    models: Mapping[str, keras.Model],
    batch_sizes: Sequence[int] = BATCHES,
    *,
    rounds: int = ROUNDS,
    progress: Progress = lambda done, total: None,
) -> dict[str, dict[int, Spread]]:
    """Measure in inference mode, compiled, on noise of each model's own image size.

    In every round each model has its turn, so that whatever else the machine does meets all alike.

    Args:
        models: By name; each takes `(batch, rows, columns, channels)` images of a fixed size.
        batch_sizes: Images at a time.
        rounds: How often.
        progress: Called as `progress(done, total)` after each turn.

    Returns:
        By model and batch size the seconds that one batch takes.
    """
    check_whole("rounds", rounds, 1)
    turns = {
        (name, size): _turn(model, check_whole("batch_sizes", size, 1))
        for name, model in models.items()
        for size in batch_sizes
    }
    seen: dict[tuple[str, int], list[float]] = {key: [] for key in turns}
    for round_ in range(rounds):
        for place, (key, turn) in enumerate(turns.items()):
            seen[key].append(turn())
            progress(round_ * len(turns) + place + 1, rounds * len(turns))
    found: dict[str, dict[int, Spread]] = {name: {} for name in models}
    for (name, size), values in seen.items():
        found[name][size] = Spread.of(values)
    return found


def _turn(model: keras.Model, size: int) -> Callable[[], float]:
    """Compile a model for a batch size, and give what times it."""
    noise = np.random.default_rng(0).uniform(0, 255, (size, *model.input_shape[1:]))
    images = noise.astype(np.float32)
    model.predict_on_batch(images)  # traces
    start = time.perf_counter()
    model.predict_on_batch(images)
    repeats = max(int(_LEAST / max(time.perf_counter() - start, 1e-6)), 1)

    def turn() -> float:
        begun = time.perf_counter()
        for _repeat in range(repeats):
            model.predict_on_batch(images)
        return (time.perf_counter() - begun) / repeats

    return turn
