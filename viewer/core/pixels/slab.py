"""Several slices of a stack as one picture: their mean, or the brightest of them at each place."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class SlabMode(StrEnum):
    """What is made of the slices."""

    MEAN = "mean"
    BRIGHTEST = "brightest"


@dataclass(frozen=True, slots=True)
class Slab:
    """Slices [first, last) of a stack, and what is made of them."""

    mode: SlabMode
    first: int
    last: int


def slab_round(index: int, count: int, between_mm: float, thick_mm: float, mode: SlabMode) -> Slab:
    """The slab of about `thick_mm` round a slice, of whole slices; cut off at the ends of the stack."""
    slices = max(1, round(thick_mm / between_mm))
    first = index - (slices - 1) // 2
    return Slab(mode, max(0, first), min(count, first + slices))


def project(
    codes: NDArray[np.uint16], mode: SlabMode, padding: tuple[int, int] | None, dark_is_high: bool
) -> NDArray[np.uint16]:
    """(slices, rows, columns) to (rows, columns); where all slices are padding the outcome is padding.

    padding       (lowest, highest) code that is no data; None = there is none
    dark_is_high  the brightest code is the lowest one (MONOCHROME1)
    """
    if padding is None:
        return _mean(codes) if mode is SlabMode.MEAN else _extreme(codes, dark_is_high)
    absent = (codes >= padding[0]) & (codes <= padding[1])
    if not absent.any():
        return project(codes, mode, None, dark_is_high)
    out = (
        _mean_of_data(codes, absent)
        if mode is SlabMode.MEAN
        else _extreme(np.where(absent, np.uint16(65535 if dark_is_high else 0), codes), dark_is_high)
    )
    return np.where(absent.all(axis=0), codes[0], out)


def _mean(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    total: NDArray[np.uint32] = codes.sum(axis=0, dtype=np.uint32)
    out: NDArray[np.uint16] = ((total + len(codes) // 2) // len(codes)).astype(np.uint16)
    return out


def _mean_of_data(codes: NDArray[np.uint16], absent: NDArray[np.bool_]) -> NDArray[np.uint16]:
    count = np.maximum(len(codes) - np.count_nonzero(absent, axis=0), 1).astype(np.uint32)
    total = np.where(absent, np.uint16(0), codes).sum(axis=0, dtype=np.uint32)
    out: NDArray[np.uint16] = ((total + count // 2) // count).astype(np.uint16)
    return out


def _extreme(codes: NDArray[np.uint16], lowest: bool) -> NDArray[np.uint16]:
    out: NDArray[np.uint16] = codes.min(axis=0) if lowest else codes.max(axis=0)
    return out
