"""Key images and the PDF of a report, painted by Qt without a window. What is on them is decided elsewhere.

For any thread, once there is a QGuiApplication (`offscreen_application` makes one for commands).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QGuiApplication,
    QImage,
    QImageWriter,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextDocument,
)

from viewer.app import posing
from viewer.app.display import Corners, Mark, Plane, TextLevel, ViewportState
from viewer.app.stack import Stack
from viewer.core.hanging.pose import Pose, Turn, scale_of
from viewer.core.pixels.grey import Window
from viewer.core.report.html import PAPER
from viewer.ui import theme
from viewer.ui.viewport import corners, heat, marks, measures, rulers
from viewer.ui.viewport.drawing import paint_picture
from viewer.ui.viewport.frame import Frame, compose
from viewer.ui.viewport.grips import radius_px
from viewer.ui.viewport.placement import place
from viewer.ui.viewport.sheet import Sheet
from viewer.ui.viewport.source import Source

WIDTH, HEIGHT, RATIO = 240, 160, 2
"""Of a key image: design pixels, and how many real ones each has."""
FIGURE, FIGURE_RATIO = 480, 1.5
"""Longer side of the reader's own pictures, design pixels, and how many real ones each has."""
_LEAST_MM, _DIAMETERS = 40.0, 2.6
"""Height of what a key image shows: so many mm, or so many diameters of the finding."""

_LEAST_OF_VIEW_MM = 80.0
"""The same of a mammogram: enough of the breast to know where it is."""

_MARGIN_MM, _FOOT_MM = 16.0, 7.0
_POINTS, _FOOT_POINTS = 9.0, 7.5


def key_image(stack: Stack, index: int, mark: Mark, window: Window) -> bytes | None:
    """PNG of the slice round a mark, with the mark as the viewports draw it and the letters of the sides.

    None where the slice cannot be shown.
    """
    turned = posing.turn(stack.display_set) if mark.center_lps_mm is None else None
    state = replace(_state(stack, index, mark, window), pose=Pose(turned or Turn()))
    frame = compose(state, stack, Source(stack))
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


def figure(stack: Stack, state: ViewportState, aspect: float) -> bytes | None:
    """PNG of what a viewport with that state shows, `aspect` times as wide as high; without its corner text.

    None where there is no picture.
    """
    frame = compose(state, stack, Source(stack))
    if frame.picture is None:
        return None
    shape = min(FIGURE, FIGURE * aspect), min(FIGURE, FIGURE / aspect)
    size = (max(1, round(shape[0] * FIGURE_RATIO)), max(1, round(shape[1] * FIGURE_RATIO)))
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(theme.colour("image"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pose = replace(state.pose, mm_per_px=0.0, pixels=False)
    where = place(frame.shape, frame.spacing, state.zoom, state.pan, size, pose)
    sheet = Sheet(painter, frame, where, FIGURE_RATIO)
    paint_picture(painter, frame.picture, frame.table, where)
    heat.draw(sheet)
    marks.draw(sheet)
    measures.draw(sheet, None)
    rulers.scale_bar(sheet)
    corners.letters(sheet)
    heat.legend(sheet)
    painter.end()
    return _png(image)


def pdf(blocks: Sequence[str], images: Mapping[str, bytes], title: str, foot: str) -> bytes:
    """A4 pages of the blocks of a report's print form; a block that fits on a page is not broken.

    images  PNG files by the name that the blocks give them
    foot    stands at the bottom of every page, beside the page number
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = _writer(buffer, title)
    pages = _pages([_document(block, images, writer) for block in blocks], _room(writer).height())
    painter = QPainter(writer)
    for number, pieces in enumerate(pages, 1):
        if number > 1:
            writer.newPage()
        for piece in pieces:
            _draw(painter, piece, _room(writer))
        _foot(painter, _room(writer), foot, f"Page {number} of {len(pages)}")
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
    column, row, radius_mm = _middle_of(mark, frame)
    least = _LEAST_MM if mark.center_lps_mm is not None else _LEAST_OF_VIEW_MM
    height_mm = max(least, _DIAMETERS * 2 * radius_mm)
    whole = scale_of(frame.state.pose, frame.shape, frame.spacing, size) / min(frame.spacing)
    pan = (column - frame.shape[1] / 2, row - frame.shape[0] / 2)
    where = place(frame.shape, frame.spacing, size[1] / height_mm / whole, pan, size, frame.state.pose)
    return Sheet(painter, frame, where, RATIO)


def _middle_of(mark: Mark, frame: Frame) -> tuple[float, float, float]:
    """(column, row) of a mark on the picture, the first pixel spanning 0..1, and its radius in mm."""
    if mark.center_lps_mm is not None:
        column, row, _ = frame.project(mark.center_lps_mm)
        return column, row, mark.radius_mm
    found = frame.image_place(mark)
    if found is None:
        return frame.shape[1] / 2, frame.shape[0] / 2, mark.radius_mm
    place, _ = found
    return place.column + 0.5, place.row + 0.5, radius_px(mark, place, frame) * min(frame.spacing)


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(image)
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


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a block from `start` on, drawn `top` below the upper edge of a page; device pixels."""

    document: QTextDocument
    start: float
    top: float


def _room(writer: QPdfWriter) -> QSizeF:
    """What of a page is for the blocks, device pixels."""
    return QSizeF(writer.width(), writer.height() - _FOOT_MM / 25.4 * writer.resolution())


def _document(html: str, images: Mapping[str, bytes], writer: QPdfWriter) -> QTextDocument:
    document = QTextDocument()
    document.documentLayout().setPaintDevice(writer)
    document.setDefaultFont(_font(_POINTS))
    document.setDocumentMargin(0)
    for name, png in images.items():
        if name in html:
            document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(name), QImage.fromData(png))
    document.setHtml(html)
    document.setPageSize(_room(writer))
    return document


def _pages(documents: Iterable[QTextDocument], height: float) -> list[list[_Piece]]:
    """Blocks put one below the other; one that is longer than a page begins on a new one and runs on."""
    pages: list[list[_Piece]] = [[]]
    used = 0.0
    for document in documents:
        count = document.pageCount()
        needed = height if count > 1 else document.documentLayout().documentSize().height()
        if pages[-1] and used + needed > height:
            pages.append([])
            used = 0.0
        pages[-1].append(_Piece(document, 0.0, used))
        pages += [[_Piece(document, number * height, 0.0)] for number in range(1, count)]
        used += needed
    return pages


def _draw(painter: QPainter, piece: _Piece, room: QSizeF) -> None:
    painter.save()
    painter.translate(0, piece.top - piece.start)
    context = QAbstractTextDocumentLayout.PaintContext()
    palette = QPalette()  # of paper: the window's own is light on dark
    palette.setColor(QPalette.ColorRole.Text, QColor(PAPER["text"]))
    context.palette = palette
    context.clip = QRectF(0, piece.start, room.width(), room.height())
    painter.setClipRect(context.clip)
    piece.document.documentLayout().draw(painter, context)
    painter.restore()


def _foot(painter: QPainter, room: QSizeF, text: str, number: str) -> None:
    painter.setFont(_font(_FOOT_POINTS))
    painter.setPen(Qt.GlobalColor.darkGray)
    line = QRectF(0, room.height(), room.width(), painter.viewport().height() - room.height())
    bottom = Qt.AlignmentFlag.AlignBottom
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | bottom, text)
    painter.drawText(line, Qt.AlignmentFlag.AlignRight | bottom, number)


def _font(points: float) -> QFont:
    font = QFont()
    font.clearFeatures()  # the glyphs of the window's have no character that could be copied
    font.setFamilies(list(theme.tokens().families))
    font.setPointSizeF(points)
    font.setFeature(QFont.Tag("calt"), 0)  # contextual hyphens and slashes cannot be copied out of a PDF
    return font
