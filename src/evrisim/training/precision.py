"""Which number format to compute in, and the seeds everything starts from."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from evrisim import machine


def resolve(precision: str) -> str:
    """Turn `auto` into `bfloat16` where this machine multiplies it natively, else `float32`.

    Emulated bfloat16 is several times slower than float32, so it is never guessed.
    """
    if precision != "auto":
        return precision
    if _has_gpu():
        return "bfloat16"
    return "bfloat16" if machine.has_native_bfloat16() else "float32"


def _has_gpu() -> bool:
    # Keras on PyTorch does not list devices; JAX refuses to be asked for a kind it has none of.
    if keras.backend.backend() not in ("tensorflow", "jax"):
        return False
    names = keras.distribution.list_devices()
    return any(name.lower().startswith(("gpu", "cuda")) for name in names)


@contextmanager
def policy(precision: str) -> Iterator[None]:
    """Build layers in `float32` or `bfloat16` with float32 variables; the old policy comes back."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and Keras for the block; Python's and NumPy's own state comes back."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
