"""The study list: choosing a study, opening it, the next case."""

from viewer.app import opening, sitting, triage
from viewer.app.desk_state import DeskState, study_key


def toggle_list(desk: DeskState) -> None:
    """The study list, or back to the case."""
    if desk.screen.page == "studies" and desk.study is not None:
        desk.screen.page = "reading"
    else:
        desk.screen.page = "studies"
        desk.listing.chosen = desk.case.key or _first(desk)
        sitting.refresh_list(desk)
    desk.changed()


def _first(desk: DeskState) -> str:
    return study_key(triage.ordered(desk)[0]) if desk.listing.studies else ""


def choose_study(desk: DeskState, steps: int) -> None:
    """Go up or down in the list."""
    keys = [study_key(study) for study in triage.ordered(desk)]
    if not keys:
        return
    here = keys.index(desk.listing.chosen) if desk.listing.chosen in keys else 0
    list_study(desk, keys[min(max(here + steps, 0), len(keys) - 1)])


def list_study(desk: DeskState, key: str) -> None:
    """Choose a row of the list."""
    desk.listing.chosen = key
    desk.changed()


def open_chosen(desk: DeskState) -> None:
    """Put the chosen study on the desk."""
    key = desk.listing.chosen or _first(desk)
    if key == desk.case.key:
        desk.screen.page = "reading"
        desk.changed()
    elif key:
        opening.open_study(desk, key)


def next_case(desk: DeskState, steps: int) -> None:
    """The next study of the list; findings left undecided are named."""
    reading = desk.reading
    undecided = () if reading is None or not desk.revealed else reading.undecided()
    keys = [study_key(study) for study in triage.ordered(desk)]
    here = keys.index(desk.case.key) if desk.case.key in keys else -1
    wanted = here + steps
    if not 0 <= wanted < len(keys):
        desk.say("There is no further case in the list.")
        return
    opening.open_study(desk, keys[wanted])
    if undecided:
        names = ", ".join(f.name for f in undecided)
        desk.say(f"The case before was left with {names} undecided; it can be resumed.")


def another_reader(desk: DeskState) -> None:
    """Another person reads from here on; the reading on the desk is left as it is, on disk."""
    if desk.study is not None:
        opening.close_study(desk)
    sitting.ask_reader(desk)


def why_no_studies(desk: DeskState) -> str:
    """Why the list is empty; "" where it is not."""
    return "" if desk.listing.studies else "No study is open. Ctrl+O opens a folder."
