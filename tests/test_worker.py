"""What a worker process loads, and what it is spared."""

import io
import json
import subprocess
import sys

from evrisim.study.worker import Worker

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


def test_what_a_net_costs_is_found_once_for_all_arms_that_train_it(monkeypatch):
    answers, asked = io.StringIO(), []
    worker = Worker(answers)
    monkeypatch.setattr(worker, "_prepared", lambda name, arm: asked.append(name) or {"of": name})
    arm = {"source": {}, "model": "convnet", "options": {}, "transfer": None}
    arms = {"all": arm, "rate": {**arm, "recipe": 1}, "wide": {**arm, "options": {"width": 8}}}
    worker.do({"do": "prepare", "id": 1, "arms": arms})
    assert asked == ["all", "wide"]
    told = json.loads(answers.getvalue())["arms"]
    assert told == {"all": {"of": "all"}, "rate": {"of": "all"}, "wide": {"of": "wide"}}
