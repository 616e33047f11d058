"""What lies over the images: marks, distances, the heat map, ticks of the scroll bar, what was seen."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from inference.protocol import Faithfulness, Method, Place
from viewer.app import explaining, seeing
from viewer.app.desk_state import DeskState
from viewer.app.display import Heat, ImageHeat, Mark, MarkState, Measurement, Plane
from viewer.app.views import View, frame_of
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.planes import nearest_cut
from viewer.core.reading.finding import Author, Finding
from viewer.core.reading.lesions import LesionType, lesion_type
from viewer.core.reading.reading import Distance, Reading, Verdict
from viewer.core.report.place import slice_on

if TYPE_CHECKING:  # the second reader's parts load when it starts
    from viewer.app.second_read.model_read import HeatMaps

LEAST_RADIUS_MM = 3.0
"""Of the mark of a finding that was not measured, or is smaller."""
_STATES = {
    Verdict.ACCEPTED: MarkState.ACCEPTED,
    Verdict.REJECTED: MarkState.REJECTED,
    Verdict.UNDECIDED: MarkState.OPEN,
}


def state_of(reading: Reading, finding: Finding) -> MarkState:
    """How a finding stands: own marks count as accepted, those of two other readers as was decided."""
    between = reading.arbitration
    if between is not None and between.finding(finding.tracking_uid) is not None:
        decided = f"finding {finding.tracking_uid}" in between.decisions
        kept = any(f.tracking_uid == finding.tracking_uid for f in reading.own)
        return MarkState.ACCEPTED if kept else MarkState.REJECTED if decided else MarkState.OPEN
    if finding.author is Author.READER:
        return MarkState.ACCEPTED
    state = _STATES[reading.judgement(finding.tracking_uid).verdict]
    if state is MarkState.OPEN and not finding.above_operating_point:
        return MarkState.BELOW
    return state


def name_of(reading: Reading, finding: Finding) -> str:
    """The name on screen: "M1 = R1" where the reader marked the same place."""
    own = reading.finding(reading.joined.get(finding.tracking_uid, ""))
    return finding.name if own is None else f"{finding.name} = {own.name}"


def marks_of(desk: DeskState) -> tuple[Mark, ...]:
    """The marks that may be drawn; which picture shows which, the viewport knows."""
    reading = desk.reading
    if reading is None:
        return ()
    shown = [f for f in seeing.drawn(desk, reading) if not f.of_series]  # these lie nowhere
    return tuple(mark_of(reading, f, focused=f.tracking_uid == desk.review.focus) for f in shown)


def mark_of(reading: Reading, proposed: Finding, *, focused: bool = False) -> Mark:
    """A finding as it is drawn; one of the model that the reader marked too is drawn as both."""
    own = reading.finding(reading.joined.get(proposed.tracking_uid, ""))
    finding = own or reading.edited.get(proposed.tracking_uid, proposed)
    long = finding.long_axis_mm or 0.0
    by = "joined" if own is not None else "model" if proposed.author is Author.MODEL else "reader"
    return Mark(
        name=name_of(reading, proposed),
        tracking_uid=proposed.tracking_uid,
        author=by,
        state=state_of(reading, proposed),
        focused=focused,
        series_instance_uid=finding.series_instance_uid,
        frame_of_reference_uid=finding.frame_of_reference_uid,
        center_lps_mm=finding.center_lps_mm,
        places=finding.places or proposed.places,
        radius_mm=max(long / 2, LEAST_RADIUS_MM),
        long_axis=finding.long_axis if by != "model" else None,
        short_axis=finding.short_axis if by != "model" else None,
        text=size_text(finding) if by != "model" else "",
        lesion=lesion_type(finding) or lesion_type(proposed),
    )


def legend_of(desk: DeskState) -> tuple[LesionType, ...]:
    """The types of lesion among the marks that may be drawn, in the order of the table."""
    told = {mark.lesion for mark in marks_of(desk)}
    return tuple(kind for kind in LesionType if kind in told)


def size_text(finding: Finding) -> str:
    """Long by short axis, one decimal; "" where not measured."""
    long, short = finding.long_axis_mm, finding.short_axis_mm
    if long is None:
        return ""
    return f"{long:.1f} mm" if short is None else f"{long:.1f} × {short:.1f} mm"


def measurements_of(desk: DeskState, shown: DisplaySet) -> tuple[Measurement, ...]:
    """The measurements drawn on this series."""
    drawn = () if desk.reading is None else desk.reading.distances
    return lines_of(d for d in drawn if d.series_instance_uid == shown.series_instance_uid)


def lines_of(distances: Iterable[Distance]) -> tuple[Measurement, ...]:
    """Every line of these measurements; what is said of two across each other stands at the long one."""
    return tuple(
        Measurement(d.key, axis, d.text if number == 0 else "", d.series_instance_uid)
        for d in distances
        for number, axis in enumerate(d.axes)
    )


def heat_of(desk: DeskState) -> Heat | None:
    """The heat map of the finding in focus, while H is held or it is pinned; never before the reveal."""
    reading, uid = desk.reading, seeing.heat_shown(desk)
    finding = None if reading is None or not uid else reading.finding(uid)
    evidence = None if finding is None else explaining.evidence_of(desk, uid)
    if finding is None or evidence is None:
        return None
    key = explaining.key_of(desk, uid)
    made = f"{key.method.value}: {key.target}"
    if evidence.maps is None:
        return replace(_bare(finding), notes=(made, *NO_MAP))
    count = len(evidence.maps) if isinstance(evidence.maps, tuple) else 1
    figures = (
        [MEASURING] * count if evidence.faithfulness is None else map(figure_words, evidence.faithfulness)
    )
    return heat_map(finding, evidence.maps, [(made, *words) for words in figures])


MEASURING = ("Faithfulness: being measured",)
NO_MAP = ("No map: nothing that is seen here raised the answer",)


def figure_words(figure: Faithfulness | None) -> tuple[str, ...]:
    """How faithful a heat map is, beside a random one: lines of a legend. `NO_MAP` for one that is empty."""
    if figure is None:
        return NO_MAP
    better = figure.deletion < figure.random_deletion and figure.insertion > figure.random_insertion
    return (
        f"Deletion {figure.deletion:.2f} (random {figure.random_deletion:.2f})",
        f"Insertion {figure.insertion:.2f} (random {figure.random_insertion:.2f})",
        *(() if better else ("No more faithful than a random map",)),
    )


def heat_map(finding: Finding, maps: "HeatMaps", notes: Sequence[tuple[str, ...]] = ()) -> Heat:
    """The heat map of a finding as it is drawn; `notes` for each of its images, or for the one volume.

    Without notes it is the map that the read brought.
    """
    heat = _bare(finding)
    own = (f"{Method.HIRESCAM.value}: {finding.label}",)
    if isinstance(maps, tuple):
        said = notes or [own] * len(maps)
        return replace(heat, images=tuple(map(_on_image, maps, said)))
    depth, height, width = maps.array.shape
    shape = (depth, height, width)
    return replace(
        heat, path=maps.array.path, start=maps.start, shape=shape, notes=notes[0] if notes else own
    )


def _bare(finding: Finding) -> Heat:
    return Heat(
        tracking_uid=finding.tracking_uid,
        name=finding.name,
        series_instance_uid=finding.series_instance_uid,
        frame_of_reference_uid=finding.frame_of_reference_uid,
    )


def _on_image(place: Place, notes: tuple[str, ...]) -> ImageHeat:
    assert place.heat is not None
    rows, columns = place.heat.array.shape
    path, box = place.heat.array.path, place.heat.box
    return ImageHeat(place.sop_instance_uid, place.frame, path, (rows, columns), box, notes)


def ticks_of(
    desk: DeskState, view: View, shown: DisplaySet, count: int, marks: tuple[Mark, ...]
) -> tuple[tuple[float, str], ...]:
    """Where along the scroll bar the marks lie."""
    if count < 2:
        return ()
    cuts = ((cut, mark) for mark in marks for cut in _cuts(desk, view, shown, mark))
    return tuple((cut / (count - 1), mark.author) for cut, mark in cuts if mark.state is not MarkState.BELOW)


def _cuts(desk: DeskState, view: View, shown: DisplaySet, mark: Mark) -> list[int]:
    """The pictures of a viewport that a mark lies on."""
    grid = desk.views.grid(view)
    if mark.center_lps_mm is None:
        on = (slice_on(shown, place) for place in mark.places if view.plane is Plane.STACK)
        return [index for index in on if index is not None]
    here = grid is not None and mark.frame_of_reference_uid in (frame_of(shown), "")
    return [nearest_cut(grid, mark.center_lps_mm)] if grid is not None and here else []


def seen_of(
    desk: DeskState, view: View, shown: DisplaySet, count: int
) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Share of the images that were on screen, and which: spans 0..1 along the scroll bar."""
    reading = desk.reading
    key = shown.id if view.plane is Plane.STACK else f"{shown.id}/{view.plane.value}"
    seen = frozenset() if reading is None else reading.slices_seen.get(key, frozenset())
    if not seen or not count:
        return 0.0, ()
    return min(1.0, len(seen) / count), _spans(seen, count)


def _spans(seen: frozenset[int], count: int) -> tuple[tuple[float, float], ...]:
    if len(seen) >= count:
        return ((0.0, 1.0),)
    out: list[tuple[int, int]] = []
    for index in sorted(seen):
        if out and index == out[-1][1]:
            out[-1] = (out[-1][0], index + 1)
        else:
            out.append((index, index + 1))
    return tuple((first / count, last / count) for first, last in out)
