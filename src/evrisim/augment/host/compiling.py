"""How loops are compiled: without Python's lock, and once for all processes where that can be."""

from typing import Any

from numba import njit


def compiled(loop: Any) -> Any:
    """Compile a loop at its first use, and keep the result for later processes.

    Where there is no folder to keep it in (neither this one nor the user's cache can be written),
    each process compiles anew.
    """
    try:
        return njit(nogil=True, cache=True)(loop)
    except RuntimeError:  # numba found no place to keep it
        return njit(nogil=True)(loop)
