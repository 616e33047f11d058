"""Studies onto the desk: scan, choose, hang, and the pixels of what is on screen."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic

from viewer.app import hanging, posing, revealing, sitting
from viewer.app.desk_parts import Hanging, Pixels, ReportState, Review, SecondReader
from viewer.app.desk_state import DeskState, study_key
from viewer.app.display import Plane, Severity
from viewer.app.jobs import Report
from viewer.app.loader import Loader
from viewer.app.scan import Scanner, ScanResult
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.dicom.problem import DicomError
from viewer.core.hanging.protocol import main_display_set

FIRST_S = 0.05
"""How soon a scan shows what it has, so that the first image need not wait for the last header."""
PATIENCE_S = 0.5
"""How long the other headers may wait for the first image to be drawn."""
ARRIVAL_S = 0.15
"""How often slices that arrive are drawn, where they are not the one on screen."""
SETTLE_S = 0.15
"""What comes on screen is painted before the next step is loaded: its own pixels may be here already."""
KEPT_STACKS = 4
"""Display sets whose pixels stay in memory after they left the screen."""
SMALL = 1 << 21
"""Bytes of a picture for the study list that may stay in memory after its study was closed."""

# --- scanning


def open_paths(desk: DeskState, paths: Sequence[Path]) -> None:
    """Look for studies at and below `paths`; the first one opens as soon as it has an image."""
    desk.search.paths = tuple(dict.fromkeys((*desk.search.paths, *paths)))
    desk.search.number += 1
    if desk.study is None and not desk.search.running:
        desk.search.opened = False  # after a case was closed: these are opened to be read
    number, home, post, seen = desk.search.number, desk.home, desk.post, desk.first_image_seen
    if desk.loader is None:
        desk.loader = Loader(partial(_prepare, desk))
    desk.search.running = True
    post(partial(sitting.prepare, desk))

    def work(report: Report, cancelled: Callable[[], bool]) -> None:
        progress, patience = _progress(report), PATIENCE_S
        for result in Scanner(paths, home).results(progress, cancelled, FIRST_S):
            post(partial(_scanned, desk, number, result))
            if result.studies:
                seen.wait(patience)
                patience = 0.0

    name = paths[0].name if len(paths) == 1 else f"{len(paths)} places"
    title = f"Looking into {name}"
    desk.search.job = desk.jobs.start(title, work, lambda _: None, lambda e: _not_scanned(desk, e))
    desk.changed()


def stop_scan(desk: DeskState) -> None:
    """The reader stopped the scan: what was found so far stays."""
    desk.search.running = False
    desk.say(
        "The search was stopped: series may be incomplete. Ctrl+O opens the folder again.", Severity.WARNING
    )


def _progress(report: Report) -> Callable[[int, int], None]:
    return lambda number, of: report(number / max(1, of), f"{number} of {of} files")


def _not_scanned(desk: DeskState, error: Exception) -> None:
    desk.search.running = False
    desk.say(f"The scan stopped: {error}", Severity.DANGER)


def _scanned(desk: DeskState, number: int, result: ScanResult) -> None:
    """Take over what a scan has found so far."""
    if number == desk.search.number:
        desk.search.running = not result.complete
    found = {study_key(s): s for s in (*desk.listing.studies, *result.studies)}
    desk.listing.studies = tuple(found.values())
    known = {p.line() for p in desk.search.not_loaded}
    desk.search.not_loaded += tuple(p for p in result.not_loaded if p.line() not in known)
    for note in result.notes:
        desk.say(note, Severity.WARNING)
    if desk.study is not None:
        _refresh(desk)
    elif not desk.search.opened:
        _open_first(desk, result)
    if result.complete:
        _scan_ended(desk)
    desk.changed()


def _open_first(desk: DeskState, result: ScanResult) -> None:
    images = [s for s in result.studies if main_display_set(s) is not None]
    wanted = [s for s in images if s.study_instance_uid == desk.search.resuming_study]
    if desk.search.resuming_study and not wanted and not result.complete:
        return
    first = _newest(wanted or images)
    if first is not None:
        open_study(desk, study_key(first))
    elif result.complete:
        desk.screen.page = "studies"
        count = len(desk.search.not_loaded)
        said = f"; {count} files were not loaded (Ctrl+K, 'not loaded')" if count else ""
        desk.say(f"No images were found{said}.", Severity.WARNING)


def _newest(studies: Sequence[Study]) -> Study | None:
    """The first study, or a newer one of the same patient: an earlier one is there to be compared with."""
    same = [s for s in studies if s.patient.key == studies[0].patient.key]
    return max(same, key=lambda study: study.date, default=None)


def _scan_ended(desk: DeskState) -> None:
    """Every header is read: a series that has grown meanwhile shows its middle, the second reader begins."""
    if desk.main is not None:
        desk.views.to_the_middle(desk.main)
    count = len(desk.search.not_loaded)
    if count and desk.study is not None:
        files = "1 file was" if count == 1 else f"{count} files were"
        desk.say(f"{files} not loaded. Ctrl+K, 'not loaded' lists why.", Severity.WARNING)
    if desk.case.shown:
        start_second_reader(desk)
        revealing.read_list(desk)


# --- one study


def open_study(desk: DeskState, key: str) -> None:
    """Put a study on the desk; the reading of the one before is left as it is, on disk."""
    sitting.leave(desk)
    desk.search.opened = True
    desk.case.generation += 1
    desk.case.shown = False
    desk.case.key = desk.listing.chosen = key
    desk.review, desk.report, desk.second = Review(), ReportState(), SecondReader("waiting")
    desk.pixels, desk.hanging = Pixels(), Hanging()
    desk.screen.page, desk.screen.overlay = "reading", ""
    desk.screen.panel, desk.screen.series_open = False, True
    desk.views.forget()
    _refresh(desk)
    sitting.begin(desk)


def _refresh(desk: DeskState) -> None:
    """The study as it stands now: it may have grown since."""
    study = desk.study
    if study is None:
        return
    desk.views.renew({d.id: d for d in desk.patient_sets})
    hanging.fill(desk)
    desk.changed()


def close_study(desk: DeskState) -> None:
    """Take the study off the desk; its reading stays on disk and can be resumed."""
    sitting.leave(desk)
    desk.case.generation += 1
    desk.case.key = desk.case.main_id = ""
    small = {k: one for k, one in desk.pixels.thumbnails.items() if one.codes.nbytes <= SMALL}
    desk.pixels, desk.hanging = Pixels(thumbnails=small), Hanging()
    desk.views.forget()
    desk.review, desk.report, desk.second = Review(), ReportState(), SecondReader()
    desk.screen.page = "studies"
    sitting.refresh_list(desk)
    revealing.read_list(desk)
    desk.say("Case closed.")


def start_second_reader(desk: DeskState) -> None:
    """Begin the second read of a complete study, unless its reading is signed, or shows no model."""
    if not sitting.shows_a_model(desk):
        desk.second.stands("not_run", "in independent double reading no model is shown")
        return
    if desk.study is not None and not sitting.is_signed(desk) and desk.second.sealed is None:
        revealing.start(desk)


def first_image(desk: DeskState) -> None:
    """The first image of a study is on screen, or none will be: now other things may load."""
    desk.case.shown = True
    desk.first_image_seen.set()
    _load_thumbnails(desk)
    if not desk.search.running:
        start_second_reader(desk)
        revealing.read_list(desk)


# --- pixels


def load_what_is_shown(desk: DeskState) -> None:
    """Open the pixels of every display set on screen, then of the steps beside; a desk listener."""
    on_screen = set()
    for view in desk.views.visible:
        shown = desk.views.display_set(view)
        if shown is None:
            continue
        known = desk.pixels.stacks.get(shown.id)
        index = desk.views.place(view)[0] if view.plane is Plane.STACK else None
        on_screen.add((shown.id, index))
        if known is None or known.display_set != shown:
            _open(desk, shown, index)
        elif index is not None and not known.ready[index] and desk.loader is not None:
            desk.loader.prefer(known, index)
    _note_a_change(desk, on_screen)
    if _is_here(desk, on_screen):
        if desk.study is not None and not desk.case.shown and not _will_be_drawn(desk, on_screen):
            first_image(desk)
        if monotonic() >= desk.pixels.settled_at:
            _open_beside(desk)
    _drop_old(desk)


def _note_a_change(desk: DeskState, on_screen: set[tuple[str, int | None]]) -> None:
    """Other pictures on screen are painted before anything is loaded for the steps beside."""
    before = {name for name, _ in desk.pixels.on_screen}
    desk.pixels.on_screen = on_screen
    if {name for name, _ in on_screen} != before:
        desk.pixels.settled_at = monotonic() + SETTLE_S
        desk.later(SETTLE_S, partial(load_what_is_shown, desk))


def _will_be_drawn(desk: DeskState, on_screen: set[tuple[str, int | None]]) -> bool:
    """True where a picture on screen has pixels to paint."""
    stacks = desk.pixels.stacks
    return any(name in stacks and bool(stacks[name].ready.any()) for name, _ in on_screen)


def _is_here(desk: DeskState, on_screen: set[tuple[str, int | None]]) -> bool:
    """True once all that is on screen is loaded: from then on what comes next may load."""
    stacks = desk.pixels.stacks
    return all(name not in stacks or stacks[name].complete for name, _ in on_screen)


def _open_beside(desk: DeskState) -> None:
    """Load what the next and the previous step show, one at a time, before it is asked for."""
    for picture in hanging.beside(desk):
        known, shown = desk.pixels.stacks.get(picture), desk.views.sets.get(picture)
        if known is not None and not known.complete:
            return
        if known is None and shown is not None and (picture, shown.generation) not in desk.pixels.refused:
            _open(desk, shown, None)
            return


def _open(desk: DeskState, shown: DisplaySet, index: int | None) -> None:
    if desk.loader is None or (shown.id, shown.generation) in desk.pixels.refused:
        return
    try:
        stack = desk.loader.open(shown, index, _arrivals(desk))
    except DicomError as error:
        desk.pixels.refused.add((shown.id, shown.generation))
        desk.search.not_loaded += (error.problem,)
        desk.say(f"{shown.title} is not shown: {error.problem.message}.", Severity.DANGER)
        return
    desk.pixels.stacks.pop(shown.id, None)
    desk.pixels.stacks[shown.id] = stack


def _drop_old(desk: DeskState) -> None:
    """Forget pixels that have long left the screen; the oldest first."""
    wanted = {view.display_set for view in desk.views.hung} | {desk.case.main_id, *hanging.beside(desk)}
    old = [name for name in desk.pixels.stacks if name not in wanted]
    for name in old[: max(0, len(old) - KEPT_STACKS)]:
        del desk.pixels.stacks[name]


def _prepare(desk: DeskState, stack: Stack, index: int) -> None:
    """Make all of a single image that its first paint needs; on a loader's thread, so the window need not."""
    if len(stack.ready) == 1:
        desk.reduce(stack)
        if posing.breast_of(stack.display_set) is not None:
            desk.pixels.found[stack.display_set.id] = posing.box_of(stack)


def _arrivals(desk: DeskState) -> Callable[[Stack, int], None]:
    """What the loader calls for each slice, on its thread: draw what is on screen at once, the rest soon."""
    waiting = False

    def draw() -> None:
        nonlocal waiting
        waiting = False
        desk.changed()

    def arrived(stack: Stack, index: int) -> None:
        nonlocal waiting
        if (stack.display_set.id, index) in desk.pixels.on_screen:
            desk.post(desk.changed)
        elif not waiting:
            waiting = True
            desk.later(ARRIVAL_S, draw)

    return arrived


def _load_thumbnails(desk: DeskState) -> None:
    """One slice of each display set, for the series panel."""
    study = desk.study
    if study is None or desk.loader is None:
        return
    for shown in desk.display_sets:
        if shown.id not in desk.pixels.thumbnails:
            try:
                desk.pixels.thumbnails[shown.id] = desk.loader.open(_middle_alone(shown), 0, _arrivals(desk))
            except DicomError:
                continue  # the series itself will say why


def _middle_alone(shown: DisplaySet) -> DisplaySet:
    if shown.count == 1:
        return shown
    middle = shown.instances[len(shown.instances) // 2]
    return replace(
        shown,
        id=f"{shown.id}/thumbnail",
        instances=(middle,),
        slots=(0,),
        count=1,
        geometry=None,
        missing=(),
    )


def why_no_study(desk: DeskState) -> str:
    """Why nothing can be done with a study; "" where one is open."""
    return "" if desk.study is not None else "Open a study first (Ctrl+O)."
