"""Lines of the distance tool, and the line that is being drawn."""

from PySide6.QtCore import QPointF

from viewer.app.display import Measurement
from viewer.core.reading.finding import Axis
from viewer.ui import theme
from viewer.ui.viewport import ink, marks
from viewer.ui.viewport.grips import on_cut
from viewer.ui.viewport.sheet import Sheet


def draw(sheet: Sheet, draft: Axis | None) -> None:
    """Every measurement whose both ends lie on this picture, and the draft."""
    for measurement in sheet.frame.state.measurements:
        if _here(sheet, measurement):
            _line(sheet, measurement.axis, measurement.text)
    if draft is not None:
        _line(sheet, draft, _length(sheet, draft))


def _here(sheet: Sheet, measurement: Measurement) -> bool:
    frame = sheet.frame
    same = (
        frame.stack is not None
        and measurement.series_instance_uid == frame.stack.display_set.series_instance_uid
    )
    if not same:
        return False
    if frame.view is None:
        return all(round(end[2]) == frame.state.index for end in measurement.axis)
    return on_cut(measurement.axis, frame)


def _line(sheet: Sheet, axis: Axis, text: str) -> None:
    """A thin line between open calipers; the value stands off its middle."""
    colour = theme.colour("reader")
    a, b = (_device(sheet, end) for end in axis)
    ink.stroke(sheet.painter, ink.polyline(a, b), ink.faded(colour, 0.7), 1.0, sheet.unit, (1.25, 3.5))
    marks.ends(sheet, a, b, colour)
    if not text:
        return
    plate = ink.stamp(text, "caption_strong", "reader", sheet.unit, halo=False)
    right, below = (a, b) if a[0] > b[0] else (b, a)
    at = QPointF(right[0] + 12 * sheet.unit, right[1] + (6 if right[1] >= below[1] else -24) * sheet.unit)
    marks.draw_plates(sheet, (plate,), round(at.x()), round(at.y()))


def _device(sheet: Sheet, end: tuple[float, float, float]) -> tuple[float, float]:
    if sheet.frame.view is None:
        return sheet.place.to_device(end[0], end[1])
    column, row, _ = sheet.frame.project(end)
    return sheet.place.to_device(column, row)


def _length(sheet: Sheet, axis: Axis) -> str:
    """Length of the draft: mm where the picture has a scale, else pixels."""
    frame = sheet.frame
    steps = [b - a for a, b in zip(*axis, strict=True)]
    if frame.view is None:
        scale = (frame.spacing[1], frame.spacing[0], 0.0) if frame.in_mm else (1.0, 1.0, 0.0)
        steps = [step * size for step, size in zip(steps, scale, strict=True)]
    length = sum(step**2 for step in steps) ** 0.5
    if frame.in_mm:
        return f"{length:.1f} mm" + (" at the detector" if frame.at_detector else "")
    return f"{length:.0f} pixels"
