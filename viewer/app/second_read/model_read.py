"""What a second read says: values, and their form on disk. How they come about is in `study_read`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.concepts import Bottleneck
from inference.near_cases import NearCases
from inference.protocol import (
    Accuracy,
    ArrayRef,
    Candidate,
    Domain,
    ImageHeat,
    ImageLook,
    Measurement,
    OperatingPoint,
    Patch,
    Place,
    Score,
    VolumeLook,
)
from viewer.app.whole_files import write_file
from viewer.core.reading.codec import BadPayload, from_json, to_json
from viewer.core.reading.finding import Finding
from viewer.core.reading.scores import StatedScore

FILE = "read.json"


@dataclass(frozen=True, slots=True)
class SeriesInput:
    """A series that the model considered, or one image of it.

    status  "read", or "skipped" with the reason
    sop_instance_uid, frame, laterality, view  of a single image; None where a whole series is meant
    """

    series_instance_uid: str
    status: str
    reason: str | None = None
    sop_instance_uid: str | None = None
    frame: int | None = None
    laterality: str | None = None
    view: str | None = None


@dataclass(frozen=True, slots=True)
class StudyWarning:
    """A warning of the study or of one of its series (then with its UID); `kind` is a word for programs."""

    series_instance_uid: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRead:
    """One model's read of one study.

    status      done, partial, not_run or failed; `reason` says in one sentence why it is not done
    findings    all candidates, highest probability first, named M1, M2 ...
    lost        SOP Instance UIDs of images without which a read is not whole
    candidates  the same as the worker sent them, by tracking UID; their masks and heat maps are `.npy` files
    laterality  "L" or "R" by tracking UID, where the side is certain
    bottleneck  concepts that its malignancy rests on, and how
    near_cases  what the findings are that its own are compared with
    accuracies  how often its suggestions (density, shape, margin) are a reader's, where that was measured
    scores      of the study, its series, breasts and images; `thresholds`: by label, of those that have one
    measurements  lengths of the whole study, such as a midline shift
    calibrated  False: its probabilities are no more than what its network says
    labels      what the model looks for
    other_kind  it is for images of another kind than the study's, and was not asked
    outlines    its maps on images are outlines, and not where a detector looked
    organs      its outlines are whole organs, for planning, and no lesions
    document    of another program: SOP Instance UID of the report that it is taken from; "" = read here
    remarks     a sentence for each mark of that report that cannot be shown
    """

    model_id: str
    model_version: str
    model_sha256: str
    title: str = ""
    status: str
    reason: str | None = None
    device: str = ""
    seconds: float = 0.0
    operating_point: OperatingPoint | None = None
    domain: Domain | None = None
    inputs: tuple[SeriesInput, ...] = ()
    scores: tuple[Score, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    thresholds: dict[str, float] = field(default_factory=dict)
    calibrated: bool = True
    lost: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    candidates: dict[str, Candidate] = field(default_factory=dict)
    laterality: dict[str, str] = field(default_factory=dict)
    accuracies: dict[str, Accuracy] = field(default_factory=dict)
    bottleneck: Bottleneck | None = None
    near_cases: NearCases | None = None
    labels: tuple[str, ...] = ()
    other_kind: bool = False
    outlines: bool = False
    organs: bool = False
    document: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What screen and report call it."""
        return f"{self.title or self.model_id} {self.model_version}".strip()

    @property
    def finished(self) -> bool:
        """True where there is an answer, be it that nothing was found."""
        return self.status in ("done", "partial")

    @property
    def stated(self) -> tuple[StatedScore, ...]:
        """The scores as the record keeps them; suggested densities stand there by themselves."""
        return tuple(
            StatedScore(
                level=score.level,
                label=score.label,
                probability=score.probability,
                calibrated=self.calibrated,
                threshold=self.thresholds.get(score.label),
                laterality=score.laterality or "",
                sop_instance_uid=score.sop_instance_uid or "",
                frame=score.frame,
            )
            for score in self.scores
            if not score.label.startswith("density ")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRead:
    """The reads of all models of one study."""

    study_instance_uid: str
    patient_id: str
    warnings: tuple[StudyWarning, ...] = ()
    reads: tuple[ModelRead, ...] = ()


HeatMaps = Patch | tuple[Place, ...]
"""Of a finding: on the grid of its series, or on each of its images that has one."""


def heats_of(read: StudyRead | None) -> dict[str, HeatMaps]:
    """Heat maps of a read that was revealed, by tracking UID."""
    parts = () if read is None else read.reads
    every = ((uid, c.heat or _with_heat(c)) for part in parts for uid, c in part.candidates.items())
    return {uid: maps for uid, maps in every if maps}


def _with_heat(candidate: Candidate) -> tuple[Place, ...]:
    return tuple(place for place in candidate.places if place.heat is not None)


def voxels(patch: Patch) -> NDArray[np.generic]:
    """The array of a mask or a heat map, (slice, row, column), memory-mapped."""
    array: NDArray[np.generic] = np.load(patch.array.path, mmap_mode="r", allow_pickle=False)
    return array


def save_read(read: ModelRead, folder: Path) -> None:
    """Write `read.json` beside the arrays that lie in `folder`; it is there whole or not at all."""
    text = json.dumps(to_json(with_arrays_in(read, None)), allow_nan=False)
    write_file(folder / FILE, text.encode("utf-8"))


def load_read(folder: Path) -> ModelRead | None:
    """What `save_read` wrote; None where there is nothing that can be used."""
    try:
        read = from_json(json.loads((folder / FILE).read_bytes()), ModelRead)
    except (OSError, ValueError, BadPayload):
        return None
    read = with_arrays_in(read, folder)
    return read if all(Path(name).is_file() for name in array_paths(read)) else None


def array_paths(read: ModelRead) -> Iterable[str]:
    """The files of all masks, heat maps and what they are made of."""
    every = (
        (c.mask, c.heat, c.look, *(part for place in c.places for part in (place.heat, place.look)))
        for c in read.candidates.values()
    )
    return [part.array.path for parts in every for part in parts if part is not None]


def with_arrays_in(read: ModelRead, folder: Path | None) -> ModelRead:
    """The same read with its arrays named as files of `folder`; None leaves the bare names, as on disk."""
    moved = {
        uid: msgspec.structs.replace(
            c,
            mask=_moved(c.mask, folder),
            heat=_moved(c.heat, folder),
            look=_moved(c.look, folder),
            places=tuple(_place_moved(place, folder) for place in c.places),
        )
        for uid, c in read.candidates.items()
    }
    return replace(read, candidates=moved)


def _place_moved(place: Place, folder: Path | None) -> Place:
    return msgspec.structs.replace(place, heat=_moved(place.heat, folder), look=_moved(place.look, folder))


_Stored = TypeVar("_Stored", Patch, ImageHeat, VolumeLook, ImageLook)


def _moved(part: _Stored | None, folder: Path | None) -> _Stored | None:
    if part is None:
        return None
    return msgspec.structs.replace(part, array=_array_in(part.array, folder))


def _array_in(array: ArrayRef, folder: Path | None) -> ArrayRef:
    name = Path(array.path).name
    return msgspec.structs.replace(array, path=name if folder is None else str(folder / name))
