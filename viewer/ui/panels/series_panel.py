"""The series on the left: what the study holds, how much of it was seen, dragged or sent into a viewport."""

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QDrag, QEnterEvent, QFontMetricsF, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from viewer.app.display import SeriesRow
from viewer.ui import icons, theme
from viewer.ui.parts.text import Rule, Text, add_all, clear, column, row
from viewer.ui.viewport.viewport import SERIES_MIME

Thumbnail = Callable[[SeriesRow], QImage | None]
"""The small picture of a series; None while it is not there."""
_PICTURE = QSize(144, 104)
_WORDS_AT = 116
"""Where the words begin, below picture and bar; px."""
_WRAPPED = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere
"""Lines break at words, and inside one that is longer than the line: machines write such names."""


class SeriesItem(QWidget):
    """One display set: picture, share seen, title and detail."""

    def __init__(self, choose: Callable[[str], None], thumbnail: Thumbnail) -> None:
        super().__init__()
        self._choose, self._thumbnail = choose, thumbnail
        self._row: SeriesRow | None = None
        self._image: QImage | None = None
        self._pressed_at: QPoint | None = None
        self.setFixedSize(160, 160)  # as tall as its words, once they are known
        self.setMouseTracking(True)

    def show_row(self, row: SeriesRow) -> None:
        """Show another state of the series."""
        if self._image is None or self._row is None or row.display_set != self._row.display_set:
            self._image = self._thumbnail(row)
        elif row == self._row:
            return
        self._row = row
        self.setAccessibleName(f"{row.title}, {row.detail}")
        self.setAccessibleDescription(row.warning or f"{row.seen:.0%} seen")
        self.setToolTip("\n".join(filter(None, (row.description, row.warning))))
        self.setFixedHeight(round(self._lines(row)[-1][0].bottom()) + 12)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw frame, picture, bar and words."""
        if self._row is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._row.selected or self.underMouse():
            chosen = self._row.selected
            painter.setPen(QPen(theme.colour("accent"), 2) if chosen else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        self._draw_picture(painter)
        self._draw_words(painter, self._row)
        painter.end()

    def _draw_picture(self, painter: QPainter) -> None:
        box = QRectF(8, 8, _PICTURE.width(), _PICTURE.height())
        painter.fillRect(box, theme.colour("image"))
        if self._image is not None and not self._image.isNull():
            painter.drawImage(box, self._image)
        assert self._row is not None
        bar = QRectF(8, box.bottom() - 1, _PICTURE.width(), 3)
        painter.fillRect(bar, theme.colour("image"))
        bar.setWidth(_PICTURE.width() * min(1.0, self._row.seen))
        painter.fillRect(bar, theme.colour("accent" if self._row.selected else "text_3"))

    def _lines(self, row: SeriesRow) -> list[tuple[QRectF, str, str, str]]:
        """(box, text, role, colour) of title and detail, each on as many lines as it needs."""
        out, top = [], float(_WORDS_AT)
        for text, role, colour, room in (
            (row.title, "caption_strong", "text", _PICTURE.width()),
            (row.detail, "caption", "text_2", _PICTURE.width() - (18 if row.warning else 0)),
        ):
            measure = QFontMetricsF(theme.font(role))
            box = measure.boundingRect(QRectF(0, 0, room, 1000), _WRAPPED, text)
            height = 16.0 * max(1, round(box.height() / measure.lineSpacing()))
            out.append((QRectF(8, top, room, height), text, role, colour))
            top += height
        return out

    def _draw_words(self, painter: QPainter, row: SeriesRow) -> None:
        for box, text, role, colour in self._lines(row):
            painter.setFont(theme.font(role))
            painter.setPen(theme.colour(colour))
            painter.drawText(box, _WRAPPED | Qt.AlignmentFlag.AlignVCenter, text)
        if row.warning:
            sign = icons.pixmap("warning", "warning", 14, self.devicePixelRatioF())
            painter.drawPixmap(138, round(self._lines(row)[-1][0].top()) + 1, sign)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a drag may begin."""
        self._pressed_at = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Begin to drag the series to a viewport."""
        if self._pressed_at is None or self._row is None or not event.buttons():
            return
        moved = (event.position().toPoint() - self._pressed_at).manhattanLength()
        if moved < QApplication.startDragDistance():
            return
        self._pressed_at = None
        data, drag = QMimeData(), QDrag(self)
        data.setData(SERIES_MIME, self._row.display_set.encode())
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click sends the series to the viewport that has the keyboard."""
        if self._pressed_at is not None and self._row is not None:
            self._choose(self._row.display_set)
        self._pressed_at = None

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show that it can be taken."""
        self.update()

    def leaveEvent(self, event: object) -> None:
        """No longer under the pointer."""
        self.update()


class SeriesPanel(QFrame):
    """The series of the study, or its folded edge."""

    def __init__(
        self, choose: Callable[[str], None], toggle: Callable[[], None], thumbnail: Thumbnail
    ) -> None:
        super().__init__()
        self.setObjectName("panel_left")
        self._choose, self._thumbnail = choose, thumbnail
        self._items: dict[str, SeriesItem] = {}
        self._count = Text("", "caption", "text_2")
        self._list = column(gap=8)
        self._priors, self._sealed = _PriorsBox(), _SealedBox()
        self._edge = QPushButton()
        self._edge.setObjectName("quiet")
        self._edge.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # or it took the keyboard when it appears
        self._edge.setFixedSize(24, 40)
        self._edge.setAccessibleName("Series panel: show or fold")
        self._edge.clicked.connect(lambda: toggle())
        self._open = QWidget()
        self._lay_out()

    def _lay_out(self) -> None:
        inside = column((8, 12, 7, 8), 8)
        inside.addLayout(row(8, Text("Series", "heading"), None, self._count, 8, gap=0))
        scrolled, area = QWidget(), QScrollArea()
        scrolled.setObjectName("scrolled")
        content = QVBoxLayout(scrolled)
        content.setContentsMargins(0, 0, 0, 0)
        content.addLayout(self._list)
        content.addStretch(1)
        area.setWidget(scrolled)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside.addWidget(area, 1)
        add_all(inside, Rule(), self._priors, Rule(), self._sealed)
        self._open.setLayout(inside)
        whole = column()
        whole.addWidget(self._edge)
        whole.addWidget(self._open, 1)
        whole.addStretch(0)
        self.setLayout(whole)

    def show_series(
        self,
        rows: tuple[SeriesRow, ...],
        unfolded: bool,
        priors: tuple[str, ...],
        sealed: tuple[str, str],
    ) -> None:
        """Show the rows; `sealed` is (icon, words) on the second reader, "" once it is revealed."""
        self.setFixedWidth(theme.px("series_panel" if unfolded else "series_folded"))
        self._open.setVisible(unfolded)
        self._edge.setVisible(not unfolded)
        self._count.say(str(len(rows)))
        self._priors.show_priors(priors)
        self._sealed.show_words(*sealed)
        wanted = [r.display_set for r in rows]
        if list(self._items) != wanted:
            clear(self._list)
            self._items = {name: SeriesItem(self._choose, self._thumbnail) for name in wanted}
            for item in self._items.values():
                self._list.addWidget(item)
        for one in rows:
            self._items[one.display_set].show_row(one)
        if not unfolded:
            self._edge.setIcon(icons.pixmap("caret-double-right", "text_2", 16, self.devicePixelRatioF()))


class _PriorsBox(QFrame):
    """The earlier studies that can be compared with, or that there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._count, self._words = Text("", "caption", "text_2"), Text("", "caption", "text_2", wrap=True)
        lines = column((8, 4, 8, 4), 6)
        lines.addLayout(row(Text("Priors", "heading"), None, self._count, gap=0))
        lines.addWidget(self._words)
        self.setLayout(lines)

    def show_priors(self, priors: tuple[str, ...]) -> None:
        """A line for each."""
        self._count.say(str(len(priors)))
        self._words.say("\n".join(priors) or "No earlier study of this kind is here.")


class _SealedBox(QFrame):
    """The second reader's place among the series, while nothing of it may be seen."""

    def __init__(self) -> None:
        super().__init__()
        self._icon, self._words = icons.Glyph("lock", "text_2"), Text("", "caption", "text_2", wrap=True)
        box = QFrame()
        box.setObjectName("card")
        inside = row(12, self._icon, self._words, 12, gap=10)
        inside.setContentsMargins(0, 12, 0, 12)
        box.setLayout(inside)
        lines = column((8, 4, 8, 4), 8)
        lines.addWidget(Text("Second reader", "heading"))
        lines.addWidget(box)
        self.setLayout(lines)

    def show_words(self, icon: str, words: str) -> None:
        """Show how far it is; nothing once its findings are on screen."""
        self._icon.show_glyph(icon, "text_2")
        self._words.say(words)
        self.setVisible(bool(words))
