"""What to do where memory is short: the same in smaller portions. No torch here."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def out_of_memory(error: BaseException) -> bool:
    """True of what Python, torch on the CPU and torch on CUDA raise where memory is short."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def in_portions(run: Callable[[int], T], portion: int, least: int) -> T:
    """`run(portion)`; where it runs out of memory, again with half of it, down to `least`."""
    while True:
        try:
            return run(portion)
        except Exception as error:
            if not out_of_memory(error) or portion // 2 < least:
                raise
        portion //= 2  # here, where the failed attempt's arrays are no longer held by its traceback
