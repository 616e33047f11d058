"""Questions that the desk must have answered before it goes on: who reads, resume?, a text."""

from collections.abc import Callable

from viewer.app.desk_state import DeskState
from viewer.app.display import Question

Answered = Callable[[dict[str, str] | None], None]
"""Gets the values of the fields by key, or None where the answer was no."""


def ask(desk: DeskState, question: Question, answered: Answered) -> None:
    """Put a question over the window, in place of an older one; `answered` is called once."""
    desk.screen.question, desk.screen.answer = question, answered
    desk.changed()


def accept(desk: DeskState, values: dict[str, str]) -> None:
    """The answer is yes, with these values."""
    _close(desk, values)


def refuse(desk: DeskState) -> None:
    """The answer is no; a question that needs an answer stays."""
    if desk.screen.question is not None and desk.screen.question.refuse:
        _close(desk, None)


def _close(desk: DeskState, values: dict[str, str] | None) -> None:
    answered = desk.screen.answer
    desk.screen.question, desk.screen.answer = None, lambda values: None
    answered(values)
    desk.changed()
