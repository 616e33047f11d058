"""How fast viewports draw at 1024 x 1024: every frame really painted, annotations included."""

import time
from collections.abc import Callable

import numpy as np

SIZE = 1024
FRAMES = 240


def stack_scroll_p95_ms():
    """A held key: each slice of 300 is drawn; against pyqtgraph's ImageItem."""
    _, show = _viewport()
    codes = _codes()

    def ours(k):
        show(index=k % len(codes))

    item, paint = _image_item(codes[0])

    def theirs(k):
        item.setImage(codes[k % len(codes)], autoLevels=False)
        paint()

    return _row("stack_scroll_p95_ms", ours, theirs, "pyqtgraph ImageItem")


def window_level_p95_ms():
    """A window drag: a new grey table each frame; against pyqtgraph's levels."""
    from viewer.app.display import Window

    _, show = _viewport()

    def ours(k):
        show(window=Window(-500.0 + k, 1400.0 + 2 * k))

    item, paint = _image_item(_codes()[100])

    def theirs(k):
        centre, width = 32268.0 + k, 1400.0 + 2 * k
        item.setLevels((centre - width / 2, centre + width / 2))
        paint()

    return _row("window_level_p95_ms", ours, theirs, "pyqtgraph ImageItem")


def mpr_crosshair_p95_ms():
    """A crosshair drag: three linked planes cut and painted each frame; against vtkImageReslice alone."""
    from viewer.app.display import Plane
    from viewer.core.dicom.planes import cut_geometry, nearest_cut

    planes = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
    panes = [_viewport((SIZE // 2, SIZE // 2) if n else (SIZE, SIZE)) for n in range(3)]
    volume = _stack().display_set.geometry
    views = [cut_geometry(volume, plane) for plane in planes]

    def ours(k):
        point = _path(volume, k)
        for plane, view, (_, show) in zip(planes, views, panes, strict=True):
            show(plane=plane, index=nearest_cut(view, point), count=view.shape[0], point_lps_mm=point)

    return _row(
        "mpr_crosshair_p95_ms", ours, _plain_reslice(volume, views), "vtkImageReslice, three planes, no paint"
    )


ROWS: tuple[Callable[[], dict], ...] = (stack_scroll_p95_ms, window_level_p95_ms, mpr_crosshair_p95_ms)


# --- what is measured


def _row(name, ours, theirs, peer_name):
    """Alternate, so that both sides meet the same load."""
    mine, peer = [], []
    for k in range(-20, FRAMES):
        for frame, times in ((ours, mine), (theirs, peer)):
            start = time.perf_counter()
            frame(k + 20)
            if k >= 0:
                times.append(1000 * (time.perf_counter() - start))
    value, other = (float(np.percentile(times, 95)) for times in (mine, peer))
    return {"name": name, "value": value, "unit": "ms", "peer": other, "peer_name": peer_name}


def _viewport(size=(SIZE, SIZE)):
    """(viewport, show): `show(**changes)` shows a state and returns when it has been painted."""
    from dataclasses import replace

    from PySide6.QtWidgets import QApplication

    from viewer.ui.viewport import reslice
    from viewer.ui.viewport.choose import make_viewport

    app = QApplication.instance() or QApplication([])
    reslice.warm(wait=True)
    viewport = make_viewport(_Nobody())
    viewport.resize(*size)
    viewport.show()
    app.processEvents()
    stack, shown = _stack(), _busy_state()

    def show(**changes):
        viewport.show_state(replace(shown, **changes), stack)
        viewport.refresh(now=True)

    show()
    return viewport, show


class _Nobody:
    """A desk that takes every call."""

    def __getattr__(self, name):
        return lambda *_: None


_made = {}


def _codes():
    """300 slices of 512 x 512 with noise, as signed CT stores them."""
    if "codes" not in _made:
        y, x = np.mgrid[-1:1:512j, -1:1:512j]
        body = np.where(np.hypot(x * 1.1, y * 1.4) < 0.9, 40, -1000).astype(np.int16)
        body[np.hypot(np.abs(x) - 0.4, y) < 0.3] = -850
        noise = np.random.default_rng(0).normal(0, 30, (8, 512, 512)).astype(np.int16)
        _made["codes"] = np.stack([body + noise[k % 8] for k in range(300)]).view(np.uint16) ^ np.uint16(
            0x8000
        )
    return _made["codes"]


def _stack():
    from tests.ui.viewport.scenes import ct

    if "stack" not in _made:
        _made["stack"] = ct(_codes(), spacing=(1.25, 0.7, 0.7))
    return _made["stack"]


def _busy_state():
    """What a reader has on screen: corner text, crosshair, marks, a measure, ticks."""
    from tests.ui.viewport.scenes import state
    from viewer.app.display import Corners, TextLevel, Window

    middle = (179.0, 179.0, -187.5)
    marks = [_mark(k) for k in range(0, 300, 4)]
    return state(
        index=150,
        count=300,
        window=Window(-500.0, 1400.0),
        point_lps_mm=middle,
        crosshair=True,
        focused=True,
        text_level=TextLevel.FULL,
        corners=Corners(
            ("NAME, GIVEN", "ID 1234567"), ("Axial 1.25 mm",), ("Lung  W 1400  L −500",), ("Image 151 / 300",)
        ),
        marks=tuple(marks),
        ticks=((0.5, "reader"), (0.6, "model")),
        seen_spans=((0.0, 0.5),),
    )


def _mark(k):
    """Around slice `k`: one of the model, every third one of the reader, measured, in focus."""
    from tests.ui.viewport.scenes import mark

    x, y, z = 80.0 + (37 * k) % 200, 120.0 + (53 * k) % 120, -1.25 * k
    if k % 3:
        return mark((x, y, z), name=f"M{k}", tracking_uid=f"1.{k}", author="model", radius_mm=6.0)
    long, short = ((x - 6, y, z), (x + 6, y, z)), ((x, y - 5, z), (x, y + 5, z))
    own = {"long_axis": long, "short_axis": short, "text": "12.0 × 10.0 mm", "focused": True}
    return mark((x, y, z), name=f"R{k}", tracking_uid=f"1.{k}", radius_mm=6.0, **own)


def _path(volume, k):
    """A point that wanders through the volume."""
    share = 0.5 + 0.3 * np.array([np.sin(k / 17), np.sin(k / 11), np.cos(k / 13)])
    x, y, z = volume.index_to_patient(share * np.array(volume.shape)).tolist()
    return (x, y, z)


# --- peers


def _image_item(first):
    """(item, paint) of a pyqtgraph view of the same size."""
    import pyqtgraph
    from PySide6.QtWidgets import QApplication

    _app = QApplication.instance() or QApplication([])
    pyqtgraph.setConfigOptions(imageAxisOrder="row-major")
    view = pyqtgraph.GraphicsView()
    box = pyqtgraph.ViewBox(lockAspect=True, invertY=True)
    view.setCentralItem(box)
    item = pyqtgraph.ImageItem(first, levels=(31568, 32968))
    box.addItem(item)
    view.resize(SIZE, SIZE)
    view.show()
    _app.processEvents()
    _made["view"] = view
    return item, lambda: view.viewport().repaint()


def _plain_reslice(volume, views):
    """Cuts of the same three planes by vtkImageReslice, straight from its manual: nothing is painted."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkImagingCore import vtkImageReslice

    codes = _codes()
    image = vtkImageData()
    image.SetDimensions(codes.shape[2], codes.shape[1], codes.shape[0])
    image.SetSpacing(*reversed(volume.spacing_mm))
    image.GetPointData().SetScalars(numpy_to_vtk(codes.reshape(-1), deep=0))
    reslices = []
    for view in views:
        reslice = vtkImageReslice()
        reslice.SetInputData(image)
        reslice.SetOutputDimensionality(2)
        reslice.SetInterpolationModeToLinear()
        reslice.SetOutputSpacing(*view.spacing_mm[1:], 1)
        reslices.append(reslice)
    axes = ((1, 0, 0, 0, 1, 0, 0, 0, 1), (1, 0, 0, 0, 0, 1, 0, -1, 0), (0, 1, 0, 0, 0, 1, 1, 0, 0))

    def cut(k):
        middle = volume.patient_to_index(_path(volume, k))[::-1] * np.array(image.GetSpacing())
        for reslice, cosines in zip(reslices, axes, strict=True):
            reslice.SetResliceAxesDirectionCosines(*cosines)
            reslice.SetResliceAxesOrigin(*middle.tolist())
            reslice.Update()

    return cut
