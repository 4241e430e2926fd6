"""Check an installation: versions, backend, precision, and a short training with a known answer."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from evrisim import machine
from evrisim.data.dataset import DataSet, Split
from evrisim.inference import predict_logits
from evrisim.layers import BatchNormalization
from evrisim.messages import translate as _
from evrisim.training import ModelChoice, Recipe, fit
from evrisim.training.precision import resolve


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, whether it is in order, and what was found."""

    name: str
    ok: bool
    found: str


def diagnose() -> Iterator[Check]:
    """Run the checks one by one, the training last (some ten seconds in all)."""
    versions = machine.versions()
    yield Check(_("versions"), True, ", ".join(f"{k} {v}" for k, v in versions.items()))
    yield Check(_("backend"), True, keras.backend.backend())
    yield _machine()
    yield _writable()
    yield _norm()
    yield _training()


def _machine() -> Check:
    facts = machine.describe()
    found = _("{processor}, {cores} cores, {memory} GiB; trains in {precision}").format(
        processor=facts["processor"],
        cores=facts["cores"],
        memory=facts["memory_gib"],
        precision=resolve("auto"),
    )
    return Check(_("machine"), True, found)


def _writable() -> Check:
    folder = Path.cwd()
    writable = os.access(folder, os.W_OK)
    found = str(folder) if writable else _("{path} is not writable; use --out").format(path=folder)
    return Check(_("folder for runs"), writable, found)


def _norm() -> Check:
    """Compare our batch normalisation with Keras' own on one batch."""
    features = np.random.default_rng(0).normal(3, 2, (16, 8, 8, 4)).astype("float32")
    ours, theirs = BatchNormalization(), keras.layers.BatchNormalization()
    difference = np.abs(
        keras.ops.convert_to_numpy(ours(features, training=True))
        - keras.ops.convert_to_numpy(theirs(features, training=True))
    ).max()
    found = _("differs from Keras' by at most {value:.1e}").format(value=difference)
    return Check(_("batch normalisation"), bool(difference < 1e-4), found)


def _training() -> Check:
    """Train on dark against bright images: any working installation gets all of them right."""
    data = _dark_and_bright()
    recipe = Recipe(epochs=3, batch_size=64, learning_rate=0.05, warmup_epochs=0)
    with tempfile.TemporaryDirectory() as folder:
        run = fit(
            data, ModelChoice("convnet", {"width": 8}), recipe, directory=Path(folder) / "run"
        )
        logits = predict_logits(run.model(), data.test.images)
    share = float((logits.argmax(axis=1) == data.test.labels).mean())
    found = _("{share:.0f} % of dark and bright images told apart (100 % expected)").format(
        share=100 * share
    )
    return Check(_("training"), share == 1.0, found)


def _dark_and_bright() -> DataSet:
    rng = np.random.default_rng(0)

    def split(count: int) -> Split:
        labels = np.arange(count) % 2
        level = np.where(labels, 170, 50)[:, None, None, None]
        images = level + rng.integers(-30, 31, (count, 16, 16, 3))
        return Split(images.astype(np.uint8), labels)

    return DataSet("dark-bright", split(512), split(64), split(64), ("dark", "bright"))
