"""What a job brings and what a pipeline answers, checked at the worker's door. Reads no pixels."""

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.cases import Case, Grid
from inference.pipelines import Read
from inference.protocol import Analyse, ArrayRef, Input

SPACING_MM = (0.01, 50.0)
LONGEST_MM = 4000.0
"""Of any side of the volume: longer than any scanner's table, so that a wrong spacing is not resampled."""
SHARE_OF_MEMORY = 8
"""A volume may take one part in this many of the memory: the networks need several copies of it as floats."""


class BadInput(Exception):
    """A job that cannot be read; one sentence that says what was found and what is allowed."""


class BadAnswer(Exception):
    """A pipeline's answer that must not reach a reader."""


def open_case(job: Analyse, memory_bytes: int) -> tuple[Case, Input]:
    """The one volume of a job, memory-mapped, with its header. Raises `BadInput`."""
    if len(job.inputs) != 1:
        raise BadInput(f"{len(job.inputs)} series found, 1 allowed in a job")
    if not Path(job.out).is_dir():
        raise BadInput(f"the folder for the answer is not there: {job.out}")
    source = job.inputs[0]
    fault = next(_size_faults(source, memory_bytes), None) or next(_grid_faults(source.grid), None)
    if fault is not None:
        raise BadInput(fault)
    return Case(_mapped(source.array), source.grid, missing=source.missing, meta=dict(source.meta)), source


def check_read(read: Read, out: Path) -> None:
    """Finite numbers, probabilities, arrays inside `out`: else `BadAnswer`."""
    said = msgspec.to_builtins((read.candidates, read.domain, read.operating_point))
    if not all(map(math.isfinite, _numbers(said))):
        raise BadAnswer("the model answered with a number that is not finite; nothing of it is shown")
    for candidate in read.candidates:
        if not 0 <= candidate.probability <= 1:
            raise BadAnswer("the model answered with a probability outside 0 to 1; nothing of it is shown")
        for patch in (candidate.mask, candidate.heat):
            if patch is not None and Path(patch.array.path).parent.resolve() != out.resolve():
                raise BadAnswer("the model wrote outside its folder; nothing of it is shown")


def _grid_faults(grid: Grid) -> Iterator[str]:
    numbers = [*grid.origin_mm, *grid.spacing_mm, *(x for axis in grid.axes for x in axis)]
    if not all(map(math.isfinite, numbers)):
        yield "the geometry holds a number that is not finite"
    low, high = SPACING_MM
    if not all(low <= step <= high for step in grid.spacing_mm):
        yield f"voxel spacing {_sides(grid.spacing_mm)} mm found, {low:g} to {high:g} mm allowed"
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


def _mapped(ref: ArrayRef) -> NDArray[np.int16]:
    try:
        array: NDArray[np.int16] = np.load(ref.path, mmap_mode="r", allow_pickle=False)
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
