"""What several tests share: small data sets made on the spot, and which backend is running."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["EVRISIM_LANG"] = "en"
os.environ.pop("EVRISIM_OFFLINE", None)

# isort: off
import evrisim  # noqa: F401  settles oneDNN before TensorFlow is imported, as for a user

# isort: on
import keras
import numpy as np
import pytest

from evrisim import messages
from evrisim.data.dataset import DataSet, Split
from finished_work import a_run, finished  # noqa: F401  fixtures


def pytest_collection_modifyitems(items):
    if keras.backend.backend() == "tensorflow":
        return
    for item in items:
        if item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.skip(reason="holds for the TensorFlow backend only"))


@pytest.fixture(autouse=True)
def _english():
    """English in every test, and after it: what a module's tests share is made between tests."""
    messages.use("en")
    yield
    messages.use("en")


@pytest.fixture(scope="session")
def stripes():
    """Horizontal against vertical stripes, 16×16 in colour: a minute convnet learns them."""
    rng = np.random.default_rng(7)

    def split(count):
        labels = np.arange(count) % 2
        phase = rng.integers(0, 4, count)
        wave = 60 * np.sign(np.sin((np.arange(16)[None] + phase[:, None]) * np.pi / 2 + 0.1))
        images = np.where(labels[:, None, None] == 1, wave[:, None, :], wave[:, :, None])
        noise = rng.integers(-40, 41, (count, 16, 16, 3))
        return Split((127 + images[..., None] + noise).clip(0, 255).astype(np.uint8), labels)

    return DataSet("stripes", split(160), split(48), split(48), ("lying", "standing"))
