"""Cuts through a volume by vtkImageReslice, in index space: a tilted gantry or an oblique volume is cut true.

VTK is loaded in the background, after the first image is on screen: ask `ready` before cutting.
"""

import importlib
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.planes import index_map
from viewer.ui.viewport.picture import Holes, Picture

_NEEDED = ("vtkCommonDataModel", "vtkCommonMath", "vtkImagingCore", "util.numpy_support")
_loaded = threading.Event()
_starting = threading.Lock()


def ready() -> bool:
    """True once VTK is loaded."""
    return _loaded.is_set()


def warm(wait: bool = False) -> None:
    """Load VTK in a thread (once, some 200 ms); with `wait`, return when it is there."""
    if _starting.acquire(blocking=False):
        threading.Thread(target=_load, name="load VTK", daemon=True).start()
    if wait:
        _loaded.wait()


def _load() -> None:
    for name in _NEEDED:
        importlib.import_module(f"vtkmodules.{name}")
    _loaded.set()


class Cutter:
    """Cuts one volume. It reads the array in place: keep it alive, and call `changed` when slices arrive.

    volume  (slices, rows, columns), uint16 codes or float32, C-contiguous; shape as in `geometry`
    """

    def __init__(self, volume: NDArray[Any], geometry: Geometry) -> None:
        warm(wait=True)
        from vtkmodules.vtkImagingCore import vtkImageReslice  # late: see the module's first lines

        self.volume, self.geometry = volume, geometry
        self._image = _image_of(volume)
        self._reslice = vtkImageReslice()
        self._reslice.SetOutputDimensionality(2)
        self._reslice.SetInterpolationModeToLinear()
        self._reslice.BorderOn()  # half a voxel beyond the outer centres belongs to the volume

    def changed(self) -> None:
        """Voxels have changed since the last cut."""
        self._image.Modified()

    def cut(self, view: Geometry, index: float, absent: NDArray[np.bool_] | None = None) -> Picture:
        """The cut `index` of the grid `view`, interpolated linearly.

        absent  (slices,) True where a slice is missing or has not arrived: nothing is interpolated from it
        """
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonMath import vtkMatrix4x4

        mapping = index_map(view, self.geometry, index)
        axes, image, column = _reslice_axes(mapping, view, self.geometry), self._image, mapping[2]
        if not column[:2].any() and column[2].is_integer():
            at = min(max(int(column[2]), 0), self.volume.shape[2] - 1)
            plane = np.ascontiguousarray(
                self.volume[:, :, at : at + 1]
            )  # scattered: VTK would take 4 x as long
            axes[0, 3], image = 0.0, _image_of(plane)
        matrix = vtkMatrix4x4()
        matrix.DeepCopy(axes.ravel().tolist())
        rows, columns = view.shape[1:]
        self._reslice.SetInputData(image)
        self._reslice.SetResliceAxes(matrix)
        self._reslice.SetOutputSpacing(1, 1, 1)
        self._reslice.SetOutputOrigin(0, 0, 0)
        self._reslice.SetOutputExtent(0, columns - 1, 0, rows - 1, 0, 0)
        self._reslice.Update()
        out = vtk_to_numpy(self._reslice.GetOutput().GetPointData().GetScalars())  # type: ignore[no-untyped-call]
        return Picture(
            out.reshape(rows, columns).copy(), holes(mapping, self.volume.shape, view.shape, absent)
        )


def _image_of(volume: NDArray[Any]) -> Any:  # noqa: ANN401 (VTK's classes have no types)
    """The same memory as VTK's image, in index space: spacing 1, origin 0."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData

    slices, rows, columns = volume.shape
    image = vtkImageData()
    image.SetDimensions(columns, rows, slices)
    image.GetPointData().SetScalars(numpy_to_vtk(volume.reshape(-1), deep=0))  # type: ignore[no-untyped-call]
    return image


def _reslice_axes(mapping: NDArray[np.float64], view: Geometry, volume: Geometry) -> NDArray[np.float64]:
    """4 x 4: (column, row, cut, 1) of the output to (column, row, slice) of the volume."""
    deeper = (np.linalg.inv(volume.matrix()) @ view.matrix())[:3, 0]
    row, column, offset = mapping.T
    out = np.eye(4)
    out[:3, :] = np.column_stack([column, row, deeper, offset])[::-1]
    return out


def holes(
    mapping: NDArray[np.float64],
    volume: tuple[int, ...],
    view: tuple[int, int, int],
    absent: NDArray[np.bool_] | None,
) -> Holes | None:
    """Where a cut shows nothing: outside the voxels, or where an absent slice would be interpolated from.

    mapping  3 x 3: (row, column, 1) of the cut to (slice, row, column) of the volume
    """
    rows, columns = np.arange(view[1])[:, None], np.arange(view[2])[None, :]
    out = np.zeros((1, 1), np.bool_)
    for axis, (by_row, by_column, offset) in enumerate(mapping):
        where = _sum(rows * by_row, columns * by_column, by_row, by_column) + offset
        out = out | (where < -0.5 - 1e-6) | (where > volume[axis] - 0.5 + 1e-6)
        if axis == 0 and absent is not None and absent.any():
            out = out | _touches(where, absent)
    return np.broadcast_to(out, view[1:]) if out.any() else None


def _sum(
    rows: NDArray[np.float64], columns: NDArray[np.float64], by_row: float, by_column: float
) -> NDArray[np.float64]:
    """The sum, kept one-dimensional where one of them does not count."""
    if by_column == 0:
        return rows
    return columns if by_row == 0 else rows + columns


def _touches(where: NDArray[np.float64], absent: NDArray[np.bool_]) -> Holes:
    """True where linear interpolation at slice coordinate `where` would read an absent slice."""
    last = len(absent) - 1
    low = np.clip(np.floor(where + 1e-6), 0, last).astype(np.intp)
    high = np.clip(np.ceil(where - 1e-6), 0, last).astype(np.intp)
    out: Holes = absent[low] | absent[high]
    return out
