"""Cine: a stack plays by the clock. A picture that comes late is left out, so that the film never lags."""

from dataclasses import dataclass

from viewer.app.desk_state import DeskState

SLOWEST, FASTEST, USUAL = 5, 60, 15
"""Slices a second."""
_SPEEDS = (5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60)


@dataclass(frozen=True, slots=True)
class Film:
    """What plays: from slice `start` at time `since` on, `speed` slices a second, to and fro.

    shown  the slice that was shown last: another one on screen means that a hand has moved
    """

    viewport: str
    display_set: str
    start: int
    since: float
    speed: int
    shown: int

    def at(self, now: float, count: int) -> int:
        """The slice of a moment: up to the last one, back to the first one, and so on."""
        position = (self.start + int((now - self.since) * self.speed)) % (2 * (count - 1))
        return position if position < count else 2 * (count - 1) - position


def toggle(desk: DeskState) -> None:
    """Play the stack of the viewport that has the keyboard, or stop."""
    if desk.screen.film is not None:
        _stop(desk)
        return
    view = desk.views.active
    index, _ = desk.views.place(view)
    desk.screen.film = Film(view.id, view.display_set, index, desk.clock(), desk.screen.film_speed, index)
    desk.say(f"{desk.screen.film_speed} slices a second. C stops, comma and full stop change the speed.")
    _wait(desk, desk.screen.film)


def faster(desk: DeskState, steps: int = 1) -> None:
    """The next speed, from 5 to 60 slices a second."""
    at = _SPEEDS.index(desk.screen.film_speed) + steps
    desk.screen.film_speed = speed = _SPEEDS[min(max(at, 0), len(_SPEEDS) - 1)]
    film = desk.screen.film
    if film is not None:
        desk.screen.film = Film(film.viewport, film.display_set, film.shown, desk.clock(), speed, film.shown)
        _wait(desk, desk.screen.film)
    desk.say(f"Cine: {speed} slices a second.")


def why_none(desk: DeskState) -> str:
    """Why nothing can play; "" where something can."""
    view = desk.views.active
    if not view.display_set:
        return "Open a study first (Ctrl+O)."
    return "" if desk.views.place(view)[1] > 1 else "There is one image only."


def _wait(desk: DeskState, film: Film) -> None:
    """Look again when the next slice is due."""
    gone = (desk.clock() - film.since) * film.speed
    desk.later((int(gone) + 1 - gone) / film.speed, lambda: _show(desk, film))


def _show(desk: DeskState, film: Film) -> None:
    """The slice that is due now; nothing for a film that was stopped or whose speed has changed."""
    if desk.screen.film is not film:
        return
    view = desk.views.view(film.viewport)
    index, count = desk.views.place(view)
    gone = view.display_set != film.display_set or count < 2 or desk.screen.page != "reading"
    if gone or index != film.shown:
        _stop(desk)
        return
    now = film.at(desk.clock(), count)
    playing = Film(film.viewport, film.display_set, film.start, film.since, film.speed, now)
    desk.screen.film = playing
    if now != index:
        desk.views.go_to(film.viewport, now)
        desk.looked()
        desk.show_now()
    _wait(desk, playing)


def _stop(desk: DeskState) -> None:
    desk.screen.film = None
    desk.say("Cine stopped.")
