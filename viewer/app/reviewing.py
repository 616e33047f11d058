"""Judging findings: which there are, the one in focus, walking through them, verdicts."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from viewer.app import asking, posing, scoring, seeing, viewing
from viewer.app.desk_state import DeskState
from viewer.app.display import Plane, Question, Severity
from viewer.app.views import View, frame_of
from viewer.core.reading.finding import Author, Finding
from viewer.core.reading.reading import Reading, Stage, Verdict
from viewer.core.report.place import image_places


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a finding is rejected: one row of resources/codes/reject_reasons.toml."""

    digit: str
    id: str
    title: str
    detail: str


@cache
def reasons() -> tuple[Reason, ...]:
    """The reasons in the order of their digits."""
    text = resources.files("resources").joinpath("codes", "reject_reasons.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)["reason"]
    return tuple(Reason(one["digit"], one["id"], one["title"], one["detail"]) for one in raw)


# --- focus


def focus(desk: DeskState, tracking_uid: str, jump: bool = True) -> None:
    """Put a finding in focus; the viewports go there."""
    reading = desk.reading
    finding = None if reading is None else reading.finding(tracking_uid)
    if reading is not None and reading.arbitration and reading.arbitration.difference(tracking_uid):
        desk.review.focus = tracking_uid  # a word on the whole: it has no place to go to
        desk.looked()
        return
    if reading is None or finding is None:
        return
    joined = {own: model for model, own in reading.joined.items()}
    uid = joined.get(tracking_uid, tracking_uid)
    if uid != desk.review.focus:
        desk.review.strip, desk.review.editing, desk.review.asked = False, "", ""
        desk.review.focus, desk.screen.status = uid, ""
        if desk.session is not None:
            with desk.telling_refusals():
                desk.session.note_focus(uid)
    if jump:
        show(desk, finding)
    desk.looked()


def show(desk: DeskState, finding: Finding) -> None:
    """Bring a finding's place on screen, in its own series."""
    desk.screen.page = "reading"
    if finding.of_series:
        scoring.show_best(desk, finding)
        return
    if finding.center_lps_mm is None:
        _show_on_images(desk, finding)
        return
    shown = next((d for d in desk.display_sets if _holds(d.series_instance_uid, finding)), None)
    if shown is None or shown.geometry is None:
        desk.say(f"The series of {finding.name} is not loaded.", Severity.WARNING)
        return
    if all(view.display_set != shown.id for view in desk.views.visible):
        viewing.show_series(desk, desk.views.focused, shown.id)
    desk.views.show_point(frame_of(shown), finding.center_lps_mm, centre=True)


def _holds(series_instance_uid: str, finding: Finding) -> bool:
    return series_instance_uid == finding.series_instance_uid


def _show_on_images(desk: DeskState, finding: Finding) -> None:
    """Bring the images of a finding on screen, each with its place in the middle where it is enlarged."""
    found = image_places(desk.display_sets, finding)
    if not found:
        desk.say(f"The images of {finding.name} are not loaded.", Severity.WARNING)
        return
    wanted = [shown.id for shown, _, _ in found]
    if not _on_screen(desk, wanted):
        viewing.bring(desk, wanted)
    for view in _on_screen(desk, wanted):
        index, place = next((k, p) for shown, k, p in found if shown.id == view.display_set)
        pixel = (place.column + 0.5, place.row + 0.5)
        desk.views.show_pixel(view.id, index, pixel, posing.pose(desk, view))
    here = [view.id for view in _on_screen(desk, wanted)]
    if here and desk.views.focused not in here:
        desk.views.focused = here[0]


def _on_screen(desk: DeskState, wanted: Sequence[str]) -> list[View]:
    views = (view for view in desk.views.visible if view.plane is Plane.STACK)
    return [view for view in views if view.display_set in wanted]


def walk(desk: DeskState, steps: int = 1) -> None:
    """The next finding of the second reader, or the next point of an arbitration, round and round."""
    between = None if desk.reading is None else desk.reading.arbitration
    if between is not None:
        _step(desk, [difference.row for difference in between.differences], steps)
        return
    _walk(desk, seeing.walked(desk), steps, _nothing(desk))


def _nothing(desk: DeskState) -> str:
    """Why there is nothing to walk through: nothing found is not the same as no answer."""
    reading = desk.reading
    if reading is not None and reading.second_read_status in ("not_run", "failed"):
        status = reading.second_read_status.replace("_", " ")
        return f"The second reader gave no answer: {status}: {reading.second_read_reason}"
    return "The second reader found nothing above its threshold."


def walk_list(desk: DeskState, steps: int = 1) -> None:
    """The next finding of the panel, own marks included."""
    _walk(desk, seeing.listed(desk), steps, "There is no finding yet. M marks one at the pointer.")


def _walk(desk: DeskState, findings: tuple[Finding, ...], steps: int, none: str) -> None:
    if not findings:
        desk.say(none)
        return
    _step(desk, [f.tracking_uid for f in findings], steps)


def _step(desk: DeskState, uids: Sequence[str], steps: int) -> None:
    """Put the next of them in focus, round and round."""
    here = desk.review.focus
    if here not in uids:
        wanted = 0 if steps > 0 else len(uids) - 1
    else:
        wanted = (uids.index(here) + steps) % len(uids)
    focus(desk, uids[wanted])


def next_undecided(desk: DeskState) -> None:
    """The next finding without a verdict, from the one in focus on."""
    reading = desk.reading
    open_ones = () if reading is None else reading.undecided()
    if not open_ones:
        desk.say("Every finding has its verdict. F6 opens the report.")
        return
    uids = [f.tracking_uid for f in open_ones]
    order = [f.tracking_uid for f in seeing.walked(desk)]
    here = order.index(desk.review.focus) if desk.review.focus in order else -1
    after = [uid for uid in order[here + 1 :] if uid in uids]
    focus(desk, after[0] if after else uids[0])


# --- verdicts


def why_not_judge(desk: DeskState) -> str:
    """Why no verdict can be given now; "" where one can."""
    sealed = seeing.why_sealed(desk)
    if sealed:
        return sealed
    if desk.stage is Stage.SIGNED:
        return "This reading is signed; it can be amended, not changed."
    finding = desk.focused
    if finding is None or finding.author is not Author.MODEL:
        return "Choose a finding of the second reader first (N)."
    return ""


def accept(desk: DeskState) -> None:
    """Accept the finding in focus, once its slice has been on screen for 300 ms."""
    finding = desk.focused
    if finding is None or desk.session is None:
        return
    if not seeing.has_looked(desk, finding):
        desk.say(f"Look at {finding.name} first: its image has not been on screen for 0.3 s. N goes there.")
        return
    with desk.telling_refusals():
        desk.session.accept(finding.tracking_uid)
        _judged(desk, f"{finding.name} accepted.")


def accept_next(desk: DeskState) -> None:
    """Accept, then go to the next finding without a verdict."""
    before = desk.focused
    accept(desk)
    reading = desk.reading
    if before is not None and reading is not None and _accepted(reading, before):
        next_undecided(desk)


def _accepted(reading: Reading, finding: Finding) -> bool:
    return reading.judgement(finding.tracking_uid).verdict is Verdict.ACCEPTED


def undecided(desk: DeskState) -> None:
    """Take the verdict on the finding in focus back to open."""
    finding = desk.focused
    if finding is None or desk.session is None:
        return
    with desk.telling_refusals():
        desk.session.undecided(finding.tracking_uid)
        _judged(desk, f"{finding.name} is undecided again.")


def open_strip(desk: DeskState) -> None:
    """Ask why the finding in focus is rejected: a digit, Enter for no reason, Esc to leave it."""
    desk.screen.page = "reading"
    desk.review.strip = not desk.review.strip
    desk.changed()


def close_strip(desk: DeskState) -> None:
    """Leave the verdict as it was."""
    desk.review.strip = False
    desk.changed()


def reject(desk: DeskState, digit: str) -> None:
    """Reject for the reason of that digit; "" = no reason, the last one asks for words."""
    reason = next((r.id for r in reasons() if r.digit == digit), "")
    finding = desk.focused
    if finding is None:
        return
    desk.review.strip = False
    if reason != "other":
        _reject(desk, finding, reason, "")
        return
    question = Question(
        kind="reject_text",
        title=f"Reject {finding.name}: why?",
        text="One sentence for the report.",
        fields=(("text", "Reason"),),
        accept="Reject",
        refuse="Leave it",
    )
    asking.ask(desk, question, lambda values: _reject_in_words(desk, finding, values))


def _reject_in_words(desk: DeskState, finding: Finding, values: dict[str, str] | None) -> None:
    if values is not None:
        _reject(desk, finding, "other", values.get("text", "").strip())


def _reject(desk: DeskState, finding: Finding, reason: str, text: str) -> None:
    if desk.session is None:
        return
    with desk.telling_refusals():
        desk.session.reject(finding.tracking_uid, reason, text)
        _judged(desk, f"{finding.name} rejected.")


def _judged(desk: DeskState, sentence: str) -> None:
    desk.acted()
    desk.say(f"{sentence} Ctrl+Z takes it back.")


# --- the keyboard in the panel


def toggle_panel(desk: DeskState) -> None:
    """The keyboard to the findings panel, or back to the images."""
    desk.screen.panel = not desk.screen.panel
    if desk.screen.panel and not desk.review.focus:
        found = seeing.listed(desk)
        if found:
            focus(desk, found[0].tracking_uid, jump=False)
    desk.changed()
