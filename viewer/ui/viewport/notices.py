"""Sentences in a viewport: banners over the picture, and what stands where a picture cannot be shown."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from viewer.app.display import Banner, Severity
from viewer.ui import theme
from viewer.ui.viewport import heat, ink
from viewer.ui.viewport.corners import MARGIN, lines
from viewer.ui.viewport.frame import Frame, NoticeKind
from viewer.ui.viewport.sheet import Sheet

_WIDEST, _NARROWEST = 440.0, 160.0
_PADDING, _ICON = 12.0, 16.0

_COLOURS = {
    Severity.INFO: ("text", "raised", "line_strong"),
    Severity.WARNING: ("warning", "warning_fill", "warning"),
    Severity.DANGER: ("danger", "danger_fill", "danger"),
}
"""Of a banner: title, ground, border."""


def refusals(sheet: Sheet) -> tuple[Banner, ...]:
    """Overlays that do not belong to this image: not drawn, and said."""
    frame = sheet.frame
    if frame.stack is None or frame.picture is None:
        return ()
    elsewhere = (m for m in frame.state.marks if m.center_lps_mm is not None and not frame.takes(m))
    names = [mark.name for mark in elsewhere]
    out = []
    if names:
        who = f"{len(names)} marks" if len(names) > 3 else ", ".join(names)
        verb = "is" if len(names) == 1 else "are"
        text = "Made in another frame of reference: the place in this image is not known."
        out.append(Banner(Severity.INFO, f"{who} {verb} not drawn here", text))
    refused = frame.state.heat
    if refused is not None and not refused.images and not frame.takes(refused):
        text = "It was made from another series."
        out.append(Banner(Severity.INFO, f"The heat map of {refused.name} is not drawn here", text))
    elif refused is not None and heat.damaged(frame):
        text = "Its file is damaged or gone; read the study again."
        out.append(Banner(Severity.WARNING, f"The heat map of {refused.name} cannot be read", text))
    return tuple(out)


def banners(sheet: Sheet, rows: tuple[Banner, ...]) -> None:
    """One box under the other, below the letter at the top."""
    text = lines(sheet)
    top = MARGIN + 16 * max(1, len(text.top_left), len(text.top_right)) + 8
    for banner in rows:
        top += _banner(sheet, banner, top) + 8


def _banner(sheet: Sheet, banner: Banner, top: float) -> float:
    """Draw one; its height in design pixels."""
    unit, painter = sheet.unit, sheet.painter
    title, ground, border = _COLOURS[banner.severity]
    width = max(_NARROWEST, min(_WIDEST, sheet.width - 48))
    room = width - 3 * _PADDING - _ICON
    tall = [
        _height(text, role, room, unit) for text, role in ((banner.title, "strong"), (banner.text, "caption"))
    ]
    height = sum(tall) + 2 * _PADDING
    left = (sheet.width - width) / 2
    box = QRectF(left * unit, top * unit, width * unit, height * unit)
    painter.setPen(QPen(ink.faded(theme.colour(border), 0.6), unit))
    painter.setBrush(theme.colour(ground))
    painter.drawRoundedRect(box, 6 * unit, 6 * unit)
    sign(painter, banner.severity, (left + _PADDING) * unit, (top + _PADDING + 2) * unit, unit)
    x, y = left + 2 * _PADDING + _ICON, top + _PADDING
    _write(sheet, banner.title, "strong", title, QRectF(x, y, room, tall[0]))
    _write(sheet, banner.text, "caption", "text", QRectF(x, y + tall[0], room, tall[1]))
    return height


def _height(text: str, role: str, room: float, unit: float) -> float:
    """Height of wrapped text, design pixels."""
    if not text:
        return 0.0
    metrics = QFontMetricsF(theme.font(role, unit))
    box = metrics.boundingRect(QRectF(0, 0, room * unit, 10000), Qt.TextFlag.TextWordWrap, text)
    return float(round(box.height() / unit)) + 4


def _write(sheet: Sheet, text: str, role: str, colour: str, box: QRectF, centred: bool = False) -> None:
    unit = sheet.unit
    sheet.painter.setFont(theme.font(role, unit))
    sheet.painter.setPen(theme.colour(colour))
    flags = Qt.TextFlag.TextWordWrap | (
        Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
    )
    area = QRectF(box.x() * unit, box.y() * unit, box.width() * unit, box.height() * unit)
    sheet.painter.drawText(area, int(flags), text)


def sign(painter: QPainter, severity: Severity, left: float, top: float, unit: float) -> None:
    """Triangle for a warning, octagon for danger, circle for information; the exclamation mark in each."""
    colour = theme.colour(_COLOURS[severity][0])
    side = _ICON * unit
    path = QPainterPath()
    if severity is Severity.WARNING:
        path.addPath(
            ink.polyline((side / 2, 1.5 * unit), (side - unit, side - 2 * unit), (unit, side - 2 * unit))
        )
        path.closeSubpath()
    elif severity is Severity.DANGER:
        cut = side * 0.3
        corners = [(cut, 0.0), (side - cut, 0.0), (side, cut), (side, side - cut)]
        corners += [(side - cut, side), (cut, side), (0.0, side - cut), (0.0, cut)]
        path.addPath(ink.polyline(*corners))
        path.closeSubpath()
    else:
        path.addEllipse(QRectF(0.5 * unit, 0.5 * unit, side - unit, side - unit))
    low, high = (0.38, 0.62) if severity is Severity.WARNING else (0.28, 0.55)
    path.addPath(ink.polyline((side / 2, side * low), (side / 2, side * high)))
    path.addPath(ink.polyline((side / 2, side * 0.72), (side / 2, side * 0.72 + 1.5 * unit)))
    _outline(painter, path, colour, left, top, unit)


def _outline(
    painter: QPainter, path: QPainterPath, colour: QColor, left: float, top: float, unit: float
) -> None:
    pen = QPen(colour, 1.4 * unit)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path.translated(left, top))


# --- instead of a picture


def notice(sheet: Sheet) -> None:
    """Why there is no picture: each reason has its own look, and none shows a neighbour's pixels."""
    found = sheet.frame.notice
    if found is None:
        return
    if found.kind is NoticeKind.MISSING:
        _hatch(sheet)
    room = max(_NARROWEST, min(_WIDEST, sheet.width - 48))
    tall = _height(found.text, "body", room, sheet.unit)
    icon = 32.0 if found.kind is not NoticeKind.LOADING else 0.0
    top = (sheet.height - tall - 24 - icon) / 2
    left = (sheet.width - room) / 2
    if found.kind is NoticeKind.MISSING:
        _ground(sheet, QRectF(sheet.width / 2 - 150, top - 16, 300, icon + tall + 56))
    if icon:
        _no_image(sheet, top)
    _write(sheet, found.title, "strong", "text", QRectF(left, top + icon, room, 24), centred=True)
    _write(sheet, found.text, "body", "text_2", QRectF(left, top + icon + 24, room, tall), centred=True)


def picture_box(frame: Frame, sheet: Sheet) -> QRectF:
    """Where the picture would be, device pixels."""
    return QRectF(*sheet.place.rect(0, 0, frame.shape[1], frame.shape[0]))


def _hatch(sheet: Sheet) -> None:
    box = picture_box(sheet.frame, sheet)
    brush = QBrush(theme.colour("line_strong"), Qt.BrushStyle.BDiagPattern)
    sheet.painter.setPen(QPen(theme.colour("line_strong"), sheet.unit))
    sheet.painter.setBrush(brush)
    sheet.painter.setOpacity(0.45)
    sheet.painter.drawRect(box)
    sheet.painter.setOpacity(1.0)


def _ground(sheet: Sheet, box: QRectF) -> None:
    unit = sheet.unit
    area = QRectF(box.x() * unit, box.y() * unit, box.width() * unit, box.height() * unit)
    sheet.painter.fillRect(area, theme.colour("image"))


def _no_image(sheet: Sheet, top: float) -> None:
    """A picture crossed out."""
    unit, side = sheet.unit, 20.0 * sheet.unit
    path = QPainterPath()
    path.addRoundedRect(QRectF(0, 0, side, side), 3 * unit, 3 * unit)
    path.addEllipse(QPointF(side * 0.32, side * 0.32), 2 * unit, 2 * unit)
    path.addPath(ink.polyline((0, side * 0.8), (side * 0.4, side * 0.5), (side * 0.8, side)))
    path.addPath(ink.polyline((-3 * unit, -3 * unit), (side + 3 * unit, side + 3 * unit)))
    _outline(sheet.painter, path, theme.colour("text_2"), sheet.place.width / 2 - side / 2, top * unit, unit)
