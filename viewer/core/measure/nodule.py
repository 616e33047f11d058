"""Measuring the nodule under a mark: from one point to axes, volume and mask. Suggests; the reader corrects.

All points are patient mm (LPS), so that oblique, anisotropic and sheared grids need no case of their own.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.geometry import Geometry, Vector
from viewer.core.measure import rays
from viewer.core.measure.lung import in_lung
from viewer.core.measure.outline import area_mm2, axes_of
from viewer.core.measure.patch import Array, Patch, box, cut
from viewer.core.measure.star import STEP_MM, NotMeasured, Star, find_star, first_below
from viewer.core.reading.finding import Axis, Texture

LIMIT_MM = 40.0
"""Largest long axis that is measured without the reader's hand."""
REACH_MM = LIMIT_MM / 2 + 4
"""How far a ray looks: there is no edge of such a nodule beyond."""
SMALL_REACH_MM = 12.0
"""Looked at first: most nodules end within, and the box is a tenth of the large one."""
MARGIN_MM = 6.0
"""Of the box round the rays."""
DEFAULT_RADIUS_MM = 2.5
"""Of the circle that stands for a mark that could not be measured."""
MARK_MM = 9.0
"""Of the box round a mark that could not be measured: its circle and what surrounds it."""
ASSUMED = 0.15
"""Share of unseen edge that is said."""
SLACK = 1.2
"""In a slice the edge may lie this much outside the star, which is smoother than the nodule."""
_EQUAL = 0.97
"""Share of the largest area from which a slice counts as as large: 1.5 % of a diameter is noise."""
IN_PLANE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class NoduleMeasure:
    """What was measured, mm and mm3 in patient space (LPS).

    measured     False: no edge was found; `reason` says why, the axes are None and `mask` is empty
    center_lps_mm   centre of mass; the seed where not measured
    long_axis, short_axis   their ends, at right angles, both in slice `slice_index`
    volume_mm3   None where slices are missing in the nodule or the series ends in it
    mask         uint8 0/1 on the series' grid, its first voxel at index `start`
    note         one sentence on what was assumed; "" where nothing was
    in_lung      False: what surrounds it is not lung; True also where no image shows it
    """

    measured: bool
    center_lps_mm: Vector
    slice_index: int
    long_axis: Axis | None = None
    short_axis: Axis | None = None
    volume_mm3: float | None = None
    mask: NDArray[np.uint8]
    start: tuple[int, int, int]
    reason: str = ""
    note: str = ""
    in_lung: bool = True

    @property
    def radius_mm(self) -> float:
        """Half the long axis, or that of the default circle."""
        if self.long_axis is None:
            return DEFAULT_RADIUS_MM
        return float(np.linalg.norm(np.subtract(*self.long_axis))) / 2


def measure_nodule(
    hu: NDArray[np.int16],
    geometry: Geometry,
    seed_lps_mm: Vector,
    *,
    texture: Texture = Texture.SOLID,
    first_slice: int = 0,
    missing: Collection[int] = (),
) -> NoduleMeasure:
    """Measure the nodule at `seed_lps_mm` (inside it, or up to 3 mm off).

    hu           (slices, rows, columns) HU: all, or from `first_slice` on those that `slices_needed` names
    geometry     of the whole series
    texture      part-solid and non-solid: the edge of the ground glass is looked for
    missing      slices without an image; nothing is read there
    """
    try:
        return _measure(hu, geometry, seed_lps_mm, texture, first_slice, missing)
    except NotMeasured as why:
        return NoduleMeasure(
            measured=False,
            center_lps_mm=seed_lps_mm,
            slice_index=round(float(geometry.patient_to_index(seed_lps_mm)[0])),
            mask=np.zeros((0, 0, 0), np.uint8),
            start=(0, 0, 0),
            reason=str(why),
            in_lung=_mark_in_lung(cut(hu, geometry, seed_lps_mm, MARK_MM, first_slice, missing), seed_lps_mm),
        )


def prepare() -> None:
    """Load what measuring needs, a third of a second: from a thread, once the first image is on screen."""
    import scipy.ndimage  # noqa: F401  (heavy, and never needed for the first image)

    rays.prepare()


def slices_needed(geometry: Geometry, seed_lps_mm: Vector) -> range:
    """The slices that `measure_nodule` looks at."""
    slices = box(geometry, seed_lps_mm, REACH_MM + MARGIN_MM)[0]
    return range(slices.start, slices.stop)


def _measure(
    hu: NDArray[np.int16],
    geometry: Geometry,
    seed_mm: Vector,
    texture: Texture,
    first_slice: int,
    missing: Collection[int],
) -> NoduleMeasure:
    for reach in (SMALL_REACH_MM, REACH_MM):
        patch = cut(hu, geometry, seed_mm, reach + MARGIN_MM, first_slice, missing)
        if not patch.holds(seed_mm):
            raise NotMeasured("The mark lies outside the images.")
        star = find_star(patch, np.array(seed_mm), texture, reach, walled=reach == REACH_MM)
        if star is not None:
            return _result(patch, star)
    raise NotMeasured("No edge was found: it runs on into a vessel, the wall or the mediastinum.")


def _result(patch: Patch, star: Star) -> NoduleMeasure:
    section = _largest_section(patch, star)
    axes = axes_of(section.outline_mm)
    if axes.long_mm > LIMIT_MM:
        raise NotMeasured(f"It is larger than {LIMIT_MM:.0f} mm: measure it by hand.")
    mask, start = _mask(patch, star)
    note = _note(patch, star, start[0], start[0] + len(mask))
    return NoduleMeasure(
        measured=True,
        center_lps_mm=_vector(star.centre_mm),
        slice_index=section.slice_index,
        long_axis=section.to_patient(axes.long),
        short_axis=section.to_patient(axes.short),
        volume_mm3=None if note in (CUT_OFF, GAP) else rays.volume_mm3(star.radius_mm),
        mask=mask,
        start=start,
        note=note,
        in_lung=in_lung(patch, star.centre_mm, star.radius_mm),
    )


def _mark_in_lung(patch: Patch, seed_mm: Vector) -> bool:
    """The same for a mark without an outline: what surrounds its circle."""
    return not patch.holds(seed_mm) or in_lung(
        patch, np.array(seed_mm), np.full(rays.COUNT, DEFAULT_RADIUS_MM)
    )


# --- the slice in which it is measured


@dataclass(frozen=True, slots=True)
class _Section:
    """The outline in one slice: (n, 2) mm along the columns and along the rows, from `origin_mm`."""

    slice_index: int
    origin_mm: Array
    basis: Array
    outline_mm: Array

    def to_patient(self, ends: Array) -> Axis:
        """(2, 2) ends in the slice to patient mm."""
        first, second = self.origin_mm + ends @ self.basis
        return _vector(first), _vector(second)


def _largest_section(patch: Patch, star: Star) -> _Section:
    """The slice near the centre, with an image, in which the nodule is largest: of equals the nearest."""
    centre = patch.geometry.patient_to_index(star.centre_mm)
    near = 0.5 * float(np.median(star.radius_mm)) / patch.geometry.spacing_mm[0]
    middle = round(float(centre[0]))
    around = [k for k in range(middle - 2, middle + 3) if k == middle or abs(k - centre[0]) <= near]
    first, last = patch.start[0], patch.start[0] + len(patch.hu)
    there = [k for k in around if first <= k < last and k not in patch.missing]
    if not there:
        raise NotMeasured("The slices of the mark are missing.")
    sections = [_section(patch, star, k, centre) for k in there]
    enough = _EQUAL * max(area_mm2(s.outline_mm) for s in sections)
    large = [s for s in sections if area_mm2(s.outline_mm) >= enough]
    return min(large, key=lambda s: abs(s.slice_index - float(centre[0])))


def _section(patch: Patch, star: Star, slice_index: int, centre: Array) -> _Section:
    geometry = patch.geometry
    origin = geometry.index_to_patient([slice_index, centre[1], centre[2]])
    basis = np.array([geometry.along_columns, geometry.along_rows])
    angle = np.arange(IN_PLANE) * 2 * np.pi / IN_PLANE
    plane = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    reach = SLACK * float(star.radius_mm.max()) + 2 * STEP_MM
    edge = first_below(patch.sample, star.threshold_hu, origin, plane @ basis, reach)
    held = first_below(lambda p: np.where(star.holds(p), 1.0, -1.0), 0.0, origin, plane @ basis, reach)
    held = np.where(np.isfinite(held), held, 0.0)
    radius = np.where(edge <= SLACK * held, edge, held)
    return _Section(slice_index, origin, basis, plane * radius[:, None])


# --- mask and remarks


def _mask(patch: Patch, star: Star) -> tuple[NDArray[np.uint8], tuple[int, int, int]]:
    """The star on the grid, and the index of the mask's first voxel."""
    centre = _vector(star.centre_mm)
    k, r, c = box(patch.geometry, centre, float(star.radius_mm.max()))
    index = np.moveaxis(np.mgrid[k, r, c], 0, -1)
    mask = star.holds(patch.geometry.index_to_patient(index)).astype(np.uint8)
    return mask, (k.start, r.start, c.start)


CUT_OFF = "The series ends in it: no volume."
GAP = "Slices are missing in it: no volume."
AT_THE_WALL = "Part of its edge lies against the wall or a vessel and was assumed."


def _note(patch: Patch, star: Star, first: int, last: int) -> str:
    """What was assumed; `first` and `last` bound the slices of the mask."""
    if any(first <= k < last for k in patch.missing):
        return GAP
    tips = patch.geometry.patient_to_index(star.centre_mm + rays.directions() * star.radius_mm[:, None])
    if np.any(tips < -0.5) or np.any(tips > np.array(patch.geometry.shape) - 0.5):
        return CUT_OFF
    return AT_THE_WALL if star.assumed > ASSUMED else ""


def _vector(point: Array) -> Vector:
    x, y, z = point.tolist()
    return (x, y, z)
