"""The one painter for all that lies over an image, for every backend; the parts have modules of their own."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from viewer.core.reading.finding import Axis, PixelBox
from viewer.ui import theme
from viewer.ui.viewport import corners, graphics, heat, marks, measures, notices, pointers, profile, rulers
from viewer.ui.viewport.frame import Frame
from viewer.ui.viewport.placement import Placement
from viewer.ui.viewport.sheet import Sheet


def annotate(
    painter: QPainter,
    frame: Frame,
    place: Placement,
    unit: float,
    draft: Axis | PixelBox | None = None,
    coarse: bool = False,
) -> None:
    """Draw everything over the picture of `frame`. The painter works in device pixels.

    draft   a line, or the box of an outline, that is being drawn
    coarse  the picture is made quickly, as it moves
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    sheet = Sheet(painter, frame, place, unit, coarse)
    if frame.picture is not None:
        graphics.draw(sheet)
        heat.draw(sheet)
        rulers.crosshair(sheet)
        marks.draw(sheet)
        if draft is not None and len(draft) == 4:
            marks.outline(sheet, draft)
        measures.draw(sheet, draft if draft is not None and len(draft) == 2 else None)
        rulers.scale_bar(sheet)
        corners.letters(sheet)
    else:
        notices.notice(sheet)
    profile.profile(sheet)
    rulers.rail(sheet)
    corners.draw(sheet)
    if frame.picture is not None:
        heat.legend(sheet)
    notices.banners(sheet, (*frame.state.banners, *notices.refusals(sheet)))
    pointers.echo(sheet)
    pointers.glass(sheet)
    _focus_ring(sheet)


def _focus_ring(sheet: Sheet) -> None:
    """2 px accent inside the edge of the viewport that has the keyboard, but not where the breasts touch."""
    if not sheet.frame.state.focused:
        return
    thick = round(theme.tokens().stroke["focus_ring"] * sheet.unit)
    width, height = sheet.place.width, sheet.place.height
    boxes = {
        "top": QRect(0, 0, width, thick),
        "bottom": QRect(0, height - thick, width, thick),
        "left": QRect(0, thick, thick, height - 2 * thick),
        "right": QRect(width - thick, thick, thick, height - 2 * thick),
    }
    for side, box in boxes.items():
        if side != sheet.frame.state.pose.edge:
            sheet.painter.fillRect(box, theme.colour("accent"))
