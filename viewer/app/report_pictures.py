"""The reader's key images and snapshots drawn again from their data, through the viewports' own pipeline."""

from collections.abc import Mapping
from dataclasses import replace

from viewer.app import posing
from viewer.app.display import Corners, Heat, Mark, Plane, TextLevel, ViewportState
from viewer.app.report_material import Press
from viewer.app.resolve.overlays import heat_map, lines_of, mark_of
from viewer.app.second_read.model_read import HeatMaps
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.dicom.presentation import Presentation
from viewer.core.hanging.pose import Pose, Turn, turn_by
from viewer.core.reading.pictures import STACK, KeyImage, Shown, Snapshot
from viewer.core.reading.reading import Reading
from viewer.core.report.place import picture_place


def figure_picture(
    key: str,
    study: Study,
    reading: Reading,
    stacks: Mapping[str, Stack],
    heats: Mapping[str, HeatMaps],
    press: Press,
) -> bytes | None:
    """PNG of the key image or snapshot with that key; None where its pixels are not at hand.

    heats  heat maps of the revealed findings, by tracking UID
    """
    taken = _taken(key, study, reading)
    place = None if taken is None else picture_place(study.display_sets, taken.shows)
    stack = None if place is None else stacks.get(place[0].id)
    if taken is None or place is None or stack is None:
        return None
    state = figure_state(taken, *place, reading, heats)
    given = presentation_in(study, taken.shows.presentation)
    pose = Pose(_turn(study, place[0], taken.shows))
    return press.figure(stack, replace(state, presentation=given, pose=pose), taken.aspect)


def figure_state(
    taken: Snapshot, where: DisplaySet, index: int, reading: Reading, heats: Mapping[str, HeatMaps]
) -> ViewportState:
    """What a snapshot shows, as a viewport would: the marks that it could show, as the findings stand now."""
    shows = taken.shows
    return ViewportState(
        id="figure",
        title="",
        plane=Plane(shows.plane),
        display_set=where.id,
        index=index,
        count=where.count,
        point_lps_mm=shows.point_lps_mm,
        window=shows.window,
        invert=shows.invert,
        zoom=taken.zoom,
        pan=taken.pan,
        focused=False,
        corners=Corners(),
        text_level=TextLevel.NONE,
        crosshair=False,
        marks=_marks(taken, reading),
        measurements=lines_of(
            d
            for d in reading.distances
            if d.key in taken.measures and d.series_instance_uid == where.series_instance_uid
        ),
        heat=_heat(taken, reading, heats),
    )


def _turn(study: Study, where: DisplaySet, shows: Shown) -> Turn:
    """As the viewport had it: turned by its presentation state, else a mammogram as on the breast."""
    given = presentation_in(study, shows.presentation)
    if given is not None:
        return turn_by(given.rotation, given.flip)
    return (posing.turn(where) if shows.plane == STACK else None) or Turn()


def presentation_in(study: Study, uid: str) -> Presentation | None:
    """The presentation state of a study with that UID."""
    every = (i.presentation for d in study.display_sets for i in d.instances)
    return next((s for s in every if s is not None and s.sop_instance_uid == uid), None) if uid else None


def _taken(key: str, study: Study, reading: Reading) -> Snapshot | None:
    """The snapshot with that key, or the key image as one: whole, with what the reader alone drew on it."""
    chosen = next((k for k in reading.key_images if k.key == key), None)
    if chosen is None:
        return next((s for s in reading.snapshots if s.key == key), None)
    return _whole(chosen, study, reading)


def _whole(chosen: KeyImage, study: Study, reading: Reading) -> Snapshot:
    return Snapshot(
        key=chosen.key,
        shows=chosen.shows,
        aspect=_aspect(study, chosen.shows),
        marks=tuple(f.tracking_uid for f in reading.own),
        measures=tuple(d.key for d in reading.distances),
    )


def _aspect(study: Study, shows: Shown) -> float:
    """Width of an image divided by its height, as it is shown."""
    place = picture_place(study.display_sets, shows)
    instance = None if place is None else place[0].instance_at(place[1])
    if place is None or instance is None:
        return 1.0
    turn = _turn(study, place[0], shows)
    across, down = turn.pitch(instance.spacing_mm or (1.0, 1.0))
    wide, tall = turn.size((instance.rows, instance.columns))
    return wide * across / (tall * down)


def _marks(taken: Snapshot, reading: Reading) -> tuple[Mark, ...]:
    """An own mark is drawn alone where it was seen alone, whatever the model said of the place later."""
    found = (f for f in (*reading.own, *reading.model) if f.tracking_uid in taken.marks)
    return tuple(mark_of(reading, f) for f in found)


def _heat(taken: Snapshot, reading: Reading, heats: Mapping[str, HeatMaps]) -> Heat | None:
    finding, maps = reading.finding(taken.heat), heats.get(taken.heat)
    return None if finding is None or maps is None else heat_map(finding, maps)
