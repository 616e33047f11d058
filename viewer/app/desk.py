"""The desk: where all parts of the program meet. The window, tests and the command line talk to this.

What it holds is in `DeskState`; what a command does is one function in `viewing`, `marking`, `reviewing`,
`seeing`, `revealing`, `signing`, `opening`, `listing`, `sitting`, `asking` and `window`.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from viewer.app import (
    asking,
    explaining,
    keymap,
    listing,
    marking,
    measuring,
    opening,
    outlining,
    posing,
    protocols,
    registering,
    reviewing,
    roaming,
    screens,
    seeing,
    settings,
    signing,
    sitting,
    viewing,
    window,
)
from viewer.app.commands import COMMANDS, Command, Context, context, find, perform
from viewer.app.desk_state import DeskState
from viewer.app.display import Severity, Tool
from viewer.app.jobs import Post
from viewer.core.dicom.geometry import Vector
from viewer.core.reading.finding import Axis, PixelBox


class Desk(DeskState):
    """The desk of one window. One thread only; `post` brings the work of others there."""

    def __init__(self, home: Path, post: Post, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(home, post, clock)
        chosen, odd = settings.load(home)
        self.settings = settings.with_environment(chosen)
        self.commands, odd_keys = keymap.load(home, COMMANDS)
        self.reopen = self.open_paths
        self._keys = {(where, key): c for c in self.commands for where in c.when for key in c.keys}
        self.subscribe(partial(opening.load_what_is_shown, self))
        self.subscribe(partial(posing.measure, self))
        self.subscribe(partial(registering.register, self))
        self.subscribe(partial(roaming.start, self))
        self.subscribe(partial(roaming.look, self))
        self.subscribe(partial(explaining.catch_up, self))
        self.protocols, odd_protocols = protocols.load(home)
        for sentence in (odd, *odd_keys, *odd_protocols):
            if sentence:
                self.say(sentence, Severity.WARNING)

    def close(self) -> None:
        """Leave the reading, stop all work, close all files; the desk is not used after that."""
        self.fall_silent()
        self.note_views()
        sitting.leave(self)
        self.jobs.cancel_all()
        if self.log is not None:
            self.log.close()
        if self.workers is not None:
            self.workers.close()
        if self.loader is not None:
            self.loader.close()

    # --- commands

    def run(self, command_id: str) -> None:
        """Do a command of the table, or say why it cannot be done."""
        perform(self, find(command_id, self.commands))

    def command_for(self, key: str, where: Context | None = None) -> Command | None:
        """The command of a key, here or in another context."""
        return self._keys.get((context(self) if where is None else where, key))

    def press(self, key: str, repeated: bool = False) -> Command | None:
        """A key went down; returns its command, None where the key means nothing here."""
        command = self.command_for(key)
        if command is not None and (command.repeats or not repeated):
            perform(self, command)
        return command

    # --- studies, questions, panels

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Look for studies; without paths offer the last unfinished reading."""
        if paths:
            opening.open_paths(self, paths)
        else:
            self.screen.page = "studies"
            sitting.begin(self)

    def open_study(self, key: str) -> None:
        """Put a study on the desk."""
        opening.open_study(self, key)

    def list_study(self, key: str) -> None:
        """Choose a row of the study list."""
        listing.list_study(self, key)

    def show_series(self, display_set: str) -> None:
        """Show a display set in the viewport that has the keyboard."""
        viewing.show_series(self, self.views.focused, display_set)

    def go_to_step(self, number: int) -> None:
        """A hanging step by its number."""
        viewing.go_to_step(self, number)

    def go_to(self, place: str) -> None:
        """A place of the palette: "image 12", "finding UID" or "study KEY"."""
        kind, _, name = place.partition(" ")
        if kind == "image":
            viewing.go_to_image(self, int(name) - 1)
        elif kind == "finding":
            reviewing.focus(self, name)
        else:
            opening.open_study(self, name)

    def go_to_section(self, number: int) -> None:
        """A section of the report."""
        self.report.section = number
        self.changed()

    def accept(self, values: dict[str, str]) -> None:
        """The answer to the question is yes."""
        asking.accept(self, values)

    def refuse(self) -> None:
        """The answer to the question is no."""
        asking.refuse(self)

    def close_overlay(self) -> None:
        """Close what lies over the window."""
        window.close_overlay(self)

    def cancel_job(self, job_id: str) -> None:
        """Stop a job; its line goes away at once."""
        self.jobs.cancel(job_id)
        self.say("Stopped.")
        if job_id == self.search.job:
            opening.stop_scan(self)

    def set_category(self, value: str) -> None:
        """A category by hand."""
        signing.set_category(self, value)

    def set_chance(self, per_cent: int) -> None:
        """The reader's own probability of cancer."""
        signing.set_chance(self, per_cent)

    def save_edit(self, values: dict[str, str]) -> None:
        """Take over the editor of the finding in focus."""
        marking.save_edit(self, values)

    def close_edit(self) -> None:
        """Close the editor; the finding stays as it was."""
        marking.close_edit(self)

    def set_impression(self, text: str, done: bool = True) -> None:
        """Take over the impression."""
        signing.set_impression(self, text, done)

    # --- what a viewport asks (`ViewportActions`)

    def scroll(self, viewport_id: str, steps: int) -> None:
        """Go `steps` images on."""
        viewing.scroll(self, viewport_id, steps)

    def set_window(self, viewport_id: str, centre: float, width: float) -> None:
        """Window in modality values."""
        viewing.set_window(self, viewport_id, centre, width)

    def set_zoom(self, viewport_id: str, zoom: float, pan: tuple[float, float]) -> None:
        """Zoom and pan."""
        viewing.set_zoom(self, viewport_id, zoom, pan)

    def set_pan(self, viewport_id: str, pan: tuple[float, float]) -> None:
        """Pan."""
        viewing.set_pan(self, viewport_id, pan)

    def move_crosshair(self, viewport_id: str, lps: Vector) -> None:
        """Show this point in all linked views."""
        viewing.move_crosshair(self, viewport_id, lps)

    def focus_viewport(self, viewport_id: str) -> None:
        """The keyboard acts here now."""
        viewing.focus_viewport(self, viewport_id)

    def focus_finding(self, tracking_uid: str) -> None:
        """A mark or a card was clicked."""
        reviewing.focus(self, tracking_uid)

    def pointer(self, viewport_id: str, lps: Vector | None, pixel: tuple[float, float] | None) -> None:
        """Where the pointer is; None, None = it left."""
        viewing.pointer(self, viewport_id, lps, pixel)

    def mark_at(self, viewport_id: str, lps: Vector) -> None:
        """Mark a finding there."""
        marking.mark_at(self, viewport_id, lps)

    def draw_outline(self, viewport_id: str, box: PixelBox) -> None:
        """An outline was drawn: edges in pixels of the image, the first one spanning -0.5 to 0.5."""
        outlining.draw(self, viewport_id, box)

    def add_distance(self, viewport_id: str, axis: Axis) -> None:
        """A line was drawn with the distance tool."""
        measuring.add_distance(self, viewport_id, axis)

    def change_axis(self, tracking_uid: str, which: str, axis: Axis) -> None:
        """The reader corrected an axis of an own mark."""
        marking.change_axis(self, tracking_uid, which, axis)

    def maximise(self, viewport_id: str) -> None:
        """One viewport on the whole area, or back."""
        viewing.maximise(self, viewport_id)

    def sized(self, width: int, height: int, ratio: float = 1.0, screen: int = 0) -> None:
        """The place for all viewports of a screen is so large now; `ratio`: device pixels per unit."""
        screens.sized(self, (max(1, width), max(1, height)), ratio, screen)

    def drop_series(self, viewport_id: str, display_set: str) -> None:
        """A series was dropped here."""
        viewing.show_series(self, viewport_id, display_set)

    def set_tool(self, tool: Tool) -> None:
        """What a left drag does."""
        viewing.set_tool(self, tool)

    def shown(self, viewport_id: str, index: int) -> None:
        """The picture with this index has been painted."""
        seeing.shown(self, viewport_id, index)
        if not self.case.shown:
            opening.first_image(self)
