"""Measurements that the reader drew, as measurement groups (TID 1501): lengths with the ends of the lines."""

import uuid
from collections.abc import Sequence

import numpy as np
from highdicom import sr
from highdicom.sr.value_types import ContentSequence, TextContentItem

from inference.protocol import Measurement
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.measure.lengths import Length, length_of, words_of
from viewer.core.reading.finding import Axis, Finding
from viewer.core.reading.reading import Distance, Reading
from viewer.core.report import content as c
from viewer.core.report.place import display_set_under, middle, picture_place, slice_of
from viewer.core.report.second_read import SecondRead
from viewer.core.report.source import Source, valid_uid
from viewer.core.report.terms import Term, own, standard
from viewer.core.report.words import measure_name, measurement_row

_NAMESPACE = uuid.UUID("0a1d5c36-66a2-5a0b-8d58-0b7f3c9f7a42")
Coordinates = sr.CoordinatesForMeasurement | sr.CoordinatesForMeasurement3D


def tracking_uid(drawn: Distance) -> str:
    """The same measurement has the same UID in every version of a report."""
    return _uid(drawn.key)


def _uid(key: str) -> str:
    return f"2.25.{uuid.uuid5(_NAMESPACE, key).int}"


def measurement_group(
    sources: Sequence[Source], reading: Reading, number: int, drawn: Distance
) -> ContentSequence | None:
    """The group of one measurement; `number` counts them. None where its images cannot be referred to."""
    where = display_set_under([s.display_set for s in sources], drawn)
    if where is None:
        return None
    source = next(s for s in sources if s.display_set is where)
    image = _image(source, drawn)
    finding = reading.finding(drawn.finding)
    made = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(tracking_uid(drawn), measure_name(number, drawn)),
        finding_type=c.concept(c.kind_of(finding)) if finding else None,
        measurements=_measurements(where, drawn, image),
        source_images=[sr.SourceImageForMeasurementGroup(*image)] if image else None,
    )
    made[0].ContentSequence.extend(
        [c.text(own("LABEL"), words_of(where, drawn.axes)), *([_belongs(finding)] if finding else [])]
    )
    return made


def axes_group(finding: Finding) -> ContentSequence | None:
    """The axes of a finding as the reader has them, with their ends; None where there is none to tell.

    A group of its own: one with a region (TID 1410) has no room for the ends of its lengths. It names no
    Finding, so that who counts findings counts this one once.
    """
    axes = {"long_axis": finding.long_axis, "short_axis": finding.short_axis}
    lines = {name: axis for name, axis in axes.items() if axis is not None}
    if not lines or not valid_uid(finding.frame_of_reference_uid):
        return None
    lengths = {"long_axis": finding.long_axis_mm, "short_axis": finding.short_axis_mm}
    made = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            _uid(f"{finding.tracking_uid} axes"), f"{finding.name}, axes"
        ),
        measurements=[
            _measurement(
                standard(name),
                Length(lengths[name] or 0.0, "mm"),
                c.line(axis, finding.frame_of_reference_uid),
            )
            for name, axis in lines.items()
        ],
    )
    made[0].ContentSequence.append(_belongs(finding))
    return made


def model_measurements(sources: Sequence[Source], read: SecondRead) -> list[ContentSequence]:
    """What a model measured of the whole study, a group each; what it did not measure has none."""
    return [_of_study(sources, read, m) for m in read.measurements if m.value_mm is not None]


def _of_study(sources: Sequence[Source], read: SecondRead, said: Measurement) -> ContentSequence:
    study = sources[0].display_set.study_instance_uid if sources else ""
    name, value = MEASURED[said.name], Length(said.value_mm or 0.0, "mm")
    made = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(_uid(f"{study} {read.sha256} {said.name}"), said.name),
        measurements=[_measurement(name, value, None)],
    )
    made[0].ContentSequence.append(c.text(own("MEASURED"), ": ".join(measurement_row(said))))
    return made


MEASURED = {"midline shift": own("MIDLINE-SHIFT")}
"""The codes of what models measure of a whole study."""

_Image = tuple[str, str, list[int] | None]
"""SOP class, SOP instance and frame numbers: what references take."""


def _measurements(where: DisplaySet, drawn: Distance, image: _Image | None) -> list[sr.Measurement]:
    names = ("length",) if drawn.short_axis is None else ("long_axis", "short_axis")
    return [
        _measurement(standard(name), length_of(where, axis), _coordinates(where, axis, image))
        for name, axis in zip(names, drawn.axes, strict=True)
    ]


def _measurement(name: Term, length: Length, ends: Sequence[Coordinates] | None) -> sr.Measurement:
    unit = c.concept(standard("mm" if length.unit == "mm" else "pixels"))
    return sr.Measurement(c.concept(name), float(f"{length.value:.6g}"), unit, referenced_coordinates=ends)


def _coordinates(where: DisplaySet, axis: Axis, image: _Image | None) -> Sequence[Coordinates] | None:
    """The ends in the patient, else on their image."""
    if where.geometry is not None:
        return c.line(axis, where.geometry.frame_of_reference_uid)
    if image is None:
        return None
    points = np.array([end[:2] for end in axis], np.float64)
    return [sr.CoordinatesForMeasurement("POLYLINE", points, sr.SourceImageForRegion(*image))]


def _image(source: Source, drawn: Distance) -> _Image | None:
    """The image as acquired on which it was drawn; None on a cut, which is in no object."""
    if drawn.on is not None:
        place = picture_place([source.display_set], drawn.on) if drawn.on.sop_instance_uid else None
        index = None if place is None else place[1]
    else:
        index = slice_of(source.display_set, middle(drawn))
    image = source.image_at(index) if index is not None else None
    if image is None or index is None:
        return None
    return str(image.SOPClassUID), str(image.SOPInstanceUID), source.frames_at(index)


def _belongs(finding: Finding) -> TextContentItem:
    return c.text(own("OF-FINDING"), f"{finding.name} {finding.tracking_uid}")
