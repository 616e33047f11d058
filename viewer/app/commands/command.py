"""What a command is, where the keyboard may be, and how a command is done."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from viewer.app.desk_state import DeskState

Run = Callable[[DeskState], None]
Refusal = Callable[[DeskState], str]


class Context(StrEnum):
    """Where the keyboard is."""

    IMAGES = "images"
    FINDINGS = "findings panel"
    STRIP = "reject strip"
    QUESTIONS = "questions"
    REPORT = "report"
    STUDIES = "study list"
    ASKED = "question"


IMAGES = frozenset({Context.IMAGES})
FINDINGS = frozenset({Context.FINDINGS})
STRIP = frozenset({Context.STRIP})
QUESTIONS = frozenset({Context.QUESTIONS})
REPORT = frozenset({Context.REPORT})
STUDIES = frozenset({Context.STUDIES})
READING = IMAGES | FINDINGS
CASE = READING | REPORT
ANYWHERE = CASE | STUDIES


def never(desk: DeskState) -> str:
    """The refusal of a command that can always be done."""
    return ""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be done.

    id        for logs and the user's keys; never renamed
    title     in menu, palette, key card and tool tip
    keys      as `viewer.ui.keys` names them: Ctrl, Alt, Shift in this order, then the key
    group     of menu, palette and key card
    when      contexts in which its keys act
    refusal   why it cannot be done now, "" where it can
    release   what happens when a held key is let go; a command with it is a hold key
    repeats   a held-down key does it again and again
    undoable  Ctrl+Z takes it back
    icon      a Phosphor name
    card      words on the key card, where not the title; commands with the same words share a line
    """

    id: str
    title: str
    keys: tuple[str, ...]
    run: Run
    group: str
    when: frozenset[Context]
    refusal: Refusal = never
    release: Run | None = None
    repeats: bool = False
    undoable: bool = False
    icon: str = ""
    card: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Makes commands that have much in common: `Group(...)(id, title, "Key OtherKey", run)`."""

    name: str
    when: frozenset[Context]
    refusal: Refusal = never
    undoable: bool = False
    icon: str = ""

    def __call__(
        self,
        id_: str,
        title: str,
        keys: str,
        run: Run,
        *,
        when: frozenset[Context] | None = None,
        refusal: Refusal | None = None,
        release: Run | None = None,
        repeats: bool = False,
        undoable: bool | None = None,
        icon: str = "",
        card: str = "",
    ) -> Command:
        """A command of this group; what is given here differs from the rest."""
        return Command(
            id_,
            title,
            tuple(keys.split()),
            run,
            self.name,
            self.when if when is None else when,
            self.refusal if refusal is None else refusal,
            release,
            repeats,
            self.undoable if undoable is None else undoable,
            icon or self.icon,
            card or title,
        )


def context(desk: DeskState) -> Context:
    """Where the keyboard is now."""
    if desk.screen.question is not None:
        return Context.ASKED
    if desk.screen.page == "studies":
        return Context.STUDIES
    if desk.review.strip:
        return Context.STRIP
    if desk.review.asked and desk.screen.page == "reading":
        return Context.QUESTIONS
    if desk.screen.page == "report":
        return Context.REPORT
    return Context.FINDINGS if desk.screen.panel else Context.IMAGES


def perform(desk: DeskState, command: Command) -> bool:
    """Do it, or say why it cannot be done; True where it was done."""
    reason = command.refusal(desk)
    if reason:
        desk.say(f"{command.title}: {reason[0].lower()}{reason[1:]}")
        return False
    command.run(desk)
    return True
