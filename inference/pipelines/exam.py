"""A mammography examination: every view is read, what several views show is joined, then scored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, BundleError
from inference.cases import Case, Exam, View
from inference.explain.explanation import Explanation, heat_map
from inference.explain.faithfulness import faithfulness
from inference.explain.view_look import SIGMA, Gaze, asked_of, on_image, view_look
from inference.networks import cluster2d, detect2d
from inference.pipelines import Progress, Read
from inference.pipelines.both_views import Agreement, Finding, breast_scores, findings, with_other_views
from inference.pipelines.clusters import LABEL as CLUSTER
from inference.pipelines.clusters import NETWORK as CLUSTERS
from inference.pipelines.clusters import ClusterMark, Clusters, cluster_channels, working
from inference.pipelines.left_right import with_other_sides
from inference.pipelines.mammogram import Plane, Prepared, prepare, why_not_prepared
from inference.pipelines.mammogram_domain import judge, statistics
from inference.pipelines.marks2d import Mark, Marked
from inference.pipelines.masses import Masses
from inference.protocol import (
    ArrayRef,
    Candidate,
    Characteristic,
    Explain,
    ImageHeat,
    ImageLook,
    Method,
    Place,
    Score,
    SkippedImage,
)

EXPLAINED = 12
"""Findings that get a heat map: those above their threshold first, then the likeliest."""
MASS_GAZE = Gaze(
    "trunk.stages.0", detect2d.STRIDE, 2.0, reach=64, flat=(1,), blur=20.0, answers=(("malignancy", 2),)
)
CLUSTER_GAZE = Gaze("stages.1", cluster2d.STRIDE, 0.5, reach=80, flat=(0,), blur=7.0)
MOST_ON_A_VIEW = 40
"""Marks kept of a view, of all labels: more than any reader looks at."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One view after all networks have looked at it. `specks`: what that for clusters was given, if any."""

    view: View
    prepared: Prepared
    marked: Marked
    specks: Plane | None = None

    @property
    def name(self) -> str:
        """Side and view position, as far as they are known."""
        return f"{self.view.laterality} {self.view.view}".strip() or "a view"


class ExamReader:
    """Loaded networks that read the views of an examination."""

    def __init__(self, bundle: Bundle, masses: Masses, clusters: Clusters | None) -> None:
        self.bundle, self.masses, self.clusters = bundle, masses, clusters
        self.agreement = Agreement.of_settings(bundle.settings)

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "ExamReader":
        """Networks from the weights in `folder`; raises BundleError where they are not the bundle's."""
        clusters = Clusters.load(bundle, folder, device) if CLUSTERS in bundle.architecture else None
        return cls(bundle, Masses.load(bundle, folder, device), clusters)

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one examination; see `inference.pipelines.Pipeline`."""
        if isinstance(case, Case):
            return Read(status="not_run", reason="a volume found, this model reads mammograms")
        views = case.views
        looked: list[Looked] = []
        skipped = []
        for number, view in enumerate(views):
            progress(0.8 * number / len(views), f"reading {view.laterality} {view.view}")
            seen = self._look(view)
            if seen is None:
                skipped.append(SkippedImage(view.image, view.frame, why_not_prepared(view)))
            else:
                looked.append(seen)
        if not looked:
            return Read(status="not_run", reason="no image could be read", skipped=tuple(skipped))
        return self._answer(looked, tuple(skipped), out, progress)

    def _look(self, view: View) -> Looked | None:
        """None where no breast is found."""
        prepared = prepare(view)
        if prepared is None:
            return None
        marked = self.masses.look(view, prepared)
        if self.clusters is None:
            return Looked(view, prepared, marked)
        specks = cluster_channels(*working(view, prepared))
        found = [self._cluster(mark) for mark in self.clusters.marks_in(specks, prepared)]
        marks = sorted((*marked.marks, *found), key=lambda mark: -mark.probability)
        return Looked(view, prepared, replace(marked, marks=tuple(marks[:MOST_ON_A_VIEW])), specks)

    def _cluster(self, mark: ClusterMark) -> Mark:
        probability = float(self.bundle.calibration_of(CLUSTER)(mark.score))
        return Mark(mark.centre, mark.box, mark.score, float("nan"), CLUSTER, probability)

    def _answer(
        self, looked: Sequence[Looked], skipped: tuple[SkippedImage, ...], out: Path, progress: Progress
    ) -> Read:
        marked = with_other_sides([seen.marked for seen in looked])
        found = findings(with_other_views(marked, self.agreement), self.agreement)
        explained = sorted(range(len(found)), key=lambda k: (not self._above(found[k]), k))[:EXPLAINED]
        candidates = []
        for number, finding in enumerate(found):
            progress(0.8 + 0.2 * number / len(found), "explaining")
            heat_in = out if number in explained else None
            candidates.append(self._candidate(number + 1, finding, looked, heat_in))
        progress(1.0, "done")
        return Read(
            status="done",
            operating_point=self.bundle.operating_point,
            domain=judge([(seen.name, statistics(seen.prepared)) for seen in looked], self.bundle.domain),
            candidates=tuple(candidates),
            scores=(
                *scores(candidates, [seen.view for seen in looked]),
                *malignancy_scores(found),
                *density_scores(looked),
            ),
            skipped=skipped,
        )

    def _above(self, finding: Finding) -> bool:
        return finding.probability >= self.bundle.operating_point_of(finding.label).threshold

    def _candidate(
        self, number: int, finding: Finding, looked: Sequence[Looked], heat_in: Path | None
    ) -> Candidate:
        """The finding in the words of the protocol; its size is that on the view where it is likeliest."""
        first, mark = finding.places[0]
        suggested = {key: Characteristic(s.value, s.probability) for key, s in mark.suggestions.items()}
        return Candidate(
            id=f"c{number}",
            label=finding.label,
            probability=finding.probability,
            score=mark.score,
            above_operating_point=self._above(finding),
            malignancy=None if np.isnan(finding.malignancy) else finding.malignancy,
            characteristics=suggested,
            features=() if np.isnan(mark.asymmetry) else (mark.asymmetry,),
            nearest=mark.nearest,
            diameter_mm=diameter_mm(mark, looked[first].view),
            places=tuple(
                self._place(mark, looked[n], heat_in, f"{number}_{n}") for n, mark in finding.places
            ),
        )

    def _place(self, mark: Mark, seen: Looked, out: Path | None, name: str) -> Place:
        """The mark on a view; with `out` also where the detectors of its kind looked, written there."""
        if out is None:
            return place(mark, seen.view)
        gaze = self._gaze(mark.label)
        channels = seen.prepared.channels if gaze is MASS_GAZE or seen.specks is None else seen.specks
        path = out / f"look_{name}.npy"
        look = view_look(gaze, channels, seen.prepared.placed, mark.centre, mark.label, path)
        heat = self._explained(look, mark.label, Method.HIRESCAM, out / f"heat_{name}.npy").image_heat
        return place(mark, seen.view, heat, look)

    def explain(self, ask: Explain, out: Path) -> Explanation:
        """A heat map of a mark of an earlier read; see `inference.pipelines.Explainer`."""
        if not isinstance(ask.look, ImageLook):
            raise BundleError(f"{self.bundle.id} explains findings on images, not in volumes")
        return self._explained(ask.look, ask.target, ask.method, out / f"{ask.job}.npy", measured=True)

    def _explained(
        self, look: ImageLook, target: str, method: Method, path: Path, *, measured: bool = False
    ) -> Explanation:
        gaze, detectors = self._gaze(look.label), self.masses.detectors
        networks = (
            detectors.networks if gaze is MASS_GAZE or self.clusters is None else [self.clusters.network]
        )
        part = np.load(look.array.path, allow_pickle=False)
        asked = asked_of(networks, gaze, look, part, target, detectors.device)
        heat = heat_map(asked, method, SIGMA)
        image_heat = on_image(heat, look, lambda shown: saved(shown, path))
        return Explanation(
            image_heat=image_heat, faithfulness=faithfulness(asked, heat) if measured else None
        )

    def _gaze(self, label: str) -> Gaze:
        return CLUSTER_GAZE if label == CLUSTER and self.clusters is not None else MASS_GAZE


def saved(heat: NDArray[np.float32], path: Path) -> ArrayRef:
    """Save a heat map of an image, and name it."""
    np.save(path, heat, allow_pickle=False)
    return ArrayRef(path=str(path), dtype="float32", shape=heat.shape)


def place(mark: Mark, view: View, heat: ImageHeat | None = None, look: ImageLook | None = None) -> Place:
    """The mark in the words of the protocol."""
    row, column = mark.centre
    return Place(
        sop_instance_uid=view.image,
        frame=view.frame,
        column=column,
        row=row,
        box=mark.box,
        heat=heat,
        look=look,
    )


def diameter_mm(mark: Mark, view: View) -> float:
    """Of the circle with the area of the ellipse in the mark's box."""
    left, top, right, bottom = mark.box
    rows, columns = view.plane.spacing_mm
    return float(np.sqrt((right - left) * columns * (bottom - top) * rows))


def scores(candidates: Sequence[Candidate], views: Sequence[View]) -> tuple[Score, ...]:
    """Highest probability of any finding in the examination, in each breast and on each image."""
    highest: dict[tuple[str, int | None], float] = {(v.image, v.frame): 0.0 for v in views}
    for candidate in candidates:
        for at in candidate.places:
            key = (at.sop_instance_uid, at.frame)
            highest[key] = max(highest[key], candidate.probability)
    of_side = {
        side: max(highest[v.image, v.frame] for v in views if v.laterality == side)
        for side in sorted({v.laterality for v in views} - {""})
    }
    return (
        Score("study", "any", max(highest.values())),
        *(Score("breast", "any", p, laterality=side) for side, p in of_side.items()),
        *(
            Score("image", "any", highest[v.image, v.frame], v.laterality or None, v.image, v.frame)
            for v in views
        ),
    )


def malignancy_scores(found: Sequence[Finding]) -> tuple[Score, ...]:
    """Highest probability of a malignant finding in the examination and in each breast.

    Of findings whose malignancy is judged; a product of calibrated probabilities, itself not calibrated.
    """
    of_side = breast_scores(f for f in found if not np.isnan(f.malignancy))
    if not of_side:
        return ()
    return (
        Score("study", "malignant", max(of_side.values())),
        *(Score("breast", "malignant", p, laterality=side) for side, p in sorted(of_side.items()) if side),
    )


def density_scores(looked: Sequence[Looked]) -> tuple[Score, ...]:
    """The suggested BI-RADS density of each image: `density b` with the probability that a reader says so."""
    return tuple(
        Score(
            "image",
            f"density {density.value}",
            density.probability,
            seen.view.laterality or None,
            seen.view.image,
            seen.view.frame,
        )
        for seen in looked
        if (density := seen.marked.density) is not None
    )
