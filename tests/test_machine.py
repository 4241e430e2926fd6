import subprocess
import sys

import pytest

from evrisim import machine


def held(size):
    """Hold some memory, every page of it written, so that it is there."""
    memory = bytearray(size)
    memory[:: 2**12] = b"1" * len(memory[:: 2**12])
    return memory


def in_a_new_process(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def test_peak_memory_grows_with_what_is_held_and_stays_when_it_is_let_go():
    code = """
from evrisim import machine
before = machine.peak_memory()
memory = bytearray(2**28)
memory[:: 2**12] = b"1" * len(memory[:: 2**12])
holding = machine.peak_memory()
del memory
print(before, holding, machine.peak_memory())
"""
    before, holding, after = in_a_new_process(code)
    assert before > 0
    assert holding > before + 2**27
    assert after > before + 2**27  # the kernel counts pages roughly, so not to the byte


def test_a_small_process_of_a_large_one_is_small():
    memory = held(2**29)
    assert machine.peak_memory() > 2**29
    (small,) = in_a_new_process("from evrisim import machine; print(machine.peak_memory())")
    assert small < 2**28
    del memory


@pytest.mark.parametrize(
    ("flags", "maker", "fast"),
    [
        ({"avx512_bf16"}, "AuthenticAMD", True),
        ({"avx512_bf16"}, "GenuineIntel", False),
        ({"avx512_bf16", "amx_bf16"}, "GenuineIntel", True),
        ({"avx2"}, "AuthenticAMD", False),
        (set(), "", False),
    ],
)
def test_bfloat16_is_fast_where_it_was_found_to_be(monkeypatch, flags, maker, fast):
    monkeypatch.setattr(machine, "_processor", lambda: ("a processor", frozenset(flags), maker))
    assert machine.has_fast_bfloat16() is fast
