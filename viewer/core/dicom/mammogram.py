"""What the header of a mammogram says beside its pixels: side, view, technique (PS3.3 C.8.11.7)."""

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from viewer.core.dicom.grey_module import finite
from viewer.core.dicom.text import clean_date
from viewer.core.dicom.values import Values

VIEW_CODES, VIEW_MODIFIERS = 0x00540220, 0x00540222
_CODE_VALUE = 0x00080100
_IMAGE_SIDE, _SERIES_SIDE = 0x00200062, 0x00200060
_SHARED, _FRAME_ANATOMY, _FRAME_SIDE = 0x52009229, 0x00209071, 0x00209072
_VIEW, _ORIENTATION = 0x00185101, 0x00200020
_IMPLANT, _PARTIAL, _PARTIAL_WORDS, _SECTIONS = 0x00281300, 0x00281350, 0x00281351, 0x00281352
_MAGNIFICATION, _IMAGER_SPACING = 0x00181114, 0x00181164
_LEAST_FACTOR, _LARGEST_FACTOR = 0.9, 3.0
"""Estimated Radiographic Magnification Factors that can be: contact just over 1, magnification up to 2."""
_THICKNESS, _FORCE, _DOSE = 0x001811A0, 0x001811A2, 0x00400316
_ANODE, _FILTER, _TECHNOLOGIST, _STATION, _TAKEN = 0x00181191, 0x00187050, 0x00081070, 0x00081010, 0x00080022
OPPOSITE = {"R": "L", "L": "R"}
_USUAL_CC = {"R": ("P", "L"), "L": ("A", "R")}
"""Patient Orientation of a CC as detectors give it: lateral up, the chest wall on its side of the screen."""
TAGS = frozenset(
    (
        VIEW_CODES, _SERIES_SIDE, _IMPLANT, _PARTIAL, _PARTIAL_WORDS, _SECTIONS, _MAGNIFICATION, _THICKNESS,
        _FORCE, _DOSE, _ANODE, _FILTER, _TECHNOLOGIST, _STATION, _TAKEN,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mammogram:
    """Facts of one mammogram; "" and None where the header does not say.

    side           "R", "L", "B", or "" (unknown, or contradicting: then `contradiction` says how)
    view           as in resources/codes/mammography_views.toml: CC, MLO, ML, ...
    modifiers      short names from the same table: M, S, ID, ...
    partial, sections  of a partial view: its words, and which parts of the breast it shows (CID 4005)
    magnification  Estimated Radiographic Magnification Factor
    thickness_mm, force_n, dose_mgy   compressed breast, compression force, organ dose
    """

    side: str = ""
    view: str = ""
    modifiers: tuple[str, ...] = ()
    contradiction: str = ""
    implant: bool = False
    partial: str = ""
    sections: tuple[str, ...] = ()
    magnification: float | None = None
    thickness_mm: float | None = None
    force_n: float | None = None
    dose_mgy: float | None = None
    anode: str = ""
    filter: str = ""
    technologist: str = ""
    station: str = ""
    taken: str = ""

    @property
    def name(self) -> str:
        """What is written on the image: "R MLO", "L M CC" for a magnification; "" where nothing is known."""
        return " ".join(filter(None, (self.side, *self.modifiers, self.view)))

    @property
    def down(self) -> str:
        """Where the lower edge of the hung image points: "medial", "feet", or "" for an unknown view."""
        return next((str(row["down"]) for row in table("view") if row["name"] == self.view), "")


@cache
def table(kind: str) -> tuple[dict[str, Any], ...]:
    """The rows of the table of views, modifiers or sections."""
    text = (
        resources.files("resources").joinpath("codes", "mammography_views.toml").read_text(encoding="utf-8")
    )
    return tuple(tomllib.loads(text)[kind])


def read_mammogram(values: Values) -> Mammogram:
    """The facts of a mammogram; a side that contradicts another element is noted and left unknown."""
    view, modifiers = _view(values)
    side, contradiction = _side(values, view)
    if contradiction:
        values.note(_IMAGE_SIDE, values.code(_IMAGE_SIDE), "one side", contradiction)
    else:
        _note_doubts(values, side, view)
    dose = finite(values.number(_DOSE), 0.0, 10.0)
    partial, sections = _partial(values)
    return Mammogram(
        side=side,
        view=view,
        modifiers=modifiers,
        contradiction=contradiction,
        implant=values.code(_IMPLANT) == "YES",
        partial=partial,
        sections=sections,
        magnification=finite(values.number(_MAGNIFICATION), 0.01, 10.0),
        thickness_mm=finite(values.number(_THICKNESS), 1.0, 300.0),
        force_n=finite(values.number(_FORCE), 0.0, 1000.0),
        dose_mgy=None if dose is None else dose * 100,  # Organ Dose is in dGy
        anode=values.code(_ANODE),
        filter=values.code(_FILTER),
        technologist=values.name(_TECHNOLOGIST),
        station=values.text(_STATION),
        taken=clean_date(values.ascii(_TAKEN)),
    )


def _view(values: Values) -> tuple[str, tuple[str, ...]]:
    """View and modifiers: the codes first, View Position where there is none."""
    coded = values.item(VIEW_CODES)
    view = _named("view", coded.ascii(_CODE_VALUE)) or _by_name(values.code(_VIEW))
    found = (_named("modifier", item.ascii(_CODE_VALUE)) for item in coded.items(VIEW_MODIFIERS))
    return view, tuple(dict.fromkeys(name for name in found if name))


def _note_doubts(values: Values, side: str, view: str) -> None:
    """Note what leaves a side or view to be checked by whoever reads."""
    if side in ("", "B"):
        words = "both breasts in one image: it hangs as neither" if side else "the side is not known"
        values.note(_IMAGE_SIDE, values.code(_IMAGE_SIDE) or "nothing", "L or R", words)
    other = _by_name(values.code(_VIEW))
    if other and other != view:
        words = f"the view code says {view}, and so does the screen"
        values.note(_VIEW, other, view, words)
    if view == "CC" and values.codes(_ORIENTATION) == _USUAL_CC.get(OPPOSITE.get(side, "")):
        found = "\\".join(values.codes(_ORIENTATION))
        words = (
            f"a CC of the {OPPOSITE[side]} breast is stored so: compare the side with the marker in the image"
        )
        values.note(_ORIENTATION, found, "\\".join(_USUAL_CC[side]), words)


def _named(kind: str, code: str) -> str:
    return next((str(row["name"]) for row in table(kind) if code in row["codes"]), "")


def _by_name(name: str) -> str:
    return name if any(row["name"] == name for row in table("view")) else ""


def _partial(values: Values) -> tuple[str, tuple[str, ...]]:
    """What a partial view calls itself, and its sections; empty for a whole one."""
    if values.code(_PARTIAL) != "YES":
        return "", ()
    found = (_named("section", item.ascii(_CODE_VALUE)) for item in values.items(_SECTIONS))
    sections = tuple(dict.fromkeys(name for name in found if name))
    return values.text(_PARTIAL_WORDS) or ", ".join(sections) or "partial view", sections


def _side(values: Values, view: str) -> tuple[str, str]:
    """(side, how it contradicts itself): of the image, of the series, and of an oblique's orientation."""
    said = {
        "Image Laterality": values.code(_IMAGE_SIDE),
        "Laterality": values.code(_SERIES_SIDE),
        "Frame Laterality": values.item(_SHARED).item(_FRAME_ANATOMY).code(_FRAME_SIDE),
        "Patient Orientation": _side_of_oblique(values.codes(_ORIENTATION), view),
    }
    known = {name: side for name, side in said.items() if side in ("R", "L", "B")}
    if len(set(known.values())) < 2:
        return next(iter(known.values()), ""), ""
    words = ", ".join(f"{name} says {side}" for name, side in known.items())
    return "", f"the side contradicts itself ({words}): it is not known until somebody who knows says so"


def _side_of_oblique(orientation: tuple[str, ...], view: str) -> str:
    """The side that an oblique's Patient Orientation implies: its feet edge points to the other breast."""
    if view != "MLO":
        return ""
    down = next((letters for letters in orientation if "F" in letters or "H" in letters), "")
    medial = {"L": "R", "R": "L"} if "F" in down else {"L": "L", "R": "R"}
    return next((side for letter, side in medial.items() if letter in down), "")


Spacing = tuple[float, float] | None


def at_the_breast(values: Values, spacing: Spacing, source: str) -> tuple[Spacing, str]:
    """The pixel size at the breast: that at the detector over the magnification (PS3.3 C.8.7.1.1).

    A calibrated Pixel Spacing stays as it is, unless the detector and a factor below 1, which no beam can
    have, show that it was multiplied where it should have been divided. Source "magnified" where it was.
    """
    factor = finite(values.number(_MAGNIFICATION), _LEAST_FACTOR, _LARGEST_FACTOR)
    if source == "imager" and spacing is not None and factor is not None and factor > 1:
        return (spacing[0] / factor, spacing[1] / factor), "magnified"
    raw = values.number(_MAGNIFICATION)
    if source == "patient" and raw is not None and 0 < raw < _LEAST_FACTOR:
        numbers = values.numbers(_IMAGER_SPACING)
        if len(numbers) == 2 and all(math.isfinite(n) and 0.001 <= n <= 1 for n in numbers):
            found = f"{raw:g}"
            values.note(_MAGNIFICATION, found, "1 or more", "the pixel size at the detector is used instead")
            return (numbers[0], numbers[1]), "imager"
    return spacing, source
