"""One measurement group per finding: as proposed, as judged, as the reader saw it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from highdicom import sr
from highdicom.sr.value_types import ContentItem, ContentSequence
from numpy.typing import NDArray

from viewer.core.reading.birads import computed_words
from viewer.core.reading.chance import percent
from viewer.core.reading.concepts import rating_of
from viewer.core.reading.finding import Finding, ImagePlace, Texture
from viewer.core.reading.mask import unpack
from viewer.core.reading.reading import Judgement, Reading, Verdict
from viewer.core.report import content as c
from viewer.core.report.breast_terms import in_breast
from viewer.core.report.inert import one_line
from viewer.core.report.place import directions, slice_on
from viewer.core.report.region import circle, on_image, outline
from viewer.core.report.second_read import NoduleMask, SecondRead
from viewer.core.report.selection import own_mark, reported, seen_by
from viewer.core.report.source import Source, find_source, valid_uid
from viewer.core.report.terms import Term, own, reject_reasons, standard


def model_group(sources: Sequence[Source], read: SecondRead, finding: Finding) -> ContentSequence:
    """What the model says: sizes, score, probability, who computed it."""
    suggested = read.suggestions.get(finding.tracking_uid, {})
    attenuation = suggested.get("texture")
    known = attenuation is not None and attenuation.value in {t.value for t in Texture}
    return c.group(
        finding,
        finding.name,
        _regions(sources, finding, read.masks.get(finding.tracking_uid)),
        sizes=c.measurements(finding, model=True),
        algorithm=_algorithm(read),
        evaluations=[c.texture(Texture(attenuation.value))] if attenuation and known else [],
        more=[
            *_side(finding),
            *(c.text(own("CONCEPT"), f"{name}: {value:.1f}") for name, value in finding.concepts),
            *(
                c.text(own("SUGGESTION"), f"{name}: {said.value}, probability {percent(said.probability)}")
                for name, said in suggested.items()
                if said is not attenuation
            ),
        ],
    )


def judged_group(
    sources: Sequence[Source], reading: Reading, finding: Finding, mask: NoduleMask | None
) -> ContentSequence:
    """What the reader decided on a finding of the model, under the model's Tracking UID.

    Where the reader measured the place or corrected the finding, the reader's outline and sizes stand here.
    """
    judgement = reading.judgement(finding.tracking_uid)
    accepted, mark = judgement.verdict is Verdict.ACCEPTED, own_mark(reading, finding)
    shown = replace(reported(reading, finding), tracking_uid=finding.tracking_uid) if accepted else finding
    mine = shown != finding
    return c.group(
        shown,
        _identifier(finding, mark, judgement),
        _regions(sources, shown, own_mask(sources, shown) if mine else mask),
        kind=_kind(judgement),
        sizes=c.measurements(shown, model=False) if accepted else (),
        evaluations=c.evaluations(shown) if accepted else [],
        more=[
            c.code(own("ACTION"), _action(judgement, mine), judgement.at),
            *_reason(judgement),
            c.code(own("READ-FIRST"), own(seen_by(reading, finding))),
            *([c.text(own("OF-MODEL"), finding.by)] if finding.by else []),
            *([c.text(own("READER-MARK"), f"{mark.name} {mark.tracking_uid}")] if mark else []),
            *_corrections(reading, finding),
            *(_note(shown) if accepted else []),
            *_side(shown),
        ],
    )


def own_group(sources: Sequence[Source], reading: Reading, finding: Finding) -> ContentSequence:
    """A finding of the reader."""
    return c.group(
        finding,
        finding.name,
        _regions(sources, finding, own_mask(sources, finding)),
        sizes=c.measurements(finding, model=False),
        evaluations=c.evaluations(finding) if _has_terms(finding) else [],
        more=[
            c.code(own("ACTION"), own("OWN")),
            c.code(own("READ-FIRST"), own(seen_by(reading, finding))),
            *_note(finding),
            *_side(finding),
        ],
    )


def own_mask(sources: Sequence[Source], finding: Finding) -> NoduleMask | None:
    """What an own mark was measured on; None where it has no mask, or the grid of its series has changed."""
    where = find_source(sources, finding)
    if finding.mask is None or where is None or where.display_set.geometry is None:
        return None
    found = unpack(finding.mask, where.display_set.geometry)
    return None if found is None else NoduleMask(*found)


def _algorithm(read: SecondRead) -> sr.AlgorithmIdentification:
    parameters = [f"weights-sha256={one_line(read.sha256)}"]
    if read.operating_point is not None:
        parameters.append(f"threshold={read.operating_point.threshold!r} ({read.operating_point.name})")
    if read.device:
        parameters.append(f"device={one_line(read.device)}")
    return sr.AlgorithmIdentification(
        name=one_line(read.model_id),
        version=one_line(read.version) or "unknown",
        family=c.concept(standard("artificial")),
        parameters=parameters,
    )


def _regions(sources: Sequence[Source], finding: Finding, mask: NoduleMask | None) -> list[c.Region]:
    """Where a finding lies: a polygon in the patient, or a box or point on each of its images.

    An answer about a whole series lies nowhere (TID 1501).
    """
    if finding.of_series:
        return []
    if finding.places:
        return [region for place in finding.places for region in _on_image(sources, place)]
    drawn = _polygon(sources, finding, mask)
    if drawn is None or not valid_uid(finding.frame_of_reference_uid):
        return []
    return [sr.ImageRegion3D(sr.GraphicTypeValues3D.POLYGON, drawn, finding.frame_of_reference_uid)]


def _on_image(sources: Sequence[Source], place: ImagePlace) -> list[c.Region]:
    """On one image; empty where it cannot be referred to."""
    for source in sources:
        index = slice_on(source.display_set, place)
        image = None if index is None else source.image_at(index)
        if image is None or index is None:
            continue
        of = sr.SourceImageForRegion(
            str(image.SOPClassUID), str(image.SOPInstanceUID), source.frames_at(index)
        )
        return [sr.ImageRegion(*on_image(place), of)]
    return []


def _polygon(
    sources: Sequence[Source], finding: Finding, mask: NoduleMask | None
) -> NDArray[np.float64] | None:
    """The outline of the mask, else a circle of the mean diameter in the plane of the images; (n, 3) mm."""
    where = find_source(sources, finding)
    if where is None:
        return None
    if mask is not None and where.display_set.geometry is not None:
        drawn = outline(mask, where.display_set.geometry)
        if drawn is not None:
            return drawn
    plane, centre = directions(where.display_set), finding.center_lps_mm
    return None if plane is None or centre is None else circle(centre, finding.mean_diameter_mm, *plane)


def _kind(judgement: Judgement) -> Term | None:
    """What a finding is for someone who cannot read the private codes: a rejected one is no nodule."""
    if judgement.verdict is not Verdict.REJECTED:
        return None
    return standard("non_lesion" if judgement.reason in ("normal_anatomy", "artefact") else "abnormal")


def _identifier(finding: Finding, mark: Finding | None, judgement: Judgement) -> str:
    match judgement.verdict:
        case Verdict.ACCEPTED:
            return f"{mark.name} = {finding.name}" if mark else finding.name
        case Verdict.REJECTED:
            return f"{finding.name}, rejected"
        case Verdict.UNDECIDED:
            return f"{finding.name}, not decided"


def _action(judgement: Judgement, measured: bool) -> Term:
    match judgement.verdict:
        case Verdict.ACCEPTED:
            return own("ACCEPTED-MOD" if measured else "ACCEPTED")
        case Verdict.REJECTED:
            return own("REJECTED")
        case Verdict.UNDECIDED:
            return own("DEFERRED" if judgement.at else "NOT-REVIEWED")


def _reason(judgement: Judgement) -> list[ContentItem]:
    reason = reject_reasons().get(judgement.reason)
    coded: list[ContentItem] = [c.code(own("REASON"), reason.term, judgement.at)] if reason else []
    return coded + ([c.text(standard("comment"), judgement.text)] if judgement.text else [])


def _corrections(reading: Reading, finding: Finding) -> list[ContentItem]:
    """What the reader rates otherwise than the model, and the score that follows."""
    rating = rating_of(reading, finding)
    if rating is None or not rating.corrected:
        return []
    said = [f"{r.concept.name}: {r.reader:g}, the model {r.model:.1f}" for r in rating.corrected]
    score = f"{percent(rating.score)}, the model alone {percent(rating.model)}"
    return [*(c.text(own("CONCEPT"), words) for words in said), c.text(own("CORRECTED"), score)]


def _has_terms(finding: Finding) -> bool:
    return in_breast(finding) or "nodule" in finding.label.lower()


def _side(finding: Finding) -> list[ContentItem]:
    """What must be known of the side and the place of a finding in a breast."""
    if not in_breast(finding):
        return []
    unknown = "The side was not stated: header and reader name no breast."
    unsure = computed_words(finding.description) if finding.description is not None else ""
    return [
        *([] if finding.laterality else [c.text(own("SIDE"), unknown)]),
        *([c.text(own("BR-PLACE"), f"{unsure[0].upper()}{unsure[1:]}.")] if unsure else []),
    ]


def _note(finding: Finding) -> list[ContentItem]:
    return [c.text(standard("comment"), finding.note)] if finding.note else []
