"""The heat map of the focused finding: colours over the picture, legend and caveat beside the anatomy."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from viewer.app.display import Heat, ImageHeat, Plane
from viewer.app.stack import Stack
from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.planes import part_of, window_of
from viewer.ui import theme
from viewer.ui.viewport import ink, reslice
from viewer.ui.viewport.corners import MARGIN, lines
from viewer.ui.viewport.frame import Frame
from viewer.ui.viewport.sheet import Sheet, turned

_ROOM = 560.0
"""Width from which a viewport has the legend, design pixels."""
_LEGEND_WIDTH = 176.0
_ROWS_TOP, _ROW = 64.0, 16.0
_LETTERS = 28
"""Of a row of the legend."""
_BAR = (160.0, 8.0)
_STEPS = 10


def draw(sheet: Sheet) -> None:
    """Colour the picture where the map has something to say on this cut."""
    found = _on_cut(sheet.frame)
    if found is None:
        return
    image, edges = found
    place = sheet.place
    box = QRectF(*place.rect(*edges))
    sheet.painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    sheet.painter.drawImage(box, turned(image, place.turn))


Edges = tuple[float, float, float, float]
"""Left, top, right, bottom in the picture: the first pixel spans 0 to 1."""


def _on_cut(frame: Frame) -> tuple[QImage, Edges] | None:
    heat, stack = frame.state.heat, frame.stack
    if heat is None or heat.empty or stack is None or not frame.takes(heat):
        return None
    on_image = frame.image_heat(heat)
    if not _readable(on_image or heat):
        return None
    if on_image is not None:
        return _of_image(on_image)
    found = _of_volume(heat, frame, stack)
    if found is None:
        return None
    image, (left, top) = found
    return image, (left, top, left + image.width(), top + image.height())


def _of_volume(heat: Heat, frame: Frame, stack: Stack) -> tuple[QImage, tuple[int, int]] | None:
    volume = stack.display_set.geometry
    if volume is None or frame.view is None:
        return None
    if frame.state.plane is Plane.STACK:
        return _of_slice(heat, frame.cut)
    return _of_cut(heat, volume, frame.view, frame.cut)


def damaged(frame: Frame) -> bool:
    """True where the map is for this picture, but its file does not hold it."""
    heat = frame.state.heat
    if heat is None or heat.empty or not frame.takes(heat):
        return False
    return not _readable(frame.image_heat(heat) or heat)


@lru_cache(maxsize=8)
def _readable(heat: Heat | ImageHeat) -> bool:
    """True where the file holds what the state says."""
    try:
        return _patch(heat).shape == heat.shape
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=16)
def _of_image(heat: ImageHeat) -> tuple[QImage, Edges]:
    left, top, right, bottom = (edge + 0.5 for edge in heat.box)
    return layer(_patch(heat)), (left, top, right, bottom)


def _patch(heat: Heat | ImageHeat) -> NDArray[np.float32]:
    patch: NDArray[np.float32] = np.load(Path(heat.path), mmap_mode="r", allow_pickle=False)
    return patch


@lru_cache(maxsize=16)
def _of_slice(heat: Heat, index: int) -> tuple[QImage, tuple[int, int]] | None:
    inside = index - heat.start[0]
    if not 0 <= inside < heat.shape[0]:
        return None
    return layer(_patch(heat)[inside]), (heat.start[2], heat.start[1])


@lru_cache(maxsize=16)
def _of_cut(
    heat: Heat, volume: Geometry, view: Geometry, index: int
) -> tuple[QImage, tuple[int, int]] | None:
    patch = part_of(volume, heat.start, heat.shape)
    ends = [(-0.5, n - 0.5) for n in heat.shape]
    corners = np.array(np.meshgrid(*ends, indexing="ij")).reshape(3, 8).T
    box = view.patient_to_index(patch.index_to_patient(corners))
    low, high = np.floor(box.min(axis=0)).astype(int), np.ceil(box.max(axis=0)).astype(int) + 1
    if not low[0] <= index <= high[0]:
        return None
    window = window_of(view, (int(low[1]), int(high[1])), (int(low[2]), int(high[2])))
    cut = reslice.Cutter(np.ascontiguousarray(_patch(heat), np.float32), patch).cut(window, index)
    values, holes = cut.pixels().copy(), cut.holes()
    if holes is not None:
        values[holes] = 0
    return (layer(values), (int(low[2]), int(low[1]))) if values.any() else None


def layer(values: NDArray[np.float32]) -> QImage:
    """(rows, columns) 0..1 to colours with their opacity."""
    steps = np.rint(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
    pixels = np.ascontiguousarray(_premultiplied()[steps])
    height, width = steps.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    return image.copy()


@lru_cache(maxsize=1)
def colours() -> NDArray[np.float64]:
    """(256, 4): red, green, blue, opacity, 0..1, of the values 0..1; from the design tokens."""
    kind = theme.tokens()
    values = np.linspace(0, 1, 256)
    where = [at for at, _ in kind.heat_stops]
    stops = [QColor(name) for _, name in kind.heat_stops]
    channels = zip(*[(stop.redF(), stop.greenF(), stop.blueF()) for stop in stops], strict=True)
    rgb = [np.interp(values, where, channel) for channel in channels]
    alpha = np.interp(values, [at for at, _ in kind.heat_alpha], [a for _, a in kind.heat_alpha])
    return np.column_stack([*rgb, alpha])


@lru_cache(maxsize=1)
def _premultiplied() -> NDArray[np.uint8]:
    """(256, 4) blue, green, red, alpha as they lie in memory."""
    table = colours().copy()
    table[:, :3] *= table[:, 3:]
    return np.rint(table[:, [2, 1, 0, 3]] * 255).astype(np.uint8)


def threshold() -> float:
    """The lowest value that is coloured."""
    return max(at for at, alpha in theme.tokens().heat_alpha if alpha == 0)


# --- legend


def legend(sheet: Sheet) -> None:
    """What the colours mean and what they do not, in the corner with the least anatomy."""
    heat = sheet.frame.state.heat
    if heat is None or sheet.width < _ROOM:
        return
    if _on_cut(sheet.frame) is None and not (heat.empty and sheet.frame.takes(heat)):
        return
    unit, on_image = sheet.unit, sheet.frame.image_heat(heat)
    notes = heat.notes if on_image is None else on_image.notes
    rows = [row for note in (*notes, theme.tokens().heat_caveat) for row in _wrapped(note, _LETTERS)]
    left, top = _free_corner(sheet, _ROWS_TOP + _ROW * len(rows))
    stamp = ink.stamp(f"Heat map, {heat.name} only", "overlay", "overlay_text", unit)
    ink.text(sheet.painter, left, top + 2 * unit, stamp)
    _key_cap(sheet, left + 130 * unit, top, "H")
    if not heat.empty:
        _scale(sheet, left, top + 26 * unit)
    for number, row in enumerate(rows):
        stamp = ink.stamp(row, "overlay", "overlay_text", unit)
        ink.text(sheet.painter, left, top + (_ROWS_TOP + _ROW * number) * unit, stamp)


def _scale(sheet: Sheet, left: float, top: float) -> None:
    unit, painter = sheet.unit, sheet.painter
    low, width = threshold(), _BAR[0] * unit / _STEPS
    painter.setPen(Qt.PenStyle.NoPen)
    for step in range(_STEPS):
        value = low + (1 - low) * (step + 0.5) / _STEPS
        r, g, b, _ = colours()[round(value * 255)]
        painter.fillRect(
            QRectF(left + step * width, top, width + 0.5, _BAR[1] * unit), QColor.fromRgbF(r, g, b)
        )
    for share, align in ((0.0, 0.0), ((0.7 - low) / (1 - low), 0.5), (1.0, 1.0)):
        x = left + share * _BAR[0] * unit
        stamp = ink.stamp(f"{low + share * (1 - low):.2f}", "overlay", "overlay_text", unit)
        ink.text(painter, x, top + 12 * unit, stamp, align=align)
        painter.fillRect(
            QRectF(x - align * unit, top + 8 * unit, unit, 4 * unit), theme.colour("overlay_text")
        )


def _key_cap(sheet: Sheet, left: float, top: float, key: str) -> None:
    unit, painter = sheet.unit, sheet.painter
    painter.setPen(theme.colour("line_strong"))
    painter.setBrush(theme.colour("control"))
    painter.drawRoundedRect(QRectF(left, top, 20 * unit, 20 * unit), 4 * unit, 4 * unit)
    ink.text(
        painter, left + 10 * unit, top + 2 * unit, ink.stamp(key, "key", "text", unit, halo=False), align=0.5
    )


def _wrapped(sentence: str, longest: int) -> list[str]:
    rows = [""]
    for word in sentence.split():
        if len(rows[-1]) + len(word) >= longest:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


def _free_corner(sheet: Sheet, units: float) -> tuple[float, float]:
    """The corner whose pixels vary least: outside the body there is nothing to see. Device pixels."""
    unit = sheet.unit
    width, height = _LEGEND_WIDTH * unit, units * unit
    text = lines(sheet)
    above = (MARGIN + 16 * max(len(text.top_left), 1) + 8) * unit
    below = sheet.place.height - (MARGIN + 16 * max(len(text.bottom_left), 1) + 8) * unit - height
    right = sheet.place.width - (MARGIN + 32) * unit - width
    corners = [(MARGIN * unit, above), (right, above), (MARGIN * unit, below), (right, below)]
    box = QRectF(0, 0, width, height)
    return min(corners, key=lambda at: _busy(sheet, box.translated(*at)))


def _busy(sheet: Sheet, box: QRectF) -> float:
    """Spread of the grey levels in a part of the viewport."""
    frame, picture = sheet.frame, sheet.frame.picture
    if picture is None:
        return 0.0
    x, y = np.meshgrid(np.linspace(box.left(), box.right(), 16), np.linspace(box.top(), box.bottom(), 16))
    columns, rows = (np.floor(v).astype(int) for v in sheet.place.to_image(x, y))  # type: ignore[arg-type]
    inside = (rows >= 0) & (rows < picture.shape[0]) & (columns >= 0) & (columns < picture.shape[1])
    pixels = picture.pixels()[rows[inside], columns[inside]]
    grey = pixels.mean(axis=-1) if picture.colour else frame.table[pixels]
    return round(float(np.std(grey)), 0) if grey.size else 0.0
