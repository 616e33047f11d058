"""Clusters planted into breasts that were left out, and what the network makes of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.cases import Plane, View
from inference.evidence.marks import FALSE, IGNORED, Scored
from inference.pipelines.clusters import WORKING_MM, ClusterMark, Clusters
from inference.pipelines.mammogram import area_average
from inference.training.mammography.cluster_film import GRAIN, Exposure, noise_of, pasted, speck_contrasts
from inference.training.mammography.cluster_patches import QUALITY, Sheet, inside, sheet
from inference.training.mammography.cluster_sheets import phantoms
from inference.training.mammography.cluster_specks import Calcifications, cluster
from inference.training.mammography.views import Part, films

Array = NDArray[np.float32]
LEAST_MM, MOST_MM, MOST = 0.3, 0.8, 20
"""Smallest and largest speck of a planted cluster, and the largest number of them."""
BITS = (-0.4, 2.0)
"""Lowest grey level, and the range, that a drawn out film is stored in."""


class Ground(StrEnum):
    """What a cluster is planted into."""

    FILM = "films drawn out to 0.15 mm"
    """A stored film in finer pixels, with the grain that films have there at full resolution."""
    STORED = "films as stored, about 0.3 mm"
    """Specks are averaged over its pixels and compressed with it."""
    PHANTOM = "phantoms"


@dataclass(frozen=True, slots=True)
class Planted:
    """One background, read as it is and with a cluster.

    bare, held  marks without and with it; what, size_mm, cnr: the specks' number and median diameter, and the
    median over specks of the grey level added over the deviation of the noise there
    """

    name: str
    ground: Ground
    bare: Scored
    held: Scored
    kind: str
    count: int
    size_mm: float
    cnr: float


def planted(
    pipeline: Clusters, data: Path, part: Part, exams: int, grounds: tuple[Ground, ...] = tuple(Ground)
) -> Iterator[Planted]:
    """Read all backgrounds of one side of the split; without those that the data marks as calcified."""
    for film in films(data, lambda film: film.part in (part, *_NORMALS.get(part, ()))):
        if any(mark.kind == "calcifications" for mark in film.truth):
            continue
        view = film.read()
        source = sheet(view, film.patient, film=True)
        if source is None:
            continue
        for ground in (Ground.FILM, Ground.STORED):
            if ground in grounds:
                yield from _read(pipeline, view, source, ground)
    if Ground.PHANTOM in grounds:
        for view in phantoms(part, exams, own=False):
            source = sheet(view, view.meta["patient"], film=False)
            if source is not None:
                yield from _read(pipeline, view, source, Ground.PHANTOM)


_NORMALS = {Part.VALIDATION: (Part.NORMAL,)}
"""Normal views are only measured on."""


def _read(pipeline: Clusters, view: View, source: Sheet, ground: Ground) -> Iterator[Planted]:
    """One cluster in one background; the same cluster at the same place in a film of either resolution."""
    seed = np.frombuffer(source.id.encode(), np.uint8).astype(int).tolist()
    what = cluster(np.random.default_rng([*seed, 1]), least_mm=LEAST_MM, most_mm=MOST_MM, most=MOST)
    at = _place(np.random.default_rng([*seed, 2]), what, source)
    if at is None:
        return
    grey, mask, pixel = _grey(np.random.default_rng([*seed, 3]), source, ground)
    filled, added, part = pasted(grey, pixel, what, at, Exposure(source.film))
    noise = max(noise_of(grey[part], mask[part], pixel), 1e-6)
    cnr = float(np.median(speck_contrasts(what, added, part, at, pixel)) / noise)
    top, left, bottom, right = what.box
    box = np.array([top + at[0], left + at[1], bottom + at[0], right + at[1]]) / pixel - 0.5
    bare, held = (
        compared(source.patient, pipeline.marks(_view(view, g, source, ground)), b)
        for g, b in ((grey, None), (filled, box))
    )
    size = float(np.median(what.specks[:, 2]))
    yield Planted(source.id, ground, bare, held, what.kind, len(what.specks), size, cnr)


def _place(rng: np.random.Generator, what: Calcifications, source: Sheet) -> tuple[float, float] | None:
    """Somewhere in the breast (row, column, mm); None where there is no room."""
    rows, columns = np.nonzero(source.mask)
    for _ in range(50):
        k = int(rng.integers(len(rows)))
        at = ((rows[k] + rng.random()) * source.pixel_mm, (columns[k] + rng.random()) * source.pixel_mm)
        if inside(what, at, source.mask, source.pixel_mm):
            return at
    return None


def _grey(rng: np.random.Generator, source: Sheet, ground: Ground) -> tuple[Array, NDArray[np.bool_], float]:
    """The background's grey levels, its mask and pixel."""
    grey = source.grey.astype(np.float32)
    grey = (grey - np.float32(source.low)) / np.float32(source.high - source.low)
    if ground is not Ground.FILM:
        return grey, source.mask, source.pixel_mm
    factor = source.pixel_mm / WORKING_MM
    grey = area_average(grey, (factor, factor))
    mask = area_average(source.mask.astype(np.float32), (factor, factor)) > 0.5
    grain = ndimage.gaussian_filter(rng.standard_normal(grey.shape, dtype=np.float32), 0.4)
    return grey + grain / grain.std() * np.float32(GRAIN), mask, WORKING_MM


def _view(view: View, grey: Array, source: Sheet, ground: Ground) -> View:
    """As it would come from a file."""
    if ground is Ground.FILM:
        low, span = BITS
        pixels = (np.clip((grey - low) / span, 0, 1) * 65535).astype(np.uint16)
        shape = (pixels.shape[0], pixels.shape[1])
        return replace(view, pixels=pixels, plane=Plane((WORKING_MM, WORKING_MM), shape))
    stored = grey * np.float32(source.high - source.low) + np.float32(source.low)
    if ground is Ground.PHANTOM:
        return replace(view, pixels=np.clip(stored, 0, 65535).astype(np.uint16))
    bits = np.clip(stored, 0, 255).round().astype(np.uint8)
    again = np.asarray(imagecodecs.jpeg_decode(imagecodecs.jpeg_encode(bits, level=QUALITY)))
    return replace(view, pixels=again.astype(np.uint16) * np.uint16(257))


def compared(patient: str, marks: tuple[ClusterMark, ...], box: NDArray[np.float64] | None) -> Scored:
    """A mark whose centre lies in the box hits, the best of them counts; all others are false."""
    hit = np.full(len(marks), FALSE, np.int64)
    for k, mark in enumerate(marks):
        if box is not None and (box[:2] <= mark.centre).all() and (mark.centre <= box[2:]).all():
            hit[k] = IGNORED if (hit == 0).any() else 0
    scores = np.array([mark.score for mark in marks], np.float64)
    return Scored(patient, scores, hit, (patient,) if box is not None else ())
