"""Which windows a display set offers: presets by modality, and the one stored in the image."""

import tomllib
from dataclasses import replace
from functools import cache
from importlib import resources

from viewer.app import text
from viewer.app.display import Plane
from viewer.app.stack import Stack
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.presentation import Presentation
from viewer.core.pixels.grey import VoiFunction, Window
from viewer.core.pixels.voi import as_window, is_lut

STORED = Window(0.0, 0.0, "as stored")
"""Width 0: each image with its own default, whatever that is."""


@cache
def presets(modality: str) -> tuple[Window, ...]:
    """The presets of a modality in the order of their digits; empty where there are none."""
    text = resources.files("resources").joinpath("protocols", "windows.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text).get(modality, {})
    return tuple(
        Window(float(raw["centre"]), float(raw["width"]), raw["name"])
        for _, raw in sorted(table.items(), key=lambda item: int(item[0]))
    )


def preset(modality: str, name: str) -> Window | None:
    """The preset of that name."""
    return next((window for window in presets(modality) if window.name == name), None)


def presets_of(display_set: DisplaySet) -> tuple[Window, ...]:
    """The presets that make sense for a display set: those of CT only where its values are HU."""
    return presets(display_set.modality) if display_set.modality != "CT" or display_set.has_hu else ()


def stored(instance: Instance | None) -> Window | None:
    """The first window stored in an image; None where it has none."""
    return instance.windows[0] if instance is not None and instance.windows else None


def in_force(view: View, stack: Stack | None, index: int, state: Presentation | None = None) -> Window:
    """The window as numbers, also where it is one stored in the image or in the presentation state."""
    if view.window is not None:
        return view.window
    if stack is None or not 0 <= index < len(stack.ready):
        return STORED
    at = index if view.plane is Plane.STACK else len(stack.ready) // 2
    window = as_window(stack.own_voi(at, view.choice, state), stack.shown(at, state).voi_luts)
    return replace(window, name=window.name or "Stored")


def offered(instance: Instance) -> tuple[str, ...]:
    """The windows and curves stored in an image, as they are told, in order."""
    return tuple(said(as_window(voi, instance.voi_luts)) for voi in instance.vois)


def said(window: Window) -> str:
    """A window in words: name, curve where it is no straight line, width and level."""
    curve = _CURVES.get(window.function, "" if not is_lut(window) else "LUT")
    name = " ".join(filter(None, (window.name, curve if curve not in window.name else "")))
    return text.window(window.centre, window.width, name)


_CURVES = {VoiFunction.SIGMOID.value: "sigmoid", VoiFunction.LINEAR_EXACT.value: ""}
