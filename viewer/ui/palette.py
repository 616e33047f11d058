"""The command palette: every command by a few letters, with its key, or why it cannot be done now."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from viewer.app.display_pages import CommandEntry, Overlay
from viewer.ui import icons, theme
from viewer.ui.overlay import OverlayCard
from viewer.ui.parts.caps import KeyCaps, caps_of, draw_caps
from viewer.ui.parts.text import Rule, Text, clear, column, row

MOST = 8
"""Commands shown at once; typing narrows them."""
ROW_HEIGHT = 40


class PaletteActions(Protocol):
    """What the palette asks of the desk."""

    def run(self, command_id: str) -> None:
        """Do a command."""

    def close_overlay(self) -> None:
        """Close the palette."""

    def go_to(self, place: str) -> None:
        """Go to an image, a finding or a study."""


def score(typed: str, title: str) -> int:
    """How well a title fits what was typed: higher is better, 0 does not fit.

    Each word typed must begin a word of the title, or, from three letters on, stand anywhere in it.
    """
    words, where = typed.lower().split(), title.lower()
    starts = [any(part.startswith(word) for part in where.split()) for word in words]
    inside = [len(word) >= 3 and word in where for word in words]
    if not all(a or b for a, b in zip(starts, inside, strict=True)):
        return 0
    return 1 + 2 * sum(starts) + (4 if where.startswith(typed.lower().strip()) else 0)


def matching(typed: str, entries: tuple[CommandEntry, ...]) -> list[CommandEntry]:
    """The commands that fit, best first; those that can be done now before the others."""
    fitting = [(score(typed, f"{e.title} {e.group}"), e) for e in entries]
    chosen = [(points, e) for points, e in fitting if points]
    return [e for _, e in sorted(chosen, key=lambda item: (bool(item[1].why_not), -item[0]))]


class _Line(QWidget):
    """One line of the palette."""

    def __init__(self, icon: str, title: str, right: str, keys: str, dim: bool) -> None:
        super().__init__()
        self.icon, self.title, self.right, self.keys, self.dim = icon, title, right, keys, dim
        self.chosen = False
        self.run: Callable[[], None] = lambda: None
        self.setFixedHeight(ROW_HEIGHT)
        self.setAccessibleName(f"{title}, {keys or right}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Do it."""
        self.run()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw icon, title, group and keys."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(8, 1, -8, -1), 6, 6)
            painter.setBrush(theme.colour("accent"))
            painter.drawRoundedRect(QRectF(8, 8, 3, ROW_HEIGHT - 16), 1.5, 1.5)
        tone = "text_3" if self.dim else "text_2"
        if self.icon:
            glyph = icons.pixmap(self.icon, tone, 16, self.devicePixelRatioF())
            painter.drawPixmap(24, (ROW_HEIGHT - 16) // 2, glyph)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font("body"))
        painter.setPen(theme.colour("text_3" if self.dim else "text"))
        painter.drawText(QRectF(56, 0, self.width() - 300, ROW_HEIGHT), middle, self.title)
        painter.setPen(theme.colour("text_2"))
        wide = KeyCaps(self.keys).sizeHint().width() if caps_of(self.keys) else 0
        edge = min(self.width() - 76, self.width() - 36 - wide)
        box = QRectF(edge - 320, 0, 320, ROW_HEIGHT)
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, self.right)
        draw_caps(painter, self.width() - 22 - wide, (ROW_HEIGHT - 20) / 2, self.keys, self.dim)
        painter.end()


class Palette(OverlayCard):
    """Type, choose, run."""

    def __init__(self, overlay: Overlay, actions: PaletteActions) -> None:
        super().__init__(theme.px("palette"))
        self._overlay, self._actions = overlay, actions
        self._lines: list[_Line] = []
        self._chosen = 0
        self._text, self._count = QLineEdit(), Text("", "body", "text_2")
        self._text.setObjectName("search")
        self._text.setFont(theme.font("title"))
        self._text.setPlaceholderText("Command, image number, finding or patient")
        self._text.setAccessibleName("All commands")
        self._text.textChanged.connect(self._search)
        self._text.installEventFilter(self)
        self._list = column((0, 8, 0, 8), 0)
        whole = column()
        head = row(24, icons.Glyph("magnifying-glass", "text_2"), 6, self._text, self._count, 22, gap=6)
        head.setContentsMargins(0, 12, 0, 12)
        whole.addLayout(head)
        whole.addWidget(Rule())
        whole.addLayout(self._list)
        whole.addWidget(Rule())
        whole.addLayout(_foot())
        self.setLayout(whole)
        self._search("")

    def take_keyboard(self) -> None:
        """The keyboard goes to the search."""
        self._text.setFocus()

    def dismiss(self) -> None:
        """Close it."""
        self._actions.close_overlay()

    def _search(self, typed: str) -> None:
        clear(self._list)
        self._lines = []
        found = [] if typed.strip().isdecimal() else matching(typed, self._overlay.entries)
        self._count.say(f"{len(found)} of {len(self._overlay.entries)} commands")
        for entry in found[:MOST]:
            right = _short(entry.why_not) or entry.group
            keys = entry.keys[0] if entry.keys else ""
            self._add(entry.icon, entry.title, right, keys, bool(entry.why_not), entry.id)
        self._add_places(typed)
        self._choose(0)

    def _add_places(self, typed: str) -> None:
        places = list(self._overlay.go_to)
        if typed.strip().isdecimal():
            places.insert(0, (f"image {int(typed)}", f"Image {int(typed)}", "a number goes to that image"))
        else:
            places = [place for place in places if score(typed, place[1])]
        if not places:
            return
        self._list.addSpacing(8)
        self._list.addWidget(Rule())
        head = row(24, Text("Go to", "caption", "text_2"), None)
        head.setContentsMargins(0, 10, 0, 4)
        self._list.addLayout(head)
        for place, title, right in places[:5]:
            icon = {"image": "image", "finding": "crosshair"}.get(place.split()[0], "user")
            self._add(icon, title, right, "", False, f"go {place}")

    def _add(self, icon: str, title: str, right: str, keys: str, dim: bool, act: str) -> None:
        line = _Line(icon, title, right, keys, dim)
        line.run = lambda: self._run(act)
        self._lines.append(line)
        self._list.addWidget(line)

    def _run(self, act: str) -> None:
        self._actions.close_overlay()
        if act.startswith("go "):
            self._actions.go_to(act[3:])
        else:
            self._actions.run(act)

    def _choose(self, number: int) -> None:
        self._chosen = min(max(number, 0), max(0, len(self._lines) - 1))
        for place, line in enumerate(self._lines):
            line.chosen = place == self._chosen
            line.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down choose, Enter runs, Esc closes."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        match event.key():
            case Qt.Key.Key_Up:
                self._choose(self._chosen - 1)
            case Qt.Key.Key_Down | Qt.Key.Key_Tab:
                self._choose(self._chosen + 1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                if self._lines:
                    self._lines[self._chosen].run()
            case Qt.Key.Key_Escape:
                self._actions.close_overlay()
            case _:
                return False
        return True


def _short(reason: str) -> str:
    """The first clause of a reason, for the right edge."""
    clause = reason.split(" (")[0].split(";")[0].split(":")[0].rstrip(".")
    return clause[:1].lower() + clause[1:]


def _foot() -> QHBoxLayout:
    parts: list[QWidget | int | None] = [24]
    for keys, words in (("Up+Down", "choose"), ("Enter", "run"), ("Esc", "close")):
        parts += [KeyCaps(keys), Text(words, "caption", "text_2"), 12]
    out = row(*parts, None, gap=6)
    out.setContentsMargins(0, 12, 0, 12)
    return out
