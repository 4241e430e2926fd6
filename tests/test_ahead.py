"""Work made ahead: in order, no more than asked for, and gone with whoever wanted it."""

import subprocess
import sys
import threading
import time

import pytest

from evrisim.data.ahead import THREADS, made_ahead


def threads():
    return [one for one in threading.enumerate() if one.name.startswith("made_ahead")]


@pytest.mark.parametrize("ahead", [0, 1, 2, 7])
def test_things_come_in_order_though_some_take_longer(ahead):
    def make(number):
        time.sleep(0.01 * (number % 3))
        return number

    assert list(made_ahead(make, 9, ahead=ahead)) == list(range(9))
    assert not threads()


def test_none_and_fewer_than_ahead_can_be_asked_for():
    assert list(made_ahead(str, 0, ahead=2)) == []
    assert list(made_ahead(str, 1, ahead=2)) == ["0"]


def test_two_are_made_at_a_time():
    """Six pauses on two threads last as long as three of them; here they are counted."""
    running, most, lock = 0, 0, threading.Lock()

    def make(_number):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    list(made_ahead(make, 6, ahead=3))
    assert most == THREADS == 2


def test_an_iterator_left_early_takes_its_threads_with_it():
    for number in made_ahead(lambda number: number, 1000, ahead=2):
        if number == 3:
            break
    assert not threads()


def test_what_goes_wrong_is_raised_where_it_is_asked_for():
    def make(number):
        if number == 2:
            raise ValueError("two")
        return number

    coming = made_ahead(make, 5, ahead=2)
    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(coming)
    assert not threads()


LEFT = """
import numpy as np
from evrisim.augment import policy
from evrisim.data.batches import Place
from evrisim.data.dataset import Split
from evrisim.data.tensors import training_dataset

split = Split(np.zeros((4000, 8, 8, 3), np.uint8), np.arange(4000) % 2)
for number in range(40):
    coming = iter(training_dataset(split, 8, Place(0), policy("standard")))
    for _taken in range(number % 4 + 1):
        next(coming)
    del coming
print("done")
"""


@pytest.mark.tensorflow
def test_a_dataset_of_tensorflow_left_early_hangs_nothing():
    """In a process of its own: what hangs here holds the lock of all of Python's threads."""
    found = subprocess.run(
        [sys.executable, "-c", LEFT], capture_output=True, text=True, timeout=120, check=False
    )
    assert found.stdout == "done\n", found.stderr
