"""Grayscale softcopy presentation states (PS3.3 A.33.1) as values, and an image as such a state shows it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.core.pixels.grey import Lut, Window
from viewer.core.pixels.overlay import Bitmap
from viewer.core.pixels.shutter import Shutter
from viewer.core.pixels.table import full_range

if TYPE_CHECKING:
    from viewer.core.dicom.instance import Instance

Point = tuple[float, float]
"""(column, row) of the picture, pixel (0, 0) spanning 0..1."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Images that something is for: SOP Instance UID, and frames from 1 (none = all)."""

    sop_instance_uid: str
    frames: tuple[int, ...] = ()

    def names(self, image: "Instance") -> bool:
        """True where it is for this image or frame."""
        same = self.sop_instance_uid == image.sop_instance_uid
        return same and (not self.frames or image.frame + 1 in self.frames)


References = tuple[Reference, ...]
"""Empty: every image that the state is for."""


@dataclass(frozen=True, slots=True)
class SoftVoi:
    """One item of the Softcopy VOI LUT Sequence: of windows and LUTs the first is used."""

    images: References
    windows: tuple[Window, ...]
    luts: tuple[Lut, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graphic object: kind POINT, POLYLINE, INTERPOLATED, CIRCLE or ELLIPSE.

    points  (column, row); of a displayed area 0..1 where `of_area`
    """

    kind: str
    points: tuple[Point, ...]
    of_area: bool = False
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A text object: at `anchor`, or in the box of which `anchor` is the upper left corner."""

    text: str
    anchor: Point
    of_area: bool = False


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is drawn on some images in one layer."""

    images: References
    layer: str
    drawings: tuple[Drawing, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """A displayed area: lowest and highest column and row, both inside, (column, row) from 1.

    mode    SCALE TO FIT, TRUE SIZE or MAGNIFY (PS3.3 C.10.4)
    times   MAGNIFY: pixels of the screen per pixel of the image
    spacing_mm  TRUE SIZE: between rows of the image; None = as the image has it
    """

    images: References
    first: tuple[int, int]
    last: tuple[int, int]
    mode: str = "SCALE TO FIT"
    times: float = 1.0
    spacing_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """One presentation state.

    images        what it is for
    slope, intercept, modality_lut   the modality transform: the image's own is not used
    presentation_lut   from VOI output to P-values; None = identity, or its inverse where `inverse`
    activated     overlay groups that are drawn, of the state's own or of the image
    covered       an overlay of its own that is its shutter: where it draws, the image is black
    overlays      of the state's own
    rotation      0, 90, 180 or 270 degrees clockwise; then, where `flip`, left and right change places
    """

    sop_instance_uid: str
    label: str = ""
    description: str = ""
    creator: str = ""
    images: References = ()
    slope: float = 1.0
    intercept: float = 0.0
    units: str = ""
    modality_lut: Lut | None = None
    vois: tuple[SoftVoi, ...] = ()
    presentation_lut: Lut | None = None
    inverse: bool = False
    shutters: tuple[Shutter, ...] = ()
    overlays: tuple[Bitmap, ...] = ()
    covered: Bitmap | None = None
    activated: tuple[int, ...] = ()
    layers: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    areas: tuple[Area, ...] = ()
    rotation: int = 0
    flip: bool = False

    @property
    def name(self) -> str:
        """Label, description and who made it, as far as they are there."""
        parts = (self.label, self.description if self.description != self.label else "", self.creator)
        return ", ".join(filter(None, parts)) or "without a name"

    def is_for(self, image: "Instance") -> bool:
        """True where the state was made for this image or frame; it is applied to no other."""
        return any(reference.names(image) for reference in self.images)

    def area(self, image: "Instance") -> Area:
        """What of an image is to be seen; all of it where the state does not say."""
        whole = Area((), (1, 1), (image.columns, image.rows))
        return next((area for area in self.areas if _for(area.images, image)), whole)

    def drawn_on(self, image: "Instance") -> tuple[Annotation, ...]:
        """The annotations of an image, lowest layer first."""
        order = {layer: n for n, layer in enumerate(self.layers)}
        mine = (a for a in self.annotations if _for(a.images, image))
        return tuple(sorted(mine, key=lambda a: order.get(a.layer, len(order))))

    def graphics(self, own: tuple[Bitmap, ...]) -> tuple[Bitmap, ...]:
        """The overlays that are drawn on an image that brings `own`."""
        mine = {bitmap.group for bitmap in self.overlays}
        every = (*self.overlays, *(bitmap for bitmap in own if bitmap.group not in mine))
        return tuple(bitmap for bitmap in every if bitmap.group in self.activated)


def present(image: "Instance", state: Presentation) -> "Instance":
    """The image as the state shows it: its whole grey-scale pipeline and its shutters (PS3.4 N.2).

    What the state leaves out is the identity, not what the image says. Padding stays black. A colour image
    keeps its colours.
    """
    if image.colour:
        return replace(image, shutters=state.shutters, covered=state.covered)
    out = replace(
        image,
        slope=state.slope,
        intercept=state.intercept,
        units=state.units or image.units,
        modality_lut=state.modality_lut,
        windows=(),
        voi_luts=(),
        presentation_lut=state.presentation_lut,
        photometric="MONOCHROME1" if state.inverse else "MONOCHROME2",
        shutters=state.shutters,
        covered=state.covered,
    )
    voi = next((voi for voi in state.vois if _for(voi.images, image)), None)
    if voi is None:
        return replace(out, windows=(replace(full_range(out.grey), name="identity"),))
    return replace(out, windows=voi.windows, voi_luts=voi.luts)


def _for(images: References, image: "Instance") -> bool:
    return not images or any(reference.names(image) for reference in images)
