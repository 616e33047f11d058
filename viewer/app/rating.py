"""Correcting the concepts that a malignancy score rests on, one key each; the score follows at once."""

from viewer.app import reviewing
from viewer.app.desk_state import DeskState
from viewer.core.reading.chance import percent
from viewer.core.reading.concepts import Rated, Rating, rating_of
from viewer.core.reading.finding import Author, Finding


def why_not_rate(desk: DeskState) -> str:
    """Why no concept can be corrected now; "" where one can."""
    return reviewing.why_not_judge(desk) or (
        "" if of_focus(desk) is not None else "No model rates the finding in focus by concepts."
    )


def of_focus(desk: DeskState) -> Rating | None:
    """What the score of the finding in focus rests on."""
    finding, reading = desk.focused, desk.reading
    if finding is None or reading is None or finding.author is not Author.MODEL:
        return None
    return rating_of(reading, finding)


def rate(desk: DeskState, concept: str, rating: float | None) -> None:
    """The reader's rating of a concept of the finding in focus; None takes it back."""
    finding, reading = desk.focused, desk.reading
    if finding is None or reading is None or desk.session is None:
        return
    with desk.telling_refusals():
        desk.session.rate(finding.tracking_uid, concept, rating)
        if desk.reading != reading:
            desk.acted()
            desk.say(_told(desk, finding, concept))


def _told(desk: DeskState, finding: Finding, concept: str) -> str:
    now = of_focus(desk)
    score = "" if now is None else f" Malignancy {percent(now.score)}; the model alone {percent(now.model)}."
    return f"{finding.name}: {concept} rated.{score} Ctrl+Z takes it back."


def lines(rating: Rating) -> tuple[tuple[str, str], ...]:
    """(caption, words) of the score and of each concept for the card of a finding, each short."""
    low, high = (percent(end) for end in rating.interval)
    alone = f"; model alone {percent(rating.model)}" if rating.corrected else ""
    return (
        ("Malignancy", f"{percent(rating.score)} ({low} to {high}){alone}"),
        ("by", "size and concepts, as readers rate (no pathology)"),
        *((r.concept.name.capitalize(), _words(r)) for r in rating.concepts),
        ("Shift+C", "corrects them; the score follows"),
    )


def _words(rated: Rated) -> str:
    """As "2.3 ± 0.5 of 5, slight"; a correction first."""
    concept = rated.concept
    if rated.reader is not None:
        said = concept.words[round(rated.reader) - 1]
        return f"{rated.reader:g} {said}, yours; model {rated.model:.1f} ± {concept.error:.1f}"
    nearest = concept.words[min(max(round(rated.model), 1), concept.highest) - 1]
    return f"{rated.model:.1f} ± {concept.error:.1f} of {concept.highest}, {nearest}"
