"""The data set `ct_chest`: its nodule crops, and the series whose lungs may be used as backgrounds.

The only place of this package that reads DICOM. NLST, LungFCP, RIDER and LIDC-0003 are tests: `background`
refuses them, so that no threshold can be chosen on them by mistake.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from scipy import ndimage

from inference.cases import Case, Grid, TruthLesion

TRAINING_SERIES = ("lidc_0001_slab", "lidc_0002_slab", "lungdx_a0001")
TEST_SERIES = ("nlst_101287", "lungfcp_0001_upper", "rider_pilot_0117_slab", "lidc_0003_slab")


@dataclass(frozen=True, slots=True)
class Nodule:
    """A nodule on a 1 mm grid: `hu` float32 and `mask` (share of the readers, 0..1), same shape (z, y, x)."""

    id: str
    patient: str
    hu: NDArray[np.float32]
    mask: NDArray[np.float32]
    diameter_mm: float
    texture: float
    context: bool

    @property
    def subsolid(self) -> bool:
        """Ground glass or part-solid in the median of the readers."""
        return self.texture < 4.0


class Part(StrEnum):
    """On which side of the split a patient stands; nothing of one patient is ever on two sides."""

    TRAINING = "training"
    CALIBRATION = "calibration"
    """Score to probability and operating points are chosen on these."""
    HELD_BACK = "held back"
    """Only measured, once everything is frozen."""


def part(patient: str) -> Part:
    """By the MD5 of the patient's number: one in five held back, an eighth of the rest for calibration."""
    number = str(int(patient.rsplit("-", 1)[-1]))
    digest = hashlib.md5(number.encode(), usedforsecurity=False).digest()
    if digest[0] % 5 == 0:
        return Part.HELD_BACK
    return Part.CALIBRATION if digest[1] % 8 == 0 else Part.TRAINING


def nodules(data: Path, side: Part, *, cubes: bool) -> Iterator[Nodule]:
    """Crops of one side of the split at 1 mm: `nodules_native`, or the `nodules_iso1mm` cubes with lung."""
    folder = data / ("nodules_iso1mm" if cubes else "nodules_native")
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in (row for row in rows if part(row["patient"]) is side):
        yield _nodule(folder, row, cubes)


def _nodule(folder: Path, row: dict[str, str], cubes: bool) -> Nodule:
    with np.load(folder / row["file"], allow_pickle=False) as arrays:
        hu = arrays["volume"].astype(np.float32)
        bits = arrays["mask"]
        spacing = arrays["spacing"].astype(float)
    readers = 1 if cubes else int(row["n_readers"])
    share = np.minimum(_count_bits(bits) / readers, 1.0).astype(np.float32)
    if not cubes:
        hu, share = _thick_ends(hu), _thick_ends(share, 0.0)
    np.clip(hu, -1024, 1500, out=hu)
    hu, share = (_to_1mm(a, spacing) for a in (hu, share))
    return Nodule(
        row["nodule"],
        row["patient"],
        hu,
        share,
        _sphere_diameter(float((share >= 0.5).sum())),
        float(row["texture"]),
        context=cubes,
    )


def _count_bits(mask: NDArray[np.uint8]) -> NDArray[np.int64]:
    out: NDArray[np.int64] = np.unpackbits(mask[..., None], axis=-1).sum(axis=-1).astype(np.int64)
    return out


def _thick_ends(volume: NDArray[np.float32], value: float | None = None) -> NDArray[np.float32]:
    """One slice more at either end (only marked slices are stored): a copy, or `value`."""
    width = ((1, 1), (0, 0), (0, 0))
    return np.pad(volume, width, "edge") if value is None else np.pad(volume, width, constant_values=value)


def _to_1mm(volume: NDArray[np.float32], spacing: NDArray[np.float64]) -> NDArray[np.float32]:
    shape = [max(int(np.floor((n - 1) * s)) + 1, 1) for n, s in zip(volume.shape, spacing, strict=True)]
    sigma = [0.35 * np.sqrt(max(1 / s**2 - 1, 0)) for s in spacing]
    sigma[0] = 0.0
    start = [((n - 1) * s - (m - 1)) / 2 / s for n, s, m in zip(volume.shape, spacing, shape, strict=True)]
    smooth = ndimage.gaussian_filter(volume, sigma)
    out: NDArray[np.float32] = ndimage.affine_transform(
        smooth, 1 / spacing, start, tuple(shape), order=1, mode="nearest"
    )
    return out


def _sphere_diameter(voxels: float) -> float:
    return float((6 * voxels / np.pi) ** (1 / 3))


def background(data: Path, name: str) -> Case:
    """A series of `TRAINING_SERIES` as a case; a test series raises ValueError."""
    if name not in TRAINING_SERIES:
        raise ValueError(f"{name} is a test series; backgrounds may be {', '.join(TRAINING_SERIES)}")
    return series_case(data, name)


def series_case(data: Path, name: str) -> Case:
    """Any series of the data set with its truth, slices from feet to head."""
    truth = json.loads((data / "dicom" / f"{name}.truth.json").read_text(encoding="utf-8"))
    slices = sorted(_datasets(data / "dicom", name), key=lambda ds: float(ds.ImagePositionPatient[2]))
    hu = np.stack([_hu(ds) for ds in slices])
    first, last = slices[0], slices[-1]
    x, y, z = (float(v) for v in first.ImagePositionPatient)
    distance = (float(last.ImagePositionPatient[2]) - z) / (len(slices) - 1)
    rows, columns = (float(v) for v in first.PixelSpacing)
    axes = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    shape = (hu.shape[0], hu.shape[1], hu.shape[2])
    grid = Grid((x, y, z), axes, (distance, rows, columns), shape, str(first.get("FrameOfReferenceUID", "")))
    lesions = tuple(_lesion(finding) for finding in truth["findings"] if "center_lps_mm" in finding)
    return Case(hu, grid, truth.get("patient_id", name), (), lesions, None, _meta(first))


def _datasets(folder: Path, name: str) -> Iterator[pydicom.Dataset]:
    archive = folder / f"{name}_uncompressed.zip"
    if archive.exists():
        with zipfile.ZipFile(archive) as members:
            for member in members.namelist():
                if member.endswith(".dcm"):
                    yield pydicom.dcmread(io.BytesIO(members.read(member)))
        return
    for path in sorted(folder.glob(f"{name}_*/*.dcm")):
        yield pydicom.dcmread(path)


def _hu(ds: pydicom.Dataset) -> NDArray[np.int16]:
    values = ds.pixel_array.astype(np.float32) * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    out: NDArray[np.int16] = np.clip(np.rint(values), -1024, 3071).astype(np.int16)
    return out


def _meta(ds: pydicom.Dataset) -> dict[str, str]:
    keys = ("Modality", "SliceThickness", "ConvolutionKernel", "Manufacturer", "ManufacturerModelName", "KVP")
    return {key: str(ds[key].value) for key in keys if key in ds}


def _lesion(finding: dict[str, object]) -> TruthLesion:
    x, y, z = (float(v) for v in finding["center_lps_mm"])  # type: ignore[attr-defined]
    kind, certainty = str(finding.get("kind", "nodule")), str(finding.get("certainty", ""))
    diameter = float(finding.get("equiv_diameter_mm") or finding.get("diameter_mm") or 10.0)  # type: ignore[arg-type]
    ignore = kind not in ("nodule", "mass") or certainty != "sure"
    return TruthLesion(
        id=str(finding["id"]), center_lps_mm=(x, y, z), diameter_mm=diameter, kind=kind, ignore=ignore
    )
