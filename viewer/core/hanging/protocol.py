"""Hanging protocols as data: which images a study has to show, and the steps in which it is read.

A protocol is a TOML file in resources/protocols or in the user's folder; `read_protocol` says what is in it.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.hanging.layout import LAYOUTS, NEXT_SCREEN, Layout, layout
from viewer.core.hanging.rules import MIN_VOLUME, ProtocolError, Rule, read_rules
from viewer.core.pixels.grey import Window

T = TypeVar("T")
OTHERS = "others"
"""The image name of a box that takes the next image which no named one is."""
PLANES = ("stack", "axial", "coronal", "sagittal")
SIZES = ("fit", "same", "pixels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How the pictures of a step lie.

    size    fit: each as large as it can; same: all at the same mm per screen pixel; pixels: 1:1 in tiles
    facing  mammograms as on the breast: chest walls back to back, each box turned by its side and view
    """

    size: str = "fit"
    facing: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One hanging step, with what hangs in it once `fill` has chosen.

    planes        one per box of the layout: stack, axial, coronal or sagittal
    window        name of a preset; "" = as stored
    after_commit  locked until the unaided read is committed
    images        one image name per box, from the protocol; pictures: the display sets that were chosen
    windows       one name per box, where they differ
    needs         least number of boxes that must be filled for the step to be offered
    mosaic        all that the first image's rules fit, each where its section of the breast lies
    spread        layouts where the images have as many screens, one each; "" = the step stays on one
    """

    id: str
    title: str
    layout: str
    planes: tuple[str, ...]
    window: str
    after_commit: bool = False
    images: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    needs: int = 1
    display: Display = Display()
    spread: tuple[str, ...] = ()
    mosaic: bool = False

    def layout_on(self, screens: int) -> str:
        """The id of the layout where the images have so many screens."""
        return NEXT_SCREEN.join(self.spread) if 1 < len(self.spread) <= screens else self.layout

    def window_of(self, box: int) -> str:
        """The window name of a box (from 0)."""
        return self.windows[box] if box < len(self.windows) else self.window


@dataclass(frozen=True, slots=True)
class Image:
    """An image that a protocol asks for by rules; `prior`: in the earlier study, not in this one.

    place  1 = that which meets the rules best; 2 = the next one, of several of one kind
    """

    name: str
    rules: tuple[Rule, ...]
    prior: bool = False
    place: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A hanging protocol.

    match       rules that one display set of the study must meet; the highest score over all protocols wins
    rank        of two protocols that score the same, the higher one
    prior_days  a prior at least so many days older is preferred to a more recent one
    windows     windows of its own, beside the presets of the modality
    """

    id: str
    title: str
    match: tuple[Rule, ...]
    images: tuple[Image, ...]
    steps: tuple[Step, ...]
    rank: int = 0
    prior_days: int = 0
    windows: tuple[Window, ...] = ()


SHIPPED = ("mammography", "ct_chest", "ct_head", "ct_other", "generic")
"""The protocols in resources/protocols."""


@cache
def shipped() -> tuple[Protocol, ...]:
    """The protocols that come with the program."""
    folder = resources.files("resources").joinpath("protocols")
    return tuple(read_protocol(name, folder.joinpath(f"{name}.toml").read_text("utf-8")) for name in SHIPPED)


def read_protocol(name: str, text: str) -> Protocol:
    """The protocol in a TOML text; `ProtocolError` says in one sentence what is wrong in it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: this is no TOML ({error}).") from error
    _only(raw, {"title", "rank", "prior_days", "match", "image", "step", "window"}, name)
    images = tuple(_image(one, f"{name}, image {n}") for n, one in enumerate(_tables(raw, "image", name), 1))
    names = {image.name for image in images} | {OTHERS, ""}
    steps = _tables(raw, "step", name)
    return Protocol(
        id=name,
        title=_get(raw, "title", str, name, name),
        match=read_rules(raw.get("match"), f"{name}, match"),
        images=images,
        steps=tuple(_step(one, names, f"{name}, step {n}") for n, one in enumerate(steps, 1)),
        rank=_get(raw, "rank", int, 0, name),
        prior_days=_get(raw, "prior_days", int, 0, name),
        windows=tuple(_window(one, name) for one in _tables(raw, "window", name, 0)),
    )


def read_parts(
    text: str, where: str, known: tuple[Image, ...]
) -> tuple[tuple[Image, ...], tuple[Window, ...], tuple[tuple[Step, str], ...]]:
    """Images, windows and steps (each with the step that it stands behind) of a text that adds to a protocol.

    known  images of the protocol, which the steps may use too
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{where}: this is no TOML ({error}).") from error
    _only(raw, {"image", "step", "window"}, where)
    images = tuple(
        _image(one, f"{where}, image {n}") for n, one in enumerate(_tables(raw, "image", where, 0), 1)
    )
    names = {image.name for image in (*known, *images)} | {OTHERS, ""}
    steps = []
    for number, one in enumerate(_tables(raw, "step", where, 0), 1):
        after = _get(one, "after", str, "", f"{where}, step {number}")
        rest = {key: value for key, value in one.items() if key != "after"}
        steps.append((_step(rest, names, f"{where}, step {number}"), after))
    return images, tuple(_window(one, where) for one in _tables(raw, "window", where, 0)), tuple(steps)


def _image(raw: dict[str, Any], where: str) -> Image:
    _only(raw, {"name", "rules", "prior", "place"}, where)
    rules, name = read_rules(raw.get("rules"), where), _get(raw, "name", str, None, where)
    place = _get(raw, "place", int, 1, where)
    if place < 1:
        raise ProtocolError(f"{where}: found the place {place}, allowed are 1, 2, 3, ...")
    return Image(name, rules, _get(raw, "prior", bool, False, where), place)


def _step(raw: dict[str, Any], names: set[str], where: str) -> Step:
    _only(
        raw,
        {"id", "title", "layout", "images", "planes", "window", "windows", "after_commit", "needs"}
        | {"size", "facing", "spread", "mosaic"},
        where,
    )
    chosen = _layout(_get(raw, "layout", str, None, where), where)
    boxes = len(chosen.boxes)
    spread = raw.get("spread", [])
    if not isinstance(spread, list) or not all(isinstance(one, str) for one in spread):
        raise ProtocolError(f"{where}: spread found {spread!r}, allowed are layouts, one a screen.")
    if spread and sum(len(_layout(one, where).boxes) for one in spread) != boxes:
        raise ProtocolError(f"{where}: spread needs {boxes} boxes on its screens together, as {chosen.id}.")
    images = _choices(raw, "images", names, None, boxes, where)
    size = _get(raw, "size", str, "fit", where)
    if size not in SIZES:
        raise ProtocolError(f"{where}: found the size {size!r}, allowed are {', '.join(SIZES)}.")
    return Step(
        id=_get(raw, "id", str, None, where),
        title=_get(raw, "title", str, None, where),
        layout=chosen.id,
        planes=_choices(raw, "planes", set(PLANES), "stack", boxes, where),
        window=_get(raw, "window", str, "", where),
        after_commit=_get(raw, "after_commit", bool, False, where),
        images=images,
        windows=_choices(raw, "windows", None, "", boxes, where) if "windows" in raw else (),
        needs=_get(raw, "needs", int, len({name for name in images if name}), where),
        display=Display(size=size, facing=_get(raw, "facing", bool, False, where)),
        spread=tuple(spread),
        mosaic=_get(raw, "mosaic", bool, False, where),
    )


def _layout(name: str, where: str) -> Layout:
    """One screen's layout."""
    try:
        found = layout(name)
    except KeyError:
        found = None
    if found is None or any(box.screen for box in found.boxes):
        known = ", ".join(one.id for one in LAYOUTS)
        allowed = f"{known}, or a box left,top,width,height a word, in fractions of the screen"
        raise ProtocolError(f"{where}: found the layout {name!r}, allowed are {allowed}.")
    return found


def _choices(
    raw: dict[str, Any], key: str, allowed: set[str] | None, default: str | None, boxes: int, where: str
) -> tuple[str, ...]:
    """A list with one text per box."""
    values = raw.get(key, None if default is None else [default] * boxes)
    if not isinstance(values, list) or len(values) != boxes or not all(isinstance(v, str) for v in values):
        raise ProtocolError(f"{where}: {key} found {values!r}, allowed are {boxes} texts, one a box.")
    strange = sorted(set(values) - allowed) if allowed is not None else []
    if strange:
        known = ", ".join(sorted(filter(None, allowed or ())))
        raise ProtocolError(f"{where}: {key} found {strange[0]!r}, allowed are {known}.")
    return tuple(values)


def _window(raw: dict[str, Any], where: str) -> Window:
    _only(raw, {"name", "centre", "width"}, f"{where}, window")
    numbers = [raw.get("centre"), raw.get("width")]
    if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        raise ProtocolError(f"{where}, window: found {raw!r}, allowed are name, centre and width.")
    return Window(float(raw["centre"]), float(raw["width"]), _get(raw, "name", str, None, where))


def _tables(raw: dict[str, Any], key: str, where: str, least: int = 1) -> list[dict[str, Any]]:
    tables = raw.get(key, [])
    if not isinstance(tables, list) or len(tables) < least or not all(isinstance(t, dict) for t in tables):
        raise ProtocolError(f"{where}: {key} must be [[{key}]] tables, at least {least}.")
    return tables


def _only(raw: dict[str, Any], allowed: set[str], where: str) -> None:
    strange = sorted(set(raw) - allowed)
    if strange:
        raise ProtocolError(f"{where}: found {strange[0]!r}, allowed are {', '.join(sorted(allowed))}.")


def _get(raw: dict[str, Any], key: str, kind: type[T], default: T | None, where: str) -> T:
    value = raw.get(key, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ProtocolError(f"{where}: {key} found {value!r}, allowed is a value of type {kind.__name__}.")
    return value


# --- what a study opens with


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
