"""Detection in a CT volume: working grid, lung, two networks, then findings on the input's own grid."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from inference.bundle import WEIGHTS, Bundle, BundleError, load_bundle
from inference.cases import Case, Exam, Grid
from inference.explain.candidate_look import SIGMA, asked_of, candidate_look, on_series
from inference.explain.explanation import Explanation, heat_map
from inference.explain.faithfulness import faithfulness
from inference.memory import in_portions
from inference.near_cases import Finder, finder
from inference.networks import load_networks
from inference.networks.classify3d import CandidateClassifier
from inference.networks.faster import number_type, without_norms
from inference.pipelines import Progress, Read
from inference.pipelines.candidates import Found, candidates, crops
from inference.pipelines.domain import judge, refusal, statistics
from inference.pipelines.lungs import Lungs, find_lungs
from inference.pipelines.measure import OnInput, axes, sphere_diameter, stored, to_input
from inference.pipelines.nodule_features import Described, described
from inference.pipelines.tiles import Maps, sweep
from inference.pipelines.working_grid import Resampled, resample
from inference.protocol import Candidate, Domain, Explain, Method, Patch, VolumeLook

MARGIN = 24
"""Voxels kept round the lungs."""
SMALLEST_TILE = 48
STAGE2_BATCH = 8
"""Where memory is short, tiles and batches are halved: down to this tile, down to one crop."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What the networks say about one volume, on the working grid `volume.grid`."""

    volume: Resampled
    lungs: Lungs
    maps: Maps
    found: list[Found]
    crops: NDArray[np.float32]
    features: NDArray[np.float32]
    scores: NDArray[np.float64]


class Detect3D:
    """A loaded detector. One read at a time; the networks stay on `device`.

    The detector sweeps in bfloat16 where the processor has it: on three real series and a phantom the scores
    of marks above .3 moved by at most .013. Classifier, concepts and heat maps stay in float32.
    """

    def __init__(
        self,
        bundle: Bundle,
        detector: nn.Module,
        classifier: CandidateClassifier,
        device: str,
        near: Finder | None = None,
    ) -> None:
        self.bundle, self.near = bundle, near
        self.device = device
        layout = torch.channels_last_3d
        self.detector = without_norms(detector).to(  # type: ignore[call-overload]
            self.device, number_type(device), memory_format=layout
        )
        self.classifier = without_norms(classifier).to(self.device, memory_format=layout)  # type: ignore[call-overload]

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "Detect3D":
        """Networks from the weights in `folder`; raises BundleError where they are not the bundle's."""
        if load_bundle(folder, verify=True).sha256 != bundle.sha256:
            raise BundleError(f"{folder}: the weights are not those of {bundle.id} {bundle.version}")
        networks = load_networks(bundle.architecture, folder / WEIGHTS)
        classifier = cast("CandidateClassifier", networks["classifier"])
        return cls(bundle, networks["detector"], classifier, device, finder(bundle.near_cases, folder))

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one volume; see `inference.pipelines.Pipeline`."""
        if isinstance(case, Exam):
            return Read(status="not_run", reason="single images found, this model reads volumes")
        reason = refusal(case, case.meta, self.bundle.input)
        if reason is not None:
            return Read(status="not_run", reason=reason)
        progress(0.0, "resampling")
        try:
            volume = resample(case, self._spacing, lambda done: progress(0.1 * done, "resampling"))
        except ValueError as error:
            return Read(status="not_run", reason=str(error))
        lungs = find_lungs(
            volume.hu, volume.known, lambda done: progress(0.1 + 0.05 * done, "finding the lungs")
        )
        if not lungs.air.any():
            return Read(status="not_run", reason="no lung was found in the volume")
        detection = self.detect(*_cropped(volume, lungs), progress)
        measured = statistics(detection.volume.hu, detection.lungs)
        domain = judge(case, case.meta, measured, detection.lungs.litres, self.bundle.domain)
        measured["lung_litres"] = detection.lungs.litres
        return self._answer(case, detection, domain, measured, out, progress)

    @property
    def _spacing(self) -> float:
        return self.bundle.input.spacing_mm[0]

    def detect(self, volume: Resampled, lungs: Lungs, progress: Progress) -> Detection:
        """Both networks over the lung; candidates most probable first."""
        settings, clip = self.bundle.settings, self.bundle.input.clip_hu
        tile = int(settings["tile"])

        def swept(done: float) -> None:
            progress(0.15 + 0.6 * done, "looking for nodules")

        maps = in_portions(
            lambda side: sweep(self.detector, volume.hu, lungs.closed, clip, side, swept), tile, SMALLEST_TILE
        )
        progress(0.75, "weighing candidates")
        found = candidates(
            maps,
            lungs.closed,
            settings["peak"],
            int(settings["most"]),
            lambda done: progress(0.75 + 0.03 * done, "weighing candidates"),
        )
        parts = crops(volume.hu, maps, lungs.closed, found, clip)
        features, second = in_portions(lambda batch: self._classify(parts, batch, progress), STAGE2_BATCH, 1)
        first = np.array([f.peak for f in found], np.float64)
        scores = np.sqrt(first * second)
        order = np.argsort(-scores, kind="stable")
        ranked = [found[int(k)] for k in order]
        return Detection(volume, lungs, maps, ranked, parts[order], features[order], scores[order])

    @torch.inference_mode()
    def _classify(
        self, parts: NDArray[np.float32], batch: int, progress: Progress
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Feature vectors and p2 of every crop."""
        features, probabilities = [], []
        for first in range(0, len(parts), batch):
            progress(0.78 + 0.07 * first / len(parts), "weighing candidates")
            inputs = torch.from_numpy(parts[first : first + batch]).to(self.device)
            pooled = self.classifier.pooled(inputs)
            features.append(pooled.float().cpu().numpy())
            logits = self.classifier.classify(pooled)[:, 0]
            probabilities.append(torch.sigmoid(logits).double().cpu().numpy())
        if not features:
            return np.zeros((0, 0), np.float32), np.zeros(0)
        return np.concatenate(features), np.concatenate(probabilities)

    def _answer(
        self,
        case: Case,
        detection: Detection,
        domain: Domain,
        measured: dict[str, float],
        out: Path,
        progress: Progress,
    ) -> Read:
        point = self.bundle.operating_point
        probabilities = self.bundle.calibration(detection.scores)
        above = probabilities >= point.threshold
        explained = min(int(above.sum()) + int(self.bundle.settings["explain_below"]), len(above))
        explained = min(explained, int(self.bundle.settings["explain_most"]))
        result = []
        for k, found in enumerate(detection.found):
            progress(0.85 + 0.15 * k / len(detection.found), "measuring")
            look = self._look(detection, k, case.grid, out) if k < explained else None
            heat = None if look is None else self._heat(detection.crops[k], look)
            result.append(
                _candidate(
                    k,
                    found,
                    detection,
                    case,
                    label=self.bundle.labels[0],
                    probability=float(probabilities[k]),
                    above=bool(above[k]),
                    heat=stored(out, f"heat_{k + 1}", heat),
                    said=described(self.bundle.characteristics, detection.volume.hu, found, self.near),
                    look=look,
                    out=out,
                )
            )
        progress(1.0, "done")
        return Read(
            status="done", operating_point=point, domain=domain, candidates=tuple(result), measured=measured
        )

    def _look(self, detection: Detection, k: int, series: Grid, out: Path) -> VolumeLook:
        """What stage 2 was given of a candidate."""
        label, centre = self.bundle.labels[0], detection.found[k].centre
        path = out / f"look_{k + 1}.npy"
        return candidate_look(detection.crops[k], centre, detection.volume.grid, series, label, path)

    def explain(self, ask: Explain, out: Path) -> Explanation:
        """A heat map of a candidate of an earlier read; see `inference.pipelines.Explainer`."""
        if not isinstance(ask.look, VolumeLook):
            raise BundleError(f"{self.bundle.id} explains findings in volumes, not on images")
        crop = np.load(ask.look.array.path, allow_pickle=False)
        asked = asked_of(self.classifier, crop, self.bundle.input.clip_hu, self.device)
        heat = heat_map(asked, ask.method, SIGMA)
        return Explanation(
            stored(out, ask.job, on_series(heat, ask.look)), faithfulness=faithfulness(asked, heat)
        )

    def _heat(self, crop: NDArray[np.float32], look: VolumeLook) -> OnInput | None:
        """Where stage 2 looked, 0..1, on the grid of the series."""
        asked = asked_of(self.classifier, crop, self.bundle.input.clip_hu, self.device)
        return on_series(heat_map(asked, Method.HIRESCAM, SIGMA), look)


def _cropped(volume: Resampled, lungs: Lungs) -> tuple[Resampled, Lungs]:
    """The same within the box of the lungs and a margin: less memory for all that follows."""
    box = []
    for axis in range(3):
        line = np.flatnonzero(lungs.closed.any(axis=tuple(k for k in range(3) if k != axis)))
        box.append(slice(max(int(line[0]) - MARGIN, 0), int(line[-1]) + 1 + MARGIN))
    z, y, x = box
    hu = np.ascontiguousarray(volume.hu[z, y, x])
    origin = volume.grid.index_to_patient((z.start, y.start, x.start))
    grid = Grid(
        (float(origin[0]), float(origin[1]), float(origin[2])),
        volume.grid.axes,
        volume.grid.spacing_mm,
        (hu.shape[0], hu.shape[1], hu.shape[2]),
        volume.grid.frame_of_reference_uid,
    )
    parts = (np.ascontiguousarray(mask[z, y, x]) for mask in (lungs.air, lungs.closed, volume.known))
    air, closed, known = parts
    return Resampled(hu, known, grid), Lungs(air, closed)


def _candidate(
    k: int,
    found: Found,
    detection: Detection,
    case: Case,
    *,
    label: str,
    probability: float,
    above: bool,
    heat: Patch | None,
    said: Described,
    look: VolumeLook | None,
    out: Path,
) -> Candidate:
    grid = detection.volume.grid
    centre = grid.index_to_patient(found.centre)
    soft, start = _soft_mask(found, detection.maps)
    measured = axes(soft, start, grid) if soft.size else None
    patch = to_input(soft, start, grid, case.grid) if soft.size else None
    mask = None if patch is None else (patch.values >= 0.5).astype(np.uint8)
    volume = float(found.mask.sum()) * float(np.prod(grid.spacing_mm))
    if mask is not None and mask.any():
        volume = float(mask.sum()) * float(np.prod(case.grid.spacing_mm))
        kept = stored(out, f"mask_{k + 1}", OnInput(mask, patch.start))  # type: ignore[union-attr]
    else:
        kept = None
    return Candidate(
        id=f"c{k + 1}",
        label=label,
        probability=probability,
        score=float(detection.scores[k]),
        above_operating_point=above,
        center_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        diameter_mm=sphere_diameter(volume) if volume else None,
        long_axis_mm=None if measured is None else measured.long_mm,
        short_axis_mm=None if measured is None else measured.short_mm,
        long_axis_ends=None if measured is None else measured.long_ends,
        short_axis_ends=None if measured is None else measured.short_ends,
        volume_mm3=volume or None,
        malignancy=said.malignancy,
        characteristics=said.characteristics,
        concepts=said.concepts,
        nearest=said.nearest,
        features=tuple(float(v) for v in detection.features[k]),
        mask=kept,
        heat=heat,
        look=look,
    )


def _soft_mask(found: Found, maps: Maps) -> tuple[NDArray[np.float32], tuple[int, int, int]]:
    """The mask's probabilities in a patch one voxel wider than the lesion; 0 in other lesions."""
    if not found.mask.size:
        return np.zeros((0, 0, 0), np.float32), found.start
    low = [max(s - 1, 0) for s in found.start]
    high = [min(s + n + 1, m) for s, n, m in zip(found.start, found.mask.shape, maps.mask.shape, strict=True)]
    pads = [(s - a, b - s - n) for s, n, a, b in zip(found.start, found.mask.shape, low, high, strict=True)]
    own = np.pad(found.mask, pads)
    values = maps.mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float32)
    values = np.where(own, np.maximum(values, 0.5), np.minimum(values, 0.499))
    values *= ndimage.binary_dilation(own, np.ones((3, 3, 3), bool))
    return values, (low[0], low[1], low[2])
