"""The triage paradigm: the list is read beside the window, flagged studies go on top with the reason.

What is said of a study comes from its sealed read, which opens at once when the study is opened.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from viewer.app.desk_parts import Triaged
from viewer.app.desk_state import DeskState, study_key
from viewer.app.display import Severity
from viewer.app.settings import save
from viewer.core.dicom.display_set import Study
from viewer.core.reading.reading import Paradigm, Stage

if TYPE_CHECKING:  # the second reader's parts load when it starts
    from viewer.app.jobs import Report
    from viewer.app.second_read.sealed import SealedRead

Work = Callable[[Study], "Callable[[Report, Callable[[], bool]], SealedRead]"]
"""Makes the job that reads a study."""


def is_on(desk: DeskState) -> bool:
    """True where new readings are in the triage paradigm."""
    return desk.settings.paradigm == Paradigm.TRIAGE


def is_read_in(desk: DeskState) -> bool:
    """True where the reading on the desk is in the triage paradigm."""
    return desk.reading is not None and desk.reading.paradigm is Paradigm.TRIAGE


def may_flag(desk: DeskState, study: Study) -> bool:
    """False before the signature of a reading that began in another paradigm: it stays sealed."""
    mine = (r for r in desk.listing.readings if r.study_instance_uid == study.study_instance_uid)
    return all(line.paradigm == Paradigm.TRIAGE or line.stage is Stage.SIGNED for line in mine)


def known(desk: DeskState, study: Study) -> Triaged | None:
    """What was found in this study as it is now; None where it was not read, or may not be told."""
    found = desk.listing.triaged.get(study_key(study))
    fits = found is not None and found.fingerprint == study.fingerprint
    return found if fits and is_on(desk) and may_flag(desk, study) else None


def keep(desk: DeskState, study: Study, sealed: "SealedRead") -> None:
    """A study was read: the list says how it came out."""
    if not is_on(desk) or not may_flag(desk, study):
        return
    said = sealed.triage(study.display_sets, Paradigm.TRIAGE)
    found = Triaged(study.fingerprint, said.kind, said.reason, said.rank, sealed)
    desk.listing.triaged[study_key(study)] = found
    desk.changed()


def read_next(desk: DeskState, work: Work) -> None:
    """Read the next study of the list that was not read, one at a time; the one on the desk comes first."""
    idle = not desk.second.job and not desk.listing.reading and not desk.search.running
    waiting = [s for s in desk.listing.studies if _waits(desk, s)]
    if not is_on(desk) or not idle or not waiting or desk.loader is None:
        return
    study = waiting[0]
    desk.listing.reading_study = study_key(study)

    def ended(sealed: "SealedRead") -> None:
        desk.listing.reading = desk.listing.reading_study = ""
        keep(desk, study, sealed)
        read_next(desk, work)

    def failed(error: Exception) -> None:
        desk.listing.reading = desk.listing.reading_study = ""
        reason = str(error) or type(error).__name__
        desk.listing.triaged[study_key(study)] = Triaged(study.fingerprint, "failed", reason)
        read_next(desk, work)

    desk.listing.reading = desk.jobs.start("Second reader, worklist", work(study), ended, failed, quiet=True)
    desk.changed()


def _waits(desk: DeskState, study: Study) -> bool:
    here = study_key(study) == desk.case.key and desk.second.sealed is None and desk.stage is not Stage.SIGNED
    images = any(d.kind == "image" for d in study.display_sets)
    return images and not here and may_flag(desk, study) and known(desk, study) is None


def pause(desk: DeskState) -> None:
    """The study on the desk is read first; the one that is at work is read again later."""
    desk.jobs.cancel(desk.listing.reading)
    desk.listing.reading = desk.listing.reading_study = ""


# --- the order of the list


def ordered(desk: DeskState) -> tuple[Study, ...]:
    """Flagged studies first, the most probable on top, then all others; both in the order of arrival."""
    studies = desk.listing.studies
    if not is_on(desk) or not desk.settings.flagged_first:
        return studies
    found = {study_key(s): known(desk, s) for s in studies}
    flagged = [s for s in studies if (t := found[study_key(s)]) is not None and t.kind == "flagged"]
    flagged.sort(key=lambda s: _rank(found[study_key(s)]), reverse=True)
    return (*flagged, *(s for s in studies if s not in flagged))


def _rank(found: Triaged | None) -> tuple[bool, float]:
    return (False, 0.0) if found is None else found.rank


def toggle_order(desk: DeskState) -> None:
    """Flagged studies on top, or all in the order of arrival; kept for the next start."""
    desk.settings = replace(desk.settings, flagged_first=not desk.settings.flagged_first)
    try:
        save(desk.home, desk.settings)
    except OSError as error:
        desk.say(f"The order is not kept for the next start: {error}", Severity.WARNING)
        return
    on = desk.settings.flagged_first
    desk.say("Flagged studies stand on top." if on else "The list is in the order of arrival.")


def why_not_order(desk: DeskState) -> str:
    """Why no score orders the list; "" in the triage paradigm."""
    return "" if is_on(desk) else "Only the triage paradigm orders the list (settings.toml)."


def foot(desk: DeskState, count: str) -> str:
    """How many studies there are, and how many of them are flagged."""
    if not is_on(desk):
        return f"{count}. No score orders this list."
    found = (known(desk, study) for study in desk.listing.studies)
    return f"{count}, {sum(one is not None and one.kind == 'flagged' for one in found)} flagged."


def order_words(desk: DeskState) -> str:
    """Why the rows stand as they do."""
    if not is_on(desk):
        return "By arrival. Scores stay sealed: no study stands higher because of what a model found."
    if not desk.settings.flagged_first:
        return "By arrival. T puts what the second reader flags on top."
    return (
        "What the second reader flags stands on top, the most probable first; then the rest, by arrival. "
        "T puts all by arrival."
    )
