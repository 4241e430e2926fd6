"""Checkpoints under faults: kills, full disks, damaged files."""

import os
import resource
import signal
import time

import numpy as np
import pytest

from evrisim.training import checkpoint
from evrisim.training.checkpoint import Checkpoint

KILLS = 60


def numbered(epoch, size=2000):
    return Checkpoint(
        epoch=epoch,
        variables={"model/0": np.full(size, epoch, "float32"), "model/1": np.array(epoch)},
        best={"0": np.full(7, epoch)},
        progress={"history": [{"epoch": epoch}], "best": None, "waited": 0},
    )


def child(work):
    """Run `work` in a process of its own; os._exit, so that nothing of pytest runs twice."""
    number = os.fork()
    if number == 0:
        try:
            work()
        finally:
            os._exit(0)
    return number


def check(loaded, epoch):
    assert loaded.epoch == epoch
    np.testing.assert_array_equal(loaded.variables["model/0"], np.full(2000, epoch, "float32"))
    assert loaded.progress["history"] == [{"epoch": epoch}]


def test_what_was_saved_is_read_back(tmp_path):
    checkpoint.save(tmp_path, numbered(3))
    loaded, damaged = checkpoint.load(tmp_path)
    check(loaded, 3)
    assert damaged == ()


def test_the_newest_two_are_kept(tmp_path):
    for epoch in range(1, 6):
        checkpoint.save(tmp_path, numbered(epoch))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-00004", "epoch-00005"]


def test_no_checkpoint_is_no_mistake(tmp_path):
    assert checkpoint.load(tmp_path / "nowhere") == (None, ())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:RuntimeWarning")
def test_a_kill_at_any_moment_leaves_a_readable_checkpoint(tmp_path):
    def save_for_ever():
        for epoch in range(2, 100_000):
            checkpoint.save(tmp_path, numbered(epoch))

    rng = np.random.default_rng(0)
    checkpoint.save(tmp_path, numbered(1))
    for _ in range(KILLS):
        number = child(save_for_ever)
        time.sleep(float(rng.uniform(0.001, 0.04)))
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        loaded, damaged = checkpoint.load(tmp_path)
        assert damaged == ()
        check(loaded, loaded.epoch)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:RuntimeWarning")
def test_a_full_disk_never_destroys_the_old_checkpoint(tmp_path):
    checkpoint.save(tmp_path, numbered(1))
    failures = 0
    for limit in (0, 100, 1000, 4000, 8000, 9000, 20_000):
        outcome = tmp_path.parent / f"failed-{limit}"

        def save_within(limit=limit, outcome=outcome):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            try:
                checkpoint.save(tmp_path, numbered(2))
            except OSError:
                outcome.touch()

        os.waitpid(child(save_within), 0)
        loaded, _damaged = checkpoint.load(tmp_path)
        check(loaded, 1 if outcome.exists() else 2)
        failures += outcome.exists()
        if outcome.exists():
            assert [path.name for path in tmp_path.iterdir()] == ["epoch-00001"]
    assert failures >= 4


@pytest.mark.parametrize("name", ["variables.npz", "best.npz", "progress.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["truncate", "empty", "flip", "remove"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path, name, damage):
    for epoch in (1, 2):
        checkpoint.save(tmp_path, numbered(epoch))
    file = tmp_path / "epoch-00002" / name
    content = bytearray(file.read_bytes())
    if damage == "remove":
        file.unlink()
    else:
        content[len(content) // 2] ^= 1
        cut = {"truncate": len(content) // 2, "empty": 0, "flip": len(content)}[damage]
        file.write_bytes(content[:cut])
    loaded, damaged = checkpoint.load(tmp_path)
    check(loaded, 1)
    assert damaged == ("epoch-00002",)
