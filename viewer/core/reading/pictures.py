"""What the reader put into the report from the screen: key images and snapshots, as data. No pixels here.

A picture is described, not copied: it is drawn again when the report is written, through the same pipeline.
"""

from dataclasses import dataclass

from viewer.core.dicom.geometry import Vector
from viewer.core.pixels.grey import Window

STACK = "stack"
"""`Shown.plane` of images as acquired; every other plane is a cut that was made here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which picture of a study, and in which grey levels.

    display_set       the id by which the program knows the stack; stays while a series grows
    plane             "stack", or the plane of a cut: axial, coronal, sagittal
    sop_instance_uid  of the image (plane "stack"); frame: its frame from 1, 0 in an object of one frame
    point_lps_mm      a point of the cut, patient mm; None for an image as acquired
    presentation      SOP Instance UID of the presentation state that was applied; "" = none
    window            in modality values; width 0 = the image's own
    """

    display_set: str
    series_instance_uid: str
    plane: str = STACK
    sop_instance_uid: str = ""
    frame: int = 0
    point_lps_mm: Vector | None = None
    window: Window
    invert: bool = False
    presentation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyImage:
    """An image that stands for the reading, with the window that it was marked at."""

    key: str
    shows: Shown

    def is_of(self, display_set: str, sop_instance_uid: str, frame: int) -> bool:
        """True where it is this image (frame from 1, 0 in an object of one frame)."""
        mine = (self.shows.display_set, self.shows.sop_instance_uid, self.shows.frame)
        return mine == (display_set, sop_instance_uid, frame)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A viewport as it was shown.

    zoom, pan   1 = the whole image fits; offset of the middle from the image's, (column, row) pixels
    aspect      width of the viewport divided by its height
    marks       tracking UIDs of the findings whose marks might be drawn: before the reveal the reader's alone
    measures    keys of the measurements that might be drawn
    heat        tracking UID of the finding whose heat map lay over the picture; "" = none
    revealed    the second reader had been revealed
    """

    key: str
    shows: Shown
    zoom: float = 1.0
    pan: tuple[float, float] = (0.0, 0.0)
    aspect: float = 1.0
    marks: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    heat: str = ""
    revealed: bool = False
