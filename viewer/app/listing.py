"""The study list: choosing a study, opening it, the next case."""

from viewer.app import opening, sitting
from viewer.app.desk_state import DeskState, study_key


def toggle_list(desk: DeskState) -> None:
    """The study list, or back to the case."""
    if desk.page == "studies" and desk.study is not None:
        desk.page = "reading"
    else:
        desk.page = "studies"
        desk.listed_study = desk.active_study or _first(desk)
        sitting.refresh_list(desk)
    desk.changed()


def _first(desk: DeskState) -> str:
    return study_key(desk.studies[0]) if desk.studies else ""


def choose_study(desk: DeskState, steps: int) -> None:
    """Go up or down in the list."""
    keys = [study_key(study) for study in desk.studies]
    if not keys:
        return
    here = keys.index(desk.listed_study) if desk.listed_study in keys else 0
    list_study(desk, keys[min(max(here + steps, 0), len(keys) - 1)])


def list_study(desk: DeskState, key: str) -> None:
    """Choose a row of the list."""
    desk.listed_study = key
    desk.changed()


def open_chosen(desk: DeskState) -> None:
    """Put the chosen study on the desk."""
    key = desk.listed_study or _first(desk)
    if key == desk.active_study:
        desk.page = "reading"
        desk.changed()
    elif key:
        opening.open_study(desk, key)


def next_case(desk: DeskState, steps: int) -> None:
    """The next study of the list; findings left undecided are named."""
    reading = desk.reading
    undecided = () if reading is None or not desk.revealed else reading.undecided()
    keys = [study_key(study) for study in desk.studies]
    here = keys.index(desk.active_study) if desk.active_study in keys else -1
    wanted = here + steps
    if not 0 <= wanted < len(keys):
        desk.say("There is no further case in the list.")
        return
    opening.open_study(desk, keys[wanted])
    if undecided:
        names = ", ".join(f.name for f in undecided)
        desk.say(f"The case before was left with {names} undecided; it can be resumed.")


def why_no_studies(desk: DeskState) -> str:
    """Why the list is empty; "" where it is not."""
    return "" if desk.studies else "No study is open. Ctrl+O opens a folder."
