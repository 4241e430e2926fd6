"""The reader of plain pickles reads what is plain, and runs nothing."""

import os
import pickle
import re
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evrisim._validate import InputError
from evrisim.data import unpickle
from evrisim.data.unpickle import load_plain

PROTOCOLS = (2, 3, 4, 5)
NUMBERS = st.integers(-(2**31), 2**31 - 1)
KEYS = st.one_of(st.text(max_size=5), st.binary(max_size=5), NUMBERS)
LEAVES = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=300), st.binary(max_size=300)
)
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner),
        st.tuples(inner, inner, inner, inner),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)


def depth(value: object) -> int:
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list | tuple) or not len(inner):
        return 0
    return 1 + max(map(depth, inner))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(PLAIN.filter(lambda value: depth(value) < 8), st.sampled_from(PROTOCOLS))
def test_reads_what_python_wrote(value: object, protocol: int) -> None:
    assert load_plain(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["u1", "i8", "f4", "b1", "u2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_reads_arrays(protocol: int, kind: str, order: str) -> None:
    array = np.asarray(np.random.default_rng(0).integers(0, 2, (3, 4, 5)), kind, order=order)
    back = load_plain(pickle.dumps({b"data": array, b"empty": array[:0]}, protocol))
    np.testing.assert_array_equal(back[b"data"], array)
    assert back[b"data"].dtype == array.dtype
    assert back[b"empty"].shape == (0, 4, 5)


def python_2_batch(data: np.ndarray, labels: list[int]) -> bytes:
    """Write a batch as Python 2 and an old NumPy did: 8-bit strings, the old module name."""
    raw = data.tobytes()

    def short(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text

    return b"".join(
        [
            b"\x80\x02}q\x01(",
            short(b"labels") + b"]q\x02(" + b"".join(b"K" + bytes([n]) for n in labels) + b"e",
            short(b"data") + b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04",
            b"K\x00\x85" + short(b"b") + b"\x87Rq\x05(K\x01",
            b"M" + struct.pack("<H", data.shape[0]) + b"M" + struct.pack("<H", data.shape[1]),
            b"\x86cnumpy\ndtype\nq\x06" + short(b"u1") + b"K\x00K\x01\x87Rq\x07",
            b"(K\x03" + short(b"|") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00tb\x89",
            b"T" + struct.pack("<i", len(raw)) + raw + b"tbu.",
        ]
    )


def test_reads_what_python_2_wrote() -> None:
    data = np.arange(600, dtype=np.uint8).reshape(20, 30)
    content = python_2_batch(data, [3, 1, 2])
    expected = pickle.loads(content.replace(b"numpy.core", b"numpy._core"), encoding="bytes")
    back = load_plain(content)
    assert back[b"labels"] == expected[b"labels"] == [3, 1, 2]
    np.testing.assert_array_equal(back[b"data"], expected[b"data"])
    np.testing.assert_array_equal(back[b"data"], data)


class Calls:
    """Pickles as a call of whatever it is given."""

    def __init__(self, called: object, *arguments: object):
        self.call = (called, arguments)

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return self.call


CANARY = "/tmp/evrisim-canary-that-must-not-appear"
HOSTILE = {
    "os.system": pickle.dumps(Calls(os.system, f"touch {CANARY}"), 2),
    "os.system, protocol 4": pickle.dumps([Calls(os.system, f"touch {CANARY}")], 4),
    "eval": pickle.dumps(Calls(eval, f"open({CANARY!r}, 'w')"), 4),
    "exec": pickle.dumps(Calls(exec, f"open({CANARY!r}, 'w')"), 4),
    "getattr": pickle.dumps(Calls(getattr, "x", "upper"), 4),
    "import": pickle.dumps(Calls(__import__, "os"), 4),
    "open": pickle.dumps(Calls(open, CANARY, "w"), 4),
    "bytearray of a size": pickle.dumps(Calls(bytearray, 10**9), 4),
    "numpy load": b"\x80\x02cnumpy\nload\nU\x01x\x85R.",
    "numpy runstring": b"\x80\x02cnumpy.testing._private.utils\nrunstring\nU\x01x}\x86R.",
    "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93.",
    "name of a name": b"\x80\x04cnumpy\nndarray\n\x8c\x03foo\x93.",
    "class instance": pickle.dumps(InputError("x"), 2),
    "path": pickle.dumps(Path("x"), 4),
    "code by INST": b"\x80\x02(S'echo'\nios\nsystem\n.",
    "code by OBJ": b"\x80\x02(cos\nsystem\nS'echo'\no.",
    "NEWOBJ": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "extension registry": b"\x80\x02\x82\x01.",
    "persistent name": b"\x80\x02U\x01xQ.",
    "protocol 0": pickle.dumps([1], 0),
    "set": pickle.dumps({1, 2}, 4),
    "float": pickle.dumps(1.5, 4),
    "complex": pickle.dumps(1j, 4),
    "call of bytes": b"\x80\x02U\x01x)R.",
    "call of ndarray": b"\x80\x02cnumpy\nndarray\nK\x02\x85\x85R.",
    "call of bytes with a size": b"\x80\x02c__builtin__\nbytes\nK\x05\x85R.",
    "bare name left": b"\x80\x02cnumpy\nndarray\n.",
    "name inside a list": b"\x80\x02]cnumpy\nndarray\na.",
    "fill a name": b"\x80\x02cnumpy\ndtype\n}b.",
    "fill a list": b"\x80\x02]}b.",
    "object array": pickle.dumps(np.array([None, {}], object), 4),
    "record array": pickle.dumps(np.zeros(2, [("a", "u1")]), 4),
    "text array": pickle.dumps(np.array(["a"]), 4),
    "big-endian array": pickle.dumps(np.arange(3, dtype=">i4"), 4),
    "array of a giant shape": pickle.dumps(np.zeros((2, 3), np.uint8), 4).replace(
        b"K\x02K\x03\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"
    ),
    "reconstruct of a giant shape": (
        b"\x80\x04cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
        b"J\xff\xff\xff\x7f\x85C\x01b\x87R."
    ),
    "array of a negative shape": pickle.dumps(np.zeros((2, 3), np.uint8), 4).replace(
        b"K\x02K\x03\x86", b"J\xfe\xff\xff\xffJ\xfd\xff\xff\xff\x86"
    ),
    "array of a shape of text": pickle.dumps(np.zeros((2, 3), np.uint8), 4).replace(
        b"K\x02K\x03\x86", b"C\x02ab\x8a\x06\0\0\0\0\0\x10\x86"
    ),
    "other array class": pickle.dumps(np.ma.array([1]), 4),
    "text length lies": b"\x80\x04X\xff\xff\xff\x7fab.",
    "bytes length lies": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fab.",
    "buffer length lies": b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7fab.",
    "long number": pickle.dumps(1 << 100, 4),
    "longer number": pickle.dumps(1 << 5000, 4),
    "very long number": b"\x80\x04\x8b\xff\xff\xff\x7f" + b"\xff" * 100 + b".",
    "number as long text": b"\x80\x02I" + b"9" * 10**6 + b"\n.",
    "deep lists": b"\x80\x02" + b"]" * 1000 + b"a" * 999 + b".",
    "deep tuples": b"\x80\x02)" + b"\x85" * 10**5 + b".",
    "endless marks": b"\x80\x02" + b"(" * 10**6 + b".",
    "list in itself": b"\x80\x02]q\x00h\x00a.",
    "unhashable key": b"\x80\x02}]K\x01s.",
    "tuple key": pickle.dumps({(1, 2): 3}, 4),
    "too many instructions": b"\x80\x02" + b"N" * (2_000_001) + b".",
    "bytes copied again and again": (
        b"\x80\x02c_codecs\nencode\nq\x00X" + struct.pack("<I", 10**5) + b"a" * 10**5 + b"q\x01"
        b"X\x06\x00\x00\x00latin1q\x02" + b"h\x00h\x01h\x02\x86R" * 10**4 + b"."
    ),
    "encode by another codec": b"\x80\x04c_codecs\nencode\n\x8c\x01a\x8c\x03hex\x86R.",
    "unknown memory": b"\x80\x02h\x07.",
    "empty stack": b"\x80\x02.",
    "append to a number": b"\x80\x02K\x01K\x02a.",
    "set in a list": b"\x80\x02]K\x01K\x02s.",
    "odd items": b"\x80\x02}(K\x01u.",
    "no mark": b"\x80\x02]K\x01e.",
    "mark as a value": b"\x80\x02](a.",
    "not text": b"\x80\x04X\x01\x00\x00\x00\xff.",
    "nothing": b"",
    "no pickle": b"<html>not found</html>",
    "no end": b"\x80\x02]",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_refuses_what_is_not_plain(case: str) -> None:
    began = time.monotonic()
    with pytest.raises(InputError, match=r"batch is not a plain data file: .+ Nothing in it was"):
        load_plain(HOSTILE[case], where="batch")
    assert not Path(CANARY).exists()
    assert time.monotonic() - began < 5


def test_memory_at_a_far_place_takes_no_memory() -> None:
    # Python's own reader would make room for four thousand million objects.
    assert load_plain(b"\x80\x02K\x05r\xff\xff\xff\xffj\xff\xff\xff\xff.") == 5


def test_says_how_many_bytes_an_array_lacks() -> None:
    with pytest.raises(InputError, match=r"needs \d{19} bytes, 6 are there"):
        load_plain(HOSTILE["array of a giant shape"])


def test_says_which_name_was_refused() -> None:
    with pytest.raises(InputError, match=r"posix\.system"):
        load_plain(HOSTILE["os.system"])


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_is_read_or_refused_but_never_anything_else(data: st.DataObject) -> None:
    content = bytearray(pickle.dumps({b"d": np.arange(6, dtype="u1"), b"l": [1, 2]}, 4))
    for _flip in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        value = load_plain(bytes(content))
    except InputError:
        return
    assert type(value) in (dict, list, tuple, int, bytes, str, bool, type(None), np.ndarray)


def test_pickle_itself_is_not_used() -> None:
    source = Path(unpickle.__file__).read_text()
    assert not re.search(r"^\s*(import|from) +_?pickle", source, re.MULTILINE)
