"""Which windows a display set offers: presets by modality, and the one stored in the image."""

import tomllib
from functools import cache
from importlib import resources

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.pixels.grey import Window


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
