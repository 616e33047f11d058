"""Protocols on the desk: which steps the study is read in, with which prior, and what no step shows."""

from viewer.app import text, viewing
from viewer.app.desk_state import DeskState
from viewer.core.dicom.display_set import Study
from viewer.core.hanging.fill import hang, priors_of


def fill(desk: DeskState) -> None:
    """Fill the steps with the images that are here now; the step on screen stays where it can.

    It is hung again only where something else belongs into it.
    """
    study = desk.study
    if study is None:
        return
    before = desk.hanging.now
    hung = hang(desk.protocols, study, desk.listing.studies, desk.hanging.prior)
    ids = [step.id for step in hung.steps]
    first = not desk.case.main_id
    desk.hanging.hung = hung
    desk.hanging.step = ids.index(before.id) if before.id in ids and not first else 0
    desk.case.main_id = hung.main
    if desk.hanging.now != before:
        viewing.hang(desk)


def beside(desk: DeskState) -> tuple[str, ...]:
    """The display sets of the next and the previous step that may be shown, the next one's first."""
    steps, now = desk.hanging.steps, desk.hanging.step
    near = [steps[n] for n in (now + 1, now - 1) if 0 <= n < len(steps)]
    open_ones = [step for step in near if not viewing.why_locked(desk, step)]
    return tuple(dict.fromkeys(p for step in open_ones for p in step.pictures if p))


def priors_here(desk: DeskState) -> tuple[Study, ...]:
    """The earlier studies of the patient that are here and can be compared with, from recent to old."""
    study, protocol = desk.study, desk.hanging.hung.protocol
    return () if study is None or protocol is None else priors_of(protocol, study, desk.listing.studies)


def older_prior(desk: DeskState, steps: int = 1) -> None:
    """Compare with an older (or with -1 a newer) earlier study."""
    priors = priors_here(desk)
    now = desk.hanging.hung.prior
    if now is None:
        desk.say("There is no earlier study of this patient here.")
        return
    wanted = [p.study_instance_uid for p in priors].index(now.study_instance_uid) + steps
    if not 0 <= wanted < len(priors):
        desk.say(f"There is no {'older' if steps > 0 else 'newer'} earlier study here.")
        return
    desk.hanging.prior = priors[wanted].study_instance_uid
    fill(desk)
    desk.say(f"The prior is now that of {text.date(priors[wanted].date)}.")


def not_shown(desk: DeskState) -> str:
    """What no step shows, in words for the case bar; "" where every image has its step."""
    left = desk.hanging.hung.left
    if not left:
        return ""
    images = all(d.count == 1 for d in left)
    noun = ("image" if images else "series") if len(left) == 1 or not images else "images"
    return f"{len(left)} {noun} not in this layout"


def why_no_protocol(desk: DeskState) -> str:
    """Why there is no protocol in use; "" where there is one."""
    return "" if desk.hanging.hung.protocol is not None else "Open a study first (Ctrl+O)."
