"""The viewports of the display state: where they look, their corner text, their banners."""

from dataclasses import replace

from viewer.app import monitors, picturing, pointing, posing, presenting, registering, slabs, text, windows
from viewer.app.desk_state import DeskState
from viewer.app.display import Banner, Corners, Mark, Plane, Severity, ViewportState
from viewer.app.naming import series_name
from viewer.app.resolve import mammograms
from viewer.app.resolve.overlays import heat_of, marks_of, measurements_of, seen_of, ticks_of
from viewer.app.resolve.scores import profile_of
from viewer.app.views import View, frame_of
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.geometry import Vector
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.presentation import Presentation
from viewer.core.pixels.grey import Window

_TITLES = {Plane.AXIAL: "Axial", Plane.CORONAL: "Coronal", Plane.SAGITTAL: "Sagittal"}
_AXES = {Plane.AXIAL: ("z", 2), Plane.CORONAL: ("y", 1), Plane.SAGITTAL: ("x", 0)}
_SEVERITIES = {"warning": Severity.WARNING, "danger": Severity.DANGER}


def viewports(desk: DeskState) -> tuple[ViewportState, ...]:
    """The viewports on screen, in reading order."""
    marks = marks_of(desk)
    return tuple(_viewport(desk, view, marks) for view in desk.views.visible)


def _viewport(desk: DeskState, view: View, marks: tuple[Mark, ...]) -> ViewportState:
    views, shown = desk.views, desk.views.display_set(view)
    focused = view.id == views.focused and not desk.screen.panel
    index, count = views.place(view)
    if shown is None:
        return _empty(desk, view, focused)
    window, state = presenting.window_of(desk, view, index), presenting.in_force(desk, view)
    seen, spans = seen_of(desk, view, shown, count)
    pose = posing.pose(desk, view)
    corners = mammograms.corners(desk, view, shown, pose, _window_line(view, window)) or _dated(
        desk, view, shown, _corners(desk, view, shown, index, count, window, views.point(view))
    )
    corners = _with_state(corners, state, shown, index)
    return ViewportState(
        id=view.id,
        title=title(view, shown),
        plane=view.plane,
        display_set=shown.id,
        index=index,
        count=count,
        point_lps_mm=views.point(view),
        window=window,
        invert=view.invert,
        zoom=view.zoom,
        pan=view.pan,
        focused=focused,
        corners=_with_key(desk, view, corners),
        text_level=views.text_level,
        crosshair=views.crosshair and _is_shared(desk, view, shown),
        marks=marks,
        measurements=measurements_of(desk, shown),
        heat=heat_of(desk),
        banners=_banners(desk, view, shown),
        ticks=ticks_of(desk, view, shown, count, marks),
        seen=seen,
        seen_spans=spans,
        pose=pose,
        presentation=state,
        calibration=monitors.calibration_of(desk, view),
        overlays=views.overlays,
        shutters=views.shutters,
        air=views.air and shown.id in desk.pixels.breasts and (view.window is not None or view.invert),
        slab=slabs.slab_of(desk, view),
        glass=_glass(desk, view),
        echo=pointing.echo(desk, view),
        profile=profile_of(desk, view, shown, index),
    )


def _is_shared(desk: DeskState, view: View, shown: DisplaySet) -> bool:
    """True where another viewport follows the crosshair of this one."""
    others = (desk.views.display_set(v) for v in desk.views.visible if v.id != view.id)
    return any(o is not None and frame_of(o) == frame_of(shown) for o in others)


def _glass(desk: DeskState, view: View) -> tuple[float, float] | None:
    """The middle of the magnifying glass: where the pointer is."""
    at = desk.views.pointer
    return at.pixel if desk.views.glass and at is not None and at.viewport == view.id else None


def _empty(desk: DeskState, view: View, focused: bool) -> ViewportState:
    words = (
        ("Looking for images", "")
        if desk.search.running
        else ("Nothing hangs here", "Left and Right choose a series.")
    )
    if desk.study is None and not desk.search.running:
        words = ("No study is open", "Ctrl+O opens a folder, a ZIP or a file.")
    return ViewportState(
        id=view.id,
        title="",
        plane=view.plane,
        display_set="",
        index=0,
        count=0,
        point_lps_mm=None,
        window=windows.STORED,
        invert=False,
        zoom=1.0,
        pan=(0.0, 0.0),
        focused=focused,
        corners=Corners(),
        text_level=desk.views.text_level,
        crosshair=False,
        empty=words,
    )


# --- corner text


def title(view: View, shown: DisplaySet) -> str:
    """What a viewport is called."""
    return _TITLES.get(view.plane) or series_name(shown)


def _corners(
    desk: DeskState,
    view: View,
    shown: DisplaySet,
    index: int,
    count: int,
    window: Window,
    point: Vector | None,
) -> Corners:
    instance = _instance(shown, index if view.plane is Plane.STACK else shown.count // 2)
    where = _place_line(view, shown, index, point, instance)
    levels = _window_line(view, window)
    if view.plane is not Plane.STACK:
        spacing = _spacing(shown)
        right = f"{text.millimetres(spacing)}, made here" if spacing else "made here"
        return Corners((_TITLES[view.plane],), (right,), levels, (where,))
    position = (where,) if where else ()
    return Corners(
        top_left=identity(instance),
        top_right=_series_lines(shown, instance),
        bottom_left=levels,
        bottom_right=(*slabs.line(desk, view), *position, f"Image {index + 1} / {count}"),
    )


def _with_state(corners: Corners, state: Presentation | None, shown: DisplaySet, index: int) -> Corners:
    """The same, and which presentation state is applied, or that it is not for this image."""
    if state is None:
        return corners
    instance = shown.instance_at(index)
    here = instance is not None and state.is_for(instance)
    said = f"Presentation state {state.label}" if here else "Presentation state: not for this image"
    return replace(corners, top_right=(*corners.top_right, said))


def _with_key(desk: DeskState, view: View, corners: Corners) -> Corners:
    """The same, and above what stands at the lower right that it is a key image."""
    if not picturing.is_key_image(desk, view):
        return corners
    return replace(corners, bottom_right=("Key image", *corners.bottom_right))


def _dated(desk: DeskState, view: View, shown: DisplaySet, corners: Corners) -> Corners:
    """The same, with the date in front of images of an earlier study, and whether they follow by position."""
    if not desk.is_prior(shown):
        return corners
    when = text.date(shown.instances[0].study_date) or "without a date"
    follows = f"{text.DOT}by position" if registering.by_position(desk, view) else ""
    return replace(corners, top_right=(f"Prior, {when}{follows}", *corners.top_right))


def identity(instance: Instance) -> tuple[str, ...]:
    """Who it is; stays at every text level."""
    name = text.person(instance.patient_name) or "name not in the header"
    return name, f"ID {instance.patient_id}" if instance.patient_id else "ID not in the header"


def _series_lines(shown: DisplaySet, instance: Instance) -> tuple[str, ...]:
    thickness = instance.slice_thickness_mm
    name = series_name(shown)
    first = [name, text.millimetres(thickness) if thickness else ""]
    if instance.kernel and instance.kernel not in name:
        first.insert(1, instance.kernel)
    beam = [
        f"{instance.kvp:g} kV" if instance.kvp else "",
        f"{instance.exposure_mas:g} mAs" if instance.exposure_mas else "",
        f"contrast {instance.contrast}" if instance.contrast else "",
    ]
    lossy = ""
    if instance.lossy:
        ratio = f" {instance.lossy_ratio:g}:1" if instance.lossy_ratio else ""
        lossy = f"lossy compressed{ratio}"
    lines = ("  ".join(filter(None, first)), text.DOT.join(filter(None, beam)), lossy)
    return tuple(line for line in lines if line)


def _window_line(view: View, window: Window) -> tuple[str, ...]:
    words = "Window as stored" if window.width <= 0 else windows.said(window)
    return (f"{words}{text.DOT}inverted" if view.invert else words,)


def _place_line(view: View, shown: DisplaySet, index: int, point: Vector | None, instance: Instance) -> str:
    if view.plane is not Plane.STACK:
        name, axis = _AXES[view.plane]
        return "" if point is None else f"{name} {text.millimetres(point[axis])}"
    if instance.position_mm is None or index in shown.missing:
        return ""
    normal = shown.geometry.normal if shown.geometry is not None else (0.0, 0.0, 1.0)
    axis = max(range(3), key=lambda n: abs(normal[n]))
    return f"{'xyz'[axis]} {text.millimetres(instance.position_mm[axis])}"


def _spacing(shown: DisplaySet) -> float:
    """Slice distance of the volume that a cut is made of, mm."""
    return 0.0 if shown.geometry is None else shown.geometry.spacing_mm[0]


def _instance(shown: DisplaySet, index: int) -> Instance:
    return shown.instance_at(index) or shown.instances[0]


# --- banners


def _banners(desk: DeskState, view: View, shown: DisplaySet) -> tuple[Banner, ...]:
    """What the reader must know of this picture, in the picture; mere remarks stay in the series panel."""
    series = () if desk.study is None else desk.study.series
    of_series = (w for s in series if shown in s.display_sets for w in s.warnings)
    told = [w for w in (*of_series, *shown.warnings) if w.severity != "info"]
    told = [*mammograms.warnings(shown), *told]
    if view.plane is not Plane.STACK:
        told = [w for w in told if w.kind in _OF_CUTS]
    return tuple(Banner(_SEVERITIES[w.severity], _HEADS.get(w.kind, "Please note"), w.message) for w in told)


_OF_CUTS = ("missing_slices", "irregular_spacing", "variable_spacing", "gantry_tilt", "two_patients")
"""What also concerns pictures that are made here."""
_HEADS = {
    "for_processing": "Not for reading",
    "side": "Check the side",
    "not_turned": "Not hung by its orientation",
    "missing_slices": "Slices are missing",
    "irregular_spacing": "Uneven slice distances",
    "variable_spacing": "Uneven slice distances",
    "gantry_tilt": "Tilted gantry",
    "duplicate_positions": "The same position twice",
    "frame_of_reference_differs": "Frames of reference differ",
    "polarity_mixed": "Polarity differs",
    "rescale_differs": "Rescale differs",
    "header": "The header is odd",
    "two_patients": "Two patients",
    "unknown_patient": "Unknown patient",
    "name_mismatch": "Names disagree",
    "series_in_two_studies": "One series in two studies",
}


def two_patients(desk: DeskState) -> tuple[Banner, ...]:
    """Two patients are never on screen without both being named."""
    names: dict[str, str] = {}
    for view in desk.views.visible:
        shown = desk.views.display_set(view)
        for instance in () if shown is None else shown.instances[:1]:
            key = f"{instance.patient_id}/{instance.patient_name}/{instance.birth_date}"
            names[key] = ", ".join(identity(instance))
    if len(names) < 2:
        return ()
    return (Banner(Severity.DANGER, "Two patients are on screen", "; ".join(names.values())),)
