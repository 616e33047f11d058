"""General detection: boxes of each label, on images, in a volume, or on the slices of one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.cases import Case, Exam, View
from inference.pipelines import Progress, Read
from inference.pipelines.classify import WHITE, unsuitable
from inference.pipelines.domain import refusal
from inference.pipelines.general import NOT_DESCRIBED, GeneralNetwork
from inference.pipelines.network_input import NetworkVolume, displayed, network_image, network_volume
from inference.pipelines.peaks import Peak, peaks, stacked
from inference.protocol import Candidate, Place, SkippedImage

Array = NDArray[np.float32]
Tick = Callable[[], None]


class Boxes:
    """A loaded detector: 2-D over images, or over a volume slice by slice; 3-D over a volume."""

    def __init__(self, network: GeneralNetwork) -> None:
        self.network, self.bundle, self.contract = network, network.bundle, network.contract

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "Boxes":
        """The network from the weights in `folder`; raises BundleError where they are not the bundle's."""
        return cls(GeneralNetwork.load(bundle, folder, device))

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one case; see `inference.pipelines.Pipeline`."""
        if isinstance(case, Case):
            return self._volume(case, progress)
        if self.network.dims == 3:
            return Read(status="not_run", reason="images found, this model reads volumes")
        return self._images(case, progress)

    def found(self, image: View | Case, progress: Progress = lambda *_: None) -> list[Peak]:
        """Boxes in voxels of the image, best first. Raises ValueError, in a clause, where it is not read."""
        if isinstance(image, View):
            return self._on_image(image)
        look = self._in_slices if self.network.dims == 2 else self._in_volume
        return look(image, progress)

    def _peaks(self, values: Array, tick: Tick = lambda: None) -> list[Peak]:
        answer = self.network.answer(values, tick)
        return peaks(answer, len(self.bundle.labels), self.network.stride, values.shape[1:])

    # --- images

    def _on_image(self, view: View) -> list[Peak]:
        if reason := unsuitable(view, self.bundle):
            raise ValueError(reason)
        return self._on_plane(view.pixels.astype(np.float32) / WHITE, view.plane.spacing_mm)

    def _on_plane(self, grey: Array, spacing_mm: tuple[float, float]) -> list[Peak]:
        image = network_image(grey, spacing_mm, self.contract)
        corners = [
            (p, image.to_stored(np.array([p.low, p.high])).tolist()) for p in self._peaks(image.values)
        ]
        return [Peak(p.label, p.score, tuple(low), tuple(high)) for p, (low, high) in corners]

    def _images(self, exam: Exam, progress: Progress) -> Read:
        found: list[tuple[View, Peak]] = []
        skipped = []
        for number, view in enumerate(exam.views):
            progress(number / len(exam.views), "looking for findings")
            try:
                found += [(view, peak) for peak in self._on_image(view)]
            except ValueError as error:
                skipped.append(SkippedImage(view.image, view.frame, str(error)))
        if len(skipped) == len(exam.views):
            reason = skipped[0].reason if skipped else "there is none"
            return Read(status="not_run", reason=f"no image could be read: {reason}", skipped=tuple(skipped))
        ranked = sorted(found, key=lambda item: -item[1].score)
        return self._read([self._place(n, *item) for n, item in enumerate(ranked, start=1)], tuple(skipped))

    def _place(self, n: int, view: View, peak: Peak) -> Candidate:
        (top, left), (bottom, right), (row, column) = peak.low, peak.high, peak.centre
        rows_mm, columns_mm = view.plane.spacing_mm
        at = Place(
            sop_instance_uid=view.image,
            frame=view.frame,
            column=column,
            row=row,
            box=(left, top, right, bottom),
        )
        across = float(np.sqrt((bottom - top) * rows_mm * (right - left) * columns_mm))
        return self._candidate(n, peak, diameter_mm=across, places=(at,))

    # --- volumes

    def _volume(self, case: Case, progress: Progress) -> Read:
        reason = refusal(case, case.meta, self.bundle.input)
        if reason is not None:
            return Read(status="not_run", reason=reason)
        try:
            found = self.found(case, progress)
        except ValueError as error:
            return Read(status="not_run", reason=str(error))
        return self._read([self._solid(n, peak, case) for n, peak in enumerate(found, start=1)])

    def _in_volume(self, case: Case, progress: Progress) -> list[Peak]:
        progress(0.0, "resampling")
        volume = network_volume(case, self.contract)
        found = self._peaks(volume.values, lambda: progress(0.1, "looking for findings"))
        return [self._on_input(peak, volume, case) for peak in found]

    def _on_input(self, peak: Peak, volume: NetworkVolume, case: Case) -> Peak:
        """The box along the axes of the input that holds an ellipsoid in that of the network."""
        centre = case.grid.patient_to_index(volume.grid.index_to_patient(peak.centre))
        step = np.linalg.inv(case.grid.matrix()) @ volume.grid.matrix()
        half = np.sqrt(step[:3, :3] ** 2 @ (np.subtract(peak.high, peak.low) / 2) ** 2)
        return Peak(peak.label, peak.score, tuple((centre - half).tolist()), tuple((centre + half).tolist()))

    def _in_slices(self, case: Case, progress: Progress) -> list[Peak]:
        slices = []
        for k, grey in displayed(case):
            progress(0.9 * k / len(case.hu), "looking for findings")
            slices.append((k, self._on_plane(grey, case.grid.spacing_mm[1:])))
        return stacked(slices)

    def _solid(self, n: int, peak: Peak, case: Case) -> Candidate:
        x, y, z = (float(v) for v in case.grid.index_to_patient(peak.centre))
        sides = np.subtract(peak.high, peak.low) * case.grid.spacing_mm
        return self._candidate(n, peak, diameter_mm=float(np.cbrt(np.prod(sides))), center_lps_mm=(x, y, z))

    # --- either

    def _candidate(self, n: int, peak: Peak, **where: object) -> Candidate:
        label = self.bundle.labels[peak.label]
        probability = float(self.bundle.calibration_of(label)(peak.score))
        return Candidate(
            id=f"c{n}",
            label=label,
            probability=probability,
            score=peak.score,
            above_operating_point=probability >= self.bundle.operating_point_of(label).threshold,
            **where,  # type: ignore[arg-type]
        )

    def _read(self, candidates: list[Candidate], skipped: tuple[SkippedImage, ...] = ()) -> Read:
        return Read(
            status="done",
            operating_point=self.bundle.operating_point,
            domain=NOT_DESCRIBED,
            candidates=tuple(candidates),
            skipped=skipped,
        )
