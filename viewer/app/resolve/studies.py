"""The study list and the series panel of the display state."""

from viewer.app import hanging, text, triage
from viewer.app.desk_state import DeskState, study_key
from viewer.app.display import SeriesRow
from viewer.app.display_pages import StudyList, StudyRow
from viewer.app.naming import names_apart, series_name
from viewer.app.reading_list import ReadingLine
from viewer.app.resolve.overlays import seen_of
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.hanging.protocol import main_display_set
from viewer.core.reading.reading import Stage

_STAGES = {
    Stage.UNAIDED: ("draft", "Draft"),
    Stage.COMMITTED: ("draft", "Committed"),
    Stage.REVEALED: ("draft", "Revealed"),
    Stage.SIGNED: ("signed", "Signed"),
}
_READERS = {
    "waiting": ("waiting", "Waiting"),
    "ready": ("ready", "Ready"),
    "not_run": ("not_run", "Not run"),
    "failed": ("failed", "Failed"),
}


def study_list(desk: DeskState) -> StudyList:
    """The studies in the order of arrival; in triage flagged ones on top."""
    chosen = next((s for s in desk.listing.studies if study_key(s) == desk.listing.chosen), None)
    rows = tuple(_row(desk, study) for study in triage.ordered(desk))
    count = "1 study" if len(rows) == 1 else f"{len(rows)} studies"
    return StudyList(
        rows=rows,
        title=("", "") if chosen is None else _title(chosen),
        series=() if chosen is None else _series_lines(chosen),
        thumbnail=_thumbnail(chosen),
        warnings=() if chosen is None else tuple(w.message for w in chosen.warnings),
        foot=triage.foot(desk, count) if rows else "",
        order=triage.order_words(desk),
        flag=("", "") if chosen is None else _triage(desk, chosen),
    )


def _row(desk: DeskState, study: Study) -> StudyRow:
    key = study_key(study)
    line = _reading_of(desk, study)
    here = key == desk.case.key
    state = _READERS.get(desk.second.kind, ("", "")) if here else ("", "")
    if here and desk.revealed:
        state = ("revealed", "Revealed")
    flag = _triage(desk, study)
    if flag[0]:
        state = flag
    reading = ("unread", "Unread") if line is None else _STAGES[line.stage]
    if here and desk.stage is not None:
        reading = _STAGES[desk.stage]
    double = desk.listing.doubles.get(study.study_instance_uid)
    if double is not None and not (here and desk.stage not in (None, Stage.SIGNED)):
        reading = double
    return StudyRow(
        key=key,
        patient=text.person(study.patient.name) or "name not in the header",
        patient_id=study.patient.id or "none",
        study=study.description or "no description",
        date=text.date(study.date),
        images=sum(d.count for d in _images(study)),
        reader_state=state,
        reading_state=reading,
        reader="" if line is None else line.reader,
        selected=key == desk.listing.chosen,
        open=here,
    )


_TRIAGED = {
    "flagged": ("flagged", "{reason}"),
    "clear": ("clear", "No findings, {reason}"),
    "not_run": ("not_run", "Not run: {reason}"),
    "failed": ("failed", "Failed: {reason}"),
}


def _triage(desk: DeskState, study: Study) -> tuple[str, str]:
    """What the second reader says of a study, in the triage paradigm: never a flag without its reason."""
    found = triage.known(desk, study)
    if found is not None:
        kind, words = _TRIAGED[found.kind]
        return kind, words.format(reason=found.reason)
    at_work = triage.is_on(desk) and study_key(study) == desk.listing.reading_study
    return ("waiting", "Reading") if at_work else ("", "")


def _reading_of(desk: DeskState, study: Study) -> ReadingLine | None:
    """The reading touched last: this reader's where there is one."""
    lines = [line for line in desk.listing.readings if line.study_instance_uid == study.study_instance_uid]
    mine = [line for line in lines if line.reader == desk.settings.reader]
    return next(iter(mine or lines), None)


def _title(study: Study) -> tuple[str, str]:
    images = sum(d.count for d in _images(study))
    line = text.DOT.join(filter(None, (study.description, text.date(study.date), f"{images} images")))
    return text.person(study.patient.name) or study.patient.id or "unknown patient", line


def _images(study: Study) -> list[DisplaySet]:
    return [d for d in study.display_sets if d.kind == "image"]


def _series_lines(study: Study) -> tuple[tuple[str, str], ...]:
    images = _images(study)
    return tuple((name, detail(d)) for name, d in zip(names_apart(images), images, strict=True))


def _thumbnail(study: Study | None) -> str:
    main = None if study is None else main_display_set(study)
    return "" if main is None else main.id


# --- the series of the study on the desk


def series(desk: DeskState) -> tuple[SeriesRow, ...]:
    """The rows of the series panel."""
    active = desk.views.active.display_set
    sets = desk.display_sets
    return tuple(
        _series_row(desk, shown, name, shown.id == active)
        for shown, name in zip(sets, names_apart(sets), strict=True)
    )


def _series_row(desk: DeskState, shown: DisplaySet, name: str, selected: bool) -> SeriesRow:
    warnings = [w.message for w in shown.warnings if w.severity != "info"]
    return SeriesRow(
        display_set=shown.id,
        title=name,
        detail=detail(shown),
        thumbnail=shown.count // 2 if desk.pixels.thumbnails.get(shown.id) is not None else -1,
        selected=selected,
        seen=seen_of(desk, View("", display_set=shown.id), shown, shown.count)[0],
        warning=" ".join(warnings),
        description=shown.instances[0].series_description,
    )


def detail(shown: DisplaySet) -> str:
    """Thickness, number of images, kernel."""
    first = shown.instances[0]
    thickness = f"{first.slice_thickness_mm:.1f} mm" if first.slice_thickness_mm else ""
    images = "1 image" if shown.count == 1 else f"{shown.count - len(shown.missing)} images"
    kernel = first.kernel if first.kernel and first.kernel not in series_name(shown) else ""
    return " · ".join(filter(None, (thickness, images, kernel)))


def priors(desk: DeskState) -> tuple[str, ...]:
    """Date and name of each earlier study that can be compared with, from recent to old."""
    now = desk.hanging.hung.prior
    return tuple(
        text.date(study.date)
        + text.DOT
        + (study.description or "no description")
        + (", compared with" if study is now else "")
        for study in hanging.priors_here(desk)
    )
