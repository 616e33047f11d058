"""Where a regular grid of voxels lies in the patient. Millimetres, LPS; index order (slice, row, column)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = tuple[float, float, float]

SHEAR_TOLERANCE = 1e-3
"""Largest sine between the slice direction and the plane's normal that still counts as straight.
0.06 degrees: over 400 mm the centre of a slice is off by less than half a millimetre."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Geometry of a stack of parallel, evenly spaced slices (PS3.3 C.7.6.2.1.1).

    origin_mm    centre of voxel (0, 0, 0), from Image Position (Patient)
    along_slices, along_rows, along_columns
                 unit vectors of growing slice, row and column *index*: `along_columns` is the first triple
                 of Image Orientation (Patient), `along_rows` the second
    spacing_mm   (between slices, between rows, between columns), along those vectors
    shape        (slices, rows, columns)
    A tilted gantry makes `along_slices` oblique to the plane: see `is_sheared`.
    """

    origin_mm: Vector
    along_slices: Vector
    along_rows: Vector
    along_columns: Vector
    spacing_mm: Vector
    shape: tuple[int, int, int]
    frame_of_reference_uid: str

    def matrix(self) -> NDArray[np.float64]:
        """4 x 4, from homogeneous (slice, row, column) to patient mm (LPS)."""
        out = np.eye(4)
        axes = np.array([self.along_slices, self.along_rows, self.along_columns]).T
        out[:3, :3] = axes * np.array(self.spacing_mm)
        out[:3, 3] = self.origin_mm
        return out

    def index_to_patient(self, index: ArrayLike) -> NDArray[np.float64]:
        """(..., 3) fractional (slice, row, column) to (..., 3) patient mm."""
        m = self.matrix()
        out: NDArray[np.float64] = np.asarray(index, np.float64) @ m[:3, :3].T + m[:3, 3]
        return out

    def patient_to_index(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """(..., 3) patient mm to (..., 3) fractional (slice, row, column)."""
        m = np.linalg.inv(self.matrix())
        out: NDArray[np.float64] = np.asarray(position_mm, np.float64) @ m[:3, :3].T + m[:3, 3]
        return out

    @property
    def normal(self) -> Vector:
        """Unit normal of the slices: along_columns x along_rows (PS3.3 C.7.6.2.1.1)."""
        (ax, ay, az), (bx, by, bz) = self.along_columns, self.along_rows
        x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        length = (x * x + y * y + z * z) ** 0.5
        return (x / length, y / length, z / length)

    @property
    def is_sheared(self) -> bool:
        """True where the slices are stacked obliquely (gantry tilt)."""
        sine = np.linalg.norm(np.cross(self.normal, self.along_slices))
        return bool(sine > SHEAR_TOLERANCE)
