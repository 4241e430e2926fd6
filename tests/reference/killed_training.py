"""Train the same small run again and again, killed at chosen moments, and print how each ended.

A process of its own: Keras is imported once, and each training is a fork of it that nothing has
run in yet. `python killed_training.py FOLDER MOMENT…`, where a moment is `step:N` (SIGKILL at the
N-th training step of a process) or `flush:N` (at its N-th flush to the disk, in the middle of
writing), or `none`. A killed training is resumed, killed again at the same moment of the new
process; then it is let through.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

import evrisim  # noqa: F401
from evrisim.data.dataset import DataSet, Split
from evrisim.training import ModelChoice, Recipe, fit

KILLS = 2
RECIPE = Recipe(
    epochs=5,
    batch_size=32,
    learning_rate=0.05,
    warmup_epochs=0.5,
    ema=0.8,
    label_smoothing=0.1,
    clip_norm=5.0,
    early_stopping=3,
    seed=11,
)
MODEL = ModelChoice("convnet", {"width": 4, "dropout": 0.5})


def noisy_set():
    """Small images whose class is a brighter half, and much noise."""
    rng = np.random.default_rng(0)

    def split(count):
        labels = np.arange(count) % 2
        images = rng.integers(0, 200, (count, 16, 16, 3))
        images[labels == 1, :, :8] += 30
        return Split(images.astype(np.uint8), labels)

    return DataSet("noisy", split(96), split(40), split(20), ("plain", "bright"))


def kill_at(moment):
    """Arrange for this process to kill itself, and give what watches its steps."""
    kind, _, number = moment.partition(":")
    left = [int(number)] if number else [-1]

    def count():
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if kind == "flush":
        flush = os.fsync

        def flush_and_count(descriptor):
            count()
            flush(descriptor)

        os.fsync = flush_and_count
    return lambda progress: count() if kind == "step" else None


def train(folder, moment):
    show = kill_at(moment)
    fit(
        noisy_set(),
        MODEL,
        RECIPE,
        directory=folder,
        resume=(folder / "run.json").exists(),
        show=show,
    )


def forked(folder, moment):
    """Train in a fork; give whether it was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            train(folder, moment)
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit(f"the training at {moment} failed")
    return os.WIFSIGNALED(status)


def main(folder, moments):
    for number, moment in enumerate(moments):
        place = Path(folder) / f"run{number}"
        kills = 0
        while forked(place, moment if kills < KILLS else "none"):
            kills += 1
        facts = json.loads((place / "run.json").read_text())
        rows = [json.loads(line) for line in (place / "history.jsonl").read_text().splitlines()]
        for row in rows:
            del row["seconds"], row["images_per_second"]
        left = sorted(path.name for path in place.iterdir())
        found = {key: facts[key] for key in ("status", "weights_sha256", "best_epoch", "epochs")}
        found |= {"moment": moment, "kills": kills, "rows": rows, "left": left}
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
