"""The report page, its sections, and the panel beside it: checks before the signature, what is written."""

from pathlib import Path

from viewer.app import locating, roaming, signing, text
from viewer.app.desk_state import DeskState
from viewer.app.display import Action, Panel
from viewer.app.display_pages import ReportPage
from viewer.app.naming import series_name
from viewer.core.dicom.display_set import Study
from viewer.core.reading import birads
from viewer.core.reading.reading import Reading, Stage
from viewer.core.reading.rules import reveals
from viewer.core.report.page import Page, reader_page

Row = tuple[str, str, str, str]
"""(mark, what, text, right) of the panel."""


def report_page(desk: DeskState) -> ReportPage | None:
    """The report as it stands."""
    study, reading = desk.study, desk.reading
    if study is None or reading is None:
        return None
    reads = desk.report_reads() if desk.revealed else ()
    page = reader_page(study, reading, reads, events=None)
    sections = _sections(page)
    return ReportPage(
        page=page,
        line=_line(study, reading),
        editing=desk.report.editing,
        section=sections[desk.report.section % len(sections)][0],
        sections=sections,
        read_only=reading.stage is Stage.SIGNED,
    )


def _line(study: Study, reading: Reading) -> str:
    who = text.person(study.patient.name) or "name not in the images"
    models = ", ".join(f"{run.model_id} {run.model_version}" for run in reading.runs)
    parts = (
        who,
        f"ID {study.patient.id or 'not in the images'}",
        f"examined {text.date(study.date) or 'on an unknown date'}",
        f"reader: {reading.reader.name}",
        f"second reader: {models or 'not revealed'}",
    )
    return text.DOT.join(parts)


def _sections(page: Page) -> tuple[tuple[str, str, bool], ...]:
    counted = (
        ("Impression", "", False),
        ("Findings", str(len(page.findings)), False),
        ("Rejected", str(len(page.rejected)), False),
        ("Undecided", str(len(page.undecided)), True),
        ("What the models say of the whole", str(len(page.scores)), False),
        ("Measurements", str(len(page.measurements)), False),
        ("Key images", str(len(page.key_images)), False),
        ("Snapshots", str(len(page.snapshots)), False),
        ("Comparison", "", False),
        ("How it was read", "", False),
        ("Warnings", str(len(page.warnings)), True),
    )
    return tuple(s for s in counted if s[1] != "0" or s[0] == "Findings")


# --- the panel beside it


def report_panel(desk: DeskState) -> Panel:
    """Checks, what is written, and the buttons."""
    reading = desk.reading
    if reading is None:
        return Panel(mode="report", title="", count="", rows=(), second_reader=("none", "", ""))
    signed = reading.stage is Stage.SIGNED
    checks = ("What was signed" if signed else "Before you sign", _checks(desk, reading))
    return Panel(
        mode="report",
        title="Report",
        count="",
        rows=(),
        second_reader=("none", "", ""),
        sections=(checks, ("What is written", _written(desk, reading)), ("Where", (_folder(desk),))),
        warning=_notice(desk, reading),
        actions=_buttons(desk, reading),
    )


def _checks(desk: DeskState, reading: Reading) -> tuple[Row, ...]:
    rows: list[Row] = [_committed(reading), _seen(desk, reading)]
    rows += _assessed(desk, reading)
    undecided = list(reading.left_open())
    without = list(reading.signed_without)
    if without:
        rows.append(("warning", "Signed without", f"{', '.join(without)}: left undecided, and said so", ""))
    elif undecided:
        what = "finding" if reading.arbitration is None else "point"
        count = len(undecided)
        words = f"1 {what} is undecided" if count == 1 else f"{count} {what}s are undecided"
        rows.append(("warning", words, f"{', '.join(undecided)}: decide, or sign once more to leave out", ""))
    elif any(f.above_operating_point for f in reading.model):
        rows.append(("check", "Every finding has its verdict", "", ""))
    rows.append(_second_reader(reading))
    rows += [_domain(run.domain, run.domain_reasons) for run in reading.runs if run.domain]
    if not reading.impression and reading.stage is not Stage.SIGNED:
        rows.append(("info", "No impression is written", "E writes one", ""))
    return tuple(rows)


def _assessed(desk: DeskState, reading: Reading) -> list[Row]:
    """Of a mammography: what of the assessment is open, what does not go together, images without a side."""
    if reading.scheme != birads.scheme():
        return []
    missing = birads.missing(reading.assessment, locating.examined(desk))
    contradicting = birads.contradictions(reading.assessment, reading.in_force())
    sides = locating.unstated(desk)
    rows: list[Row] = []
    if missing:
        rows.append(("warning", "Not assessed", f"{', '.join(missing)}: Shift+E asks for it", ""))
    else:
        rows.append(("check", "Assessed", birads.assessment_words(reading.assessment), ""))
    rows += [("warning", "It does not go together", words, "") for words in contradicting]
    if sides:
        names = ", ".join(shown.title for shown in sides)
        rows.append(("warning", "Side not stated", f"{names}: Ctrl+K, This image shows the ...", ""))
    return rows


def _committed(reading: Reading) -> Row:
    if (between := reading.arbitration) is not None:
        both = f"{between.first.reader} and {between.second.reader}"
        return ("check", "Two signed readings laid side by side", both, "")
    if not reading.committed_at:
        return ("warning", "Not committed yet", "Shift+Enter commits your own read", "")
    seal = f"sealed record {reading.seal[:4]}…{reading.seal[-4:]}"
    return ("check", "Committed before the reveal", f"{text.clock(reading.committed_at)}, {seal}", "")


def _seen(desk: DeskState, reading: Reading) -> Row:
    main = desk.main
    if main is None:
        return ("info", "No series is open", "", "")
    short = roaming.not_seen(desk)
    if short:
        return ("warning", "Not seen whole at full resolution", short.partition(": ")[2], "")
    unseen = main.count - len(main.missing) - len(reading.slices_seen.get(main.id, ()))
    if unseen <= 0:
        return ("check", "Every image was on screen", series_name(main), "")
    words = "1 image was" if unseen == 1 else f"{unseen} images were"
    return ("info", f"{words} never on screen", series_name(main), "")


def _second_reader(reading: Reading) -> Row:
    reason = reading.second_read_reason
    if not reveals(reading.paradigm):
        return ("info", "No model is shown", reading.paradigm.value, "")
    match reading.second_read_status:
        case "done":
            marked = any(f.above_operating_point for f in reading.model)
            found = "" if marked else "no findings above its threshold"
            return ("check", "The second reader read the study", found, "")
        case "partial":
            return ("warning", "The second reader read in part", reason, "")
        case "failed":
            return ("danger", "The second reader failed", reason, "")
        case "not_run":
            return ("warning", "The second reader did not run", reason, "")
    return ("info", "The second reader is not revealed", "", "")


def _domain(verdict: str, reasons: tuple[str, ...]) -> Row:
    because = "; ".join(reasons)
    if verdict == "in":
        return ("check", "Images like the model's training data", because, "")
    words = "near its training data" if verdict == "near" else "outside its training data"
    mark = "info" if verdict == "near" else "warning"
    return (
        mark,
        f"Model {words}",
        f"{because}; stated in the report" if because else "stated in the report",
        "",
    )


def _written(desk: DeskState, reading: Reading) -> tuple[Row, ...]:
    if desk.report.written:
        rows = [("", w.title, w.path.name, "written") for w in desk.report.written]
        return (*rows, *(("warning", "Not written", why, "") for why in desk.report.not_written))
    when = "on signing" if reading.stage is not Stage.SIGNED else "being written"
    masks = any(f.volume_mm3 is not None for f in reading.accepted())
    rows = [
        ("", "Reader's structured report", "Comprehensive 3D SR, TID 1500", when),
        ("", "Model's structured report", "unverified, same tracking UIDs", when),
        ("", "Segmentation", "accepted findings of the model", when if masks else "none accepted"),
        *_own_objects(reading, when),
        ("", "Readable report", "HTML and PDF, with key images", when),
    ]
    return tuple(rows)


def _own_objects(reading: Reading, when: str) -> list[Row]:
    """What is written of the reader's own choice and outlines."""
    outlined = sum(f.mask is not None for f in reading.own)
    chosen = len(reading.key_images)
    rows: list[Row] = []
    if chosen:
        words = "1 image" if chosen == 1 else f"{chosen} images"
        rows.append(("", "Key images", f"Key Object Selection, {words}", when))
    if outlined:
        rows.append(("", "Segmentation", "own marks, as they were measured", when))
    return rows


def _folder(desk: DeskState) -> Row:
    folder: Path = signing.folder_of(desk)
    return ("folder", "Case folder", str(folder), "")


def _notice(desk: DeskState, reading: Reading) -> str:
    """Headline, and after a line feed the sentence below it."""
    names = ", ".join(reading.left_open())
    if reading.stage is Stage.SIGNED or not names:
        return ""
    verb = "is" if "," not in names else "are"
    if desk.report.armed:
        return f"{names} {verb} undecided.\nOnce more signs without; the record and the report say so."
    return f"{names} {verb} undecided.\nThe first press names what is left out; the second signs."


def _buttons(desk: DeskState, reading: Reading) -> tuple[Action, ...]:
    if reading.stage is Stage.SIGNED:
        return (Action("report.amend", "Amend", "", why_not=signing.why_not_amend(desk)), _images())
    names = ", ".join(reading.left_open())
    sign = f"Sign without {names}" if desk.report.armed and names else "Sign"
    why_not = signing.why_not_sign(desk)
    primary = not names or desk.report.armed
    return (
        Action("report.save", "Save", "Ctrl+S"),
        Action("report.sign", sign, "Ctrl+Shift+Enter", primary=primary, why_not=why_not),
    )


def _images() -> Action:
    return Action("report.open", "Images", "F6")
