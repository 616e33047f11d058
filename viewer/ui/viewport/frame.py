"""What one viewport shows at one moment: picture, grey table, place in the patient, or the reason for none.

Built from the display state and the stack alone; how large the viewport is comes in later (`placement`).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from viewer.app.display import Heat, ImageHeat, Mark, Plane, ViewportState
from viewer.app.stack import Stack
from viewer.core.dicom.geometry import Geometry, Vector
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.planes import cut_geometry, cut_spacing, edge_letters
from viewer.core.pixels.grey import Grey
from viewer.core.pixels.slab import Slab
from viewer.core.pixels.table import grey_table
from viewer.core.pixels.voi import from_window
from viewer.core.reading.finding import ImagePlace
from viewer.ui.viewport.picture import Picture
from viewer.ui.viewport.source import Source

table = lru_cache(maxsize=64)(grey_table)
"""The grey table of a pipeline; scrolling and going back and forth between presets costs nothing."""

_OPPOSITE = str.maketrans("RLAPHF", "LRPAFH")


class NoticeKind(StrEnum):
    """Why there is no picture; each looks different."""

    EMPTY = "empty"
    LOADING = "loading"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Notice:
    """What stands where the picture would be."""

    kind: NoticeKind
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture with its meaning; `picture` or `notice` is None.

    shape     (rows, columns) of the picture, also while it is not there
    table     (65536,) uint8: code -> grey
    view      grid (cut, row, column) in the patient; None where the image has no place there
    cut       index of the picture in `view`
    spacing   (between rows, between columns); mm where `in_mm`, else only the shape of a pixel
    letters   at the left, top, right and bottom edge; "" = not known
    """

    state: ViewportState
    stack: Stack | None = None
    picture: Picture | None = None
    notice: Notice | None = None
    shape: tuple[int, int] = (1, 1)
    table: NDArray[np.uint8]
    view: Geometry | None = None
    cut: int = 0
    spacing: tuple[float, float] = (1.0, 1.0)
    in_mm: bool = False
    at_detector: bool = False
    letters: tuple[str, str, str, str] = ("", "", "", "")

    def project(self, position_mm: Vector) -> tuple[float, float, float]:
        """Patient mm to (column, row, mm from the cut); pixel (0, 0) spans 0..1. Only with a `view`."""
        to_cut, to_row, to_column, between = _lines(self._grid())
        off = (_along(to_cut, position_mm) - self.cut) * between
        return _along(to_column, position_mm) + 0.5, _along(to_row, position_mm) + 0.5, off

    def position(self, column: float, row: float) -> Vector:
        """(column, row) of the picture to patient mm. Only with a `view`."""
        x, y, z = self._grid().index_to_patient((self.cut, row - 0.5, column - 0.5)).tolist()
        return (x, y, z)

    @property
    def half_cut_mm(self) -> float:
        """Half the distance between cuts: what lies closer than that is on this one."""
        return _lines(self._grid())[3] / 2

    def _grid(self) -> Geometry:
        if self.view is None:
            raise ValueError("this image has no place in the patient")
        return self.view

    def image_place(self, mark: Mark) -> tuple[ImagePlace, float] | None:
        """The place of a mark on the image shown, with the mm between the two; None where it has none here.

        In a stack of frames the place nearest to this frame.
        """
        if self.stack is None or self.state.plane is not Plane.STACK:
            return None
        instance = self.stack.display_set.instance_at(self.state.index)
        if instance is None:
            return None
        here = [p for p in mark.places if p.sop_instance_uid == instance.sop_instance_uid]
        if not here:
            return None
        place = min(here, key=lambda p: abs((p.frame or 0) - instance.frame))
        apart = abs((place.frame or 0) - instance.frame)
        if not apart:
            return place, 0.0
        return place, np.inf if self.view is None else apart * _lines(self.view)[3]

    def image_heat(self, heat: Heat) -> ImageHeat | None:
        """The part of a heat map that lies on the image shown."""
        if self.stack is None or self.state.plane is not Plane.STACK:
            return None
        instance = self.stack.display_set.instance_at(self.state.index)
        if instance is None:
            return None
        here = (instance.sop_instance_uid, instance.frame)
        return next((h for h in heat.images if (h.sop_instance_uid, h.frame or 0) == here), None)

    def takes(self, overlay: Mark | Heat) -> bool:
        """False for an overlay of another frame of reference, or of another series where there is none.

        One with places on images is taken where one of them is on the image shown.
        """
        if isinstance(overlay, Mark) and overlay.center_lps_mm is None:
            return self.image_place(overlay) is not None
        if isinstance(overlay, Heat) and overlay.images:
            return self.image_heat(overlay) is not None
        if self.view is None or self.stack is None:
            return False
        here = self.view.frame_of_reference_uid
        same_series = overlay.series_instance_uid == self.stack.display_set.series_instance_uid
        same_frame = overlay.frame_of_reference_uid == here
        if isinstance(overlay, Heat):
            return same_series and same_frame
        return same_frame if here else same_frame and same_series


Line = tuple[float, float, float, float]


@lru_cache(maxsize=64)
def _lines(view: Geometry) -> tuple[Line, Line, Line, float]:
    """Patient mm to index as plain numbers, as each paint projects a hundred marks; and mm between cuts."""
    cut, row, column = (tuple(line) for line in np.linalg.inv(view.matrix())[:3].tolist())
    return cut, row, column, cut_spacing(view)


def _along(line: Line, position_mm: Vector) -> float:
    x, y, z = position_mm
    return line[0] * x + line[1] * y + line[2] * z + line[3]


_BLACK = np.zeros(65536, np.uint8)


def compose(state: ViewportState, stack: Stack | None, source: Source | None) -> Frame:
    """The frame of a state. `source` holds the pixels of `stack`; no other pixels are touched."""
    if not state.display_set:
        return Frame(state=state, table=_BLACK, notice=Notice(NoticeKind.EMPTY, *state.empty))
    if stack is None or source is None or stack.display_set.id != state.display_set:
        return Frame(state=state, table=_BLACK, notice=Notice(NoticeKind.LOADING, "Loading", ""))
    if state.plane is Plane.STACK:
        return _slice_frame(state, stack, source)
    return _cut_frame(state, stack, source)


def _slice_frame(state: ViewportState, stack: Stack, source: Source) -> Frame:
    index, display_set = state.index, stack.display_set
    instance = stack.instance(index) if 0 <= index < display_set.count else display_set.instances[0]
    frame = Frame(
        state=state,
        stack=stack,
        notice=_why_no_slice(stack, index) or _why_no_slab(stack, state.slab),
        shape=(instance.rows, instance.columns),
        table=_BLACK,
        view=display_set.geometry or _grid_of_slice(instance),
        cut=index if display_set.geometry else 0,
        spacing=instance.spacing_mm or (1.0, 1.0),
        in_mm=instance.spacing_mm is not None,
        at_detector=instance.spacing_source == "imager",
        letters=state.pose.turn.letters(_letters(instance)),
    )
    if frame.notice is not None:
        return frame
    grey = _grey(state, stack, stack.grey(index, state=state.presentation))
    picture = (
        source.slice(index, state.shutters, state.presentation, state.air)
        if state.slab is None
        else source.slab(state.slab, state.shutters, state.air)
    )
    return replace(frame, picture=picture, table=table(grey))


def _why_no_slice(stack: Stack, index: int) -> Notice | None:
    display_set = stack.display_set
    name = f"Image {index + 1} of {display_set.count}"
    if not 0 <= index < display_set.count:
        return Notice(NoticeKind.FAILED, f"{name} is not shown", "There is no such image in this series.")
    if index in display_set.missing:
        return Notice(NoticeKind.MISSING, "Slice missing", f"{name} is not in this series.")
    if index in stack.problems:
        problem = stack.problems[index]
        return Notice(NoticeKind.FAILED, f"{name} is not shown", problem.line())
    if not stack.ready[index]:
        return Notice(NoticeKind.LOADING, "Loading", name)
    return None


def _why_no_slab(stack: Stack, slab: Slab | None) -> Notice | None:
    waits = slab is not None and any(
        not stack.ready[k] and k not in stack.problems and k not in stack.display_set.missing
        for k in range(slab.first, slab.last)
    )
    return Notice(NoticeKind.LOADING, "Loading", "The slab appears as its slices arrive.") if waits else None


def _cut_frame(state: ViewportState, stack: Stack, source: Source) -> Frame:
    geometry = stack.display_set.geometry
    title, text = source.why_no_cut()
    if title or geometry is None:
        kind = NoticeKind.LOADING if title == "Loading" else NoticeKind.FAILED
        return Frame(state=state, table=_BLACK, notice=Notice(kind, title, text))
    view = view_of(geometry, state.plane)
    index = min(max(state.index, 0), view.shape[0] - 1)
    grey = _grey(state, stack, source.grey(state.plane, index))
    return Frame(
        state=state,
        stack=stack,
        picture=source.cut(view, index),
        shape=view.shape[1:],
        table=table(grey),
        view=view,
        cut=index,
        spacing=view.spacing_mm[1:],
        in_mm=True,
        letters=edge_letters(view.along_rows, view.along_columns),
    )


view_of = lru_cache(maxsize=32)(cut_geometry)
"""`cut_geometry`, remembered."""


def _grey(state: ViewportState, stack: Stack, base: Grey) -> Grey:
    """The pipeline with the window and inversion of the state."""
    if stack.rgb is not None:
        return base
    base = replace(base, calibration=state.calibration)
    index = state.index if state.plane is Plane.STACK else len(stack.ready) // 2
    given = state.presentation if state.plane is Plane.STACK else None
    luts = stack.shown(index, given).voi_luts
    voi = None if state.window.width <= 0 else from_window(state.window, luts)
    return replace(base, voi=voi or base.voi, invert=base.invert != state.invert)


def _grid_of_slice(instance: Instance) -> Geometry | None:
    """The grid of a single image that belongs to no regular volume."""
    if instance.position_mm is None or instance.orientation is None or instance.spacing_mm is None:
        return None
    thickness = instance.slice_thickness_mm or 1.0
    return _grid(
        instance.position_mm,
        instance.orientation,
        (thickness, *instance.spacing_mm),
        (1, instance.rows, instance.columns),
        instance.frame_of_reference_uid,
    )


@lru_cache(maxsize=64)
def _grid(
    position: Vector,
    orientation: tuple[float, float, float, float, float, float],
    spacing: Vector,
    shape: tuple[int, int, int],
    reference: str,
) -> Geometry:
    along_columns, along_rows = orientation[:3], orientation[3:]
    normal = np.cross(along_columns, along_rows)
    x, y, z = (normal / np.linalg.norm(normal)).tolist()
    return Geometry(
        origin_mm=position,
        along_slices=(x, y, z),
        along_rows=along_rows,
        along_columns=along_columns,
        spacing_mm=spacing,
        shape=shape,
        frame_of_reference_uid=reference,
    )


_edge_letters = lru_cache(maxsize=64)(edge_letters)


def _letters(instance: Instance) -> tuple[str, str, str, str]:
    """From Image Orientation (Patient), else from Patient Orientation (0020,0020)."""
    if instance.orientation is not None:
        return _edge_letters(instance.orientation[3:], instance.orientation[:3])
    if len(instance.patient_orientation) != 2:
        return ("", "", "", "")
    right, bottom = instance.patient_orientation
    return right.translate(_OPPOSITE), bottom.translate(_OPPOSITE), right, bottom
