"""Cases like this one: the training findings that a model sees most like the one in focus.

They came with the read; nothing of them is shown, or can be asked for, before the reveal.
"""

from typing import TYPE_CHECKING

from viewer.app import seeing
from viewer.app.desk_state import DeskState
from viewer.core.reading.finding import Author

if TYPE_CHECKING:  # the second reader's parts load when it starts, after the first image
    from inference.near_cases import NearCases
    from inference.protocol import NearCase

HEAD = ("No.", "Distance", "Size", "What it was")
Rows = tuple[tuple[str, ...], ...]


def toggle(desk: DeskState) -> None:
    """Show them on the card of the finding in focus, or hide them; for every finding from here on."""
    desk.review.alike_on = not desk.review.alike_on
    if desk.session is not None:
        with desk.telling_refusals():
            desk.session.note_alike(desk.review.focus, desk.review.alike_on)
    desk.changed()


def why_not(desk: DeskState) -> str:
    """Why there are none to show; "" where there are, and where they are shown already."""
    sealed = seeing.why_sealed(desk)
    if sealed:
        return sealed
    finding = desk.focused
    if finding is None or finding.author is not Author.MODEL:
        return "Choose a finding of the second reader first (N)."
    if desk.review.alike_on or _of(desk, finding.tracking_uid) is not None:
        return ""
    return f"The model of {finding.name} brought no cases to compare it with."


def shown(desk: DeskState, uid: str) -> tuple[str, Rows]:
    """The sentence and the rows (a heading first) for the card of a finding; empty while they are hidden."""
    found = _of(desk, uid) if desk.review.alike_on and desk.revealed else None
    return ("", ()) if found is None else (sentence(*found), (HEAD, *map(_row, found[1])))


def sentence(about: "NearCases", nearest: "tuple[NearCase, ...]") -> str:
    """As "6 of the 8 nearest training masses were malignant (leave-one-patient-out AUC .72, ...)"."""
    count = sum(case.outcome for case in nearest)
    area = f"{about.auc:.2f}".lstrip("0")
    low, high = (f"{end:.2f}".lstrip("0") for end in (about.low, about.high))
    verb = "was" if count == 1 else "were"
    return (
        f"{count} of the {len(nearest)} nearest training {about.kind} {verb} {about.outcome} "
        f"(leave-one-patient-out AUC {area}, {low} to {high}, n = {about.n}). "
        f"{about.outcome.capitalize()}: {about.source}."
    )


def _row(case: "NearCase") -> tuple[str, ...]:
    return str(case.number), f"{case.distance:.2f}", f"{case.size_mm:.1f} mm", case.words


def _of(desk: DeskState, uid: str) -> "tuple[NearCases, tuple[NearCase, ...]] | None":
    reads = () if desk.second.read is None else desk.second.read.reads
    for read in reads:
        if uid in read.candidates and read.near_cases is not None:
            nearest = read.candidates[uid].nearest
            return (read.near_cases, nearest) if nearest else None
    return None
