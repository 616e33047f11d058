"""Who reads, and which reading: begun, resumed exactly where it was left, or left."""

import getpass
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from viewer.app import asking, double_reading, posing, revealing, seeing, signing
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane, Question, Severity
from viewer.app.reading_list import ReadingLine
from viewer.app.session import ReadingSession, Refused
from viewer.app.settings import save
from viewer.app.store import EventLog, StoreError
from viewer.app.views import View
from viewer.core.dicom.display_set import Study
from viewer.core.hanging.fill import is_for_reading
from viewer.core.hanging.layout import layout, on_one_screen
from viewer.core.hanging.protocol import is_chest
from viewer.core.pixels.grey import Window
from viewer.core.reading import birads, lung_rads
from viewer.core.reading.reading import Paradigm, Reader, Stage
from viewer.core.reading.rules import reveals

# --- who reads


def reader(desk: DeskState) -> Reader:
    """Who reads here; the name is "" until it was asked."""
    return Reader(desk.settings.reader, desk.settings.experience)


def ask_reader(desk: DeskState) -> None:
    """Ask once who reads; Return accepts the name of the account."""
    question = Question(
        kind="reader",
        title="Who reads?",
        text="Your name stands on every mark, verdict and report. It is asked once on this computer.",
        fields=(("name", "Name"), ("experience", "Experience, such as 'radiologist, 8 years'")),
        values=(("name", _account()),),
        accept="Start reading",
    )
    asking.ask(desk, question, lambda values: _reader_named(desk, values or {}))


def _account() -> str:
    """The name of the account, which Return accepts."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return "Reader"


def _reader_named(desk: DeskState, values: Mapping[str, str]) -> None:
    name = values.get("name", "").strip() or _account()
    experience = values.get("experience", "").strip()
    desk.settings = replace(desk.settings, reader=name, experience=experience)
    try:
        save(desk.home, desk.settings)
    except OSError as error:
        desk.say(f"Your name is not kept: {error}", Severity.WARNING)
    begin(desk)


# --- beginning


def begin(desk: DeskState) -> None:
    """Begin the reading of the study on the desk: new, or as it was left."""
    study = desk.study
    if not desk.settings.reader:
        ask_reader(desk)
        return
    if study is None:
        offer_last(desk)
        return
    if not open_log(desk):
        return
    before = next((line for line in desk.listing.readings if _is_mine(desk, line, study)), None)
    if before is None:
        if not double_reading.offer(desk, lambda: _start(desk, study)):
            _start(desk, study)
    elif before.reading_id == desk.search.resuming:
        _resume_or_start(desk, before, resume=True)
    elif before.stage is Stage.SIGNED:
        _ask_signed(desk, study, before)
    else:
        _ask_resume(desk, study, before)


def _is_mine(desk: DeskState, line: ReadingLine, study: Study) -> bool:
    return line.study_instance_uid == study.study_instance_uid and line.reader == desk.settings.reader


def open_log(desk: DeskState) -> bool:
    """The event log; without it nothing is read (promise 2), and the reason is said."""
    try:
        if desk.log is None:
            desk.log = EventLog(desk.home)
        double_reading.take_stock(desk)
    except (StoreError, Refused) as error:
        desk.say(str(error), Severity.DANGER)
        return False
    return True


def prepare(desk: DeskState) -> None:
    """Open the event log while the scan is still at work."""
    open_log(desk)


def refresh_list(desk: DeskState) -> None:
    """The readings of the log, for the study list."""
    open_log(desk)
    desk.changed()


def _start(desk: DeskState, study: Study) -> None:
    assert desk.log is not None
    with desk.telling_refusals():
        desk.session = ReadingSession.start(
            desk.log,
            study.study_instance_uid,
            reader(desk),
            paradigm=Paradigm(desk.settings.paradigm),
            scheme=_scheme(desk),
            title=title_of(study),
            sources=[str(path.resolve()) for path in desk.search.paths],
        )
        seeing.count_again(desk)
        revealing.catch_up(desk)
        desk.looked()


def _scheme(desk: DeskState) -> str:
    """Of the category: by breast for a mammography, of nodules for a CT of the chest, none for the rest."""
    if any(posing.breast_of(d) is not None and is_for_reading(d) for d in desk.display_sets):
        return birads.scheme()
    chest = desk.main is not None and desk.main.geometry is not None and is_chest(desk.main)
    return lung_rads.SCHEME if chest else ""


def title_of(study: Study) -> str:
    """Names a study in a question."""
    name = study.patient.name.replace("^", " ").strip() or study.patient.id or "unknown patient"
    return f"{name}, {study.description or 'study without a description'}"


# --- resuming


def _ask_resume(desk: DeskState, study: Study, line: ReadingLine) -> None:
    question = Question(
        kind="resume",
        title="Resume your reading?",
        text=f"{title_of(study)}: {_stage_words(line)}, last touched {_minute(line)}.",
        accept="Resume",
        refuse="Begin anew",
    )
    asking.ask(desk, question, lambda values: _resume_or_start(desk, line, values is not None))


def _ask_signed(desk: DeskState, study: Study, line: ReadingLine) -> None:
    question = Question(
        kind="signed",
        title="You signed this study",
        text=f"{title_of(study)}: signed {_minute(line)}. It can be amended.",
        accept="Open what was signed",
        refuse="Read it again",
    )
    asking.ask(desk, question, lambda values: _resume_or_start(desk, line, values is not None))


def _minute(line: ReadingLine) -> str:
    return f"{line.last_at[:16].replace('T', ' ')} UTC"


def _stage_words(line: ReadingLine) -> str:
    return {
        Stage.UNAIDED: "unaided read, not committed",
        Stage.COMMITTED: "committed, not yet revealed",
        Stage.REVEALED: "second reader revealed, not signed",
        Stage.SIGNED: "signed",
    }[line.stage]


def _resume_or_start(desk: DeskState, line: ReadingLine, resume: bool) -> None:
    study = desk.study
    if study is None or desk.log is None:
        return
    if not resume:
        _start(desk, study)
        return
    try:
        desk.session = ReadingSession.resume(desk.log, line.reading_id, reader(desk))
    except (Refused, StoreError) as error:
        desk.say(str(error), Severity.DANGER)
        return
    restore(desk)
    seeing.count_again(desk)
    signing.list_files(desk)
    desk.say("Resumed where you left.")
    revealing.catch_up(desk)
    desk.looked()


def offer_last(desk: DeskState) -> None:
    """Without a study: offer the last unfinished reading of this reader, from where it was opened."""
    if not open_log(desk):
        return
    mine = (line for line in desk.listing.readings if line.reader == desk.settings.reader)
    line = next((line for line in mine if line.stage is not Stage.SIGNED and _sources(line)), None)
    if line is None:
        return
    question = Question(
        kind="resume",
        title="Resume your last reading?",
        text=f"{line.opened.get('title', 'A study')}: {_stage_words(line)}.",
        accept="Resume",
        refuse="Not now",
    )
    asking.ask(desk, question, lambda values: _reopen(desk, line) if values is not None else None)


def _sources(line: ReadingLine) -> tuple[Path, ...]:
    given = line.opened.get("sources")
    paths = [Path(str(p)) for p in given] if isinstance(given, list) else []
    return tuple(path for path in paths if path.exists())


def _reopen(desk: DeskState, line: ReadingLine) -> None:
    desk.search.resuming, desk.search.resuming_study = line.reading_id, line.study_instance_uid
    desk.reopen(_sources(line))


# --- as it was left


def restore(desk: DeskState) -> None:
    """The desk as the reading's last views have it: step, layout, slices, windows, focus, page."""
    session = desk.session
    if session is None:
        return
    reading = session.reading
    place = reading.views.get("desk", {})
    ids = [step.id for step in desk.hanging.steps]
    if place.get("step") in ids:
        desk.hanging.step = ids.index(str(place["step"]))
    with suppress(KeyError):
        kept = layout(str(place.get("layout")))
        if any(box.screen >= desk.views.screens for box in kept.boxes):
            spread = desk.hanging.now.layout_on(len(kept.boxes)) == kept.id
            kept = layout(desk.hanging.now.layout if spread else on_one_screen(kept))
        desk.views.layout = kept
    points = place.get("points")
    for frame, point in points.items() if isinstance(points, dict) else ():
        desk.views.points[frame] = (float(point[0]), float(point[1]), float(point[2]))
    desk.views.moved = True
    for name, saved in reading.views.items():
        if name != "desk" and (not saved["display_set"] or saved["display_set"] in desk.views.sets):
            desk.views.views[name] = _view(name, saved)
    desk.views.focused = str(place.get("focused", "1"))
    desk.screen.page = "report" if place.get("page") == "report" else "reading"
    chance = place.get("chance")
    desk.review.chance = chance if isinstance(chance, int) else None
    desk.review.focus = reading.focus if reading.finding(reading.focus) is not None else ""
    desk.screen.series_open = reading.stage in (Stage.UNAIDED, Stage.COMMITTED)


def _view(name: str, saved: Mapping[str, object]) -> View:
    window, pan = saved.get("window"), saved.get("pan")
    shown = None
    if isinstance(window, list):
        shown = Window(float(window[0]), float(window[1]), *(str(part) for part in window[2:4]))
    index, zoom, choice = saved.get("index"), saved.get("zoom"), saved.get("choice")
    slab = saved.get("slab")
    mode, thick = slab if isinstance(slab, list) else ("", 10.0)
    return View(
        name,
        Plane(str(saved.get("plane", "stack"))),
        str(saved.get("display_set", "")),
        index if isinstance(index, int) else 0,
        shown,
        bool(saved.get("invert")),
        float(zoom) if isinstance(zoom, (int, float)) else 1.0,
        (float(pan[0]), float(pan[1])) if isinstance(pan, list) else (0.0, 0.0),
        bool(saved.get("pixels")),
        choice if isinstance(choice, int) else 0,
        str(saved.get("presentation", "")),
        slab=str(mode),
        slab_mm=float(thick),
    )


# --- leaving


def leave(desk: DeskState) -> None:
    """The reader leaves the reading on the desk: it is on disk, and can be resumed."""
    desk.jobs.cancel(desk.second.job)
    session, desk.session = desk.session, None
    if session is None:
        return
    with desk.telling_refusals():
        session.close()


def is_signed(desk: DeskState) -> bool:
    """True where nothing more can be judged."""
    return desk.stage is Stage.SIGNED


def shows_a_model(desk: DeskState) -> bool:
    """True where the paradigm of the reading, or of the one that will begin, shows a model at some point."""
    reading = desk.reading
    return reveals(Paradigm(desk.settings.paradigm) if reading is None else reading.paradigm)
