"""Images on several monitors: which there are, and whether they are used, remembered for each set of them."""

import tomllib
from dataclasses import replace
from typing import Any

import tomli_w

from viewer.app.desk_state import DeskState
from viewer.app.display import Severity
from viewer.app.views import Surface
from viewer.app.whole_files import write_file
from viewer.core.hanging.layout import layout, on_one_screen

NAME = "screens.toml"


def sized(desk: DeskState, area: tuple[int, int], ratio: float, screen: int) -> None:
    """The place for viewports on a screen is so large; a screen that is new takes its part of the step."""
    if screen == 0:
        desk.views.area, desk.views.ratio = area, ratio
    else:
        new = screen not in desk.views.beside
        before = desk.views.beside.get(screen, Surface())
        desk.views.beside[screen] = replace(before, area=area, ratio=ratio)
        if new:
            _lay_out(desk, desk.views.screens - 1)
    desk.changed()


def gone(desk: DeskState, screen: int) -> None:
    """A screen beside the window is gone, and those after it: their viewports come back."""
    before = desk.views.screens
    desk.views.beside = {n: one for n, one in desk.views.beside.items() if n < screen}
    if desk.views.screens < before:
        _lay_out(desk, before)


def _lay_out(desk: DeskState, before: int) -> None:
    """The layout of the step for as many screens as there are now, where `before` screens showed it."""
    step, views = desk.hanging.now, desk.views
    if views.layout.id == step.layout_on(before):
        views.layout = layout(step.layout_on(views.screens))
    elif any(box.screen >= views.screens for box in views.layout.boxes):
        views.layout = layout(on_one_screen(views.layout))
    desk.looked()


def present(desk: DeskState, monitors: tuple[str, ...]) -> str:
    """These monitors are there now: they are used as they were the last time.

    Returns the monitor that the window stood on then; "" where nothing is remembered.
    """
    if monitors == desk.screen.monitors:
        return ""
    desk.screen.monitors = monitors
    kept = next((one for one in _kept(desk) if one["monitors"] == sorted(monitors)), None)
    desk.screen.spread = kept is not None and len(monitors) > 1 and kept.get("spread") is True
    desk.changed()
    return "" if kept is None else str(kept.get("main", ""))


def toggle(desk: DeskState) -> None:
    """Images on all monitors, or in the window alone."""
    desk.screen.spread = not desk.screen.spread
    where = f"all {len(desk.screen.monitors)} monitors" if desk.screen.spread else "the window alone"
    desk.say(f"Images are on {where}; that is kept for these monitors.")


def remember(desk: DeskState, main: str) -> None:
    """Keep how these monitors are used, and which one the window stands on."""
    monitors = sorted(desk.screen.monitors)
    if len(monitors) < 2:
        return
    now = {"monitors": monitors, "spread": desk.screen.spread, "main": main}
    kept = _kept(desk)
    if now in kept:
        return
    others = [one for one in kept if one["monitors"] != monitors]
    try:
        write_file(desk.home / NAME, tomli_w.dumps({"set": [*others, now]}).encode("utf-8"))
    except OSError as error:
        desk.say(f"How the monitors are used cannot be kept ({error.strerror}).", Severity.WARNING)


def why_not_toggle(desk: DeskState) -> str:
    """Why there is nowhere else to put images; "" where there is."""
    return "" if len(desk.screen.monitors) > 1 else "There is one monitor."


def _kept(desk: DeskState) -> list[dict[str, Any]]:
    """What is remembered; nothing where the file is not there or not understood."""
    try:
        raw = tomllib.loads((desk.home / NAME).read_text(encoding="utf-8")).get("set", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []
    tables = raw if isinstance(raw, list) else []
    return [one for one in tables if isinstance(one, dict) and isinstance(one.get("monitors"), list)]
