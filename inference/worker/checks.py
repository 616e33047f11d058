"""What a job brings and what a pipeline answers, checked at the worker's door. Reads no pixels."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.cases import Case, Exam, Grid, Plane, View
from inference.pipelines import Read
from inference.protocol import (
    Analyse,
    ArrayRef,
    Candidate,
    Explain,
    ImageHeat,
    ImageInput,
    Input,
    Patch,
    SkippedImage,
)

SPACING_MM = (0.01, 50.0)
LONGEST_MM = 4000.0
"""Of any side of the volume: longer than any scanner's table, so that a wrong spacing is not resampled."""
PIXEL_MM = (0.005, 2.0)
"""Of an image: a photon-counting detector's smallest, and coarser than any film was ever scanned."""
SHARE_OF_MEMORY = 8
"""A volume may take one part in this many of the memory: the networks need several copies of it as floats."""


class BadInput(Exception):
    """A job that cannot be read; one sentence that says what was found and what is allowed."""


class BadAnswer(Exception):
    """A pipeline's answer that must not reach a reader."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a job brings, its arrays memory-mapped, and the images that cannot be read."""

    case: Case | Exam
    skipped: tuple[SkippedImage, ...] = ()


def open_case(job: Analyse, memory_bytes: int) -> Opened:
    """The one volume or the images of a job. Raises `BadInput`; an image that is bad costs only itself."""
    if not Path(job.out).is_dir():
        raise BadInput(f"the folder for the answer is not there: {job.out}")
    if job.images and not job.inputs:
        return _exam(job.images, memory_bytes)
    if len(job.inputs) != 1 or job.images:
        also = f" and {len(job.images)} images" if job.images else ""
        raise BadInput(f"{len(job.inputs)} series{also} found, 1 series or only images allowed in a job")
    return Opened(_volume(job.inputs[0], memory_bytes))


def _volume(source: Input, memory_bytes: int) -> Case:
    fault = next(_size_faults(source, memory_bytes), None) or next(_grid_faults(source.grid), None)
    if fault is not None:
        raise BadInput(fault)
    return Case(_mapped(source.array), source.grid, missing=source.missing, meta=dict(source.meta))


def _exam(images: tuple[ImageInput, ...], memory_bytes: int) -> Opened:
    views, skipped = [], []
    for image in images:
        try:
            views.append(_view(image, memory_bytes))
        except BadInput as error:
            skipped.append(SkippedImage(image.sop_instance_uid, image.frame, str(error)))
    return Opened(Exam(tuple(views)), tuple(skipped))


def _view(image: ImageInput, memory_bytes: int) -> View:
    fault = next(_image_faults(image, memory_bytes), None)
    if fault is not None or image.plane is None:
        raise BadInput(fault or "the size of its pixels is unknown")
    return View(
        _mapped(image.array),
        image.plane,
        image.sop_instance_uid,
        image.laterality,
        image.view,
        image.patient_orientation,
        image.frame,
        meta=dict(image.meta),
    )


def not_a_number(line: bytes) -> str | None:
    """What is wrong with a job whose geometry holds a number that is none; None where `line` is no such job.

    JSON has no NaN: it travels as null, so that the job is no message of the protocol.
    """
    try:
        job = msgspec.convert(_with_nan(msgspec.json.decode(line)), Analyse)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    fault = next(_place_faults(job), None)
    return fault and f"{fault}; correct its header, then read it again"


def _place_faults(job: Analyse) -> Iterator[str]:
    """What is wrong with the geometry of each series and image, with its name."""
    for series in job.inputs:
        for fault in _grid_faults(series.grid):
            yield f"series {series.series_instance_uid}: {fault}"
    for image in job.images:
        for fault in _plane_faults(image.plane, image.array.shape) if image.plane else ():
            yield f"image {image.sop_instance_uid}: {fault}"


def _with_nan(value: object) -> object:
    """The same tree with NaN for every null that stands in a list."""
    if isinstance(value, dict):
        return {key: _with_nan(part) for key, part in value.items()}
    if isinstance(value, list):
        return [math.nan if part is None else _with_nan(part) for part in value]
    return value


def check_read(read: Read, out: Path) -> None:
    """Finite numbers, probabilities, arrays inside `out`: else `BadAnswer`."""
    said = msgspec.to_builtins(
        (read.candidates, read.scores, read.measurements, read.domain, read.operating_point)
    )
    if not all(map(math.isfinite, _numbers(said))):
        raise BadAnswer("the model answered with a number that is not finite; nothing of it is shown")
    probabilities = [*(c.probability for c in read.candidates), *(s.probability for s in read.scores)]
    if not all(0 <= probability <= 1 for probability in probabilities):
        raise BadAnswer("the model answered with a probability outside 0 to 1; nothing of it is shown")
    for candidate in read.candidates:
        for array in _arrays(candidate):
            if Path(array.path).parent.resolve() != out.resolve():
                raise BadAnswer("the model wrote outside its folder; nothing of it is shown")


def check_look(job: Explain) -> None:
    """What a heat map is asked of is there and says so: else `BadInput`."""
    if not Path(job.out).is_dir():
        raise BadInput(f"the folder for the answer is not there: {job.out}")
    if job.target not in job.look.targets:
        raise BadInput(f"no heat map of '{job.target}'; there are: {', '.join(job.look.targets)}")
    if not np.isfinite(_mapped(job.look.array)).all():
        raise BadInput("what the network was given of the finding is damaged; read the study again")


def check_explanation(heat: Patch | None, image_heat: ImageHeat | None, out: Path) -> None:
    """Finite heat maps inside `out`: else `BadAnswer`."""
    for part in (heat, image_heat):
        if part is None:
            continue
        if Path(part.array.path).parent.resolve() != out.resolve():
            raise BadAnswer("the model wrote outside its folder; nothing of it is shown")
        if not np.isfinite(_mapped(part.array)).all():
            raise BadAnswer("the heat map holds a number that is not finite; it is not shown")


def _arrays(candidate: Candidate) -> Iterator[ArrayRef]:
    on_images = (part for place in candidate.places for part in (place.heat, place.look))
    for part in (candidate.mask, candidate.heat, candidate.look, *on_images):
        if part is not None:
            yield part.array


def _grid_faults(grid: Grid) -> Iterator[str]:
    low, high = SPACING_MM
    if not all(low <= step <= high for step in grid.spacing_mm):
        yield f"voxel spacing {_sides(grid.spacing_mm)} mm found, {low:g} to {high:g} mm allowed"
    if not all(map(math.isfinite, (*grid.origin_mm, *(x for axis in grid.axes for x in axis)))):
        yield "a position or a direction that is not a finite number found, finite numbers allowed"
    sides = [n * step for n, step in zip(grid.shape, grid.spacing_mm, strict=True)]
    if max(sides) > LONGEST_MM:
        yield f"a volume of {_sides(sides)} mm found, at most {LONGEST_MM:g} mm a side allowed"
    axes = np.array(grid.axes)
    if np.any(abs(np.linalg.norm(axes, axis=1) - 1) > 1e-3) or abs(np.linalg.det(axes)) < 0.1:
        yield "the directions of slices, rows and columns are not three unit vectors"


def _size_faults(source: Input, memory_bytes: int) -> Iterator[str]:
    ref, shape = source.array, tuple(source.array.shape)
    if len(shape) != 3 or min(shape) < 1:
        yield f"an array of {_sides(shape)} voxels found, three sides of 1 or more allowed"
    if shape != tuple(source.grid.shape):
        yield f"an array of {_sides(shape)} voxels found, its geometry says {_sides(source.grid.shape)}"
    if ref.dtype != "int16":
        yield f"values of type {ref.dtype} found, int16 (HU) allowed"
    if math.prod(shape) * 2 * SHARE_OF_MEMORY > memory_bytes:
        yield (
            f"a volume of {_sides(shape)} voxels found: too large for the {memory_bytes >> 20} MB "
            "of memory here; read it on a larger machine"
        )
    if not all(0 <= k < shape[0] for k in source.missing):
        yield f"missing slices {source.missing} found, 0 to {shape[0] - 1} allowed"


def _image_faults(image: ImageInput, memory_bytes: int) -> Iterator[str]:
    ref, shape = image.array, tuple(image.array.shape)
    if len(shape) != 2 or min(shape) < 1:
        yield f"an array of {_sides(shape)} pixels found, two sides of 1 or more allowed"
    if ref.dtype != "uint16":
        yield f"values of type {ref.dtype} found, uint16 (P-values) allowed"
    if math.prod(shape) * 2 * SHARE_OF_MEMORY > memory_bytes:
        yield (
            f"an image of {_sides(shape)} pixels found: too large for the {memory_bytes >> 20} MB "
            "of memory here; read it on a larger machine"
        )
    if image.plane is not None:
        yield from _plane_faults(image.plane, shape)


def _plane_faults(plane: Plane, shape: tuple[int, ...]) -> Iterator[str]:
    low, high = PIXEL_MM
    if shape != tuple(plane.shape):
        yield f"an array of {_sides(shape)} pixels found, its plane says {_sides(plane.shape)}"
    if not all(low <= step <= high for step in plane.spacing_mm):
        yield f"pixels of {_sides(plane.spacing_mm)} mm found, {low:g} to {high:g} mm allowed"


def _mapped(ref: ArrayRef) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(ref.path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadInput(f"{ref.path} cannot be read as an array: {error}") from error
    if array.dtype != np.dtype(ref.dtype) or array.shape != tuple(ref.shape):
        raise BadInput(f"{ref.path} holds {array.dtype} {array.shape}, the job says {ref.dtype} {ref.shape}")
    if not array.flags.c_contiguous:
        raise BadInput(f"{ref.path} is in Fortran order, C order allowed")
    return array


def _sides(sides: "list[float] | tuple[float, ...]") -> str:
    return " x ".join(f"{side:g}" for side in sides)


def _numbers(value: object) -> Iterator[float]:
    """Every number in a tree of lists and dictionaries."""
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _numbers(part)
