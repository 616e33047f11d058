"""Probabilities by image on the desk: which label's are shown beside a stack, and where they are highest."""

from viewer.app import seeing, viewing
from viewer.app.desk_state import DeskState
from viewer.app.display import Severity
from viewer.app.views import frame_of
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading.finding import Finding
from viewer.core.reading.scores import StatedScore, of_images
from viewer.core.report.place import by_slice, image_places


def of_stack(desk: DeskState, shown: DisplaySet) -> dict[int, StatedScore]:
    """What a model says of the images of a display set, by slice; of one label. Nothing before the reveal.

    The label is that of the finding in focus where its model speaks of images, else the most probable one.
    """
    reading, focused = desk.reading, desk.focused
    if reading is None or not desk.revealed or shown.count < 2:
        return {}
    chosen: dict[int, StatedScore] = {}
    rank = (False, 0.0)
    for run in reading.runs:
        for label in dict.fromkeys(s.label for s in run.scores if s.level == "image"):
            scores = by_slice(of_images(run.scores, label), shown)
            asked = focused is not None and focused.of_series and focused.label == label
            wanted = asked and focused is not None and focused.tracking_uid in run.findings
            most = max((s.probability for s in scores.values()), default=-1.0)
            if (wanted, most) > rank:
                chosen, rank = scores, (wanted, most)
    return chosen


def best(scores: dict[int, StatedScore]) -> int:
    """The slice that is most probable; the first of equals."""
    return max(sorted(scores), key=lambda k: scores[k].probability)


def go_to_best(desk: DeskState) -> None:
    """The most probable image of the stack that has the keyboard."""
    shown = desk.views.display_set(desk.views.active)
    scores = {} if shown is None else of_stack(desk, shown)
    if shown is not None and scores:
        _go(desk, shown, best(scores))
        desk.looked()


def why_no_best(desk: DeskState) -> str:
    """Why there is no such image; "" where there is one."""
    sealed = seeing.why_sealed(desk)
    if sealed:
        return sealed
    shown = desk.views.display_set(desk.views.active)
    return "" if shown is not None and of_stack(desk, shown) else "No model speaks of single images here."


def show_best(desk: DeskState, finding: Finding) -> None:
    """Bring on screen what an answer about a whole series rests on most."""
    found = image_places(desk.display_sets, finding)
    if not found:
        desk.say(f"The series of {finding.name} is not loaded.", Severity.WARNING)
        return
    shown, index, _ = found[0]
    if all(view.display_set != shown.id for view in desk.views.visible):
        viewing.show_series(desk, desk.views.focused, shown.id)
    _go(desk, shown, index)


def _go(desk: DeskState, shown: DisplaySet, index: int) -> None:
    if shown.geometry is None:
        for view in desk.views.visible:
            if view.display_set == shown.id:
                desk.views.go_to(view.id, index)
        return
    _, rows, columns = shown.geometry.shape
    middle = shown.geometry.index_to_patient((index, (rows - 1) / 2, (columns - 1) / 2))
    x, y, z = (float(v) for v in middle)
    desk.views.show_point(frame_of(shown), (x, y, z))
