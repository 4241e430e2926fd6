"""Killed at any moment and resumed: the same bytes of weights, the same history."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "reference" / "killed_training.py"
# In the middle of an epoch; while a checkpoint is written; between checkpoint and history.
MOMENTS = ("step:4", "flush:8", "flush:15")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_killed_and_resumed_training_ends_with_the_same_bytes(tmp_path):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path, "none", *MOMENTS],
        capture_output=True,
        text=True,
        env=environment,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    straight, *killed = [json.loads(line) for line in done.stdout.splitlines()]
    assert straight["kills"] == 0
    for run in killed:
        assert run["kills"] >= 2, run["moment"]
        for fact in ("weights_sha256", "rows", "best_epoch", "epochs", "status", "left"):
            assert run[fact] == straight[fact], (run["moment"], fact)
