"""The prepared case, with its truth: a volume in HU with its place in the patient, or views of the breasts.

No DICOM, no torch.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = tuple[float, float, float]
Box = tuple[float, float, float, float]
"""(left, top, right, bottom) edges in pixels of an image; the first pixel spans -0.5 to 0.5."""


class Grid(msgspec.Struct, frozen=True):
    """A regular grid of voxels in the patient: mm, LPS, index order (slice, row, column).

    axes        unit vectors of growing slice, row and column index
    spacing_mm  (between slices, between rows, between columns) along those axes
    """

    origin_mm: Vector
    axes: tuple[Vector, Vector, Vector]
    spacing_mm: Vector
    shape: tuple[int, int, int]
    frame_of_reference_uid: str = ""

    def matrix(self) -> NDArray[np.float64]:
        """4 x 4 from homogeneous (slice, row, column) to patient mm."""
        out = np.eye(4)
        out[:3, :3] = np.array(self.axes).T * np.array(self.spacing_mm)
        out[:3, 3] = self.origin_mm
        return out

    def index_to_patient(self, index: ArrayLike) -> NDArray[np.float64]:
        """(..., 3) fractional (slice, row, column) to (..., 3) mm."""
        m = self.matrix()
        out: NDArray[np.float64] = np.asarray(index, np.float64) @ m[:3, :3].T + m[:3, 3]
        return out

    def patient_to_index(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """(..., 3) mm to (..., 3) fractional (slice, row, column)."""
        m = np.linalg.inv(self.matrix())
        out: NDArray[np.float64] = np.asarray(position_mm, np.float64) @ m[:3, :3].T + m[:3, 3]
        return out


class TruthLesion(msgspec.Struct, frozen=True, kw_only=True):
    """One lesion of the truth. `ignore`: marks there count neither way (scar, opacity, too small, unsure).

    `patient` is whose lesion it is where that is not the case's patient (a nodule implanted into a phantom).
    """

    id: str
    center_lps_mm: Vector
    diameter_mm: float
    kind: str = "nodule"
    texture: str = ""
    ignore: bool = False
    patient: str = ""


class Plane(msgspec.Struct, frozen=True):
    """The pixels of a projection on its own plane: index order (row, column), first pixel's centre at 0.

    A projection has no place in the patient: (row, column) x `spacing_mm` is all that can be said in mm.
    """

    spacing_mm: tuple[float, float]
    shape: tuple[int, int]

    def to_mm(self, pixel: ArrayLike) -> NDArray[np.float64]:
        """(..., 2) fractional (row, column) to (..., 2) mm down and right from the first pixel's centre."""
        return np.asarray(pixel, np.float64) * self.spacing_mm


class TruthMark(msgspec.Struct, frozen=True, kw_only=True):
    """One lesion as it was marked on one view. Marks on it count neither way where `ignore`.

    kind       mass or calcifications
    malignant  None where unknown
    finding    joins the marks of one lesion on several views; "" where it stands alone
    shape, margin  BI-RADS terms in small letters; several are joined by "-"
    """

    id: str
    kind: str
    box: Box
    malignant: bool | None = None
    ignore: bool = False
    finding: str = ""
    shape: str = ""
    margin: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One mammogram.

    pixels      uint16 (rows, columns): P-values, 0 black to 65535 white, as the display shows them
                (after VOI and polarity; padding is 0)
    image       its SOP Instance UID, or what else names it; frame: 0-based, None in an object of one frame
    laterality  "L", "R", or "" where unknown
    view        "CC", "MLO", or another view position
    patient_orientation  Patient Orientation (0020,0020): where columns grow to, where rows grow to; or empty
    """

    pixels: NDArray[np.uint16]
    plane: Plane
    image: str
    laterality: str = ""
    view: str = ""
    patient_orientation: tuple[str, ...] = ()
    frame: int | None = None
    truth: tuple[TruthMark, ...] = ()
    meta: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exam:
    """The views of one examination of the breasts, in any order; `patient` is the split key as in `Case`."""

    views: tuple[View, ...]
    patient: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One volume.

    hu        int16, (slices, rows, columns), HU
    missing   slice indices that hold no data (their HU are -1024 and must not be read as air)
    patient   split key: cases of one patient never stand on both sides of a split
    mask      uint8, same shape: lesion number (1-based, order of `lesions`) or 0; None where unknown
    """

    hu: NDArray[np.int16]
    grid: Grid
    patient: str = ""
    missing: tuple[int, ...] = ()
    lesions: tuple[TruthLesion, ...] = ()
    mask: NDArray[np.uint8] | None = None
    meta: dict[str, str] = field(default_factory=dict)


class CaseHeader(msgspec.Struct, frozen=True):
    """`case.json` of a prepared case; `hu.npy` and, where there is one, `mask.npy` lie beside it."""

    version: int
    grid: Grid
    patient: str
    missing: tuple[int, ...]
    lesions: tuple[TruthLesion, ...]
    meta: dict[str, str]


class ViewHeader(msgspec.Struct, frozen=True, kw_only=True):
    """One view in `exam.json`; see `View`. Its pixels are `pixels`, a `.npy` file beside it."""

    pixels: str
    plane: Plane
    image: str
    laterality: str = ""
    view: str = ""
    patient_orientation: tuple[str, ...] = ()
    frame: int | None = None
    truth: tuple[TruthMark, ...] = ()
    meta: dict[str, str] = {}


class ExamHeader(msgspec.Struct, frozen=True):
    """`exam.json` of a prepared examination."""

    version: int
    patient: str
    views: tuple[ViewHeader, ...]


def save_exam(exam: Exam, folder: Path) -> None:
    """Write `exam.json` and one `view_<n>.npy` for each view into `folder` (made if it is not there)."""
    folder.mkdir(parents=True, exist_ok=True)
    headers = []
    for number, view in enumerate(exam.views):
        name = f"view_{number}.npy"
        np.save(folder / name, view.pixels, allow_pickle=False)
        headers.append(
            ViewHeader(
                pixels=name,
                plane=view.plane,
                image=view.image,
                laterality=view.laterality,
                view=view.view,
                patient_orientation=view.patient_orientation,
                frame=view.frame,
                truth=view.truth,
                meta=view.meta,
            )
        )
    text = json.dumps(msgspec.to_builtins(ExamHeader(1, exam.patient, tuple(headers))), indent=1)
    (folder / "exam.json").write_text(text, encoding="utf-8")


def load_exam(folder: Path) -> Exam:
    """Read a prepared examination; the pixels are memory-mapped read-only."""
    header = msgspec.json.decode((folder / "exam.json").read_bytes(), type=ExamHeader)
    views = tuple(
        View(
            np.load(folder / Path(view.pixels).name, mmap_mode="r", allow_pickle=False),
            view.plane,
            view.image,
            view.laterality,
            view.view,
            view.patient_orientation,
            view.frame,
            view.truth,
            view.meta,
        )
        for view in header.views
    )
    return Exam(views, header.patient)


def save_case(case: Case, folder: Path) -> None:
    """Write `case.json`, `hu.npy` and `mask.npy` into `folder` (made if it is not there)."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "hu.npy", case.hu, allow_pickle=False)
    if case.mask is not None:
        np.save(folder / "mask.npy", case.mask, allow_pickle=False)
    header = CaseHeader(1, case.grid, case.patient, case.missing, case.lesions, case.meta)
    text = json.dumps(msgspec.to_builtins(header), indent=1)
    (folder / "case.json").write_text(text, encoding="utf-8")


def load_case(folder: Path) -> Case:
    """Read a prepared case; the arrays are memory-mapped read-only."""
    header = msgspec.json.decode((folder / "case.json").read_bytes(), type=CaseHeader)
    hu = np.load(folder / "hu.npy", mmap_mode="r", allow_pickle=False)
    masked = folder / "mask.npy"
    mask = np.load(masked, mmap_mode="r", allow_pickle=False) if masked.exists() else None
    return Case(hu, header.grid, header.patient, header.missing, header.lesions, mask, header.meta)
