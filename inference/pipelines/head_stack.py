"""A head CT of any slice distance and gantry tilt as pictures like the training's: slabs of about 5 mm.

The slices stay in their own plane, as they were acquired; knows nothing of what is in them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.cases import Case, Grid
from inference.pipelines.head import PIXEL_MM, Floats, grey_of

SLAB_MM = 5.0
"""Slices of the training pictures are so far apart; thinner ones are averaged to slabs of about that."""
SMOOTH = 0.4
"""Deviation of the filter before shrinking, in pixels of the pictures."""
AIR_HU = -1024


@dataclass(frozen=True, slots=True)
class HeadStack:
    """Pictures of `PIXEL_MM`, (slabs, rows, columns) grey, lowest first.

    Rows grow to the patient's back, columns to the left.

    members    slice indices of the volume in each slab
    height_mm  (slabs,) along the normal of the slices
    number     (slabs,) neighbours differ by 1
    turn, shift  picture (row, column) to the volume's: turn @ (row, column) + shift
    """

    grey: Floats
    members: tuple[NDArray[np.intp], ...]
    height_mm: NDArray[np.float64]
    number: NDArray[np.intp]
    turn: NDArray[np.float64]
    shift: NDArray[np.float64]
    grid: Grid

    @property
    def slab_mm(self) -> float:
        """From one slab to the next, along the normal."""
        step = abs(_up(self.grid)) * self.grid.spacing_mm[0]
        return step * _slices_in_a_slab(step)

    def to_volume(self, picture: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) (row, column) of the pictures to those of the volume's slices."""
        out: NDArray[np.float64] = picture @ self.turn.T + self.shift
        return out

    def to_picture(self, volume: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) (row, column) of the volume's slices to those of the pictures."""
        out: NDArray[np.float64] = (volume - self.shift) @ np.linalg.inv(self.turn).T
        return out


def head_stack(case: Case) -> HeadStack:
    """The pictures of a volume. Raises ValueError, in a clause, where its slices are not axial."""
    grid = case.grid
    if abs(_normal(grid)[2]) < AXIAL_COSINE:
        raise ValueError("the slices are not axial")
    step = abs(_up(grid)) * grid.spacing_mm[0]
    per, rising = _slices_in_a_slab(step), _up(grid) > 0
    order = np.arange(grid.shape[0]) if rising else np.arange(grid.shape[0])[::-1]
    turn, shift, shape = _to_picture(grid)
    slabs: list[NDArray[np.intp]] = []
    numbers: list[int] = []
    pictures: list[Floats] = []
    for number, first in enumerate(range(0, len(order), per)):
        members = np.array([k for k in order[first : first + per] if k not in case.missing], np.intp)
        if len(members) == 0 or (len(members) < per / 2 and pictures):
            continue
        mean = np.asarray(np.mean([case.hu[k] for k in members], axis=0, dtype=np.float32))
        pictures.append(_picture(mean, turn, shift, shape))
        slabs.append(members)
        numbers.append(number)
    if not pictures:
        raise ValueError("no slice holds data")
    heights = np.array([float(np.mean(m)) for m in slabs]) * step * (1 if rising else -1)
    return HeadStack(np.stack(pictures), tuple(slabs), heights, np.array(numbers, np.intp), turn, shift, grid)


AXIAL_COSINE = 0.8
"""Of the normal of the slices with the patient's axis: gantries tilt by up to 30 degrees."""


def _slices_in_a_slab(step_mm: float) -> int:
    return max(1, round(SLAB_MM / step_mm))


def _normal(grid: Grid) -> NDArray[np.float64]:
    _, rows, columns = np.array(grid.axes)
    normal = np.cross(columns, rows)
    out: NDArray[np.float64] = normal / np.linalg.norm(normal)
    return out


def _up(grid: Grid) -> float:
    """How far a step of the slices goes along their normal, towards the head; negative where they go down."""
    normal = _normal(grid)
    return float(np.dot(np.array(grid.axes[0]), normal) * np.sign(normal[2]))


def _to_picture(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, int]]:
    """Turn, shift and shape of the pictures: rows towards the back, columns towards the patient's left."""
    _, rows, columns = np.array(grid.axes)
    swapped = abs(rows[1]) < abs(columns[1])
    axes, sides, spacing = [rows, columns], list(grid.shape[1:]), list(grid.spacing_mm[1:])
    source = [1, 0] if swapped else [0, 1]
    turn, shift, shape = np.zeros((2, 2)), np.zeros(2), []
    for picture_axis, patient_axis in ((0, 1), (1, 0)):
        k = source[picture_axis]
        step = PIXEL_MM / spacing[k]
        forward = axes[k][patient_axis] >= 0
        turn[k, picture_axis] = step if forward else -step
        shift[k] = (step - 1) / 2 if forward else sides[k] - 1 - (step - 1) / 2
        shape.append(max(int(sides[k] / step), 1))
    return turn, shift, (shape[0], shape[1])


def _picture(
    hu: Floats, turn: NDArray[np.float64], shift: NDArray[np.float64], shape: tuple[int, int]
) -> Floats:
    grey = grey_of(hu)
    shrinks = float(np.abs(turn).max())
    if shrinks > 1:
        grey = ndimage.gaussian_filter(grey, SMOOTH * shrinks, truncate=2.5)
    out: Floats = ndimage.affine_transform(grey, turn, shift, shape, order=1)
    return out
