"""The images: viewports laid out in their boxes, 2 px apart, made as they are needed."""

from collections.abc import Callable, Iterator

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

from viewer.app.desk import Desk
from viewer.app.display import Cell, DisplayState, ViewportState
from viewer.app.stack import Stack
from viewer.ui import theme
from viewer.ui.viewport.choose import make_viewport
from viewer.ui.viewport.source import Source
from viewer.ui.viewport.viewport import Viewport

Menu = Callable[[QPoint], None]


def reduce(stack: Stack) -> None:
    """Make the reduced levels of a single image before it is painted, and find its air, or a stack's."""
    if stack.display_set.count > 1:
        Source(stack).find_ground()
    else:
        Source(stack).slice(0, air=True).reduce()


class ImageArea(QWidget):
    """All viewports of a screen; 0 is the window's own."""

    def __init__(self, desk: Desk, menu: Menu, backend: str = "", screen: int = 0) -> None:
        super().__init__()
        self._desk, self._menu, self._backend, self._screen = desk, menu, backend, screen
        self._cells: tuple[Cell, ...] = ()
        desk.reduce = reduce
        self.viewports: dict[str, Viewport] = {}

    def show_images(self, state: DisplayState) -> None:
        """Show the viewports of a state; only those that changed do anything."""
        cells = tuple(cell for cell in state.cells if cell.screen == self._screen)
        if cells != self._cells:
            self._cells = cells
            for cell in cells:
                if cell.viewport not in self.viewports:
                    self._make(cell.viewport)
            self._place()
        for one in self._here(state):
            stack = self._desk.pixels.stacks.get(one.display_set)
            self.viewports[one.id].show_state(one, stack, state.tool)

    def let_go(self) -> None:
        """The study is off the desk: its pixels need not stay."""
        for viewport in self.viewports.values():
            viewport.let_go()

    def _here(self, state: DisplayState) -> Iterator[ViewportState]:
        shown = {cell.viewport for cell in self._cells}
        return (one for one in state.viewports if one.id in shown)

    def take_keyboard(self, state: DisplayState) -> None:
        """The keyboard goes to the viewport that is in focus, and to the window that it is in."""
        for one in self._here(state):
            viewport = self.viewports[one.id]
            if one.focused and not viewport.hasFocus():
                if QApplication.activeWindow() not in (None, self.window()):
                    self.window().activateWindow()
                viewport.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make(self, viewport_id: str) -> None:
        viewport = make_viewport(self._desk, self._backend, 1.0, self)
        viewport.context_menu.connect(self._menu)
        self.viewports[viewport_id] = viewport

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the viewports out again."""
        self._desk.sized(self.width(), self.height(), self.devicePixelRatioF(), self._screen)
        self._place()

    def _place(self) -> None:
        shown = {cell.viewport for cell in self._cells}
        for name, viewport in self.viewports.items():
            viewport.setVisible(name in shown)
        for cell in self._cells:
            self.viewports[cell.viewport].setGeometry(self._box(cell))

    def _box(self, cell: Cell) -> QRect:
        """The box of a cell: whole pixels, with half of the gap on each inner side."""
        gap = theme.px("viewport_gap")
        left, right = (round(x * (self.width() + gap)) for x in (cell.left, cell.left + cell.width))
        top, bottom = (round(y * (self.height() + gap)) for y in (cell.top, cell.top + cell.height))
        left -= gap // 2 if cell.joined == "left" else 0
        right += gap - gap // 2 if cell.joined == "right" else 0
        return QRect(left, top, right - left - gap, bottom - top - gap)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Buttons 4 and 5: previous and next step."""
        if event.button() == Qt.MouseButton.BackButton:
            self._desk.run("step.previous")
        elif event.button() == Qt.MouseButton.ForwardButton:
            self._desk.run("step.next")

    def paintEvent(self, event: QPaintEvent) -> None:
        """The gaps between the viewports."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("ground"))
        painter.end()
