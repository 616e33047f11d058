"""Bleeding on a head CT: heat maps slice by slice, the scores of slices and study, and single places."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from inference.bundle import WEIGHTS, Bundle, BundleError, load_bundle
from inference.cases import Case, Exam
from inference.networks import load_networks
from inference.pipelines import Progress, Read
from inference.pipelines.bleeds import Bleed, blood, cell_centre, find_bleeds, fine, on_volume
from inference.pipelines.domain import judge, refusal
from inference.pipelines.head import GREY_PER_HU, PIXEL_MM, WINDOW_HU, Floats, Head, find_head
from inference.pipelines.head_heat import Slices, below_top, depth_of, heat_maps, slice_scores, study_score
from inference.pipelines.head_stack import HeadStack, head_stack
from inference.pipelines.measure import OnInput, sphere_diameter, stored
from inference.pipelines.midline import midline_shift
from inference.protocol import Candidate, Domain, Measurement, Score

ANY = "any"
"""Label of the scores of study and slices; the kind of bleeding is not told."""
STUDY = "study"
"""Name of the study score's calibration in the bundle; the bundle's own is that of slices and places."""
NOISE_DEPTH = 6.0
"""Noise is measured so many pixels of the crop inside the brain."""
WHOLE_LITRES = 99.0
"""For the domain rules, which look at the lung of other volumes."""
HEATED = 12
"""So many places get a heat map and an outline, those above the operating point first."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A head after the networks have looked at it. `heat`: (slabs, r/4, c/4) logits; `scores`: (slabs,)."""

    stack: HeadStack
    head: Head
    heat: Floats
    scores: NDArray[np.float64]


class HaemorrhageReader:
    """Loaded networks that read head CT; each was trained on other patients, their logits are averaged."""

    def __init__(self, bundle: Bundle, networks: Sequence[nn.Module], device: str) -> None:
        self.bundle, self.device = bundle, device
        self.networks = [network.to(device).eval() for network in networks]

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "HaemorrhageReader":
        """Networks from the weights in `folder`; raises BundleError where they are not the bundle's."""
        if load_bundle(folder, verify=True).sha256 != bundle.sha256:
            raise BundleError(f"{folder}: the weights are not those of {bundle.id} {bundle.version}")
        return cls(bundle, list(load_networks(bundle.architecture, folder / WEIGHTS).values()), device)

    def read(self, case: Case | Exam, out: Path, progress: Progress) -> Read:
        """Read one volume; see `inference.pipelines.Pipeline`."""
        if isinstance(case, Exam):
            return Read(status="not_run", reason="single images found, this model reads volumes")
        reason = refusal(case, case.meta, self.bundle.input) or enhanced(case.meta)
        if reason:
            return Read(status="not_run", reason=reason)
        try:
            looked = self.look(case, progress)
        except ValueError as error:
            return Read(status="not_run", reason=str(error))
        return self._answer(case, looked, out, progress)

    def look(self, case: Case, progress: Progress) -> Looked:
        """Prepare a volume and run the networks. Raises ValueError, in a clause, where no head is found."""
        progress(0.0, "bringing the slices to the training's window")
        stack = head_stack(case)
        progress(0.3, "finding the brain")
        head = find_head(stack.grey)
        if head is None:
            raise ValueError("no head with a closed skull was found in the volume")
        slices = as_slices(stack, head)
        heat = heat_maps(
            self.networks,
            slices,
            self.device,
            lambda done: progress(0.5 + 0.4 * done, "looking for bleeding"),
        )
        return Looked(stack, head, heat, slice_scores(heat))

    def _answer(self, case: Case, looked: Looked, out: Path, progress: Progress) -> Read:
        study = float(self.bundle.calibrations[STUDY](study_score(looked.heat)))
        point = self.bundle.operating_point
        candidates = []
        for number, bleed in enumerate(find_bleeds(looked.heat)):
            progress(0.9 + 0.1 * number / 100, "measuring")
            probability = float(self.bundle.calibration(bleed.score))
            marked = number == 0 or probability >= self.bundle.settings["mark"]
            candidates.append(
                self._candidate(number, bleed, looked, out, above=study >= point.threshold and marked)
            )
        progress(1.0, "done")
        measured = statistics(looked.head)
        return Read(
            status="done",
            operating_point=point,
            domain=self._domain(case, looked, measured),
            candidates=tuple(candidates),
            scores=(Score("study", ANY, study), *self._slices(case, looked)),
            measurements=(shift_of(looked.head),),
            measured=measured,
        )

    def _slices(self, case: Case, looked: Looked) -> list[Score]:
        """Of each slice of the volume, that of its slab; a slice that was not read has none."""
        probability = self.bundle.calibration(looked.scores)
        return [
            Score("image", ANY, float(probability[slab]), frame=int(k))
            for slab, members in enumerate(looked.stack.members)
            for k in members
        ]

    def _candidate(self, number: int, bleed: Bleed, looked: Looked, out: Path, *, above: bool) -> Candidate:
        stack, head = looked.stack, looked.head
        slab, row, column = bleed.peak
        at = stack.to_volume(head.upright.to_picture(cell_centre(row, column)))
        members = stack.members[slab]
        centre = stack.grid.index_to_patient((int(members[len(members) // 2]), *at))
        mask, volume, heat = None, 0.0, None
        if number < HEATED:
            dense = blood(head, bleed)
            mask = on_volume(dense.astype(np.float32), dense, stack, head.upright)
            heat = heat_on_volume(bleed, looked)
        if mask is not None:
            mask = OnInput((mask.values >= 0.5).astype(np.uint8), mask.start)
            volume = float(mask.values.sum()) * voxel_mm3(stack)
        return Candidate(
            id=f"c{number + 1}",
            label=self.bundle.labels[0],
            probability=float(self.bundle.calibration(bleed.score)),
            score=bleed.score,
            above_operating_point=above,
            center_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
            diameter_mm=sphere_diameter(volume) if volume else None,
            volume_mm3=volume or None,
            mask=stored(out, f"mask_{number + 1}", mask) if volume else None,
            heat=stored(out, f"heat_{number + 1}", heat),
        )

    def _domain(self, case: Case, looked: Looked, measured: dict[str, float]) -> Domain:
        found = judge(case, case.meta, measured, WHOLE_LITRES, self.bundle.domain)
        area = looked.head.area
        if area[-1] > CUT_SHARE:
            reason = "the top of the head is not in the volume"
            found = Domain(
                "near" if found.verdict == "in" else found.verdict, found.score, (*found.reasons, reason)
            )
        return found


MIDLINE_SHIFT = "midline shift"
WITHIN_MM = 2.0
"""So far off it may be: what patients without bleeding and painted shifts showed (the model's card)."""


def shift_of(head: Head) -> Measurement:
    """The midline shift of a head, or why there is no figure."""
    found = midline_shift(head, head.upright.scale * PIXEL_MM)
    if found.shift_mm is None:
        return Measurement(MIDLINE_SHIFT, reason=found.reason)
    whole = round(found.shift_mm)
    towards = "" if whole == 0 else "L" if whole > 0 else "R"
    return Measurement(MIDLINE_SHIFT, abs(found.shift_mm), max(WITHIN_MM, found.spread_mm), towards)


CUT_SHARE = 0.5
"""A highest slab with so much of the largest one's brain is not the vertex."""


def enhanced(meta: dict[str, str]) -> str | None:
    """Why a contrast-enhanced series is not read; None where no agent is named."""
    agent = meta.get("ContrastBolusAgent", "").strip()
    if agent.lower() in ("", "no", "none", "n", "without"):
        return None
    return f"contrast agent ({agent}) was given, this model reads head CT without contrast"


def as_slices(stack: HeadStack, head: Head) -> Slices:
    """What the networks read."""
    below = below_top(head.area, stack.height_mm)
    return Slices(head.grey, head.brain, depth_of(head.brain), head.level, below, stack.number)


def voxel_mm3(stack: HeadStack) -> float:
    """Of the volume's own grid; slices that lean are as far apart as their planes."""
    return float(abs(np.linalg.det(stack.grid.matrix()[:3, :3])))


def heat_on_volume(bleed: Bleed, looked: Looked) -> OnInput | None:
    """The map, 0 to 1, on the volume's grid: where the bleed and what lies round it is."""
    near = np.kron(bleed.cells, np.ones((1, 4, 4), bool))
    probability = (1 / (1 + np.exp(-fine(looked.heat)))).astype(np.float32)
    return on_volume(probability, near, looked.stack, looked.head.upright)


def statistics(head: Head) -> dict[str, float]:
    """What the training domain is described by: HU of the brain's median, spread and noise."""
    deep = depth_of(head.brain) > NOISE_DEPTH
    wide = head.area >= 0.5
    grey, inside = head.grey[wide], deep[wide]
    values = grey[inside]
    rough = np.abs(np.diff(grey, axis=2))[inside[:, :, 1:]]
    noise = 1.4826 * float(np.median(rough)) / np.sqrt(2)
    low, high = np.percentile(values, [10, 90])
    return {
        "brain_hu": float(head.level) / GREY_PER_HU + WINDOW_HU[0],
        "brain_sd": float(high - low) / 2.56 / GREY_PER_HU,
        "brain_noise_hu": float(noise) / GREY_PER_HU,
    }
