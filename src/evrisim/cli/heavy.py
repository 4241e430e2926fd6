"""Load Keras and its backend without their greetings."""

import logging
import os
import sys


def load() -> None:
    """Import Keras with standard error closed to C++ code.

    TensorFlow prints lines about oneDNN and missing GPU drivers before its log level is read.
    What goes wrong in Python still raises. Nor does TensorFlow warn afterwards that it traces
    often: a command that trains, explains and reports has several models to trace.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    if "keras" in sys.modules:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import keras  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
