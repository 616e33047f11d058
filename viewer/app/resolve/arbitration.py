"""The right panel of an arbitration: what two readers say on each point, side by side, and the decision."""

from viewer.app import double_reading, text
from viewer.app.desk_state import DeskState
from viewer.app.display import Action, FindingRow, MarkState, Panel
from viewer.app.resolve.overlays import size_text, state_of
from viewer.core.reading.arbitration import Arbitration, Difference
from viewer.core.reading.birads import kind_words
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Reading
from viewer.core.report.place import place_words


def arbitration_panel(desk: DeskState, reading: Reading, between: Arbitration) -> Panel:
    """First what they differ on, then what they agree on, and marks of the third reader."""
    rows = [_point(desk, reading, between, d) for d in between.differences]
    shown = {row.tracking_uid for row in rows}
    rows += [_kept(desk, between, f) for f in reading.own if f.tracking_uid not in shown]
    open_ones = between.open_ones()
    count = f"{len(open_ones)} undecided of {len(between.differences)}" if open_ones else f"{len(rows)}"
    undecided = f"{len(open_ones)} points are undecided." if len(open_ones) > 1 else "1 point is undecided."
    return Panel(
        mode="reveal",
        title="Arbitration",
        count=count,
        rows=tuple(rows),
        empty=("", ""),
        second_reader=("done", "", ""),
        model_line=f"A: {between.first.reader}{text.DOT}B: {between.second.reader}",
        warning=undecided if open_ones and not reading.signed_at else "",
        actions=(
            Action("finding.next", "Next point", "N"),
            Action("report.open", "Open report", "F6", primary=not open_ones),
        ),
        keyboard=desk.screen.panel,
    )


def _point(desk: DeskState, reading: Reading, between: Arbitration, point: Difference) -> FindingRow:
    focused = point.row == desk.review.focus
    chosen = between.chosen(point)
    state = MarkState.ACCEPTED if chosen else MarkState.OPEN
    place = ""
    if point.finding is not None:
        state = state_of(reading, point.finding)
        place = _place(desk, point.finding)
    return FindingRow(
        tracking_uid=point.row,
        kind="reader",
        name=point.finding.name if point.finding is not None else "A ≠ B",
        title=point.title,
        detail=place or f"{point.first}{text.DOT}{point.second}",
        state=state,
        verdict=chosen or "Undecided",
        focused=focused,
        lines=_side_by_side(between, point) if focused else (),
        actions=_deciding(desk) if focused else (),
    )


def _side_by_side(between: Arbitration, point: Difference) -> tuple[tuple[str, str], ...]:
    """What each says on this point, and what each wrote of the whole."""
    both = ((between.first, "A", point.first), (between.second, "B", point.second))
    words = tuple((letter, f"{opinion.reader}: {said}") for opinion, letter, said in both)
    notes = (("Note", point.finding.note),) if point.finding is not None and point.finding.note else ()
    wrote = tuple((f"{letter} wrote", o.impression) for o, letter, _ in both if o.impression)
    return (*words, *notes, *wrote)


def _kept(desk: DeskState, between: Arbitration, finding: Finding) -> FindingRow:
    agreed = any(f.tracking_uid == finding.tracking_uid for f in between.agreed)
    return FindingRow(
        tracking_uid=finding.tracking_uid,
        kind="reader",
        name=finding.name,
        title=kind_words(finding),
        detail=_place(desk, finding),
        note=finding.note,
        state=MarkState.ACCEPTED,
        verdict="Both" if agreed else "Yours",
        focused=finding.tracking_uid == desk.review.focus,
    )


def _place(desk: DeskState, finding: Finding) -> str:
    where = place_words(desk.display_sets, finding)
    return text.DOT.join(filter(None, (where, size_text(finding))))


def _deciding(desk: DeskState) -> tuple[Action, ...]:
    why_not = double_reading.why_not_decide(desk)
    return (
        Action("arbitrate.first", "First's", "F7", why_not=why_not),
        Action("arbitrate.second", "Second's", "F8", why_not=why_not),
        Action("arbitrate.neither", "Neither", "F9", why_not=why_not),
    )
