"""Warnings across the window: what is true of the whole study, such as two patients on screen."""

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from viewer.app.display import Banner, Severity
from viewer.ui import icons
from viewer.ui.parts.text import Elided, Text, clear, column, row

_LOOKS = {
    Severity.INFO: ("card", "info", "text"),
    Severity.WARNING: ("card_warning", "warning", "warning"),
    Severity.DANGER: ("card_danger", "warning-octagon", "danger"),
}


class BannerStrip(QWidget):
    """Banners above the images; no height where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Banner, ...] = ()
        self._lines: QVBoxLayout = column(gap=2)
        self.setLayout(self._lines)
        self.hide()

    def show_banners(self, banners: tuple[Banner, ...]) -> None:
        """Show these."""
        if banners == self._shown:
            return
        self._shown = banners
        clear(self._lines)
        for banner in banners:
            self._lines.addWidget(_banner(banner))
        self.setVisible(bool(banners))


def _banner(banner: Banner) -> QFrame:
    name, icon, colour = _LOOKS[banner.severity]
    out = QFrame()
    out.setObjectName(name)
    line = row(
        12, icons.Glyph(icon, colour), Text(banner.title, "strong", colour), Elided(banner.text), 12, gap=10
    )
    line.setContentsMargins(0, 6, 0, 6)
    out.setLayout(line)
    out.setAccessibleName(f"{banner.title}: {banner.text}")
    return out
