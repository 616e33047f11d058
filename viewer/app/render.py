"""`tandem render`: the images of one file through the display pipeline to PNG. No window, no annotation."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewer.app.exit_codes import ExitCode
from viewer.app.loader import Loader
from viewer.app.scan import scan
from viewer.app.stack import Stack, covered_by_shutters
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.pixels.grey import VoiFunction, Window
from viewer.core.pixels.resample import resample
from viewer.core.pixels.table import grey_table


def render_command(
    file: Path,
    out: Path,
    window: tuple[float, float] | None = None,
    size: tuple[int, int] | None = None,
) -> int:
    """Write the pictures and name them; what stands in the way goes to standard error, one line each."""
    try:
        paths, warnings = render(file, out, window, size)
    except DicomError as error:
        print(error, file=sys.stderr)
        return ExitCode.REFUSED
    for warning in warnings:
        print(f"{file}: {warning}", file=sys.stderr)
    for path in paths:
        print(path)
    return ExitCode.DONE


def render(
    file: Path,
    out: Path,
    window: tuple[float, float] | None = None,
    size: tuple[int, int] | None = None,
) -> tuple[list[Path], list[str]]:
    """Write ``frame_<n>.png`` for each image in `file`; the paths, and what a reader must be told.

    window  (centre, width) instead of the image's own, through the image's VOI function
    size    (width, height) instead of one pixel a stored pixel
    Raises `DicomError`, before anything is written, where a frame cannot be shown right.
    """
    found = scan([file])
    if found.not_loaded:
        raise DicomError(found.not_loaded[0])
    sets = [display_set for study in found.studies for display_set in study.display_sets]
    pictures = _pictures(file, [s for s in sets if s.kind == "image"], sets, window)
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"frame_{number}.png" for number in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        _write_png(path, picture if size is None else resample(picture, size[1], size[0]))
    warnings = [w for study in found.studies for w in study.warnings] + [w for s in sets for w in s.warnings]
    return paths, list(dict.fromkeys(warning.message for warning in warnings))


def _pictures(
    file: Path, images: list[DisplaySet], all_sets: list[DisplaySet], window: tuple[float, float] | None
) -> list[NDArray[np.uint8]]:
    """The pictures in the order of members and frames."""
    if not images:
        kind = all_sets[0].kind if all_sets else "nothing that could be shown"
        raise DicomError(Problem(str(file), "(0008,0016)", kind, "an image", "there is no picture to render"))
    loader = Loader()
    try:
        made = [
            ((instance.location.member, instance.frame), picture(stack, slot, window))
            for stack in map(loader.complete, images)
            for instance, slot in zip(stack.display_set.instances, stack.display_set.slots, strict=True)
        ]
    finally:
        loader.close()
    return [made_picture for _, made_picture in sorted(made, key=lambda pair: pair[0])]


def picture(stack: Stack, slot: int, window: tuple[float, float] | None = None) -> NDArray[np.uint8]:
    """One slice as it is displayed: (rows, columns) grey or (rows, columns, 3) RGB. Raises `DicomError`."""
    if slot in stack.problems:
        raise DicomError(stack.problems[slot])
    covered = covered_by_shutters(stack.instance(slot))
    if stack.rgb is not None:
        return _black(stack.rgb[slot], covered)
    grey = stack.grey(slot)
    if window is not None:
        own = grey.voi.function if isinstance(grey.voi, Window) else VoiFunction.LINEAR
        grey = replace(grey, voi=Window(*window, function=own))
    return _black(grey_table(grey)[stack.codes[slot]], covered)


def _black(picture: NDArray[np.uint8], covered: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """The same, black where a shutter covers it, as in the window."""
    if covered is None:
        return picture
    out = picture.copy()
    out[covered] = 0
    return out


def _write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    from imagecodecs import png_encode  # takes longer to import than all else here

    path.write_bytes(png_encode(np.ascontiguousarray(picture)))
