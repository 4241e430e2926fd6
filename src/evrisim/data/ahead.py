"""Work done ahead of whoever asks for it, by threads that end when nobody does any more."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Made = TypeVar("Made")

THREADS = 2
"""Things made at a time."""


def made_ahead(make: Callable[[int], Made], count: int, *, ahead: int) -> Iterator[Made]:
    """Give `make(0) … make(count − 1)` in this order, some of them made before they are asked for.

    An iterator that is left before its end (an exception, Ctrl-C, a `break`) takes its threads
    with it. `tf.data` would not: destroying its iterator while Python code runs in it waits for a
    lock that the destroyer holds.

    Args:
        make: What is done; beside itself, so it must not lean on an order.
        count: How often.
        ahead: How many are made, or being made, while one is used; with 0 none is.

    Example:
        >>> list(made_ahead(lambda number: number * number, 4, ahead=2))
        [0, 1, 4, 9]
    """
    if not ahead:
        yield from map(make, range(count))
        return
    numbers = iter(range(count))
    pool = ThreadPoolExecutor(min(THREADS, ahead), thread_name_prefix="made_ahead")
    try:
        coming: deque[Future[Made]] = deque()
        coming.extend(pool.submit(make, number) for number in islice(numbers, ahead))
        while coming:
            made = coming.popleft().result()
            coming.extend(pool.submit(make, number) for number in islice(numbers, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)
