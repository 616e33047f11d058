"""Steps of a reading (layout, a plane for every box, window), and which steps a study is read in."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from viewer.core.dicom.display_set import DisplaySet, Study


@dataclass(frozen=True, slots=True)
class Step:
    """One hanging step.

    planes        one per box of the layout: stack, axial, coronal or sagittal
    window        name of a preset; "" = as stored
    after_commit  locked until the unaided read is committed
    """

    id: str
    title: str
    layout: str
    planes: tuple[str, ...]
    window: str
    after_commit: bool = False


@cache
def _protocol(name: str) -> tuple[Step, ...]:
    text = resources.files("resources").joinpath("protocols", f"{name}.toml").read_text(encoding="utf-8")
    return tuple(Step(**(raw | {"planes": tuple(raw["planes"])})) for raw in tomllib.loads(text)["step"])


AS_STORED = (Step("images", "Images", "1x1", ("stack",), ""),)
"""The one step of whatever is no volume."""


def steps_for(main: DisplaySet | None) -> tuple[Step, ...]:
    """The steps in which the study is read, by its main display set."""
    if main is None or main.modality != "CT" or main.geometry is None:
        return AS_STORED
    return _protocol("ct_chest" if is_chest(main) else "ct_other")


def is_chest(shown: DisplaySet) -> bool:
    """True for a CT of the chest, as far as its header says; one that names no body part counts as one."""
    part = shown.instances[0].body_part.upper()
    return shown.modality == "CT" and (not part or any(word in part for word in CHEST))


CHEST = ("CHEST", "THORAX", "LUNG", "TORSO", "TRUNK", "BODY")
"""Body Part Examined (0018,0015) that holds lungs."""


def main_display_set(study: Study) -> DisplaySet | None:
    """What a study opens with: the volume with most slices, thinnest first; else its first images."""
    images = [d for d in study.display_sets if d.kind == "image"]
    volumes = [d for d in images if d.geometry is not None and d.count >= MIN_VOLUME]
    if volumes:
        return max(volumes, key=lambda d: (d.modality == "CT", d.count))
    return images[0] if images else None


MIN_VOLUME = 5
"""Fewer slices than this are a localiser, not a volume to open with."""
