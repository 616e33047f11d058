"""Key images and the PDF of a report, painted by Qt without a window. What is on them is decided elsewhere.

For any thread, once there is a QGuiApplication (`offscreen_application` makes one for commands).
"""

import os
from collections.abc import Mapping

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QFont,
    QGuiApplication,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)

from viewer.app.display import Corners, Mark, Plane, TextLevel, ViewportState
from viewer.app.stack import Stack
from viewer.core.pixels.grey import Window
from viewer.ui import theme
from viewer.ui.viewport import corners, marks
from viewer.ui.viewport.cpu import paint_picture
from viewer.ui.viewport.frame import Frame, compose
from viewer.ui.viewport.placement import fit, place
from viewer.ui.viewport.sheet import Sheet
from viewer.ui.viewport.source import Source

WIDTH, HEIGHT, RATIO = 240, 160, 2
"""Of a key image: design pixels, and how many real ones each has."""
_LEAST_MM, _DIAMETERS = 40.0, 2.6
"""Height of what a key image shows: so many mm, or so many diameters of the finding."""

_MARGIN_MM, _FOOT_MM = 16.0, 7.0
_POINTS = 9.0


def key_image(stack: Stack, index: int, mark: Mark, window: Window) -> bytes | None:
    """PNG of the slice round a mark, with the mark as the viewports draw it and the letters of the sides.

    None where the slice cannot be shown.
    """
    frame = compose(_state(stack, index, mark, window), stack, Source(stack))
    if frame.picture is None or not frame.takes(mark):
        return None
    image = QImage(WIDTH * RATIO, HEIGHT * RATIO, QImage.Format.Format_RGB32)
    image.fill(theme.colour("image"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    sheet = _round_the_mark(painter, frame, mark)
    paint_picture(painter, frame.picture, frame.table, sheet.place)
    marks.draw(sheet)
    corners.letters(sheet)
    painter.end()
    return _png(image)


def pdf(html: str, images: Mapping[str, bytes], title: str, foot: str) -> bytes:
    """A4 pages of the print form of a report; `images` are PNGs by the name that the HTML gives them.

    foot   stands at the bottom of every page, beside the page number
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = _writer(buffer, title)
    document = _document(html, images, writer)
    painter = QPainter(writer)
    for number in range(document.pageCount()):
        if number:
            writer.newPage()
        _page(painter, document, number, foot)
    painter.end()
    return bytes(buffer.data().data())


def offscreen_application() -> QGuiApplication:
    """The running application, or one without a screen; the caller keeps it. Main thread only."""
    running = QGuiApplication.instance()
    if isinstance(running, QGuiApplication):
        return running
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return QGuiApplication(["tandem"])


# --- key images


def _state(stack: Stack, index: int, mark: Mark, window: Window) -> ViewportState:
    return ViewportState(
        id="key",
        title="",
        plane=Plane.STACK,
        display_set=stack.display_set.id,
        index=index,
        count=stack.display_set.count,
        point_lps_mm=None,
        window=window,
        invert=False,
        zoom=1.0,
        pan=(0.0, 0.0),
        focused=False,
        corners=Corners(),
        text_level=TextLevel.NONE,
        crosshair=False,
        marks=(mark,),
    )


def _round_the_mark(painter: QPainter, frame: Frame, mark: Mark) -> Sheet:
    """The mark in the middle, at a scale that shows its surroundings too."""
    size = (WIDTH * RATIO, HEIGHT * RATIO)
    height_mm = max(_LEAST_MM, _DIAMETERS * 2 * mark.radius_mm)
    whole = fit(frame.shape, frame.spacing, size) / min(frame.spacing)
    column, row, _ = frame.project(mark.center_lps_mm)
    pan = (column - frame.shape[1] / 2, row - frame.shape[0] / 2)
    where = place(frame.shape, frame.spacing, size[1] / height_mm / whole, pan, size)
    return Sheet(painter, frame, where, RATIO)


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, b"PNG")
    return bytes(buffer.data().data())


# --- PDF


def _writer(buffer: QBuffer, title: str) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setCreator(theme.RESEARCH_NOTICE)
    writer.setResolution(300)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM - _FOOT_MM)
    a4 = QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(
        QPageLayout(a4, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
    )
    return writer


def _document(html: str, images: Mapping[str, bytes], writer: QPdfWriter) -> QTextDocument:
    document = QTextDocument()
    document.documentLayout().setPaintDevice(writer)
    document.setDefaultFont(_font())
    document.setDocumentMargin(0)
    for name, png in images.items():
        document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(name), QImage.fromData(png))
    document.setHtml(html)
    document.setPageSize(QSizeF(writer.width(), writer.height() - _foot_height(writer)))
    return document


def _foot_height(writer: QPdfWriter) -> float:
    return _FOOT_MM / 25.4 * writer.resolution()


def _font() -> QFont:
    font = QFont()
    font.setFamilies(list(theme.tokens().families))
    font.setPointSizeF(_POINTS)
    return font


def _page(painter: QPainter, document: QTextDocument, number: int, foot: str) -> None:
    size = document.pageSize()
    painter.save()
    painter.translate(0, -number * size.height())
    context = QAbstractTextDocumentLayout.PaintContext()
    context.clip = QRectF(0, number * size.height(), size.width(), size.height())
    context.palette.setColor(context.palette.ColorRole.Text, Qt.GlobalColor.black)
    painter.setClipRect(context.clip)
    document.documentLayout().draw(painter, context)
    painter.restore()
    small = _font()
    small.setPointSizeF(7.5)
    painter.setFont(small)
    painter.setPen(Qt.GlobalColor.darkGray)
    line = QRectF(0, size.height(), size.width(), painter.viewport().height() - size.height())
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, foot)
    pages = f"{number + 1} / {document.pageCount()}"
    painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom, pages)
