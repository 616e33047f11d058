"""Labelled images on disk: NAME.npz as MedMNIST has them, or NAME.csv with NAME.zip or NAME/.

csv: columns image, split (train or test; left out: by patient, as `split.site_part` has it), patient (left
out: every image stands for itself) and, for classification, the label's. zip: pictures by name; for
segmentation in images/ and masks/. Folder NAME/: prepared volumes by name, with their masks. For detection
NAME_boxes.csv (image, label, left, top, right, bottom: edges in pixels) tells the boxes in pictures; without
it every connected part of a mask has one. In volumes the lesions of the prepared case have.
"""

import csv
import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from inference.cases import Case, Plane, View, load_case
from inference.contract import TASKS
from inference.training.general.config import Config, Data
from inference.training.general.truth import IGNORED, NO_BOXES, TruthBoxes, listed, of_lesions, of_parts
from inference.training.general.truth import DataError as DataError
from inference.training.split import Part, site_part

CALIBRATION_SHARE = 5
"""One training patient in so many is kept for calibration, where the data set names no such part."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif")


@dataclass(frozen=True, slots=True)
class Sample:
    """One image as the desk would hand it over, with its truth: the number of its label, or a mask.

    mask    (rows, columns), or (slices, rows, columns) of a volume: True in what is to be outlined
    boxes   what is to be found; its label is 1, or 0, where there is something, or nothing
    """

    name: str
    image: View | Case
    patient: str
    part: Part
    label: int = -1
    mask: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), bool))
    boxes: TruthBoxes = field(default_factory=lambda: NO_BOXES)


def samples(config: Config, folder: Path) -> list[Sample]:
    """All pictures of the configuration's data set, by name. Raises OSError, or `DataError`."""
    data = config.data
    found = list(
        _arrays(config, folder / f"{data.name}.npz")
        if (folder / f"{data.name}.npz").exists()
        else _volumes(config, folder)
        if TASKS[config.task] == 3
        else _pictures(config, folder)
    )
    for part in (Part.TRAINING, Part.TEST):
        if not any(sample.part is part for sample in found):
            raise DataError(f"{folder / data.name}: no {'volume' if TASKS[config.task] == 3 else 'picture'} "
                            f"is of the split '{'train' if part is Part.TRAINING else 'test'}'")  # fmt: skip
    return sorted(found, key=lambda sample: sample.name)


def _arrays(config: Config, path: Path) -> Iterator[Sample]:
    with np.load(path, allow_pickle=False) as file:
        for split, part in (("train", Part.TRAINING), ("val", Part.CALIBRATION), ("test", Part.TEST)):
            labels = file[f"{split}_labels"].reshape(-1)
            for k, (grey, label) in enumerate(zip(file[f"{split}_images"], labels, strict=True)):
                name = f"{split}_{k:05d}"
                yield Sample(name, _view(grey, name, config), name, part, _label(str(label), config))


def _pictures(config: Config, folder: Path) -> Iterator[Sample]:
    data, rows = config.data, _rows(config, folder)
    detects = config.task == "boxes2d"
    told = listed(folder / f"{data.name}_boxes.csv", partial(_number, config)) if detects else None
    in_folders = config.task == "segment2d" or (detects and told is None)
    with zipfile.ZipFile(folder / f"{data.name}.zip") as archive:
        names = {str(PurePosixPath(name).with_suffix("")): name for name in archive.namelist()}
        for row in rows:
            patient, part = _patient(row)
            grey = _grey(_decoded(archive, names, ("images/" if in_folders else "") + row["image"]), data)
            view = _view(grey, row["image"], config)
            mask = np.asarray(_decoded(archive, names, f"masks/{row['image']}") > 0) if in_folders else None
            if detects:
                boxes = of_parts(mask) if mask is not None else (told or {}).get(row["image"], NO_BOXES)
                yield _detected(row["image"], view, patient, part, boxes)
            elif mask is not None:
                yield Sample(row["image"], view, patient, part, mask=mask)
            else:
                yield Sample(row["image"], view, patient, part, _label(row[data.label], config))


def _volumes(config: Config, folder: Path) -> Iterator[Sample]:
    for row in _rows(config, folder):
        case = load_case(folder / config.data.name / Path(row["image"]).name)
        patient, part = _patient(row)
        if config.task == "classify3d":
            yield Sample(row["image"], case, patient, part, _label(row[config.data.label], config))
        elif config.task == "boxes3d":
            yield _detected(row["image"], case, patient, part, of_lesions(case, partial(_number, config)))
        elif case.mask is None:
            raise DataError(f"{config.data.name}: the volume {row['image']} has no mask")
        else:
            yield Sample(row["image"], case, patient, part, mask=np.asarray(case.mask) > 0)


def _detected(name: str, image: View | Case, patient: str, part: Part, boxes: TruthBoxes) -> Sample:
    return Sample(name, image, patient, part, int((boxes.label != IGNORED).any()), boxes=boxes)


def _rows(config: Config, folder: Path) -> list[dict[str, str]]:
    """The table, with the columns that are needed."""
    with (folder / f"{config.data.name}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = ["image", *([config.data.label] if config.task.startswith("classify") else [])]
    for name in wanted:
        if rows and name not in rows[0]:
            raise DataError(f"{config.data.name}.csv: no column '{name}' is in it")
    return rows


def _patient(row: dict[str, str]) -> tuple[str, Part]:
    """Whose image it is, and on which side that patient stands."""
    patient = row.get("patient") or row["image"]
    return patient, _part(patient, row["split"]) if row.get("split") else site_part(patient)


def _decoded(archive: zipfile.ZipFile, names: dict[str, str], name: str) -> NDArray[np.uint8]:
    if name not in names or not names[name].lower().endswith(SUFFIXES):
        raise DataError(f"{archive.filename}: no picture {name} is in it")
    out: NDArray[np.uint8] = np.asarray(imagecodecs.imread(archive.read(names[name])))
    return out


def _grey(picture: NDArray[np.uint8], data: Data) -> NDArray[np.uint8]:
    if picture.ndim == 2:
        return picture
    grey = picture[..., :3].mean(axis=2) if data.grey == "mean" else picture[..., data.grey]
    return np.rint(grey).astype(np.uint8)


def _view(grey: NDArray[np.uint8], name: str, config: Config) -> View:
    """P-values as of the desk; the size of the pixels is not known, and 1 mm stands for it."""
    pixels = grey.astype(np.uint16) * np.uint16(257)
    plane = Plane((1.0, 1.0), (pixels.shape[0], pixels.shape[1]))
    return View(pixels, plane, name, meta={"Modality": config.input.modality})


def _number(config: Config, value: str) -> int:
    """The label of a box; without `data.values` the first."""
    return _label(value, config) if config.data.values else 0


def _label(value: str, config: Config) -> int:
    for number, label in enumerate(config.labels):
        if value in config.data.values[label]:
            return number
    raise DataError(f"{config.data.name}: label '{value}' is none of the configuration's")


def _part(patient: str, split: str) -> Part:
    if split != "train":
        return Part.TEST
    digest = hashlib.md5(patient.encode(), usedforsecurity=False).digest()
    return Part.CALIBRATION if digest[0] % CALIBRATION_SHARE == 0 else Part.TRAINING
