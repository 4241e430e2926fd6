"""The one decoder against hand-made truth, hostile files and mutants."""

import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from evrisim import decode as room
from evrisim._validate import InputError
from evrisim.decode import UnreadableImage, decode, kind_by_name, probe
from reference import hostile

# 20,000 take about a minute; the seed is fixed, so the first 2,000 are always the same.
MUTANTS = 2_000

CASES = hostile.all_cases()


def test_there_are_some_two_hundred_hostile_files():
    assert len(CASES) >= 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_hostile_file_is_read_right_or_named_in_one_sentence(case, tmp_path):
    path = tmp_path / case.name
    case.make(path)
    start = time.monotonic()
    try:
        image = decode(path)
    except UnreadableImage as error:
        _check_refusal(case, path, error)
    else:
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
        if not case.unknowable:
            assert case.truth is not None, f"read to {image.shape}, but there is nothing to read"
            assert image.shape == case.truth.shape
            assert np.abs(image.astype(int) - case.truth).mean() <= case.tolerance
    assert time.monotonic() - start < 5


def _check_refusal(case, path, error):
    assert case.truth is None or case.either or case.unknowable, str(error)
    assert isinstance(error, InputError)
    assert error.path == path
    assert error.name in str(error)
    assert case.says in error.reason
    assert "\n" not in str(error)
    assert len(error.reason) < 250
    assert not error.reason.endswith(".")


def test_bytes_and_file_give_the_same_pixels_and_a_given_name_is_used(tmp_path):
    content = hostile.encoded(Image.fromarray(hostile.picture()), "PNG")
    (tmp_path / "a.png").write_bytes(content)
    np.testing.assert_array_equal(decode(content), decode(tmp_path / "a.png"))
    with pytest.raises(UnreadableImage, match=r"^upload 3 cannot be read as an image: it is empty"):
        decode(b"", name="upload 3")


def test_the_file_size_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MAX_BYTES", 100)
    content = hostile.encoded(Image.fromarray(hostile.picture()), "BMP")
    with pytest.raises(UnreadableImage, match="at most 0 MB are read"):
        decode(content)


def test_a_bomb_is_refused_even_when_pillow_was_told_to_take_any(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(UnreadableImage, match="12800x12800 pixels"):
        decode(hostile.bomb(12_800, 12_800))


def test_truncated_files_stay_refused_and_nobody_switches_that_off():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    source = "".join(path.read_text() for path in Path(room.__file__).parent.rglob("*.py"))
    assert "LOAD_TRUNCATED_IMAGES = True" not in source


def test_a_file_without_permission_is_named_so(tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(room.os, "open", refuse)
    with pytest.raises(UnreadableImage, match="no permission"):
        decode(tmp_path / "a.png")


def test_twelve_bit_grey_is_scaled_to_full_range():
    values = np.array([[0, 2048, 4095, 16]], np.uint16)
    packed = b"".join(
        bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in values.reshape(-1, 2).tolist()
    )
    tiff = hostile.tiff16(values, "<")
    tiff = tiff.replace(
        b"\x02\x01\x04\0\x01\0\0\0\x10\0\0\0", b"\x02\x01\x04\0\x01\0\0\0\x0c\0\0\0"
    )
    assert decode(tiff[:-8] + packed)[0, :, 0].tolist() == [0, 128, 255, 1]


def test_a_tiff_that_claims_more_rows_than_its_strips_hold_is_refused():
    whole = hostile.encoded(Image.fromarray(hostile.picture()), "TIFF")
    height = b"\x01\x01\x04\0\x01\0\0\0\x18\0\0\0"
    short = height.replace(b"\x04\0\x01", b"\x03\0\x01")
    known = height if height in whole else short
    assert known in whole
    with pytest.raises(UnreadableImage, match="truncated"):
        decode(whole.replace(known, known[:8] + b"\0\x90\0\0"))


def test_oddities_that_pillow_logs_do_not_reach_the_terminal():
    source = "import logging, evrisim.decode; logging.getLogger('PIL.TiffImagePlugin').error('odd')"
    done = subprocess.run(
        [sys.executable, "-c", source],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
        check=True,
    )
    assert done.stdout + done.stderr == ""


def test_probe_tells_type_and_upright_size_without_decoding():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = hostile.encoded(Image.new("RGB", (32, 24)), "JPEG", exif=exif)
    header = probe(content)
    assert (header.kind, header.mode, header.height, header.width) == ("JPEG", "RGB", 32, 24)
    assert decode(content).shape == (32, 24, 3)
    assert kind_by_name("a.tif") == "TIFF"
    assert kind_by_name("a.nothing") is None


def test_warnings_of_others_survive_decoding_in_many_threads():
    content = hostile.encoded(Image.fromarray(hostile.picture()), "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        threads = [
            threading.Thread(target=lambda: [decode(content) for _ in range(50)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert warnings.filters == before


def test_pillow_stays_quiet_until_the_last_thread_has_left():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outside = list(warnings.filters)
        first, second = room.quiet_pillow(), room.quiet_pillow()
        first.__enter__()
        inside = list(warnings.filters)
        second.__enter__()
        first.__exit__(None, None, None)
        assert warnings.filters == inside != outside
        second.__exit__(None, None, None)
        assert warnings.filters == outside


MUTATE = """
import resource, sys, time, warnings
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
import numpy as np
from reference import hostile
from evrisim import machine
from evrisim.decode import UnreadableImage, decode
warnings.simplefilter("error")
seeds = []
picture = hostile.Image.fromarray(hostile.picture())
for kind, end, _tolerance, options in hostile.LOSSLESS + hostile.LOSSY:
    seeds.append((hostile.encoded(picture, kind, **options), end))
seeds.append((hostile.encoded(picture.quantize(8), "GIF"), "gif"))
random = np.random.default_rng(0)
read = refused = 0
slowest = 0.0
for number in range(int(sys.argv[1])):
    content, end = seeds[number % len(seeds)]
    mutant = bytearray(content)
    for _ in range(random.integers(1, 9)):
        # Headers are where decoders take decisions, so half of the hits land there.
        reach = min(64, len(mutant)) if random.random() < 0.5 else len(mutant)
        mutant[random.integers(reach)] = random.integers(256)
    if random.random() < 0.2:
        del mutant[random.integers(len(mutant)) :]
    # The processor's time, not the clock's: other work on the machine is not ours.
    start = time.process_time()
    try:
        decode(bytes(mutant), name="mutant." + end)
        read += 1
    except UnreadableImage as error:
        assert len(str(error)) < 300 and "\\n" not in str(error), str(error)
        refused += 1
    slowest = max(slowest, time.process_time() - start)
peak = machine.peak_memory() // 2**20
print(read, refused, round(slowest, 3), peak)
"""


@pytest.mark.slow
def test_mutants_are_read_or_refused_without_hanging_or_running_out_of_memory(record_property):
    done = subprocess.run(
        [sys.executable, "-c", MUTATE, str(MUTANTS)],
        capture_output=True,
        text=True,
        timeout=600,
        env={"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path]), "PATH": ""},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    read, refused, slowest, peak = done.stdout.split()
    record_property("mutants", f"{read} read, {refused} refused, {slowest} s, {peak} MB")
    assert int(read) + int(refused) == MUTANTS
    assert int(refused) > MUTANTS // 10
    assert float(slowest) < 1
    assert int(peak) < 3000
