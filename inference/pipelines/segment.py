"""General segmentation: regions of each label with their outline, in a volume or on images."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.cases import Case, Exam, Grid, Vector, View
from inference.pipelines import Progress, Read
from inference.pipelines.classify import WHITE, unsuitable
from inference.pipelines.domain import refusal
from inference.pipelines.general import MAX_ANSWERS, NOT_DESCRIBED, GeneralNetwork
from inference.pipelines.measure import OnInput, axes, sphere_diameter, stored, to_input
from inference.pipelines.network_input import displayed, network_image, network_volume, onto_image
from inference.pipelines.regions import Region, regions
from inference.protocol import ArrayRef, Candidate, ImageHeat, Patch, Place, SkippedImage

Array = NDArray[np.float32]

SQUARE = 0.01
"""Pixels whose sides differ by less than this share are square, so that axes can be measured in them."""


class Segment:
    """A loaded network: 3-D over a volume; 2-D over images, or over a volume slice by slice."""

    def __init__(self, network: GeneralNetwork) -> None:
        self.network, self.bundle, self.contract = network, network.bundle, network.contract

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "Segment":
        """The network from the weights in `folder`; raises BundleError where they are not the bundle's."""
        return cls(GeneralNetwork.load(bundle, folder, device))

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one case; see `inference.pipelines.Pipeline`."""
        if isinstance(case, Case):
            return self._volume(case, out, progress)
        if self.network.dims == 3:
            return Read(status="not_run", reason="images found, this model reads volumes")
        return self._images(case, out, progress)

    # --- volumes

    def _volume(self, case: Case, out: Path, progress: Progress) -> Read:
        reason = refusal(case, case.meta, self.bundle.input)
        if reason is not None:
            return Read(status="not_run", reason=reason)
        try:
            answer, grid = (self._whole if self.network.dims == 3 else self._slices)(case, progress)
        except ValueError as error:
            return Read(status="not_run", reason=str(error))
        found = regions(answer, self.contract, self.bundle.labels, grid.spacing_mm)
        progress(0.9, "measuring")
        candidates = [self._in_volume(n, r, grid, case, out) for n, r in enumerate(found, start=1)]
        progress(1.0, "done")
        kept = tuple(c for c in candidates if c is not None)
        return Read(
            status="done", operating_point=self.bundle.operating_point, domain=NOT_DESCRIBED, candidates=kept
        )

    def _whole(self, case: Case, progress: Progress) -> tuple[Array, Grid]:
        """A 3-D network's answer on its own grid."""
        progress(0.0, "resampling")
        volume = network_volume(case, self.contract)
        return self.network.answer(volume.values, lambda: progress(0.1, "outlining")), volume.grid

    def _slices(self, case: Case, progress: Progress) -> tuple[Array, Grid]:
        """A 2-D network's answers on the slices of the input; nothing is found where a slice is missing."""
        count, *plane = case.hu.shape
        if len(self.bundle.labels) * case.hu.size > MAX_ANSWERS:
            raise ValueError(f"{len(self.bundle.labels)} labels in {count} slices are too many")
        out = np.zeros((len(self.bundle.labels), *case.hu.shape), np.float32)
        for k, grey in displayed(case):
            progress(0.9 * k / count, "outlining")
            image = network_image(grey, case.grid.spacing_mm[1:], self.contract)
            out[:, k] = onto_image(self.network.answer(image.values), image, (plane[0], plane[1]))
        return out, case.grid

    def _in_volume(self, n: int, region: Region, grid: Grid, case: Case, out: Path) -> Candidate | None:
        """The region as a finding; None where it shrinks to nothing on the input's grid."""
        start = (region.start[0], region.start[1], region.start[2])
        patch = to_input(region.mask.astype(np.float32), start, grid, case.grid)
        if patch is None or not (patch.values >= 0.5).any():
            return None
        mask = patch.values >= 0.5
        x, y, z = (float(v) for v in grid.index_to_patient(region.centre))
        volume = float(mask.sum()) * float(np.prod(case.grid.spacing_mm))
        kept = stored(out, f"mask_{n}", OnInput(mask.astype(np.uint8), patch.start))
        return self._candidate(n, region, (x, y, z), volume, patch, kept, case.grid)

    def _candidate(
        self,
        n: int,
        region: Region,
        centre: Vector,
        volume_mm3: float,
        patch: OnInput,
        mask: Patch | None,
        grid: Grid,
    ) -> Candidate:
        rows, columns = grid.spacing_mm[1:]
        measurable = self.contract.parts and abs(rows - columns) < SQUARE * rows
        sides = axes(patch.values, patch.start, grid) if measurable else None
        probability = self._probability(region)
        return Candidate(
            id=f"c{n}",
            label=self.bundle.labels[region.label],
            probability=probability,
            score=region.score,
            above_operating_point=probability >= self.bundle.operating_point.threshold,
            center_lps_mm=centre,
            diameter_mm=sphere_diameter(volume_mm3),
            long_axis_mm=None if sides is None else sides.long_mm,
            short_axis_mm=None if sides is None else sides.short_mm,
            long_axis_ends=None if sides is None else sides.long_ends,
            short_axis_ends=None if sides is None else sides.short_ends,
            volume_mm3=volume_mm3,
            mask=mask,
        )

    def _probability(self, region: Region) -> float:
        return float(self.bundle.calibration_of(self.bundle.labels[region.label])(region.score))

    def outline(self, case: Case) -> NDArray[np.bool_]:
        """All that is found in a volume, as one mask (slices, rows, columns) of it. Raises ValueError."""
        answer, grid = (self._whole if self.network.dims == 3 else self._slices)(case, lambda *_: None)
        out = np.zeros(case.hu.shape, bool)
        for region in regions(answer, self.contract, self.bundle.labels, grid.spacing_mm):
            start = (region.start[0], region.start[1], region.start[2])
            patch = to_input(region.mask.astype(np.float32), start, grid, case.grid)
            if patch is not None:
                box = tuple(slice(s, s + n) for s, n in zip(patch.start, patch.values.shape, strict=True))
                out[box] |= patch.values >= 0.5
        return out

    # --- images

    def of_view(self, view: View) -> Array:
        """(labels, rows, columns) on the stored pixels. Raises ValueError for a view that is not read."""
        if reason := unsuitable(view, self.bundle):
            raise ValueError(reason)
        grey = view.pixels.astype(np.float32) / WHITE
        image = network_image(grey, view.plane.spacing_mm, self.contract)
        shape = (view.pixels.shape[0], view.pixels.shape[1])
        return onto_image(self.network.answer(image.values), image, shape)

    def _images(self, exam: Exam, out: Path, progress: Progress) -> Read:
        views = exam.views
        found: list[tuple[View, Region, Array]] = []
        skipped = []
        for number, view in enumerate(views):
            progress(number / len(views), "outlining")
            try:
                answer = self.of_view(view)
            except ValueError as error:
                skipped.append(SkippedImage(view.image, view.frame, str(error)))
                continue
            here = regions(answer, self.contract, self.bundle.labels, view.plane.spacing_mm)
            found += [(view, region, answer[region.label][_box(region)]) for region in here]
        if len(skipped) == len(views):
            reason = skipped[0].reason if skipped else "there is none"
            return Read(status="not_run", reason=f"no image could be read: {reason}", skipped=tuple(skipped))
        ranked = sorted(found, key=lambda item: -item[1].score)
        candidates = tuple(self._on_image(n, *item, out) for n, item in enumerate(ranked, start=1))
        progress(1.0, "done")
        return Read(
            status="done",
            operating_point=self.bundle.operating_point,
            domain=NOT_DESCRIBED,
            candidates=candidates,
            skipped=tuple(skipped),
        )

    def _on_image(self, n: int, view: View, region: Region, p: Array, out: Path) -> Candidate:
        """`p`: the answer in the region's box; outside of the region it is 0 in what is stored."""
        path = out / f"mask_{n}.npy"
        np.save(path, np.where(region.mask, p, 0).astype(np.float32), allow_pickle=False)
        top, left = (s - 0.5 for s in region.start)
        rows, columns = region.mask.shape
        box = (left, top, left + columns, top + rows)
        heat = ImageHeat(array=ArrayRef(path=str(path), dtype="float32", shape=region.mask.shape), box=box)
        place = Place(
            sop_instance_uid=view.image,
            frame=view.frame,
            row=region.centre[0],
            column=region.centre[1],
            box=box,
            heat=heat,
        )
        probability = self._probability(region)
        area = region.voxels * float(np.prod(view.plane.spacing_mm))
        return Candidate(
            id=f"c{n}",
            label=self.bundle.labels[region.label],
            probability=probability,
            score=region.score,
            above_operating_point=probability >= self.bundle.operating_point.threshold,
            diameter_mm=2 * float(np.sqrt(area / np.pi)),
            places=(place,),
        )


def _box(region: Region) -> tuple[slice, ...]:
    return tuple(slice(s, s + n) for s, n in zip(region.start, region.mask.shape, strict=True))
