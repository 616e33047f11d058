"""Overlay planes (PS3.3 C.9.2): which bit planes an image has for graphics."""

from viewer.core.dicom.instance import Instance
from viewer.core.dicom.values import Values
from viewer.core.pixels.overlay import Overlay

GROUPS = tuple(range(0x6000, 0x6020, 2))
ELEMENTS = (0x10, 0x11, 0x15, 0x40, 0x50, 0x51, 0x100, 0x102, 0x1500, 0x3000)
TAGS = frozenset(group << 16 | element for group in GROUPS for element in ELEMENTS)

_LEFT_OUT = "this overlay is left out"


def read_overlays(values: Values, image: Instance | None) -> tuple[Overlay, ...]:
    """The overlays that can be drawn, in order; notes those that cannot.

    image  whose pixels may hold them; None in an object without pixels
    """
    groups = (g for g in GROUPS if values.has(g << 16 | 0x10) or values.has(g << 16 | 0x3000))
    found = (_overlay(values, group, image) for group in groups)
    return tuple(overlay for overlay in found if overlay is not None)


def _overlay(values: Values, group: int, image: Instance | None) -> Overlay | None:
    base = group << 16
    rows, columns = values.short(base | 0x10), values.short(base | 0x11)
    if not rows or not columns:
        values.note(base | 0x10, f"{rows} x {columns}", "rows and columns", _LEFT_OUT)
        return None
    origin = values.shorts(base | 0x50, signed=True)
    if len(origin) != 2:
        values.note(base | 0x50, f"{len(origin)} values", "2", "the overlay is put on the first pixel")
        origin = (1, 1)
    frames = values.integer(base | 0x15) or 1
    first = (values.short(base | 0x51) or 1) - 1
    overlay = Overlay(group, rows, columns, origin[0] - 1, origin[1] - 1, first, frames)
    if not values.has(overlay.tag):
        return _embedded(values, overlay, image)
    needed, there = (rows * columns * frames + 7) // 8, len(values.raw(overlay.tag))
    if there < needed or frames < 1:
        values.note(overlay.tag, f"{there} bytes", f"{needed} bytes", _LEFT_OUT)
        return None
    return overlay


def _embedded(values: Values, overlay: Overlay, image: Instance | None) -> Overlay | None:
    """An overlay in bits of the pixel words that hold no pixel (retired, PS3.5 8.1.2 of 2001)."""
    tag = overlay.group << 16 | 0x102
    bit = values.short(tag)
    if image is None:
        return None  # a presentation state that switches on an overlay of the image
    lowest = image.high_bit + 1 - image.bits_stored
    free = [n for n in range(image.bits_allocated) if not lowest <= n <= image.high_bit]
    allowed = f"a bit beside the pixel: {free[0]}..{free[-1]}" if free else "Overlay Data"
    if bit not in free or (overlay.rows, overlay.columns) != (image.rows, image.columns):
        values.note(tag, "" if bit is None else f"bit {bit}", allowed, _LEFT_OUT)
        return None
    return Overlay(overlay.group, overlay.rows, overlay.columns, first=0, frames=image.frames, bit=bit)
