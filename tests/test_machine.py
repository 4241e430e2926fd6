import subprocess
import sys

from evrisim import machine


def test_peak_memory_grows_with_what_is_held():
    before = machine.peak_memory()
    held = bytearray(before + 2**26)
    held[:: 2**12] = b"1" * len(held[:: 2**12])  # every page is written, so that it is there
    assert machine.peak_memory() > before + 2**26


def test_a_small_process_of_a_large_one_is_small():
    held = bytearray(2**29)
    held[:: 2**12] = b"1" * len(held[:: 2**12])
    code = "from evrisim import machine; print(machine.peak_memory())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 2**28
    del held
