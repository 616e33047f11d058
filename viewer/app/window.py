"""What the window itself shows: what lies over it, its panels, full screen, one level back, the end."""

from viewer.app import model_page, seeing
from viewer.app.desk_state import DeskState
from viewer.app.display import Tool
from viewer.core.reading.finding import Author


def toggle_overlay(desk: DeskState, name: str) -> None:
    """Open or close what lies over the window: palette, keys, not_loaded, card, folder or a pattern."""
    desk.screen.overlay = "" if desk.screen.overlay == name else name
    if desk.screen.overlay == "card":
        model_page.turn_to(desk)
    desk.changed()


def close_overlay(desk: DeskState) -> None:
    """Close what lies over the window."""
    desk.screen.overlay = ""
    desk.changed()


def help_here(desk: DeskState) -> None:
    """On a finding of a model the page of that model, elsewhere the keys that work here."""
    finding = desk.focused if desk.screen.panel and desk.screen.page == "reading" else None
    on_model = finding is not None and finding.author is Author.MODEL and not seeing.why_sealed(desk)
    open_one = desk.screen.overlay if desk.screen.overlay in ("card", "keys") else ""
    toggle_overlay(desk, open_one or ("card" if on_model else "keys"))


def ask_for_folder(desk: DeskState) -> None:
    """Ask for a folder or a file to open."""
    toggle_overlay(desk, "folder")


def toggle_series(desk: DeskState) -> None:
    """Unfold or fold the series panel."""
    desk.screen.series_open = not desk.screen.series_open
    desk.changed()


def toggle_full_screen(desk: DeskState) -> None:
    """The window on the whole screen, or back."""
    desk.screen.full_screen = not desk.screen.full_screen
    desk.changed()


def next_section(desk: DeskState, steps: int = 1) -> None:
    """The next section of the report."""
    desk.report.section += steps
    desk.changed()


def back(desk: DeskState) -> None:
    """One level back: overlay, editor, pinned heat map, panel, page, maximised viewport, tool."""
    if desk.screen.overlay:
        desk.screen.overlay = ""
    elif desk.review.editing:
        desk.review.editing = ""
    elif desk.review.heat_pinned:
        seeing.pin_heat(desk)
    elif desk.screen.panel:
        desk.screen.panel = False
    elif desk.screen.page != "reading" and desk.study is not None:
        desk.screen.page, desk.report.armed = "reading", False
    elif desk.views.maximised:
        desk.views.maximise(desk.views.maximised)
    else:
        desk.views.tool = Tool.WINDOW
    desk.looked()


def quit_program(desk: DeskState) -> None:
    """Close the window; everything is on disk."""
    desk.screen.quitting = True
    desk.changed()
