"""The key card: the keys that work here, by group; grey where they cannot be used now."""

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from viewer.app.display_pages import CommandEntry, Overlay
from viewer.ui.overlay import OverlayCard
from viewer.ui.palette import PaletteActions
from viewer.ui.parts.caps import KeyCaps
from viewer.ui.parts.text import Rule, Text, column, row

MOST_CAPS = 4
"""More keys than this on one line become 'first ... last'."""
LAST = "reading.commit"
"""The command that stands by itself at the foot."""
COLUMNS = (
    ("Reading", ("Images", "View")),
    ("Tools", ("Tools", "Windows", "Steps and layouts", "Studies", "Program")),
    ("Findings", ("Findings", "Verdicts", "Report", "Reject")),
)


class KeyCard(OverlayCard):
    """All keys of this place on one card."""

    def __init__(self, overlay: Overlay, actions: PaletteActions) -> None:
        super().__init__(1120)
        self._actions = actions
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        whole = column()
        head = row(24, Text(overlay.title, "heading"), None, KeyCaps("?"), 24)
        head.setContentsMargins(0, 14, 0, 14)
        whole.addLayout(head)
        whole.addWidget(Rule())
        columns = QHBoxLayout()
        columns.setContentsMargins(24, 16, 24, 16)
        columns.setSpacing(32)
        for title, groups in COLUMNS:
            entries = [e for e in overlay.entries if e.group in groups and e.keys and e.id != LAST]
            if entries:
                columns.addWidget(_column(title, entries), 1, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(columns)
        whole.addWidget(Rule())
        whole.addLayout(_foot(overlay))
        self.setLayout(whole)

    def dismiss(self) -> None:
        """Close it."""
        self._actions.close_overlay()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Any key closes the card."""
        if event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr):
            self._actions.close_overlay()


def lines_of(entries: list[CommandEntry]) -> list[tuple[tuple[str, ...], str, bool]]:
    """(keys, words, can be done now): commands with the same words on the card share a line."""
    out = []
    for words, together in groupby(entries, key=lambda e: e.card):
        same = list(together)
        keys = _short(tuple(e.keys[0] for e in same))
        out.append((keys, words, not all(e.why_not for e in same)))
    return out


def _short(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Keys with the same modifiers name them once; many become first and last."""
    if len(keys) > MOST_CAPS:
        return (f"{keys[0]}…{keys[-1].split('+')[-1]}",)
    held = keys[0].rpartition("+")[0]
    if len(keys) > 1 and held and all(key.rpartition("+")[0] == held for key in keys):
        return (held, *(key.rpartition("+")[2] for key in keys))
    return keys


def _column(title: str, entries: list[CommandEntry]) -> QWidget:
    out = QWidget()
    grid = QGridLayout(out)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    grid.addWidget(Text(title, "caption_strong", "text_2"), 0, 0, 1, 2)
    for number, (keys, words, now) in enumerate(lines_of(entries), start=1):
        caps = QWidget()
        caps.setLayout(row(*(KeyCaps(key, dim=not now) for key in keys), None, gap=3))
        grid.addWidget(caps, number, 0)
        grid.addWidget(Text(words, "caption", "text" if now else "text_3"), number, 1)
    return out


def _foot(overlay: Overlay) -> QHBoxLayout:
    commit = next((e for e in overlay.entries if e.id == LAST and not e.why_not), None)
    out = row(24, gap=12)
    if commit is not None:
        out.addWidget(KeyCaps(commit.keys[0]))
        out.addWidget(Text(commit.title, "strong"))
    out.addStretch(1)
    for line in overlay.lines:
        out.addWidget(Text(line, "caption", "text_2"))
    out.addSpacing(24)
    out.setContentsMargins(0, 14, 0, 14)
    return out
