"""Round the images: case bar, steps, chips, hints, status, and what lies over the window."""

from viewer.app import double_reading, hanging, monitors, seeing, text, viewing
from viewer.app.commands.command import Command, Context, context
from viewer.app.desk_state import DeskState, study_key
from viewer.app.display import Chip, StepState
from viewer.app.display_pages import CommandEntry, Overlay
from viewer.core.dicom.instance import Instance
from viewer.core.reading.arbitration import Choice
from viewer.core.reading.reading import Paradigm, Reading, Stage
from viewer.core.report.place import display_set_of, slice_in

# --- case bar


def patient(desk: DeskState) -> tuple[str, str]:
    """Who it is, and what the header says of age and sex."""
    study = desk.study
    if desk.screen.page == "studies" or study is None:
        return "Study list", desk.settings.reader
    who = study.patient
    known = [f"born {text.date(who.birth_date)}" if who.birth_date else "", _sex(who.sex)]
    age = next((i.age for d in study.display_sets for i in d.instances[:1] if i.age), "")
    facts = [fact for fact in (*known, "" if who.birth_date else _age(age)) if fact]
    identity = f"ID {who.id}" if who.id else "ID not in the header"
    missing = "" if facts else "sex and birth date not in the header"
    name = text.person(who.name) or "Name not in the header"
    return name, text.DOT.join(filter(None, (identity, *facts, missing)))


def _sex(sex: str) -> str:
    return {"F": "female", "M": "male", "O": "other"}.get(sex, "")


def _age(age: str) -> str:
    """A DICOM age such as 061Y as "61 years"."""
    unit = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}.get(age[3:4])
    return f"{int(age[:3])} {unit}" if unit and age[:3].isdecimal() else ""


def study_lines(desk: DeskState) -> tuple[str, str]:
    """What was examined, when, on which scanner."""
    study = desk.study
    if desk.screen.page == "studies" or study is None:
        return "", ""
    first = next((i for d in desk.display_sets for i in d.instances[:1]), None)
    facts = [text.date(study.date) or "date not in the header", *(_scanner(first) if first else ())]
    return study.description or "Study without a description", text.DOT.join(filter(None, facts))


def _scanner(instance: Instance) -> tuple[str, str]:
    beam = [f"{instance.kvp:g} kV" if instance.kvp else ""]
    beam.append(f"{instance.exposure_mas:g} mAs" if instance.exposure_mas else "")
    return f"{text.company(instance.manufacturer)} {instance.model_name}".strip(), ", ".join(
        filter(None, beam)
    )


def steps(desk: DeskState) -> tuple[StepState, ...]:
    """The hanging steps of the case."""
    if desk.screen.page == "studies" or desk.study is None:
        return ()
    on_images = desk.screen.page == "reading"
    return tuple(
        StepState(
            _step_title(desk, number),
            on_images and number == desk.hanging.step,
            bool(viewing.why_locked(desk, step)),
        )
        for number, step in enumerate(desk.hanging.steps)
    )


_MOST_TITLES = 7
"""With more steps than this only the one that hangs has its title, the others their numbers."""


def _step_title(desk: DeskState, number: int) -> str:
    title = desk.hanging.steps[number].title
    if len(desk.hanging.steps) <= _MOST_TITLES:
        return title
    return f"{number + 1}  {title}" if number == desk.hanging.step else str(number + 1)


def chips(desk: DeskState) -> tuple[Chip, ...]:
    """How far both readers are."""
    reading = desk.reading
    if desk.screen.page == "studies" or reading is None:
        return ()
    unseen = hanging.not_shown(desk)
    breasts = desk.main is not None and desk.main.modality == "MG"  # elsewhere scouts are left out every day
    kind = "warning" if breasts else "plain"
    left = (Chip(kind, unseen),) if unseen else ()
    return (*left, *_monitor_chip(desk), _reading_chip(desk, reading), _second_chip(desk, reading))


_RADIOGRAPHS = ("MG", "CR", "DX", "IO", "PX")
"""Modalities that ask for a monitor with the standard display function."""


def _monitor_chip(desk: DeskState) -> tuple[Chip, ...]:
    """Said of radiographs, whose grey levels count, on a monitor that nobody measured."""
    radiographs = any(d.modality in _RADIOGRAPHS for d in desk.display_sets)
    if not radiographs or monitors.is_calibrated(desk):
        return ()
    return (Chip("warning", "Monitor not calibrated"),)


def _reading_chip(desk: DeskState, reading: Reading) -> Chip:
    if reading.stage is Stage.SIGNED:
        words = "amended" if reading.amendments else f"signed {text.clock(reading.signed_at)}"
        return Chip("report", f"Report {words}")
    if desk.screen.page == "report":
        return Chip("report", "Report, draft")
    if reading.stage is Stage.REVEALED and reading.arbitration is not None:
        return Chip("revealed", f"Both readings shown {text.clock(reading.revealed_at)}")
    if reading.stage is Stage.REVEALED:
        return Chip("revealed", f"Revealed {text.clock(reading.revealed_at)}")
    return Chip("plain", "Unaided read" if reading.stage is Stage.UNAIDED else "Committed")


def _second_chip(desk: DeskState, reading: Reading) -> Chip:
    if reading.paradigm is Paradigm.INDEPENDENT:
        differ = "differ" in double_reading.listed(desk)
        if reading.arbitration is not None:
            return Chip("plain", "Arbitration")
        words = f": {double_reading.listed(desk)}" if reading.stage is Stage.SIGNED else ""
        return Chip("warning" if differ and words else "plain", f"Double reading{words}")
    if not desk.revealed:
        return {
            "ready": Chip("lock", "Second reader: ready"),
            "not_run": Chip("not_run", text.shortened(f"Not run: {desk.second.reason}", 44)),
            "failed": Chip("danger", text.shortened(f"Failed: {desk.second.reason}", 44)),
        }.get(desk.second.kind, Chip("waiting", "Second reader: waiting"))
    reason = text.shortened(reading.second_read_reason, 36)
    return {
        "done": Chip("done", "Second reader: done"),
        "partial": Chip("warning", f"Done in part: {reason}"),
        "not_run": Chip("not_run", f"Not run: {reason}"),
    }.get(reading.second_read_status, Chip("danger", f"Failed: {reason}"))


# --- status line


_HINTS = {
    Context.IMAGES: ("tool.window", "tool.distance", "tool.bidirectional", "finding.mark", "program.palette"),
    Context.FINDINGS: ("list.next", "finding.edit", "finding.delete", "findings.focus", "program.palette"),
    Context.STRIP: ("reject.normal_anatomy", "reject.no_reason", "reject.leave"),
    Context.QUESTIONS: ("answer.keep", "answer.back", "answer.clear", "edit.undo", "answer.leave"),
    Context.REPORT: ("finding.next", "report.impression", "edit.undo", "program.back", "program.palette"),
    Context.STUDIES: ("studies.next", "studies.open", "studies.add", "program.palette"),
    Context.ASKED: (),
}
_REVEALED = ("finding.next", "marks.toggle", "marks.below", "heat.pin", "view.point", "program.palette")
_BETWEEN = (
    "finding.next",
    *(f"arbitrate.{choice.value}" for choice in Choice),
    "report.open",
    "program.palette",
)
_BREASTS = (
    *("step.next", "view.tile", "zoom.fit", "finding.mark", "exam.assess", "prior.older"),
    "program.palette",
)
_WORDS = {
    "arbitrate.first": "First's word",
    "arbitrate.second": "Second's word",
    "arbitrate.neither": "Neither's",
    "report.open": "Report",
    "step.next": "Next step",
    "view.tile": "Quadrants at 1:1",
    "zoom.fit": "Fit",
    "prior.older": "Older prior",
    "tool.window": "Window, left drag",
    "tool.distance": "Distance",
    "tool.bidirectional": "Bidirectional",
    "finding.mark": "Mark",
    "finding.edit": "Describe",
    "finding.delete": "Delete",
    "findings.focus": "Back to the images",
    "marks.toggle": "Marks on/off",
    "marks.below": "Below threshold",
    "heat.pin": "Pin heat map",
    "view.point": "Point in all views",
    "list.next": "Next in the list",
    "report.impression": "Impression",
    "program.back": "Back to the images",
    "reject.normal_anatomy": "to 9: reason",
    "reject.no_reason": "No reason",
    "reject.leave": "Leave it",
    "answer.keep": "Keep, next",
    "answer.back": "Back",
    "answer.clear": "No answer",
    "answer.leave": "Leave",
    "exam.assess": "Assess",
    "studies.next": "Choose",
    "studies.open": "Open",
    "studies.add": "Open folder or ZIP",
}


def hints(desk: DeskState, commands: tuple[Command, ...]) -> tuple[tuple[str, str], ...]:
    """The keys that matter here: (key, what it does)."""
    where = context(desk)
    wanted = _REVEALED if where is Context.IMAGES and desk.revealed else _HINTS[where]
    shown = desk.views.display_set(desk.views.active)
    if where is Context.IMAGES and not desk.revealed and shown is not None and shown.instances[0].mammogram:
        wanted = _BREASTS
    if where in (Context.IMAGES, Context.REPORT) and double_reading.between(desk) is not None:
        wanted = _BETWEEN
    known = {command.id: command for command in commands}
    return tuple(
        (known[name].keys[0], _WORDS.get(name, known[name].title)) for name in wanted if known[name].keys
    )


def saved(desk: DeskState) -> str:
    """When the last event was put on disk."""
    return "" if desk.session is None else f"Saved {text.clock(desk.session.saved_at)}"


# --- over the window


def overlay(desk: DeskState, commands: tuple[Command, ...]) -> Overlay | None:
    """What lies over the window."""
    match desk.screen.overlay:
        case "palette":
            return Overlay("palette", "All commands", _entries(desk, commands), go_to=_places(desk))
        case "keys":
            return _key_card(desk, commands)
        case "not_loaded":
            lines = tuple(problem.line() for problem in desk.search.not_loaded)
            return Overlay(
                "not_loaded", f"Not loaded: {len(lines)}", lines=lines or ("Everything was loaded.",)
            )
        case "card":
            return Overlay("card", "Model card", lines=desk.screen.card)
        case "folder":
            return Overlay("folder", "Open")
        case "pattern_qc" | "pattern_ln":
            return Overlay(desk.screen.overlay, "Test pattern")
    return None


def _entries(desk: DeskState, commands: tuple[Command, ...]) -> tuple[CommandEntry, ...]:
    here = context(desk)
    return tuple(
        CommandEntry(c.id, c.title, c.card, c.group, c.keys, c.icon, c.refusal(desk) or _elsewhere(here, c))
        for c in commands
        if Context.STRIP not in c.when
    )


def _elsewhere(here: Context, command: Command) -> str:
    """A command of another place is not done from here."""
    if here in command.when or not command.keys:
        return ""
    return f"In the {next(where for where in Context if where in command.when).value}."


def _key_card(desk: DeskState, commands: tuple[Command, ...]) -> Overlay:
    here = context(desk)
    entries = tuple(
        CommandEntry(c.id, c.title, c.card, c.group, c.keys, c.icon, c.refusal(desk))
        for c in commands
        if here in c.when and c.keys
    )
    when = "" if desk.reading is None else f", {_when(desk)}"
    grey = "Grey keys act on the model's findings and do nothing before the commit."
    lines = () if desk.revealed or desk.reading is None else (grey,)
    return Overlay("keys", f"Keys here: {here.value}{when}", entries, lines=lines)


def _when(desk: DeskState) -> str:
    if desk.stage is Stage.SIGNED:
        return "signed"
    return "after the reveal" if desk.revealed else "before the commit"


def _places(desk: DeskState) -> tuple[tuple[str, str, str], ...]:
    found = []
    for finding in seeing.listed(desk):
        shown = display_set_of(desk.display_sets, finding)
        index = None if shown is None else slice_in(shown, finding)
        place = "" if index is None else f"image {index + 1}"
        found.append((f"finding {finding.tracking_uid}", f"{finding.name}, {finding.label}", place))
    for study in desk.listing.studies:
        if study_key(study) != desk.case.key:
            name = text.person(study.patient.name) or study.patient.id
            found.append((f"study {study_key(study)}", f"{name}, {study.description}", text.date(study.date)))
    return tuple(found)
