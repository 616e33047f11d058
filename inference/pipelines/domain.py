"""Is this volume like the training data? Rules on header fields, and simple statistics of the lung."""

import re

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.bundle import TrainingDomain
from inference.cases import Case
from inference.input_contract import InputContract
from inference.pipelines.lungs import Lungs
from inference.protocol import Domain

VERDICTS = ("in", "near", "outside")
SHARP = re.compile(r"^(B[5-9]\d|FC[58]\d|LUNG|BONE|EDGE|YC|YD|D$|L$|E$|Br[5-9]\d|Bl[5-9]\d)", re.IGNORECASE)
ORDINARY_KV = (80.0, 140.0)
SMALL_LUNG_LITRES = 1.5
NAMES = {
    "lung_hu": "mean density of the lung",
    "lung_sd": "spread of density in the lung",
    "noise_hu": "noise in the lung",
    "brain_hu": "mean density of the brain",
    "brain_sd": "spread of density in the brain",
    "brain_noise_hu": "noise in the brain",
}


def refusal(case: Case, meta: dict[str, str], contract: InputContract) -> str | None:
    """Why this input is not read at all, in one sentence; None where it may be."""
    if other := contract.other_kind(
        meta.get("Modality", contract.modality), meta.get("BodyPartExamined", "")
    ):
        return other
    if case.hu.ndim != 3 or tuple(case.hu.shape) != tuple(case.grid.shape):
        return (
            f"the array is {case.hu.shape} and its geometry {case.grid.shape}: they must be the same volume"
        )
    if not _sane(case):
        return "the spacing or direction of the slices is unknown"
    slices = case.hu.shape[0] - len(set(case.missing))
    if slices < contract.min_slices:
        return f"{slices} slices found, at least {contract.min_slices} are needed"
    distance = case.grid.spacing_mm[0]
    extent, least = distance * (case.hu.shape[0] - 1), contract.min_extent_mm
    if extent < least:
        return f"the slices span {extent:.0f} mm, at least {least:.0f} mm are needed"
    thick = max(distance, number(meta.get("SliceThickness")) or 0.0)
    if thick > contract.max_slice_mm + 0.01:
        return f"slices of {thick:g} mm found, at most {contract.max_slice_mm:g} mm are read"
    return None


def _sane(case: Case) -> bool:
    matrix = case.grid.matrix()
    spacing = np.array(case.grid.spacing_mm)
    sheer = abs(float(np.linalg.det(np.array(case.grid.axes, dtype=np.float64))))
    return bool(
        np.isfinite(matrix).all() and (spacing > 0.01).all() and (spacing < 100).all() and sheer > 0.3
    )


def number(text: str | None) -> float | None:
    """A decimal string of a header as a finite number; None where it is not one."""
    try:
        value = float(text) if text is not None else np.nan
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def statistics(hu: NDArray[np.float32], lungs: Lungs) -> dict[str, float]:
    """What the training domain is described by, from every second axial plane of the aerated lung."""
    air = lungs.air[::2]
    values = hu[::2][air]
    rough = np.concatenate([(p - ndimage.uniform_filter(p, 3))[m] for p, m in zip(hu[::2], air, strict=True)])
    low, high = np.percentile(values, [10, 90])
    noise = 1.4826 * float(np.median(np.abs(rough)))
    return {"lung_hu": float(np.median(values)), "lung_sd": float(high - low) / 2.56, "noise_hu": noise}


def judge(
    case: Case, meta: dict[str, str], measured: dict[str, float], litres: float, domain: TrainingDomain
) -> Domain:
    """The verdict with its reasons. `score`: the largest distance from the training volumes in deviations."""
    level, reasons = _rules(case, meta, litres, domain)
    score = 0.0
    for name, value in measured.items():
        known = domain.statistics.get(name)
        if known is None:
            continue
        far = abs(value - known.mean) / max(known.sd, 1e-6)
        score = max(score, far)
        if far > domain.near:
            level = max(level, 2 if far > domain.outside else 1)
            reasons.append(
                f"{NAMES.get(name, name)} is {value:.0f} HU, {known.mean:.0f} ± {known.sd:.0f} in training"
            )
    return Domain(VERDICTS[level], round(score, 3), tuple(reasons))


def _rules(case: Case, meta: dict[str, str], litres: float, domain: TrainingDomain) -> tuple[int, list[str]]:
    level, reasons = 0, []
    thin, thick = domain.slice_thickness_mm
    thickness = number(meta.get("SliceThickness")) or case.grid.spacing_mm[0]
    if not thin <= thickness <= thick:
        reasons.append(f"slices of {thickness:g} mm, {thin:g} to {thick:g} mm in training")
        level = 1
    kernel = meta.get("ConvolutionKernel", "")
    if SHARP.match(kernel.strip("[]' ")):
        reasons.append(f"sharp kernel {kernel}, soft ones in training")
        level = 1
    kv = number(meta.get("KVP"))
    if kv is not None and not ORDINARY_KV[0] <= kv <= ORDINARY_KV[1]:
        reasons.append(f"tube voltage {kv:g} kV, {ORDINARY_KV[0]:g} to {ORDINARY_KV[1]:g} kV in training")
        level = 1
    if litres < SMALL_LUNG_LITRES:
        reasons.append(f"only {litres:.1f} litres of lung: part of the chest, or little air")
        level = 1
    if case.missing:
        reasons.append(f"{len(case.missing)} slices are missing: nothing was looked for there")
        level = 1
    return level, reasons
