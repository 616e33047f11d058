"""Small real display sets, stacks and states for the tests of the viewport."""

import numpy as np

from viewer.app.display import Corners, Heat, Mark, MarkState, Plane, TextLevel, ViewportState, Window
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.instance import Instance, Location

FRAME = "1.2.826.1"
SERIES = "1.2.826.2"
HU = Window(40.0, 400.0)


class Desk:
    """Writes down what a viewport asks for."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *values: self.calls.append((name, *values))

    def of(self, name):
        return [call[1:] for call in self.calls if call[0] == name]


def ct(
    codes,
    *,
    columns=(1.0, 0.0, 0.0),
    rows=(0.0, 1.0, 0.0),
    slices=(0.0, 0.0, -1.0),
    spacing=(2.0, 0.5, 0.5),
    origin=(0.0, 0.0, 0.0),
    intercepts=None,
    missing=(),
    ready=True,
    place=True,
    **fields,
):
    """A stack of signed CT slices; `codes` (slices, rows, columns) uint16."""
    count, height, width = codes.shape
    where = Geometry(origin, slices, rows, columns, spacing, codes.shape, FRAME)
    present = [k for k in range(count) if k not in missing]
    fields = {"signed": True, "units": "HU", "rescaled": True, "modality": "CT"} | fields
    fields = {"spacing_source": "patient" if place else ""} | fields
    instances = tuple(
        Instance(
            location=Location("file", f"/none/{k}.dcm"),
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
            sop_instance_uid=f"{SERIES}.{k}",
            series_instance_uid=SERIES,
            study_instance_uid="1.2.826.3",
            frame_of_reference_uid=FRAME,
            rows=height,
            columns=width,
            position_mm=tuple(where.index_to_patient((k, 0, 0)).tolist()) if place else None,
            orientation=(*columns, *rows) if place else None,
            spacing_mm=spacing[1:] if place else None,
            intercept=0.0 if intercepts is None else intercepts[k],
            **fields,
        )
        for k in present
    )
    display_set = DisplaySet(
        id="set",
        series_instance_uid=SERIES,
        study_instance_uid="1.2.826.3",
        title="Axial",
        modality=fields["modality"],
        instances=instances,
        slots=tuple(present),
        count=count,
        missing=tuple(missing),
        geometry=where if place and count > 1 else None,
    )
    stack = Stack(display_set)
    stack.codes[:] = codes
    for k in missing:
        stack.codes[k] = 0
    stack.ready[present] = ready
    return stack


def state(**changes):
    """A plain axial viewport without text; `changes` are fields of `ViewportState`."""
    fields = {
        "id": "1",
        "title": "Axial",
        "plane": Plane.STACK,
        "display_set": "set",
        "index": 0,
        "count": 1,
        "point_lps_mm": None,
        "window": HU,
        "invert": False,
        "zoom": 1.0,
        "pan": (0.0, 0.0),
        "focused": False,
        "corners": Corners(),
        "text_level": TextLevel.NONE,
        "crosshair": False,
    }
    return ViewportState(**(fields | changes))


def mark(at, **changes):
    """A mark of the reader."""
    fields = {
        "name": "R1",
        "tracking_uid": "1.2.3",
        "author": "reader",
        "state": MarkState.OPEN,
        "focused": False,
        "series_instance_uid": SERIES,
        "frame_of_reference_uid": FRAME,
        "center_lps_mm": at,
        "radius_mm": 5.0,
    }
    return Mark(**(fields | changes))


def heat(path, start, shape, **changes):
    """A heat map."""
    fields = {
        "tracking_uid": "1.2.3",
        "name": "M1",
        "series_instance_uid": SERIES,
        "frame_of_reference_uid": FRAME,
        "path": str(path),
        "start": start,
        "shape": shape,
    }
    return Heat(**(fields | changes))


def noise(*shape, seed=3):
    """Random codes over the whole range."""
    return np.random.default_rng(seed).integers(0, 65536, shape).astype(np.uint16)


def flat(*shape, hu=-800):
    """The same HU everywhere."""
    return np.full(shape, hu + 0x8000, np.uint16)


def grey_of(codes, window=HU, invert=False, padding=None, intercept=0.0):
    """The oracle: PS3.3 C.11.2.1.2.1, written down as the standard has it, one value at a time."""
    stored = codes.astype(np.float64) - 0x8000
    x, c, w = stored + intercept, window.centre - 0.5, window.width - 1
    y = np.where(x <= c - w / 2, 0.0, np.where(x > c + w / 2, 1.0, (x - c) / w + 0.5))
    y = 1 - y if invert else y
    if padding is not None:
        y = np.where((stored >= padding[0]) & (stored <= padding[1]), 0.0, y)
    return np.rint(y * 255).astype(np.uint8)


def near(pixels, colour, tolerance=60):
    """Where pixels (h, w, 3) are close to a QColor."""
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    return np.abs(pixels.astype(int) - wanted).max(axis=-1) <= tolerance
