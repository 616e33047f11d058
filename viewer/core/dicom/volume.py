"""From the images of one stack to order, grid, geometry and gaps. Knows no series and no title."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.display_set import SeriesWarning
from viewer.core.dicom.geometry import Geometry, Vector
from viewer.core.dicom.grid import SAME_PLACE_MM, Grid, fit_grid, seam
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.rescaling import Scale, scale_of
from viewer.core.dicom.split import phases

_TILT_DEG = 0.3
"""Smallest angle that is called a tilt."""


@dataclass(frozen=True, slots=True)
class Block:
    """Images in order, with their slots on the grid; meanings as in `DisplaySet`."""

    instances: tuple[Instance, ...]
    slots: tuple[int, ...]
    count: int
    geometry: Geometry | None = None
    missing: tuple[int, ...] = ()
    warnings: tuple[SeriesWarning, ...] = ()


def blocks(instances: Sequence[Instance]) -> list[Block]:
    """The blocks that images of one kind make: one, or several where the step or the phase changes."""
    if any(i.position_mm is None or i.orientation is None for i in instances):
        return [_loose(sorted(instances, key=_by_number))]
    normal = _normal(instances[0])
    ordered = sorted(instances, key=lambda i: (_height(i, normal), _by_number(i)))
    if _repeated(ordered, normal):
        parts = phases(ordered)
        if len(parts) > 1:
            return [block for part in parts for block in blocks(part)]
        text = "Several images lie at the same position: they are shown one by one, not as a volume."
        return [_loose(ordered, SeriesWarning("duplicate_positions", text))]
    places = _frames_of_reference(ordered)
    if len(places) > 1:
        return _by_frame_of_reference(places, ordered)
    return _on_grids(ordered, normal)


def plane_geometry(instance: Instance) -> Geometry | None:
    """The geometry of one image as a stack of one slice; None where its place or pixel size is unknown."""
    if instance.position_mm is None or instance.orientation is None or instance.spacing_mm is None:
        return None
    thickness = instance.slice_thickness_mm or 1.0
    return _geometry([instance], Grid(instance.position_mm, _normal(instance), thickness, (0,)))


def _on_grids(ordered: list[Instance], normal: Vector) -> list[Block]:
    """One block on its grid; two where the step changes once; else a loose stack."""
    if len(ordered) == 1:
        return [_single(ordered[0])]
    positions = _positions(ordered)
    grid = fit_grid(positions, normal)
    if grid is None or grid.missing:
        cut = seam(positions, normal)
        if cut is not None:
            note = _change_of_step(positions, cut, normal)
            return [_block(part, normal, note) for part in (ordered[:cut], ordered[cut:])]
    return [_block(ordered, normal)]


def _block(ordered: list[Instance], normal: Vector, *notes: SeriesWarning) -> Block:
    positions = _positions(ordered)
    grid = fit_grid(positions, normal)
    if grid is None:
        return _loose(ordered, *notes, _irregular(positions, normal))
    whole = [i for i in ordered if i.broken is None]
    slots = tuple(slot for slot, i in zip(grid.slots, ordered, strict=True) if i.broken is None)
    missing = tuple(sorted(set(range(grid.count)).difference(slots)))
    scale = scale_of(whole)
    geometry = (
        _geometry(ordered, grid) if ordered[0].spacing_mm is not None and scale != Scale.MIXED else None
    )
    if geometry is None:
        return _loose(ordered, *notes, *_scale_warnings(whole, scale), *_gaps(missing, grid))
    warnings = (*notes, *_gaps(missing, grid), *_tilt(geometry, ordered), *_scale_warnings(whole, scale))
    return Block(tuple(whole), slots, grid.count, geometry, missing, warnings)


def _single(instance: Instance) -> Block:
    whole = (instance,) if instance.broken is None else ()
    return Block(whole, (0,) * len(whole), len(whole), plane_geometry(instance))


def _loose(ordered: Sequence[Instance], *warnings: SeriesWarning) -> Block:
    """A stack without a volume, in the order given."""
    whole = tuple(i for i in ordered if i.broken is None)
    return Block(whole, tuple(range(len(whole))), len(whole), None, (), warnings)


def _geometry(ordered: Sequence[Instance], grid: Grid) -> Geometry:
    first = ordered[0]
    assert first.orientation is not None and first.spacing_mm is not None
    o = first.orientation
    return Geometry(
        origin_mm=grid.origin_mm,
        along_slices=grid.along,
        along_rows=(o[3], o[4], o[5]),
        along_columns=(o[0], o[1], o[2]),
        spacing_mm=(grid.step_mm, *first.spacing_mm),
        shape=(grid.count, first.rows, first.columns),
        frame_of_reference_uid=first.frame_of_reference_uid,
    )


def _by_frame_of_reference(places: dict[str, list[Instance]], ordered: list[Instance]) -> list[Block]:
    text = "The images name different frames of reference: where they lie to each other is not known."
    warning = SeriesWarning("frame_of_reference_differs", text)
    if min(len(part) for part in places.values()) < 3:
        return [_loose(ordered, warning)]
    parts = [block for part in places.values() for block in _on_grids(part, _normal(part[0]))]
    return [replace(block, warnings=(warning, *block.warnings)) for block in parts]


def _frames_of_reference(instances: Sequence[Instance]) -> dict[str, list[Instance]]:
    out: dict[str, list[Instance]] = {}
    for instance in instances:
        out.setdefault(instance.frame_of_reference_uid, []).append(instance)
    return out


def _gaps(missing: tuple[int, ...], grid: Grid) -> tuple[SeriesWarning, ...]:
    if not missing:
        return ()
    one = len(missing) == 1
    names = ", ".join(str(k + 1) for k in missing[:6]) + (", ..." if len(missing) > 6 else "")
    text = (
        f"{len(missing)} of {grid.count} slices {'is' if one else 'are'} missing ({names}): "
        "the gap is shown empty, nothing is interpolated across it."
    )
    return (SeriesWarning("missing_slices", text),)


def _tilt(geometry: Geometry, ordered: Sequence[Instance]) -> tuple[SeriesWarning, ...]:
    cosine = abs(float(np.dot(geometry.normal, geometry.along_slices)))
    angle = math.degrees(math.acos(min(1.0, cosine)))
    tag = ordered[0].gantry_tilt_deg or 0.0
    if geometry.is_sheared:
        text = f"Gantry tilt of {angle:.1f}°: other planes are drawn sheared to the true geometry."
        return (SeriesWarning("gantry_tilt", text, "info" if angle < _TILT_DEG else "warning"),)
    if abs(tag) > _TILT_DEG:
        text = (
            f"Gantry tilt (0018,1120) says {tag:g}° but the positions are straight: the positions are used."
        )
        return (SeriesWarning("tilt_tag", text),)
    return ()


def _scale_warnings(instances: Sequence[Instance], scale: Scale) -> tuple[SeriesWarning, ...]:
    if len({i.inverted for i in instances}) > 1:
        text = (
            "MONOCHROME1 and MONOCHROME2 are mixed: each image is shown in its own polarity, not as a volume."
        )
        return (SeriesWarning("polarity_mixed", text),)
    if scale == Scale.MIXED:
        text = "The rescale differs between images: each is shown by its own, not as a volume."
        return (SeriesWarning("rescale_differs", text),)
    if scale == Scale.WHOLE:
        return (
            SeriesWarning(
                "rescale_differs", "Each slice is rescaled by its own slope and intercept.", "info"
            ),
        )
    return ()


def _irregular(positions: NDArray[np.float64], normal: Vector) -> SeriesWarning:
    steps = np.diff(positions @ np.asarray(normal))
    text = (
        f"The distance between slices varies from {steps.min():.2f} to {steps.max():.2f} mm: "
        "they are shown one by one, not as a volume."
    )
    return SeriesWarning("irregular_spacing", text)


def _change_of_step(positions: NDArray[np.float64], cut: int, normal: Vector) -> SeriesWarning:
    steps = np.diff(positions @ np.asarray(normal))
    text = (
        f"The distance between slices changes from {steps[0]:.2f} to {steps[-1]:.2f} mm: "
        f"slices 1 to {cut} and {cut + 1} to {len(positions)} are two stacks."
    )
    return SeriesWarning("variable_spacing", text)


def _repeated(ordered: Sequence[Instance], normal: Vector) -> bool:
    heights = [_height(i, normal) for i in ordered]
    return any(b - a < SAME_PLACE_MM for a, b in pairwise(heights))


def _positions(instances: Sequence[Instance]) -> NDArray[np.float64]:
    return np.array([i.position_mm for i in instances], np.float64)


def _normal(instance: Instance) -> Vector:
    """The normal of an image, turned the way a stack is read: head to feet, front to back, right to left."""
    assert instance.orientation is not None
    a, b, c, d, e, f = instance.orientation
    x, y, z = b * f - c * e, c * d - a * f, a * e - b * d
    steepest = max((abs(x), x), (abs(y), y), (abs(z), -z))
    return (x, y, z) if steepest[1] > 0 else (-x, -y, -z)


def _height(instance: Instance, normal: Vector) -> float:
    assert instance.position_mm is not None
    return sum(a * b for a, b in zip(instance.position_mm, normal, strict=True))


def _by_number(instance: Instance) -> tuple[int, int, int, str]:
    number = instance.instance_number
    acquisition = instance.acquisition_number or 0
    return (acquisition, 0 if number is None else number, instance.frame, instance.sop_instance_uid)
