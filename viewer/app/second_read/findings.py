"""From the worker's candidates to findings: names, tracking UIDs, sides. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from inference.protocol import Candidate
from viewer.core.dicom.geometry import Geometry
from viewer.core.reading.finding import Author, Finding, Texture

BODY_HU = -300
"""Above it: body, couch and clothes. Below: air and lung."""
BODY_SHARE = 0.25
"""A column of voxels belongs to the body where it holds this share of the fullest one: a couch does not."""
NEAR_MIDLINE_MM = 10.0
"""Closer to the midline than this, no side is claimed."""
REACH_MM = 20.0
"""Slices this far from a finding tell where the midline runs there."""


def tracking_uid(series_instance_uid: str, bundle_sha256: str, candidate_id: str) -> str:
    """The same for the same finding of the same model in the same series, whenever it is read."""
    return str(generate_uid(entropy_srcs=[series_instance_uid, bundle_sha256, candidate_id]))


def by_probability(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Most probable first; the order of the worker where equal."""
    return sorted(candidates, key=lambda c: -c.probability)


def to_finding(candidate: Candidate, name: str, uid: str, series_instance_uid: str, frame: str) -> Finding:
    """A candidate as the desk shows it; `frame` is the UID of the frame of reference."""
    return Finding(
        name=name,
        tracking_uid=uid,
        author=Author.MODEL,
        label=candidate.label,
        series_instance_uid=series_instance_uid,
        frame_of_reference_uid=frame,
        center_lps_mm=candidate.center_lps_mm,
        long_axis=candidate.long_axis_ends,
        short_axis=candidate.short_axis_ends,
        volume_mm3=candidate.volume_mm3,
        texture=_texture(candidate),
        probability=candidate.probability,
        score=candidate.score,
        malignancy=candidate.malignancy,
        above_operating_point=candidate.above_operating_point,
    )


def side(hu: NDArray[np.int16], geometry: Geometry, position_mm: tuple[float, float, float]) -> str | None:
    """Side of the patient, "L" or "R", of a position in an axial volume (LPS: x grows to the left).

    None near the midline, and where the field of view cuts the body, so that no midline can be told.
    """
    reach = max(1, round(REACH_MM / geometry.spacing_mm[0]))
    k = round(float(geometry.patient_to_index(position_mm)[0]))
    around = range(max(0, k - reach), min(len(hu), k + reach + 1))
    middles = [x for x in (_midline(hu, geometry, s) for s in around) if x is not None]
    if not middles:
        return None
    distance = position_mm[0] - float(np.median(middles))
    if abs(distance) < NEAR_MIDLINE_MM:
        return None
    return "L" if distance > 0 else "R"


def _midline(hu: NDArray[np.int16], geometry: Geometry, slice_index: int) -> float | None:
    """Where the body's middle is in a slice: x, patient mm; None where the image's edge cuts the body."""
    filled = (hu[slice_index] > BODY_HU).sum(axis=0)
    columns = np.flatnonzero(filled > max(BODY_SHARE * filled.max(), 1))
    if len(columns) == 0 or columns[0] == 0 or columns[-1] == hu.shape[2] - 1:
        return None
    middle = (slice_index, hu.shape[1] / 2, (columns[0] + columns[-1]) / 2)
    return float(geometry.index_to_patient(middle)[0])


def _texture(candidate: Candidate) -> Texture:
    """The model's suggestion where it is one of ours; solid, the default of the reader, where not."""
    said = candidate.characteristics.get("texture")
    return Texture(said.value) if said is not None and said.value in set(Texture) else Texture.SOLID
