"""Two halves of one piece of work at once: a second core for the window's thread, and nothing to wait for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")
_pool = ThreadPoolExecutor(1, thread_name_prefix="half of a picture")


def both(first: Callable[[], Made], second: Callable[[], Made]) -> tuple[Made, Made]:
    """What both make. The other thread does the second, unless it is late: then this one does."""
    other = _pool.submit(second)
    made = first()
    return made, second() if other.cancel() else other.result()
