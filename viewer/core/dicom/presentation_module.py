"""Reads grayscale softcopy presentation states (PS3.3 A.33.1): what is wrong in one is noted and left out."""

import math
from collections.abc import Iterator

from viewer.core.dicom.grey_module import finite, read_lut, read_rescale, read_voi_luts, read_windows
from viewer.core.dicom.overlay_module import GROUPS, read_overlays
from viewer.core.dicom.presentation import (
    Annotation,
    Area,
    Drawing,
    Label,
    Presentation,
    Reference,
    References,
    SoftVoi,
)
from viewer.core.dicom.shutter_module import read_shutters
from viewer.core.dicom.values import Values
from viewer.core.pixels.overlay import Bitmap, draw_overlay

GRAYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
"""SOP class; those of colour, blending and volumes are listed, not applied."""

_SERIES, _IMAGES, _UID, _FRAMES = 0x00081115, 0x00081140, 0x00081155, 0x00081160
_VOI, _LUT, _SHAPE = 0x00283110, 0x20500010, 0x20500020
_SHUTTER, _SHUTTER_GROUP = 0x00181600, 0x00181623
_ANNOTATIONS, _AREAS, _LAYERS = 0x00700001, 0x0070005A, 0x00700060
_FLIP, _TURN, _LABEL, _DESCRIPTION, _CREATOR = 0x00700041, 0x00700042, 0x00700080, 0x00700081, 0x00700084
TAGS = frozenset(
    (
        _SERIES,
        _VOI,
        _LUT,
        _SHAPE,
        _ANNOTATIONS,
        _AREAS,
        _LAYERS,
        _FLIP,
        _TURN,
        _LABEL,
        _DESCRIPTION,
        _CREATOR,
        _SHUTTER_GROUP,
    )
) | frozenset(group << 16 | 0x1001 for group in GROUPS)

_FIT = "SCALE TO FIT"
_MOST_PIXELS = 1 << 26
"""Of an overlay with its origin: larger than any image that it could be for."""

_KINDS = {"POINT": 1, "POLYLINE": 2, "INTERPOLATED": 2, "CIRCLE": 2, "ELLIPSE": 4}
"""Graphic types, and how many points they need."""


def read_presentation(values: Values, sop_instance_uid: str) -> Presentation:
    """The state in a data set."""
    rescale = read_rescale(values, "", (), signed=False)
    lut = None
    if values.has(_LUT):
        lut = read_lut(values.item(_LUT), False, values, _LUT, "no presentation LUT is applied")
    overlays = tuple(_bitmaps(values))
    shutter = values.short(_SHUTTER_GROUP) if "BITMAP" in values.codes(_SHUTTER) else None
    return Presentation(
        sop_instance_uid=sop_instance_uid,
        label=values.text(_LABEL),
        description=values.text(_DESCRIPTION),
        creator=values.name(_CREATOR).replace("^", " ").strip(),
        images=tuple(r for series in values.items(_SERIES) for r in _references(series)),
        slope=rescale.slope,
        intercept=rescale.intercept,
        units="" if rescale.units == "US" else rescale.units,
        modality_lut=rescale.lut,
        vois=tuple(_voi(item, rescale.intercept < 0) for item in values.items(_VOI)),
        presentation_lut=lut,
        inverse=values.code(_SHAPE) == "INVERSE",
        shutters=read_shutters(values),
        overlays=tuple(bitmap for bitmap in overlays if bitmap.group != shutter),
        covered=next((bitmap for bitmap in overlays if bitmap.group == shutter), None),
        activated=tuple(group for group in GROUPS if values.has(group << 16 | 0x1001)),
        layers=_layers(values),
        annotations=tuple(_annotation(item) for item in values.items(_ANNOTATIONS)),
        areas=tuple(area for item in values.items(_AREAS) for area in _areas(item)),
        rotation=_rotation(values),
        flip=values.code(_FLIP) == "Y",
    )


def _references(item: Values) -> References:
    return tuple(
        Reference(image.ascii(_UID), tuple(int(n) for n in image.numbers(_FRAMES) if math.isfinite(n)))
        for image in item.items(_IMAGES)
    )


def _voi(item: Values, signed: bool) -> SoftVoi:
    return SoftVoi(_references(item), read_windows(item), read_voi_luts(item, signed))


def _bitmaps(values: Values) -> Iterator[Bitmap]:
    """The state's own overlays, each over just its own place."""
    for overlay in read_overlays(values, None):
        rows, columns = overlay.top + overlay.rows, overlay.left + overlay.columns
        if rows * columns > _MOST_PIXELS:
            values.note(overlay.tag, f"{rows} x {columns}", f"{_MOST_PIXELS} pixels", "it is left out")
        elif rows > 0 and columns > 0:
            data = values.little_endian_words(overlay.tag)
            bitmap = draw_overlay(overlay, data, overlay.first, rows, columns)
            if bitmap is not None:
                yield bitmap


def _rotation(values: Values) -> int:
    """Degrees clockwise (PS3.3 C.10.6)."""
    angle = values.short(_TURN) or 0
    if angle % 90:
        values.note(_TURN, str(angle), "0, 90, 180 or 270", "the image is not turned")
        return 0
    return angle % 360


def _layers(values: Values) -> tuple[str, ...]:
    """Names, lowest first."""
    items = values.items(_LAYERS)
    return tuple(i.code(0x00700002) for i in sorted(items, key=lambda i: i.integer(0x00700062) or 0))


def _annotation(item: Values) -> Annotation:
    drawings = tuple(d for graphic in item.items(0x00700009) if (d := _drawing(graphic)) is not None)
    labels = tuple(t for text in item.items(0x00700008) if (t := _label(text)) is not None)
    return Annotation(_references(item), item.code(0x00700002), drawings, labels)


def _drawing(item: Values) -> Drawing | None:
    kind, numbers = item.code(0x00700023), item.floats(0x00700022)
    points = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    if kind not in _KINDS or len(points) < _KINDS[kind] or not all(map(math.isfinite, numbers)):
        found = f"{kind} of {len(points)} points"
        item.note(0x00700023, found, ", ".join(_KINDS), "this graphic is not drawn")
        return None
    return Drawing(kind, points, item.code(0x00700005) == "DISPLAY", item.code(0x00700024) == "Y")


def _label(item: Values) -> Label | None:
    text, box, anchor = item.text(0x00700006), item.floats(0x00700010), item.floats(0x00700014)
    place, units = (box, 0x00700003) if len(box) == 2 else (anchor, 0x00700004)
    if not text or len(place) != 2 or not all(map(math.isfinite, place)):
        item.note(0x00700006, text, "a text with its place", "this text is not drawn")
        return None
    return Label(text, (place[0], place[1]), item.code(units) == "DISPLAY")


def _areas(item: Values) -> Iterator[Area]:
    first, last = item.longs(0x00700052), item.longs(0x00700053)
    if len(first) == len(last) == 2:  # upper left and lower right after the turn: any two corners before it
        (left, right), (top, bottom) = sorted((first[0], last[0])), sorted((first[1], last[1]))
        yield Area(_references(item), (left, top), (right, bottom), *_size(item))
    else:
        item.note(0x00700052, f"{first} to {last}", "two corners", "all of the image is shown")


def _size(item: Values) -> tuple[str, float, float | None]:
    """Mode, magnification and pixel size of a displayed area; one without its number is as large as fits."""
    mode = item.code(0x00700100) or _FIT
    times = finite(item.floats(0x00700103)[0] if item.floats(0x00700103) else None, 1e-3, 1e3)
    spacing = finite(item.numbers(0x00700101)[0] if item.numbers(0x00700101) else None, 1e-3, 100)
    if mode not in (_FIT, "TRUE SIZE", "MAGNIFY") or (mode == "MAGNIFY" and times is None):
        item.note(0x00700100, mode, "a mode with its numbers", "the area is shown as large as fits")
        mode = _FIT
    return mode, times or 1.0, spacing
