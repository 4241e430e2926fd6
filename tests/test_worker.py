"""What a worker process loads."""

import subprocess
import sys

KERAS = """\
try:
    import matplotlib, sklearn
except ImportError:
    matplotlib = sklearn = None
"""
SCRIPT = """\
import sys
sys.path.insert(0, sys.argv[1])
from evrisim.study import worker
worker._load_keras()
import keras
assert keras.matplotlib is keras.sklearn is None
import matplotlib, sklearn
"""


def test_keras_is_loaded_without_what_only_its_galleries_need(tmp_path):
    """Afterwards both can be imported; that Keras itself does without them, any study shows."""
    (tmp_path / "keras.py").write_text(KERAS)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
