"""General classification: a probability for each label of an image or a volume, and no place within it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.cases import Case, Exam, View
from inference.pipelines import Progress, Read
from inference.pipelines.domain import refusal
from inference.pipelines.general import NOT_DESCRIBED, GeneralNetwork
from inference.pipelines.network_input import network_image, network_volume
from inference.protocol import Candidate, Place, Score, SkippedImage

WHITE = np.float32(65535)
"""Of `View.pixels`."""


class Classify:
    """A loaded classifier: images one by one (2-D), or a volume at once (3-D)."""

    def __init__(self, network: GeneralNetwork) -> None:
        self.network, self.bundle = network, network.bundle

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "Classify":
        """The network from the weights in `folder`; raises BundleError where they are not the bundle's."""
        return cls(GeneralNetwork.load(bundle, folder, device))

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one case; see `inference.pipelines.Pipeline`."""
        if isinstance(case, Exam) != (self.network.dims == 2):
            found, reads = ("images", "volumes") if isinstance(case, Exam) else ("a volume", "images")
            return Read(status="not_run", reason=f"{found} found, this model reads {reads}")
        return self._images(case, progress) if isinstance(case, Exam) else self._volume(case, progress)

    def of_view(self, view: View) -> NDArray[np.float64]:
        """Scores of all labels, uncalibrated. Raises ValueError, in a clause, for a view not to be read."""
        reason = unsuitable(view, self.bundle)
        if reason:
            raise ValueError(reason)
        grey = view.pixels.astype(np.float32) / WHITE
        image = network_image(grey, view.plane.spacing_mm, self.network.contract)
        return self.network.answer(image.values).astype(np.float64)

    def scores(self, image: View | Case) -> NDArray[np.float64]:
        """Scores of all labels, uncalibrated, of what the network reads. Raises ValueError, in a clause."""
        return self.of_view(image) if isinstance(image, View) else self.of_volume(image)

    def of_volume(self, case: Case) -> NDArray[np.float64]:
        """The same of a volume, which must fit in memory."""
        volume = network_volume(case, self.network.contract)
        return self.network.answer(volume.values).astype(np.float64)

    def _images(self, exam: Exam, progress: Progress) -> Read:
        scores: list[Score] = []
        found: list[tuple[View, int, float]] = []
        skipped = []
        views = exam.views
        for number, view in enumerate(views):
            progress(number / len(views), "reading the images")
            try:
                said = self.of_view(view)
            except ValueError as error:
                skipped.append(SkippedImage(view.image, view.frame, str(error)))
                continue
            scores += self._scores(said, "image", view)
            found += [(view, k, float(said[k])) for k in self.network.contract.found(self.bundle.labels)]
        if not scores:
            reason = skipped[0].reason if skipped else "there is none"
            return Read(status="not_run", reason=f"no image could be read: {reason}", skipped=tuple(skipped))
        read = self._read((*highest(scores), *scores), tuple(skipped), progress)
        ranked = sorted(found, key=lambda item: -item[2])
        candidates = tuple(self._candidate(n, *item) for n, item in enumerate(ranked, start=1))
        return replace(read, candidates=candidates)

    def _candidate(self, n: int, view: View, label: int, score: float) -> Candidate:
        """A label of an image as a finding on all of it: that is as exactly as the network says where."""
        name = self.bundle.labels[label]
        probability = float(self.bundle.calibration_of(name)(score))
        point = self.bundle.default_operating_point
        threshold = next(p.threshold for p in self.bundle.operating_points_of(name) if p.name == point)
        rows, columns = view.pixels.shape
        place = Place(
            sop_instance_uid=view.image,
            frame=view.frame,
            row=(rows - 1) / 2,
            column=(columns - 1) / 2,
            box=(-0.5, -0.5, columns - 0.5, rows - 0.5),
        )
        return Candidate(
            id=f"c{n}",
            label=name,
            probability=probability,
            score=score,
            above_operating_point=probability >= threshold,
            places=(place,),
        )

    def _volume(self, case: Case, progress: Progress) -> Read:
        reason = refusal(case, case.meta, self.bundle.input)
        if reason is not None:
            return Read(status="not_run", reason=reason)
        progress(0.0, "classifying")
        try:
            said = self.of_volume(case)
        except ValueError as error:
            return Read(status="not_run", reason=str(error))
        return self._read(tuple(self._scores(said, "series")), (), progress)

    def _scores(self, said: NDArray[np.float64], level: str, view: View | None = None) -> list[Score]:
        """Calibrated, for each label that is a finding."""
        side, image, frame = (None, None, None) if view is None else (view.laterality, view.image, view.frame)
        out = []
        for k in self.network.contract.found(self.bundle.labels):
            label = self.bundle.labels[k]
            probability = float(self.bundle.calibration_of(label)(said[k]))
            out.append(Score(level, label, probability, side or None, image, frame))
        return out

    def _read(self, scores: tuple[Score, ...], skipped: tuple[SkippedImage, ...], progress: Progress) -> Read:
        progress(1.0, "done")
        point = self.bundle.operating_point
        return Read(
            status="done", operating_point=point, domain=NOT_DESCRIBED, scores=scores, skipped=skipped
        )


def unsuitable(view: View, bundle: Bundle) -> str:
    """Why a model does not read a view, in a clause; "" where it does."""
    modality = view.meta.get("Modality", bundle.input.modality)
    return bundle.input.other_kind(modality, view.meta.get("BodyPartExamined", ""))


def highest(scores: Sequence[Score]) -> tuple[Score, ...]:
    """Of each label the highest probability on any image, for the study."""
    labels = dict.fromkeys(score.label for score in scores)
    return tuple(
        Score("study", label, max(s.probability for s in scores if s.label == label)) for label in labels
    )
