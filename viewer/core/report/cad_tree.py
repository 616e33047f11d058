"""The content of a Mammography CAD SR (PS3.16 TID 4000): image library, findings, what was done."""

from collections.abc import Iterable, Mapping, Sequence

from pydicom.dataset import Dataset

from viewer.core.cad.shapes import HALF
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.mammogram import table
from viewer.core.reading.finding import Finding, ImagePlace
from viewer.core.report import cad_items as i
from viewer.core.report.second_read import SecondRead
from viewer.core.report.source import Source
from viewer.core.report.terms import Lesion, Term, cad, lesions, standard
from viewer.core.report.words import NOTICE, status_words

_LIBRARY = (1, 2)
"""Where the image library stands in the tree: after the language."""

ImageKey = tuple[str, int | None]
"""SOP Instance UID, and the frame from 0 where the object has several."""


def tree(sources: Sequence[Source], read: SecondRead, findings: Sequence[Finding]) -> Dataset:
    """The root of the document. `findings` have places on images of `sources`."""
    library = _library(sources)
    places = {key: (*_LIBRARY, number) for number, key in enumerate(library, 1)}
    seen = [place for (uid, _), place in places.items() if uid not in read.lost | read.unasked]
    unseen = [place for (uid, _), place in places.items() if uid in read.lost]
    return i.box(
        "",
        "report",
        [
            i.code(i.MODIFIER, "language", cad("english")),
            i.box(i.CONTAINS, "library", [i.image(*known) for known in library.values()]),
            _summary(read, findings, places),
            _detections(read, findings, seen, unseen),
            _analyses(read, findings, seen),
        ],
    )


def lesion_of(label: str) -> Lesion:
    """The kind of lesion that a label names; a density where it names none."""
    words = label.lower()
    known = lesions()
    return next((row for row in known if any(word in words for word in row.words)), known[-1])


# --- image library (TID 4020)


def _library(sources: Sequence[Source]) -> dict[ImageKey, tuple[Dataset, list[int] | None, list[Dataset]]]:
    """Every image, with what the standard lets a reader of the report know of it."""
    out: dict[ImageKey, tuple[Dataset, list[int] | None, list[Dataset]]] = {}
    for source in sources:
        display_set = source.display_set
        slots = display_set.slots or range(len(display_set.instances))
        for slot, instance in zip(slots, display_set.instances, strict=True):
            image = source.image_at(slot)
            if image is not None:
                frame = instance.frame if instance.frames > 1 else None
                known = (image, source.frames_at(slot), _described(instance))
                out[(instance.sop_instance_uid, frame)] = known
    return out


def _described(instance: Instance) -> list[Dataset]:
    """Side, view, orientation, date and spacing of an image, as far as they are known."""
    said: list[Dataset] = []
    mammogram = instance.mammogram
    if mammogram is not None and mammogram.side:
        said.append(i.code(i.ACQUIRED, "image_side", cad(mammogram.side)))
    view = next((row for row in table("view") if mammogram and row["name"] == mammogram.view), None)
    if view is not None:
        said.append(i.code(i.ACQUIRED, "image_view", Term(view["codes"][0], "SCT", view["meaning"])))
    if len(instance.patient_orientation) == 2:
        for name, value in zip(
            ("orientation_row", "orientation_column"), instance.patient_orientation, strict=True
        ):
            said.append(i.text(i.ACQUIRED, name, value))
    if instance.study_date:
        said.append(i.day(i.ACQUIRED, "study_date", instance.study_date))
    if instance.spacing_mm is not None:
        down, across = (1000 * mm for mm in instance.spacing_mm)
        said.append(i.number(i.ACQUIRED, "spacing_across", across, "micrometre"))
        said.append(i.number(i.ACQUIRED, "spacing_down", down, "micrometre"))
    return said


# --- findings (TID 4001 to 4006)


def _summary(
    read: SecondRead, findings: Sequence[Finding], places: Mapping[ImageKey, tuple[int, ...]]
) -> Dataset:
    if not read.finished:
        value = standard("nothing_ran")
    else:
        found = "found" if findings else "none"
        value = standard(f"{'all' if read.status == 'done' else 'some'}_{found}")
    said = [i.text(i.PROPERTY, "description", f"{status_words(read)} {NOTICE}"), *_algorithm(read)]
    return i.code(i.CONTAINS, "summary", value, [*said, *(_impression(read, f, places) for f in findings)])


def _impression(read: SecondRead, finding: Finding, places: Mapping[ImageKey, tuple[int, ...]]) -> Dataset:
    return i.box(i.INFERRED, "impression", [_intent(finding), _feature(read, finding, places)])


def _intent(finding: Finding) -> Dataset:
    """What lies below the operating point may be shown, and need not."""
    shown = "required" if finding.above_operating_point else "optional"
    return i.code(i.MODIFIER, "intent", cad(shown))


def _feature(read: SecondRead, finding: Finding, places: Mapping[ImageKey, tuple[int, ...]]) -> Dataset:
    """A single image finding, or one feature composed of those on several views (TID 4004)."""
    lesion, tracked = lesion_of(finding.label), _tracking(finding)
    if len(finding.places) == 1:
        return _single(i.CONTAINS, read, finding, finding.places[0], places, tracked)
    return i.code(
        i.CONTAINS,
        "composite",
        lesion.both,
        [
            _intent(finding),
            *tracked,
            i.code(i.PROPERTY, "composite_type", cad("spatially")),
            i.code(i.PROPERTY, "scope", cad("several_images")),
            *_algorithm(read),
            *_numbers(finding, "feature_certainty"),
            *(_single(i.INFERRED, read, finding, place, places) for place in finding.places),
        ],
    )


def _single(
    relation: str,
    read: SecondRead,
    finding: Finding,
    place: ImagePlace,
    places: Mapping[ImageKey, tuple[int, ...]],
    tracked: Iterable[Dataset] = (),
) -> Dataset:
    on = places[(place.sop_instance_uid, place.frame)]
    drawn = [i.drawing("centre", "POINT", (place.column + HALF, place.row + HALF), on)]
    if place.box is not None:
        left, top, right, bottom = (edge + HALF for edge in place.box)
        corners = (left, top, right, top, right, bottom, left, bottom, left, top)
        drawn.append(i.drawing("outline", "POLYLINE", corners, on))
    children = [_intent(finding), *tracked, *_algorithm(read), *_numbers(finding, "certainty"), *drawn]
    return i.code(relation, "single", lesion_of(finding.label).code, children)


def _tracking(finding: Finding) -> list[Dataset]:
    return [
        i.text(i.OBSERVED, "tracking", finding.name),
        i.uid(i.OBSERVED, "tracking_uid", finding.tracking_uid),
    ]


def _numbers(finding: Finding, certainty: str) -> list[Dataset]:
    sure = finding.certainty if finding.probability is None else finding.probability
    said = ((certainty, sure), ("cancer", finding.malignancy))
    return [i.number(i.PROPERTY, name, 100 * value, "percent") for name, value in said if value is not None]


def _algorithm(read: SecondRead) -> list[Dataset]:
    """Who computed it (TID 4019)."""
    return [
        i.text(i.PROPERTY, "algorithm", read.title or read.model_id),
        i.text(i.PROPERTY, "version", read.version or "not stated"),
        i.text(i.PROPERTY, "parameters", f"{read.model_id}, weights SHA-256 {read.sha256}"),
    ]


# --- what was done (TID 4015 to 4018)


def _detections(
    read: SecondRead,
    findings: Sequence[Finding],
    seen: Sequence[tuple[int, ...]],
    unseen: Sequence[tuple[int, ...]],
) -> Dataset:
    """Which images were searched, and for what; not attempted, failed and succeeded are different codes."""
    labels = read.labels or tuple(f.label for f in findings) or ("mass",)
    kinds = tuple(dict.fromkeys(lesion_of(label).code for label in labels))
    parts = []
    if read.finished:
        parts.append(_work("detected", "detection", kinds, read, seen))
    if read.status == "failed" or (read.status == "partial" and unseen):
        parts.append(_work("not_detected", "detection", kinds, read, unseen or seen))
    return i.code(i.CONTAINS, "detections", standard(read.status), parts)


def _analyses(read: SecondRead, findings: Sequence[Finding], seen: Sequence[tuple[int, ...]]) -> Dataset:
    """The same lesion found again on another view is an analysis; without one there was none."""
    if not any(len(f.places) > 1 for f in findings):
        return i.code(i.CONTAINS, "analyses", standard("not_run"))
    done = _work("analysed", "analysis", (cad("collocation"),), read, seen)
    return i.code(i.CONTAINS, "analyses", standard("done"), [done])


def _work(
    container: str, name: str, kinds: Iterable[Term], read: SecondRead, on: Sequence[tuple[int, ...]]
) -> Dataset:
    performed = [
        i.code(i.CONTAINS, name, kind, [*_algorithm(read), *(i.reference(i.PROPERTY, place) for place in on)])
        for kind in kinds
    ]
    return i.box(i.INFERRED, container, performed)
