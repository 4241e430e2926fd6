"""A reader of plain pickles: arrays, containers, bytes, text and whole numbers, nothing else.

A pickle is a program. This room runs the few instructions a data file needs on a machine of its
own: no name is ever imported and nothing that stands in the file is ever called. Python's own
`pickle` is not used, so neither a forgotten gadget nor a flaw of it is in reach.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.messages import translate as _

# An instruction makes at most one small object, so this bounds memory and time. The largest
# honest file (50,000 images with names and two labels each) needs about 300,000.
_INSTRUCTIONS = 2_000_000
_DEPTH = 8
_NUMBERS = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"})


class _Refused(Exception):
    """What the file holds is not plain; the text says what."""


class _Named:
    """Stands for one of the names a plain array needs; never the thing itself."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name


class _Kind(_Named):
    """Stands for the number type of an array."""

    __slots__ = ()


_MARK = _Named("mark")

_NAMES = {
    ("numpy", "ndarray"): _Named("ndarray"),
    ("numpy", "dtype"): _Named("dtype"),
    ("numpy.core.multiarray", "_reconstruct"): _Named("reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"): _Named("reconstruct"),
    ("numpy.core.numeric", "_frombuffer"): _Named("frombuffer"),
    ("numpy._core.numeric", "_frombuffer"): _Named("frombuffer"),
    ("_codecs", "encode"): _Named("encode"),  # protocol 2 has no bytes: they travel as text,
    ("__builtin__", "bytes"): _Named("bytes"),  # and empty ones so
}


def load_plain(content: bytes, *, where: str = "pickle") -> Any:
    """Read one pickled value made of plain things (protocols 2 to 5).

    Plain are: None, truth values, whole numbers of at most 64 bits, bytes, text, lists, tuples,
    dictionaries keyed by bytes, text or numbers, and NumPy arrays of numbers. Text of Python 2
    comes back as bytes.

    Args:
        content: The bytes of the pickle.
        where: The file's name, for the message.

    Returns:
        The value, nested at most eight deep.

    Raises:
        InputError: For anything else, a damaged file included.

    Example:
        >>> import pickle
        >>> load_plain(pickle.dumps({b"labels": [3, 1]}))
        {b'labels': [3, 1]}
    """
    try:
        value = _Machine(content).run()
        _check_plain(value)
    except (_Refused, IndexError, ValueError, TypeError, OverflowError, KeyError) as problem:
        reason = str(problem) if isinstance(problem, _Refused) else _("it is damaged")
        raise InputError(
            _("{where} is not a plain data file: {reason}. Nothing in it was run.").format(
                where=where, reason=reason
            )
        ) from problem
    return value


class _Machine:
    """Reads a pickle's instructions one by one; holds its stack and its memory of made objects."""

    def __init__(self, content: bytes):
        self.content = content
        self.place = 0
        self.budget = 3 * len(content)
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def run(self) -> Any:
        if self.take(1) != b"\x80" or self.number(1) not in (2, 3, 4, 5):
            raise _Refused(_("it does not begin like a pickle of protocol 2 to 5"))
        for _count in range(_INSTRUCTIONS):
            code = self.take(1)
            if code == b".":
                return self.pop()
            step = _STEPS.get(code)
            if step is None:
                raise _Refused(_("the instruction {code!r} is not allowed").format(code=code))
            step(self)
        raise _Refused(_("it has more than {count} instructions").format(count=_INSTRUCTIONS))

    def take(self, count: int) -> bytes:
        """Give the next `count` bytes; a length that lies is found out before memory is taken."""
        end = self.place + count
        if end > len(self.content):
            raise _Refused(_("it ends too early"))
        taken = self.content[self.place : end]
        self.place = end
        return taken

    def spend(self, count: int) -> None:
        """Count the bytes copied: an honest file uses its bytes once for text, once for arrays."""
        self.budget -= count
        if self.budget < 0:
            raise _Refused(_("it would unfold into more than it holds"))

    def number(self, width: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(width), "little", signed=signed)

    def line(self) -> str:
        end = self.content.find(b"\n", self.place, self.place + 200)
        if end < 0:
            raise _Refused(_("it ends too early"))
        text = self.take(end - self.place).decode("ascii")
        self.take(1)
        return text

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        return self.stack.pop()

    def since_mark(self) -> list[Any]:
        """Take off everything above the last mark, and the mark."""
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                items = self.stack[index + 1 :]
                del self.stack[index:]
                return items
        raise _Refused(_("it is damaged"))

    def last(self, kind: type) -> Any:
        """Give the topmost object, which must be of `kind`."""
        if type(self.stack[-1]) is not kind:
            raise _Refused(_("it is damaged"))
        return self.stack[-1]


_Step = Callable[[_Machine], object]


def _sized(width: int, make: Callable[[bytes], Any]) -> _Step:
    """Build the step that reads a length of `width` bytes, then as many bytes."""

    def step(machine: _Machine) -> None:
        machine.push(make(machine.take(machine.number(width))))

    return step


def _whole(width: int, signed: bool = False) -> _Step:
    return lambda machine: machine.push(machine.number(width, signed=signed))


def _remember(width: int) -> _Step:
    def step(machine: _Machine) -> None:
        machine.memory[machine.number(width)] = machine.stack[-1]

    return step


def _recall(width: int) -> _Step:
    return lambda machine: machine.push(machine.memory[machine.number(width)])


def _tuple(count: int) -> _Step:
    def step(machine: _Machine) -> None:
        items = [machine.pop() for _index in range(count)]
        machine.push(tuple(reversed(items)))

    return step


def _long(machine: _Machine) -> None:
    width = machine.number(1)
    if width > 9:  # a 64-bit number and its sign
        raise _Refused(_("a whole number has more than 64 bits"))
    machine.push(machine.number(width, signed=True))


def _append(machine: _Machine) -> None:
    item = machine.pop()
    machine.last(list).append(item)


def _appends(machine: _Machine) -> None:
    items = machine.since_mark()
    machine.last(list).extend(items)


def _set_item(machine: _Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _put(machine.last(dict), [key, value])


def _set_items(machine: _Machine) -> None:
    items = machine.since_mark()
    _put(machine.last(dict), items)


def _put(target: dict, items: list[Any]) -> None:
    for key, value in zip(items[::2], items[1::2], strict=True):
        if type(key) not in (bytes, str, int):
            raise _Refused(_("a dictionary key is neither text, bytes nor a number"))
        target[key] = value


def _name(machine: _Machine, module: Any, name: Any) -> None:
    if type(module) is not str or type(name) is not str:
        raise _Refused(_("it is damaged"))
    if (module, name) not in _NAMES:
        raise _Refused(
            _("it names {name!r}, which no plain data needs").format(name=f"{module}.{name}"[:80])
        )
    machine.push(_NAMES[module, name])


def _stack_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    _name(machine, module, name)


def _reduce(machine: _Machine) -> None:
    arguments, named = machine.pop(), machine.pop()
    if type(named) is not _Named or type(arguments) is not tuple or named.name not in _MAKERS:
        raise _Refused(_("it calls something that no plain data needs"))
    machine.spend(sum(len(item) for item in arguments if type(item) in (str, bytearray, bytes)))
    machine.push(_MAKERS[named.name](*arguments))


def _make_bytes(text: Any, encoding: Any) -> bytes:
    if type(text) is not str or not _is_one_of(encoding, "latin1", "latin-1"):
        raise _Refused(_("it encodes text in an unknown way"))
    return text.encode("latin1")


def _make_kind(code: Any, align: Any = False, copy: Any = True) -> _Kind:
    code = code.decode("ascii") if type(code) is bytes else code
    if not _is_one_of(code, *_NUMBERS):
        raise _Refused(_("an array holds something other than numbers"))
    return _Kind(code)


def _make_array(kind: Any, shape: Any, code: Any) -> np.ndarray:
    plain = type(kind) is _Named and kind.name == "ndarray" and _is_one_of(code, b"b", "b")
    if not plain or not _is_one_of(shape, (0,)):
        raise _Refused(_("an array is made in an unknown way"))
    return np.empty(0, np.int8)


def _make_from_buffer(raw: Any, kind: Any, shape: Any, order: Any, axes: Any = None) -> np.ndarray:
    if not _is_one_of(order, "C", "F") or axes is not None:
        raise _Refused(_("an array is made in an unknown way"))
    number = _check_array(raw, kind, shape)
    return np.frombuffer(bytearray(raw), number).reshape(shape, order=order)


_MAKERS: dict[str, Callable[..., Any]] = {
    "encode": _make_bytes,
    "bytes": lambda: b"",
    "dtype": _make_kind,
    "reconstruct": _make_array,
    "frombuffer": _make_from_buffer,
}


def _build(machine: _Machine) -> None:
    state = machine.pop()
    target = machine.stack[-1]
    if type(target) is _Kind:
        # Records would be named in the later places; the number type is made from its code alone.
        if type(state) is not tuple or not _is_one_of(state[1], "<", "|", b"<", b"|"):
            raise _Refused(_("an array holds numbers in an unknown order"))
        return
    if type(target) is not np.ndarray or type(state) is not tuple:
        raise _Refused(_("it fills something other than an array"))
    _version, shape, kind, fortran, raw = state
    number = _check_array(raw, kind, shape)
    machine.spend(len(raw))
    # In place, as the machine may already remember the array.
    filled: Any = (1, shape, number, fortran is True, bytes(raw))
    target.__setstate__(filled)


def _is_one_of(value: Any, *allowed: Any) -> bool:
    """Compare plain values only: an array would compare item by item."""
    return any(type(value) is type(choice) and value == choice for choice in allowed)


def _check_array(raw: Any, kind: Any, shape: Any) -> np.dtype:
    """Give the number type of an array whose bytes, type and shape belong together."""
    if type(kind) is not _Kind or type(raw) not in (bytes, bytearray) or type(shape) is not tuple:
        raise _Refused(_("an array is made in an unknown way"))
    if not all(type(side) is int for side in shape):
        raise _Refused(_("an array has an impossible shape"))
    number = np.dtype(f"<{kind.name}")
    count = number.itemsize
    for side in shape:
        count *= side
    if count != len(raw):
        raise _Refused(
            _("an array of shape {shape} needs {count} bytes, {found} are there").format(
                shape=shape, count=count, found=len(raw)
            )
        )
    return number


def _check_plain(value: Any) -> None:
    """Check that only finished, plain objects are left, nested no deeper than `_DEPTH`."""
    level = [value]
    for _depth in range(_DEPTH):
        inner: dict[int, Any] = {}
        for item in level:
            if isinstance(item, _Named):
                raise _Refused(_("it holds a name instead of a value"))
            if type(item) in (list, tuple):
                inner.update((id(child), child) for child in item)
            elif type(item) is dict:
                inner.update((id(child), child) for child in item.values())
        if not inner:
            return
        level = list(inner.values())
    raise _Refused(_("it is nested more than {depth} deep").format(depth=_DEPTH))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


_STEPS: dict[bytes, _Step] = {
    b"\x95": lambda machine: machine.number(8),  # a frame: only a hint for those who read in pieces
    b"(": lambda machine: machine.push(_MARK),
    b"N": lambda machine: machine.push(None),
    b"\x88": lambda machine: machine.push(True),
    b"\x89": lambda machine: machine.push(False),
    b"]": lambda machine: machine.push([]),
    b"}": lambda machine: machine.push({}),
    b")": lambda machine: machine.push(()),
    b"J": _whole(4, signed=True),
    b"K": _whole(1),
    b"M": _whole(2),
    b"\x8a": _long,
    b"U": _sized(1, bytes),
    b"T": _sized(4, bytes),
    b"C": _sized(1, bytes),
    b"B": _sized(4, bytes),
    b"\x8e": _sized(8, bytes),
    b"\x96": _sized(8, bytearray),
    b"X": _sized(4, _text),
    b"\x8c": _sized(1, _text),
    b"\x8d": _sized(8, _text),
    b"t": lambda machine: machine.push(tuple(machine.since_mark())),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"a": _append,
    b"e": _appends,
    b"s": _set_item,
    b"u": _set_items,
    b"q": _remember(1),
    b"r": _remember(4),
    b"\x94": lambda machine: machine.memory.__setitem__(len(machine.memory), machine.stack[-1]),
    b"h": _recall(1),
    b"j": _recall(4),
    b"c": lambda machine: _name(machine, machine.line(), machine.line()),
    b"\x93": _stack_global,
    b"R": _reduce,
    b"b": _build,
}
