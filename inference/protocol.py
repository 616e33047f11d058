"""The messages between desk and worker: one JSON object a line, on the worker's standard input and output.

Arrays never travel in a line: they lie in `.npy` files (memory-mapped) and are named by `ArrayRef`.
Logs go to standard error. `PROTOCOL` rises with every change that an older side cannot read.
"""

from enum import StrEnum
from typing import TypeVar

import msgspec

from inference.cases import Box, Grid, Plane, Vector

PROTOCOL = 2


class Method(StrEnum):
    """How a heat map is made, as the screen names it."""

    HIRESCAM = "HiResCAM"
    GRAD_CAM = "Grad-CAM"
    GRAD_CAM_PP = "Grad-CAM++"
    INTEGRATED_GRADIENTS = "Integrated gradients"
    OCCLUSION = "Occlusion"


class ArrayRef(msgspec.Struct, frozen=True, kw_only=True):
    """A C-ordered `.npy` file: index order (slice, row, column) of a volume, (row, column) of an image."""

    path: str
    dtype: str
    shape: tuple[int, ...]


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """An array that covers part of the input grid; `start` is its first voxel (slice, row, column) there."""

    array: ArrayRef
    start: tuple[int, int, int]


class Characteristic(msgspec.Struct, frozen=True):
    """A suggested property of a finding, such as texture = solid, with its probability."""

    value: str
    probability: float


class Accuracy(msgspec.Struct, frozen=True):
    """How often a suggestion is the reader's, of `cases`; `commonest`: how often the commonest answer is."""

    share: float
    cases: int
    commonest: float | None = None


class ImageHeat(msgspec.Struct, frozen=True, kw_only=True):
    """A heat map of part of an image: float32 0..1 (row, column), spread evenly over `box` there."""

    array: ArrayRef
    box: Box


class VolumeLook(msgspec.Struct, tag="volume", frozen=True, kw_only=True):
    """What a network was given of a finding in a volume: by it, the answer can be explained later.

    array    float32 (channel, slice, row, column); `grid` is where its voxels lie
    series   the grid of the series, on which heat maps are given
    targets  the answers that can be explained: the finding's label first
    """

    array: ArrayRef
    grid: Grid
    series: Grid
    targets: tuple[str, ...]


class ImageLook(msgspec.Struct, tag="image", frozen=True, kw_only=True):
    """What the networks were given of a finding on an image.

    array    float32 (channel, row, column), which covers `box` of the stored image once it is turned back:
             flipped (rows, columns), then transposed, as told
    at       (row, column) of the finding in the array
    label    of the finding; targets: the answers that can be explained, `label` first
    """

    array: ArrayRef
    box: Box
    flip_rows: bool
    flip_columns: bool
    transpose: bool
    at: tuple[float, float]
    label: str
    targets: tuple[str, ...]


class Faithfulness(msgspec.Struct, frozen=True):
    """How well a heat map tells what the answer rests on, beside a random map: areas 0..1.

    deletion   under the answer while the hottest parts are taken away first: low where the map is faithful
    insertion  while they alone are put back first: high where it is
    """

    deletion: float
    insertion: float
    random_deletion: float
    random_insertion: float


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finding lies on an image: (column, row) of its centre in stored pixels, and its box."""

    sop_instance_uid: str
    frame: int | None = None
    column: float
    row: float
    box: Box
    heat: ImageHeat | None = None
    look: ImageLook | None = None


class NearCase(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that the model learnt from and sees much like this one (`inference.near_cases`).

    number    of its lesion in the bundle's bank; distance: 1 = as far as such a finding lies from its nearest
    outcome   whether it had the outcome that the bundle counts (malignant); words: what was said of it
    """

    number: int
    distance: float
    size_mm: float
    outcome: bool
    words: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One proposed finding. Millimetres, LPS. All candidates are sent, also those below the operating point.

    center_lps_mm  of a finding in a volume; None for one that lies on images
    mask, heat   on the input's own grid: uint8 0/1, float32 0..1 (`Method.HIRESCAM` of its label)
    look         by which `Explain` makes other heat maps of it
    axis ends    both ends of the long and the short axis in patient mm
    places       of a finding on images: one on each view that shows it
    concepts     ratings that `malignancy` rests on, by the names of the bundle's bottleneck
    nearest      training findings that are most like it, the nearest first
    """

    id: str
    label: str
    probability: float
    score: float
    above_operating_point: bool
    center_lps_mm: Vector | None = None
    diameter_mm: float | None = None
    long_axis_mm: float | None = None
    short_axis_mm: float | None = None
    long_axis_ends: tuple[Vector, Vector] | None = None
    short_axis_ends: tuple[Vector, Vector] | None = None
    volume_mm3: float | None = None
    malignancy: float | None = None
    characteristics: dict[str, Characteristic] = {}
    concepts: dict[str, float] = {}
    features: tuple[float, ...] = ()
    mask: Patch | None = None
    heat: Patch | None = None
    look: VolumeLook | None = None
    places: tuple[Place, ...] = ()
    nearest: tuple[NearCase, ...] = ()


class Score(msgspec.Struct, frozen=True):
    """A probability about more than one place. `level`: study, breast, series or image.

    frame  of an image that is a slice of an `Input` (whose images have no UIDs here): its slice index there
    """

    level: str
    label: str
    probability: float
    laterality: str | None = None
    sop_instance_uid: str | None = None
    frame: int | None = None


class Measurement(msgspec.Struct, frozen=True):
    """A length about the whole study, in mm; None where it was not measured, then `reason` says why.

    within_mm  so far it may be off, as measured; towards: the patient's side, "L" or "R", where it has one
    """

    name: str
    value_mm: float | None = None
    within_mm: float = 0.0
    towards: str = ""
    reason: str = ""


class OperatingPoint(msgspec.Struct, frozen=True):
    """A named threshold on the probability, with the rate at which it marks falsely.

    unit  of the rate; "" where nobody measured it (a model of others')
    """

    name: str
    threshold: float
    rate: float
    unit: str

    @property
    def measured(self) -> bool:
        """Whether `rate` is known."""
        return bool(self.unit)


class Domain(msgspec.Struct, frozen=True):
    """Is the input like the training data? `verdict` is in, near or outside."""

    verdict: str
    score: float
    reasons: tuple[str, ...] = ()


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One series to be read. `meta` holds header fields by DICOM keyword, as text (no patient identity)."""

    series_instance_uid: str
    array: ArrayRef
    grid: Grid
    missing: tuple[int, ...] = ()
    meta: dict[str, str] = {}


class ImageInput(msgspec.Struct, frozen=True, kw_only=True):
    """One projection to be read: `cases.View` in words, with its pixels as an array.

    plane  None where the pixel size is unknown
    """

    sop_instance_uid: str
    frame: int | None = None
    array: ArrayRef
    plane: Plane | None
    laterality: str = ""
    view: str = ""
    patient_orientation: tuple[str, ...] = ()
    meta: dict[str, str] = {}


class SkippedImage(msgspec.Struct, frozen=True):
    """An image of a job that was not read, and why, in a clause."""

    sop_instance_uid: str
    frame: int | None
    reason: str


# --- desk to worker


class Analyse(msgspec.Struct, tag="analyse", frozen=True, kw_only=True):
    """Read `inputs`, or `images`, with the bundle in folder `bundle` (whose weights hash to `bundle_sha256`).

    Arrays of the answer are written into `out` (a folder that exists and is empty). Higher priority first.
    """

    job: str
    bundle: str
    bundle_sha256: str
    inputs: tuple[Input, ...]
    images: tuple[ImageInput, ...] = ()
    out: str
    priority: int = 0


class Explain(msgspec.Struct, tag="explain", frozen=True, kw_only=True):
    """Make a heat map of `target`, one of those of `look`, which an earlier `Done` of this bundle gave.

    Its array is written into `out` (a folder that exists).
    """

    job: str
    bundle: str
    bundle_sha256: str
    look: VolumeLook | ImageLook
    target: str
    method: Method
    out: str
    priority: int = 0


class ShowMistakes(msgspec.Struct, tag="show_mistakes", frozen=True, kw_only=True):
    """Look for lesions that the bundle misses and for false marks, on phantoms or in the data sets of `data`.

    Pictures are written into `out` (a folder that exists).
    """

    job: str
    bundle: str
    bundle_sha256: str
    out: str
    data: str = ""
    priority: int = 0


class Cancel(msgspec.Struct, tag="cancel", frozen=True):
    """Stop a job, queued or running; the answer is `Cancelled`."""

    job: str


class Shutdown(msgspec.Struct, tag="shutdown", frozen=True):
    """End after the running job; the end of standard input means the same, at once."""


# --- worker to desk


class Hello(msgspec.Struct, tag="hello", frozen=True, kw_only=True):
    """The first line of a worker. `others`: further devices here on which workers of their own could read."""

    protocol: int
    device: str
    memory_bytes: int
    software: str
    others: tuple[str, ...] = ()


class Progress(msgspec.Struct, tag="progress", frozen=True):
    """How far a job is, 0 to 1, and what it does; also the sign of life that tells slow from hung."""

    job: str
    done: float
    doing: str = ""


class Done(msgspec.Struct, tag="done", frozen=True, kw_only=True):
    """A finished read. status: done, partial or not_run (with reason).

    Images of the job that are not among `skipped_images` were read.
    """

    job: str
    status: str
    reason: str | None = None
    device: str
    seconds: float
    operating_point: OperatingPoint | None = None
    domain: Domain | None = None
    candidates: tuple[Candidate, ...] = ()
    scores: tuple[Score, ...] = ()
    skipped: dict[str, str] = {}
    skipped_images: tuple[SkippedImage, ...] = ()
    measurements: tuple[Measurement, ...] = ()


class Explained(msgspec.Struct, tag="explained", frozen=True, kw_only=True):
    """The answer to `Explain`: `heat` of a finding in a volume, else `image_heat`.

    faithfulness  None where there is no map: the answer does not rest on the picture, or the map is empty
    """

    job: str
    heat: Patch | None = None
    image_heat: ImageHeat | None = None
    faithfulness: Faithfulness | None = None


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """A lesion that a model missed, or its false mark (`kind` missed or false); `picture`: a PNG in `out`."""

    kind: str
    caption: str
    picture: str


class Mistakes(msgspec.Struct, tag="mistakes", frozen=True, kw_only=True):
    """The answer to `ShowMistakes`, the missed ones first; empty where it made none."""

    job: str
    mistakes: tuple[Mistake, ...]


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """A job that broke: one line for the screen. The worker lives on."""

    job: str
    error: str


class Cancelled(msgspec.Struct, tag="cancelled", frozen=True):
    """The answer to `Cancel`."""

    job: str


Job = Analyse | Explain | ShowMistakes
Request = Analyse | Explain | ShowMistakes | Cancel | Shutdown
Reply = Hello | Progress | Done | Explained | Mistakes | Failed | Cancelled

_request: "msgspec.json.Decoder[Request]" = msgspec.json.Decoder(Request)
_reply: "msgspec.json.Decoder[Reply]" = msgspec.json.Decoder(Reply)


class BadMessage(Exception):
    """A line that is not a message of this protocol; says what is wrong with it.

    `job` names the job that the line was about, "" where it does not say.
    """

    def __init__(self, message: str, job: str = "") -> None:
        super().__init__(message)
        self.job = job


def decode_request(line: bytes) -> Request:
    """A line from the desk; raises `BadMessage`."""
    return _decode(_request, line)


def decode_reply(line: bytes) -> Reply:
    """A line from the worker; raises `BadMessage`."""
    return _decode(_reply, line)


def encode(message: Request | Reply) -> bytes:
    """One line, with its end of line."""
    return msgspec.json.encode(message) + b"\n"


class _Named(msgspec.Struct):
    job: str = ""


_Message = TypeVar("_Message")


def _decode(decoder: "msgspec.json.Decoder[_Message]", line: bytes) -> _Message:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadMessage(f"not a message of protocol {PROTOCOL}: {error}", _job(line)) from error


def _job(line: bytes) -> str:
    try:
        return msgspec.json.decode(line, type=_Named).job
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
