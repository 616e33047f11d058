"""From the worker's candidates to findings: names, tracking UIDs, sides. Pure."""

import uuid
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.protocol import Candidate
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Geometry
from viewer.core.reading.finding import Author, Finding, ImagePlace, Texture

BODY_HU = -300
"""Above it: body, couch and clothes. Below: air and lung."""
BODY_SHARE = 0.25
"""A column of voxels belongs to the body where it holds this share of the fullest one: a couch does not."""
NEAR_MIDLINE_MM = 10.0
"""Closer to the midline than this, no side is claimed."""
SAME = 1e-6
"""A probability this close to that of the score alone is it."""
REACH_MM = 20.0
"""Slices this far from a finding tell where the midline runs there."""

_NAMESPACE = uuid.UUID("5b1c1a52-6a0e-5c55-8d0e-3f6f4c3d9a10")


def tracking_uid(series_instance_uid: str, bundle_sha256: str, candidate_id: str) -> str:
    """The same for the same finding of the same model in the same series, whenever it is read (PS3.5 B.2)."""
    name = "\n".join((series_instance_uid, bundle_sha256, candidate_id))
    return f"2.25.{uuid.uuid5(_NAMESPACE, name).int}"


def thresholds(bundle: Bundle, labels: Iterable[str]) -> dict[str, float]:
    """The default operating point of each label."""
    return {label: bundle.operating_point_of(label).threshold for label in labels}


def by_probability(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Most probable first; the order of the worker where equal."""
    return sorted(candidates, key=lambda c: -c.probability)


def to_finding(
    candidate: Candidate,
    name: str,
    uid: str,
    series_instance_uid: str,
    frame: str,
    bundle: Bundle | None = None,
) -> Finding:
    """A candidate as the desk shows it; `frame` is the UID of the frame of reference.

    bundle  of the model: how sure its probability is, and whether it is one
    """
    calibration = None if bundle is None else bundle.calibration_of(candidate.label)
    certainty = None if bundle is None or bundle.calibrated else candidate.probability
    assert candidate.center_lps_mm is not None  # of a volume
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
        probability=candidate.probability if certainty is None else None,
        certainty=certainty,
        interval=None if calibration is None else calibration.interval(candidate.score),
        score=candidate.score,
        malignancy=candidate.malignancy,
        concepts=tuple(candidate.concepts.items()),
        suggested=_texture(candidate),
        above_operating_point=candidate.above_operating_point,
    )


def on_images(
    candidate: Candidate,
    name: str,
    uid: str,
    images: Mapping[tuple[str, int | None], DisplaySet],
    bundle: Bundle,
) -> Finding:
    """A candidate on mammograms as the desk shows it; `images` by SOP Instance UID and frame.

    Its interval is that of its own score: none where other views made it more or less probable.
    """
    places = tuple(
        ImagePlace(
            sop_instance_uid=place.sop_instance_uid,
            series_instance_uid=images[place.sop_instance_uid, place.frame].series_instance_uid,
            frame=place.frame,
            column=place.column,
            row=place.row,
            box=place.box,
        )
        for place in candidate.places
    )
    shown = [images[p.sop_instance_uid, p.frame].instances[0].mammogram for p in candidate.places]
    sides = {mammogram.side for mammogram in shown if mammogram is not None}
    calibration = bundle.calibration_of(candidate.label)
    own = abs(float(calibration(candidate.score)) - candidate.probability) < SAME
    return Finding(
        name=name,
        tracking_uid=uid,
        author=Author.MODEL,
        label=candidate.label,
        places=places,
        laterality=sides.pop() if len(sides) == 1 else "",
        probability=candidate.probability if bundle.calibrated else None,
        certainty=None if bundle.calibrated else candidate.probability,
        interval=calibration.interval(candidate.score) if own else None,
        score=candidate.score,
        malignancy=candidate.malignancy,
        above_operating_point=candidate.above_operating_point,
        whole=bundle.task == "classify2d",
        in_breast=any(mammogram is not None for mammogram in shown),
    )


def midlines(hu: NDArray[np.int16], geometry: Geometry) -> NDArray[np.float64]:
    """(slices,) x of the body's middle in each axial slice, patient mm; NaN where the edge cuts it."""
    columns = np.array([_middle_column(plane) for plane in hu])
    middle = np.stack([np.arange(len(hu)), np.full(len(hu), hu.shape[1] / 2), columns], axis=1)
    x: NDArray[np.float64] = geometry.index_to_patient(middle)[:, 0]
    return x


def side(
    middles: NDArray[np.float64], geometry: Geometry, position_mm: tuple[float, float, float]
) -> str | None:
    """Side of the patient, "L" or "R", of a position (LPS: x grows to the left); `middles` as of `midlines`.

    None near the midline, and where the field of view cuts the body, so that no midline can be told.
    """
    reach = max(1, round(REACH_MM / geometry.spacing_mm[0]))
    k = round(float(geometry.patient_to_index(position_mm)[0]))
    around = middles[max(0, k - reach) : max(0, k + reach + 1)]
    known = around[np.isfinite(around)]
    if len(known) == 0:
        return None
    distance = position_mm[0] - float(np.median(known))
    if abs(distance) < NEAR_MIDLINE_MM:
        return None
    return "L" if distance > 0 else "R"


def _middle_column(plane: NDArray[np.int16]) -> float:
    """The column in the middle of the body; NaN where there is none, or the edge cuts it."""
    filled = (plane > BODY_HU).sum(axis=0)
    columns = np.flatnonzero(filled > max(BODY_SHARE * filled.max(), 1))
    if len(columns) == 0 or columns[0] == 0 or columns[-1] == plane.shape[1] - 1:
        return float("nan")
    return float(columns[0] + columns[-1]) / 2


def _texture(candidate: Candidate) -> tuple[Texture, float] | None:
    """The model's suggestion where it is one of ours. Lung-RADS goes by what the reader says."""
    said = candidate.characteristics.get("texture")
    known = said is not None and said.value in set(Texture)
    return (Texture(said.value), said.probability) if said is not None and known else None
