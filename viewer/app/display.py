"""The display state: frozen values that `resolve(desk)` makes and `viewer.ui` draws. No behaviour, no Qt.

The user interface keeps the last state and applies the difference; it never asks the desk for more.
"""

from dataclasses import dataclass
from enum import StrEnum

from viewer.app.display_pages import Overlay, ReportPage, StudyList
from viewer.core.dicom.geometry import Vector
from viewer.core.dicom.presentation import Presentation
from viewer.core.hanging.pose import PLAIN, Pose
from viewer.core.pixels.grey import Window as Window
from viewer.core.pixels.slab import Slab
from viewer.core.reading.finding import Axis, ImagePlace, PixelBox
from viewer.core.reading.lesions import LesionType


class Plane(StrEnum):
    """How a viewport cuts its display set."""

    STACK = "stack"
    """The images as acquired, one by one."""
    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


class TextLevel(StrEnum):
    """How much corner text is drawn; identity and warnings always stay."""

    FULL = "full"
    MINIMAL = "minimal"
    NONE = "none"


class Tool(StrEnum):
    """What a left drag does."""

    WINDOW = "window"
    ZOOM = "zoom"
    SCROLL = "scroll"
    PAN = "pan"
    DISTANCE = "distance"
    BIDIRECTIONAL = "bidirectional"
    OUTLINE = "outline"
    PROBE = "probe"


class MarkState(StrEnum):
    """How a mark is drawn; the author gives its shape."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    BELOW = "below"
    """A candidate below the operating point, shown on request."""


class Severity(StrEnum):
    """Of a banner or a line: each has an icon and a sentence."""

    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A finding as drawn. `author` is "reader", "model" or "joined"; `name` may read "M1 = R1".

    center_lps_mm  in the patient, with `radius_mm` round it; None where `places` on images say where it lies
    lesion  its type, where marks tell it; None where nobody has named it
    """

    name: str
    tracking_uid: str
    author: str
    state: MarkState
    focused: bool
    series_instance_uid: str
    frame_of_reference_uid: str
    center_lps_mm: Vector | None
    radius_mm: float
    places: tuple[ImagePlace, ...] = ()
    long_axis: Axis | None = None
    short_axis: Axis | None = None
    text: str = ""
    lesion: LesionType | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A distance drawn with the D tool: ends in patient mm, or in image pixels where there is no geometry."""

    key: str
    axis: Axis
    text: str
    series_instance_uid: str


@dataclass(frozen=True, slots=True)
class ImageHeat:
    """A heat map of part of one image, spread over `box`.

    path, shape  a float32 `.npy` (rows, columns)
    frame  from 0; None in an object of one frame
    notes  what stands beside it: how it was made, of which answer, how faithful it is
    """

    sop_instance_uid: str
    frame: int | None
    path: str
    shape: tuple[int, int]
    box: PixelBox
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heat:
    """The heat map of the focused finding, on the grid of its series: `path` is a float32 `.npy` patch.

    images  of a finding on images instead: its map on each of them
    notes   as those of an image
    """

    tracking_uid: str
    name: str
    series_instance_uid: str
    frame_of_reference_uid: str
    path: str = ""
    start: tuple[int, int, int] = (0, 0, 0)
    shape: tuple[int, int, int] = (0, 0, 0)
    images: tuple[ImageHeat, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """True of one that shows nothing, of which there are only notes."""
        return not self.path and not self.images


@dataclass(frozen=True, slots=True)
class Profile:
    """How probable the model holds each image of a stack to show what `label` says, beside the scroll bar.

    values     by slice index; None where it says nothing of a slice
    threshold  from which a slice is flagged; None where there is none
    text       of the slice on screen: "any 93 %"
    """

    label: str
    values: tuple[float | None, ...]
    threshold: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Banner:
    """A warning in the viewport that it is about, or across the window."""

    severity: Severity
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Corners:
    """Corner text, one string a line. `label`, `label_note`: a mammogram's side and view, date."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()
    label: str = ""
    label_note: str = ""
    label_right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewportState:
    """One viewport.

    display_set    id of the display set whose pixels are shown; "" = nothing, then `empty` says why
    index          STACK: slice index; other planes: index of the cut through `point_lps_mm`
    point_lps_mm   the crosshair; None where the display set has no geometry
    pose           how the picture lies: turned, at which scale, at which edge
    zoom           1 = as the pose says; pan: offset of the view centre from the pose's own, in image pixels
                   (column, row) of the plane at voxel pitch
    ticks          fractions 0..1 along the scroll bar with the author of the mark there
    calibration    driving level of each P-value on this monitor; b"" = the P-value itself
    presentation   the presentation state in force; it shows only images that it is for
    overlays, shutters  whether the graphics and shutters that the image brings are drawn
    seen           fraction of the slices that were on screen
    seen_spans     which ones: (from, to) fractions 0..1 along the scroll bar, ascending
    air            air beside the breast of a mammogram is drawn black: not in the image's own windows
    slab           slices that are shown as one picture; None = the slice alone
    glass          (column, row) in the middle of the magnifying glass; None = there is none
    echo           (column, row) of what the pointer is over in another viewport of the same view
    """

    id: str
    title: str
    plane: Plane
    display_set: str
    index: int
    count: int
    point_lps_mm: Vector | None
    window: Window
    invert: bool
    zoom: float
    pan: tuple[float, float]
    focused: bool
    corners: Corners
    text_level: TextLevel
    crosshair: bool
    marks: tuple[Mark, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    heat: Heat | None = None
    banners: tuple[Banner, ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()
    seen: float = 0.0
    seen_spans: tuple[tuple[float, float], ...] = ()
    pose: Pose = PLAIN
    empty: tuple[str, str] = ("", "")
    overlays: bool = True
    shutters: bool = True
    presentation: Presentation | None = None
    calibration: bytes = b""
    air: bool = False
    slab: Slab | None = None
    glass: tuple[float, float] | None = None
    echo: tuple[float, float] | None = None
    profile: Profile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """A display set in the series panel.

    thumbnail    the slice index to draw, -1 for none
    description  as the machine wrote it, where `title` is shorter
    """

    display_set: str
    title: str
    detail: str
    thumbnail: int
    selected: bool
    seen: float
    warning: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class StepState:
    """A hanging step in the case bar."""

    title: str
    active: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A pill in the case bar; its `kind` gives icon and colour (`viewer.ui.parts.chip` lists them)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do where it is said: a command with its key. `why_not` is "" when it can be done now."""

    command: str
    title: str
    key: str
    primary: bool = False
    active: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the inline editor; with `choices` one of them, else free text."""

    key: str
    title: str
    value: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A card of the findings panel.

    kind      "reader", "model" or "joined"
    verdict   right of the title: "Accepted", "Undecided", "Rejected: normal anatomy", "Yours, kept"
    band      probability interval 0..1 with the point in it: (low, point, high), or None; `band_text` says it
    lines     (caption, text) pairs shown when focused
    place     right of the detail: "Image 12"
    measure   the measured size of an own mark
    chips     concepts that the model names
    alike     training findings like it: a sentence, and rows of columns with their heading first
    actions   keys of the card, shown when focused
    editing   the fields of the open editor; empty while it is closed
    """

    tracking_uid: str
    kind: str
    name: str
    title: str
    detail: str
    state: MarkState
    verdict: str
    focused: bool
    band: tuple[float, float, float] | None = None
    lines: tuple[tuple[str, str], ...] = ()
    missed: str = ""
    band_text: str = ""
    place: str = ""
    measure: str = ""
    note: str = ""
    key_image: bool = False
    chips: tuple[str, ...] = ()
    alike: tuple[str, tuple[tuple[str, ...], ...]] = ("", ())
    actions: tuple[Action, ...] = ()
    editing: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A question that keys answer: (key, words) of each answer, keys of what stands there, how to go on."""

    title: str = ""
    options: tuple[tuple[str, str], ...] = ()
    chosen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The right panel. `mode`: reading (before the commit), reveal, report.

    second_reader  (kind, headline, sentence): kind one of waiting, ready, none, done, not_run, failed, sealed
    strip          what is asked about the finding in focus; exam_strip: about the examination
    scores         of the whole: (what of, how probable, flagged), after the reveal
    exam           of a mammography: (what, what was said, whether it is said)
    density        what the second reader suggests beside it, and how often that is right
    empty          (kind, sentence) where there is nothing to list: plain, done, partial, not_run, failed
    chance         the reader's own probability of cancer, per cent; None while not given
    seen_lines     (what, seen, of how many); `seen_total` sums it up
    sections       of the report: (title, rows of (mark, what, text, right)); mark: check, warning, info, ""
    actions        the decision buttons, always at the foot of the panel
    keyboard       the keyboard is in this panel
    legend         the types of lesion that the marks on screen tell apart by their signs
    """

    mode: str
    title: str
    count: str
    rows: tuple[FindingRow, ...]
    second_reader: tuple[str, str, str]
    model_line: str = ""
    domain: tuple[str, str] = ("", "")
    operating_point: str = ""
    strip: Strip = Strip()
    scores: tuple[tuple[str, str, bool], ...] = ()
    exam: tuple[tuple[str, str, bool], ...] = ()
    exam_strip: Strip = Strip()
    density: str = ""
    impression: str = ""
    categories: tuple[str, ...] = ()
    category: str = ""
    category_rule: str = ""
    seen_lines: tuple[tuple[str, int, int], ...] = ()
    seen_note: str = ""
    below: str = ""
    warning: str = ""
    sections: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = ()
    actions: tuple[Action, ...] = ()
    chance: int | None = None
    category_scheme: str = ""
    category_note: str = ""
    empty: tuple[str, str] = ("", "")
    seen_total: str = ""
    verdict_line: str = ""
    keyboard: bool = False
    legend: tuple[LesionType, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Something the desk must know before it goes on. `kind`: reader, resume, signed, text, reject_text.

    fields  (key, title) of what is typed; values: (key, text) that stands there at first
    refuse  what No is called; "" = the question must be answered
    """

    kind: str
    title: str
    text: str
    fields: tuple[tuple[str, str], ...] = ()
    accept: str = "Continue"
    refuse: str = ""
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a viewport stands in the image area, in fractions of it. `joined`: no gap "left" or "right".

    screen  0 = in the window, 1 and more = on the monitors beside it
    """

    viewport: str
    left: float
    top: float
    width: float
    height: float
    joined: str = ""
    screen: int = 0


@dataclass(frozen=True, slots=True)
class JobLine:
    """A running job that has lasted over 300 ms. `done` 0..1, or -1 where no one can say."""

    id: str
    title: str
    done: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayState:
    """Everything on screen; `spread`: images on all monitors."""

    title: str
    patient: tuple[str, str]
    study: tuple[str, str]
    steps: tuple[StepState, ...]
    chips: tuple[Chip, ...]
    banners: tuple[Banner, ...]
    series: tuple[SeriesRow, ...]
    series_open: bool
    priors: tuple[str, ...]
    viewports: tuple[ViewportState, ...]
    maximised: str
    tool: Tool
    marks_on: bool
    panel: Panel
    hints: tuple[tuple[str, str], ...]
    status: str
    status_severity: Severity
    saved: str
    jobs: tuple[JobLine, ...]
    question: Question | None
    not_loaded: tuple[str, ...]
    page: str = "reading"
    cells: tuple[Cell, ...] = ()
    report: ReportPage | None = None
    studies: StudyList | None = None
    overlay: Overlay | None = None
    probe: str = ""
    full_screen: bool = False
    spread: bool = False
    quitting: bool = False
