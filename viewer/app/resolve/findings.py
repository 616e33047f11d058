"""The right panel while reading: findings, verdict, what was seen, the second reader, the decisions."""

from dataclasses import replace

from viewer.app import marking, revealing, roaming, seeing, suggesting, text, triage
from viewer.app.desk_state import DeskState
from viewer.app.display import Action, Panel, Plane
from viewer.app.naming import plane_name, series_name
from viewer.app.resolve.arbitration import arbitration_panel
from viewer.app.resolve.finding_rows import own_row, row_of
from viewer.app.resolve.overlays import legend_of
from viewer.app.resolve.questions import exam_lines, exam_strip, finding_strip, short
from viewer.app.resolve.scores import score_lines
from viewer.core.reading import birads, lung_rads
from viewer.core.reading.chance import percent
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Reading, Stage
from viewer.core.reading.rules import reveals

SEALED = (
    "Its findings stay sealed until you commit. Your marks and verdict are then fixed; "
    "later changes are kept beside them."
)
NO_MODEL = "No model for images of this kind"
EMPTY = Panel(
    mode="reading",
    title="My findings",
    count="",
    rows=(),
    second_reader=("none", "Second reader", "It reads once a study is open."),
    empty=("plain", "No study is open."),
)


def panel(desk: DeskState) -> Panel:
    """The right panel of the images."""
    reading = desk.reading
    if reading is None:
        return EMPTY if desk.study is None else _not_begun(desk)
    if reading.arbitration is not None:
        return arbitration_panel(desk, reading, reading.arbitration)
    return _revealed(desk, reading) if desk.revealed else _unaided(desk, reading)


def _not_begun(desk: DeskState) -> Panel:
    """A study is open, and no reading of it: a question comes first, or there is no event log."""
    asked = desk.screen.question is not None
    words = "Your reading begins with your answer." if asked else marking.why_read_only(desk)
    return replace(EMPTY, second_reader=second_reader(desk, committed=False), empty=("plain", words))


# --- before the reveal


def _unaided(desk: DeskState, reading: Reading) -> Panel:
    rows = tuple(own_row(desk, reading, f) for f in reading.own)
    category = reading.category
    committed = reading.stage is Stage.COMMITTED
    seen, total, note = seen_lines(desk, reading)
    return Panel(
        mode="reading",
        title="My findings",
        count=str(len(rows)),
        rows=rows,
        empty=("", "") if rows else ("plain", "No mark yet."),
        second_reader=second_reader(desk, committed),
        strip=finding_strip(desk),
        exam=exam_lines(desk, reading),
        exam_strip=exam_strip(desk),
        category_scheme=reading.scheme,
        categories=lung_rads.CATEGORIES if reading.scheme == lung_rads.SCHEME else (),
        category=category.value if category else "",
        category_rule=f"Rule: {category.rule}" if category else "",
        category_note=_category_note(reading),
        chance=desk.review.chance,
        seen_lines=seen,
        seen_total=total,
        seen_note=note,
        actions=(_commit_action(desk),),
        keyboard=desk.screen.panel,
        legend=legend_of(desk),
    )


def _commit_action(desk: DeskState) -> Action:
    why_not = revealing.why_not_commit(desk)
    if desk.reading is not None and not reveals(desk.reading.paradigm):
        if why_not:
            return Action("report.sign", "Sign", "Ctrl+Shift+Enter", primary=True)
        return Action("reading.commit", "Commit", "Shift+Enter", primary=True)
    return Action("reading.commit", "Commit and reveal", "Shift+Enter", primary=True, why_not=why_not)


def _category_note(reading: Reading) -> str:
    category = reading.category
    if category is not None and category.edited:
        return "Set by you; F4, then Left and Right change it."
    return "By the size rules at baseline, no prior; F4, then Left and Right change it."


def second_reader(desk: DeskState, committed: bool) -> tuple[str, str, str]:
    """All that may be said of the second reader before the reveal: (kind, headline, sentence)."""
    kind, reason = desk.second.kind, desk.second.reason
    sealed = "Your read is committed. Its findings appear as soon as it is done." if committed else SEALED
    if triage.is_read_in(desk):
        sealed = "In triage its findings appear as soon as it is done."
    return {
        "waiting": ("waiting", "Second reader: waiting", sealed),
        "ready": ("ready", "Second reader: ready", sealed),
        "not_run": ("not_run", "Second reader: not run", f"{sentence(reason)} Commit and sign without it."),
        "failed": ("failed", "Second reader: failed", f"{sentence(reason)} Ctrl+K starts it again."),
    }.get(kind, ("none", "Second reader", "It reads once a study is open."))


def sentence(words: str) -> str:
    """A capital first, one full stop last."""
    words = words.strip().rstrip(".")
    return f"{words[:1].upper()}{words[1:]}." if words else "No reason was given."


# --- what was seen


_ALL_SEEN = "Every breast was shown whole at full resolution."


def seen_lines(desk: DeskState, reading: Reading) -> tuple[tuple[tuple[str, int, int], ...], str, str]:
    """(what, seen, of how many) for each way of looking; the share of the images; which are not seen."""
    main = desk.main
    if main is None:
        return (), "", ""
    seen = reading.slices_seen
    shares = roaming.seen_shares(desk)
    if shares:
        parts = tuple((f"{name}, full resolution", round(100 * share), 100) for name, share in shares)
        return parts, f"{sum(n for _, n, _ in parts) // len(parts)} %", roaming.not_seen(desk) or _ALL_SEEN
    lines = []
    for step in desk.hanging.steps:
        if step.after_commit or "stack" not in step.planes:
            continue
        words = (
            f"{plane_name(main) or 'Stack'}, {step.title.lower()}"
            if len(desk.hanging.steps) > 1
            else series_name(main)
        )
        lines.append((words, len(seen.get(f"{main.id}/{step.id}", ())), main.count))
    for plane in (Plane.CORONAL, Plane.SAGITTAL):
        count = _cuts(desk, plane)
        if count:
            lines.append((plane.value.capitalize(), len(seen.get(f"{main.id}/{plane.value}", ())), count))
    images = seen.get(main.id, frozenset())
    unseen = sorted(set(range(main.count)) - images - set(main.missing))
    whole = max(1, main.count - len(main.missing))
    share = f"{100 * (whole - len(unseen)) // whole} %"
    return tuple(lines), share, _unseen_note(unseen, main.count)


def _cuts(desk: DeskState, plane: Plane) -> int:
    view = next((v for v in desk.views.hung if v.plane is plane and v.display_set == desk.case.main_id), None)
    grid = None if view is None else desk.views.grid(view)
    return 0 if grid is None else grid.shape[0]


def _unseen_note(unseen: list[int], count: int) -> str:
    if not unseen:
        return "Every image was on screen."
    if len(unseen) == count:
        return "No image was on screen yet."
    images = "1 image" if len(unseen) == 1 else f"{len(unseen)} images"
    return f"{images} not shown: {text.spans(unseen)}."


# --- after the reveal


def _revealed(desk: DeskState, reading: Reading) -> Panel:
    found = seeing.listed(desk)
    undecided = reading.undecided()
    rows = tuple(row_of(desk, reading, f) for f in found)
    hidden = sum(not f.above_operating_point for f in reading.model)
    run = reading.runs[0] if reading.runs else None
    return Panel(
        mode="reveal",
        title="Findings",
        count=f"{len(undecided)} undecided of {len(rows)}" if undecided else f"{len(rows)}",
        rows=rows,
        empty=_nothing(reading),
        second_reader=("done", "", ""),
        model_line=_model_line(desk, reading),
        domain=(run.domain, "; ".join(run.domain_reasons)) if run else ("", ""),
        operating_point=_operating_point(reading),
        scores=score_lines(desk, reading),
        strip=finding_strip(desk),
        exam=exam_lines(desk, reading),
        exam_strip=exam_strip(desk),
        density=suggesting.density_words(reading),
        below=_below(desk, hidden),
        warning=_blocking(undecided, reading),
        verdict_line=_verdict_line(reading),
        actions=_decisions(desk, reading),
        keyboard=desk.screen.panel,
        legend=legend_of(desk),
    )


def _model_line(desk: DeskState, reading: Reading) -> str:
    titles = {r.model_id: r.title for r in (desk.second.read.reads if desk.second.read else ())}
    named = (
        f"{run.title or titles.get(run.model_id) or run.model_id} {run.model_version}"
        for run in reading.runs
        if not run.other_kind
    )
    return text.DOT.join(map(str.strip, named)) or NO_MODEL


def _nothing(reading: Reading) -> tuple[str, str]:
    """The looks of no mark of the model: nothing found, not run, failed, read in part."""
    if any(f.above_operating_point for f in reading.model):
        return _silent(reading)
    reason = sentence(reading.second_read_reason)
    match reading.second_read_status:
        case "not_run":
            return "not_run", f"Second reader: not run. {reason}"
        case "failed":
            return "failed", f"Second reader: failed. {reason}"
        case "partial":
            return "partial", f"No findings above the threshold; not everything was read. {reason}"
        case _:
            return "done", "No findings above the threshold."


def _silent(reading: Reading) -> tuple[str, str]:
    """The models that gave no answer while others did: as loud as what was found."""
    silent = [run for run in reading.runs if run.status in ("not_run", "failed")]
    words = (f"{run.name}: {run.status.replace('_', ' ')}. {sentence(run.reason)}" for run in silent)
    return (silent[0].status, " ".join(words)) if silent else ("", "")


def _operating_point(reading: Reading) -> str:
    run = reading.runs[0] if reading.runs else None
    if run is None or run.rate is None:
        return ""
    least = percent(run.threshold or 0)
    if not run.unit:
        return f"Its rate of false marks is not measured: shown from {least}."
    unit = run.unit.replace("marks", "mark", 1) if run.rate == 1 else run.unit
    return f"Set to {run.rate:.2g} {unit}: shown from a probability of {least}."


def _below(desk: DeskState, hidden: int) -> str:
    if not hidden:
        return ""
    words = "1 candidate" if hidden == 1 else f"{hidden} candidates"
    if not desk.review.below_on:
        return f"{words} below the threshold"
    most = f", the {seeing.MOST_BELOW} most probable" if hidden > seeing.MOST_BELOW else ""
    return f"{words} below the threshold{most} shown in grey"


def _blocking(undecided: tuple[Finding, ...], reading: Reading) -> str:
    if reading.stage is Stage.SIGNED or not undecided:
        return ""
    count = len(undecided)
    return (
        f"{count} findings are undecided."
        if count > 1
        else "1 finding is undecided. It blocks the signature."
    )


def _verdict_line(reading: Reading) -> str:
    if not reading.scheme or reading.category is None:
        return ""
    if reading.scheme == birads.scheme():
        return f"unaided {short(reading.unaided_assessment)}{text.DOT}now {short(reading.assessment)}"
    before = (reading.unaided_category.value if reading.unaided_category else "") or "none"
    return f"unaided {reading.scheme.split(' ')[0]} {before}{text.DOT}now {reading.category.value or 'none'}"


def _decisions(desk: DeskState, reading: Reading) -> tuple[Action, ...]:
    report = Action("report.open", "Open report", "F6", primary=not reading.undecided())
    why_not = "" if seeing.walked(desk) else "The second reader has no finding here."
    return (Action("finding.next", "Next finding", "N", why_not=why_not), report)
