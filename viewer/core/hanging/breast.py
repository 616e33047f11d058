"""Where the breast lies in a mammogram, and its foremost point: never which side it is."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viewer.core.hanging.pose import Box, Point

_STEP = 8
"""Every so many pixels are looked at: half a millimetre and more."""
_SHARE = 0.12
"""How far above the air a pixel counts as breast, as a share of the way to the median of what is not air."""


_LEAST_AIR = 0.02
"""Share of a mammogram that air must at least be, to be told from a dark spot."""
_ABOVE_AIR = 4
"""Grey levels that air may differ from the commonest dark one."""


def breast_box(codes: NDArray[np.uint16], table: NDArray[np.uint8]) -> Box | None:
    """The box round the breast, with a margin; None where the image is all air or all alike.

    codes  (rows, columns) uint16, codes of the grey table
    table  (65536,) uint8, code -> grey: air is dark in it

    Labels and markers beside the breast are smaller than it and left out.
    """
    breast = _breast(codes, table)
    if breast is None:
        return None
    rows, columns = ndimage.find_objects(breast.astype(np.uint8))[0]
    return _with_margin(rows, columns, codes.shape)


def foremost(codes: NDArray[np.uint16], table: NDArray[np.uint8], front: Point) -> Point | None:
    """(column, row) of the breast farthest towards `front` (columns, rows): about where the nipple is.

    None where no breast is found.
    """
    breast = _breast(codes, table)
    if breast is None:
        return None
    rows, columns = np.nonzero(breast)
    along = columns * front[0] + rows * front[1]
    tip = along >= along.max() - 1
    return float(columns[tip].mean() * _STEP), float(rows[tip].mean() * _STEP)


def _breast(codes: NDArray[np.uint16], table: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """(rows, columns) of every `_STEP`th pixel: the largest part that is not air; None without one."""
    grey = table[codes[::_STEP, ::_STEP]]
    smooth = _median(grey)
    air = float(np.bincount(smooth.ravel(), minlength=256)[:128].argmax())
    brighter = smooth[smooth > air + 4]
    if brighter.size == 0:
        return None
    inside = smooth > air + max(3.0, _SHARE * (float(np.median(brighter)) - air))
    thick = _opened(inside)  # the bright rim of a scanned film is thin
    parts, count = ndimage.label(thick)
    if count == 0:
        return None
    largest = int(np.bincount(parts.ravel())[1:].argmax()) + 1
    found: NDArray[np.bool_] = parts == largest
    return found


def _opened(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Twice eroded and twice dilated by a cross, ten times as fast as by scipy; outside is nothing."""
    return _dilated(_dilated(_eroded(_eroded(mask))))


def _eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    out = np.zeros_like(mask)
    beside = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    out[1:-1, 1:-1] = mask[1:-1, 1:-1] & beside
    return out


def _dilated(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    out[:, 1:] |= mask[:, :-1]
    out[:, :-1] |= mask[:, 1:]
    return out


def _median(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The median of each pixel and its eight neighbours, ten times as fast as by scipy.

    Of columns of three, sorted: the largest low, the middle of the middle and the lowest high one.
    """
    wide = np.pad(grey, 1, mode="symmetric")
    low, high = np.minimum(wide[:-2], wide[1:-1]), np.maximum(wide[:-2], wide[1:-1])
    middle, high = np.minimum(high, wide[2:]), np.maximum(high, wide[2:])
    low, middle = np.minimum(low, middle), np.maximum(low, middle)
    lows = np.maximum(np.maximum(low[:, :-2], low[:, 1:-1]), low[:, 2:])
    highs = np.minimum(np.minimum(high[:, :-2], high[:, 1:-1]), high[:, 2:])
    return _middle(lows, _middle(middle[:, :-2], middle[:, 1:-1], middle[:, 2:]), highs)


def _middle(a: NDArray[np.uint8], b: NDArray[np.uint8], c: NDArray[np.uint8]) -> NDArray[np.uint8]:
    out: NDArray[np.uint8] = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    return out


def air_round(means: NDArray[np.uint16], table: NDArray[np.uint8], room: int) -> NDArray[np.bool_] | None:
    """Where a mammogram shows nothing but air; None where it has no dark ground that reaches its edges.

    means  (rows, columns) uint16, codes: means of blocks, so that no thin stroke of a label is passed over
    room   pixels of that grid that air stays off all else: skin, labels and markers

    Dark parts inside the breast do not reach an edge, and are no air.
    """
    grey = table[means]
    counts = np.bincount(grey.ravel(), minlength=256)[:128]
    ground = int(counts.argmax())
    if counts[ground] < _LEAST_AIR * grey.size:
        return None
    other = grey > ground + _ABOVE_AIR
    near = ndimage.maximum_filter(other, 2 * room + 1)
    parts, count = ndimage.label(~near)
    edges = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    large = np.bincount(parts.ravel(), minlength=count + 1) >= _LEAST_AIR * grey.size
    reaches = np.zeros(count + 1, np.bool_)
    reaches[edges] = True
    reaches[0] = False
    kept = reaches & large
    out: NDArray[np.bool_] = kept[parts]
    return out if kept.any() else None


def _with_margin(rows: slice, columns: slice, shape: tuple[int, ...]) -> Box:
    """In pixels of the whole image, a step wider on every side."""
    return (
        max(0, (columns.start - 1) * _STEP),
        max(0, (rows.start - 1) * _STEP),
        min(shape[1], (columns.stop + 1) * _STEP),
        min(shape[0], (rows.stop + 1) * _STEP),
    )
