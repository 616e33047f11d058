"""The seal on a second read: what the model found, kept from everyone until the record allows its reveal.

A sealed read lies in the memory of the desk's process, packed, and nowhere on disk; while a worker reads, its
masks lie in a private folder as unnamed voxels, which are packed and removed with its answer. No log line and
no progress speaks of it: from outside there is only its state, "ready" or "not run" with the reason, and that
of a read with findings is the same as that of one without. It opens for the events of a reading, whole and of
the same study, whose rules allow a reveal at this point: in the second reader's paradigm, after the commit,
for that commit's hash. After a crash the study is read again: nothing was left behind.

This protects the reader from being shown something, and the record from doubt. It does not protect from
someone who debugs the running process.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import msgspec

from viewer.app.second_read.asking import InstalledBundle, Volumes
from viewer.app.second_read.handover import private_folder
from viewer.app.second_read.model_read import StudyRead, array_paths, with_arrays_in
from viewer.app.second_read.others import reads_of_others
from viewer.app.second_read.pool import WorkerPool
from viewer.app.second_read.study_read import read_study
from viewer.app.second_read.triage import Triage, triage_of
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.reading.codec import BadPayload, from_json, to_json
from viewer.core.reading.events import Event, Kind, chain_faults
from viewer.core.reading.fold import fold
from viewer.core.reading.reading import Paradigm
from viewer.core.reading.rules import allowed

CONTENT = "study.json"
ARRAYS_BYTES = 64 << 20
"""Room for the masks and heat maps of a hundred candidates."""


class State(StrEnum):
    """All that may be known of a sealed read."""

    READY = "ready"
    NOT_RUN = "not run"


class StillSealed(Exception):
    """The record does not allow a reveal; one sentence."""


class SealedRead:
    """A packed `StudyRead`. `state` and `reason` may be shown; the rest comes out of `open` alone."""

    __slots__ = ("__packed", "reason", "state", "study_instance_uid")

    def __init__(self, read: StudyRead) -> None:
        ours = [part for part in read.reads if not part.document]  # that others read it too is sealed as well
        finished = any(part.finished for part in ours)
        reasons = dict.fromkeys(part.reason for part in ours if part.reason)
        self.study_instance_uid = read.study_instance_uid
        self.state = State.READY if finished else State.NOT_RUN
        self.reason = "" if finished else "; ".join(reasons) or "no model is installed for this kind of study"
        self.__packed = pack(read)

    def open(self, seal: str, events: Sequence[Event], into: Path) -> StudyRead:
        """The read, with its masks and heat maps written below `into`, for the events of a reading on disk.

        `seal` is the hash of that reading's commit ("" in a paradigm that has none before the reveal). Raises
        `StillSealed`.
        """
        refusal = why_sealed(self.study_instance_uid, seal, events)
        if refusal:
            raise StillSealed(refusal)
        return unpack(self.__packed, into)

    def triage(self, display_sets: Sequence[DisplaySet], paradigm: Paradigm) -> Triage:
        """What the worklist may say; raises `StillSealed` in every paradigm but triage."""
        if paradigm is not Paradigm.TRIAGE:
            raise StillSealed("The second reader stays sealed: only triage says something of it in the list.")
        return triage_of(_content(self.__packed), display_sets)


def _content(packed: bytes) -> StudyRead:
    """A packed read without its arrays."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return from_json(msgspec.json.decode(archive.read(CONTENT)), StudyRead)


def read_sealed(
    study: Study,
    volumes: Volumes,
    bundles: Sequence[InstalledBundle],
    workers: WorkerPool,
    *,
    scratch: Path,
    cancelled: Callable[[], bool] | None = None,
    priority: int = 0,
) -> SealedRead:
    """`read_study` and what programs of others found, for the window: nothing shows, or stays on disk.

    There is no progress on purpose: how long which step takes tells how many candidates there are.
    """
    with private_folder(ARRAYS_BYTES, scratch) as folder:
        read = read_study(
            study,
            volumes,
            bundles,
            workers,
            out=folder,
            scratch=scratch,
            keep=False,
            cancelled=cancelled,
            priority=priority,
        )
        return SealedRead(replace(read, reads=(*read.reads, *reads_of_others(study))))


def why_sealed(study_instance_uid: str, seal: str, events: Sequence[Event]) -> str:
    """Why the record does not allow a reveal, in one sentence; "" where it does. May raise `Refused`."""
    if not events or chain_faults(events):
        return "The record of this reading is not whole: the second reader stays sealed."
    reading = fold(events)
    if reading.study_instance_uid != study_instance_uid:
        return "The second reader stays sealed: it read another study."
    if Kind.REVEAL not in allowed(reading.paradigm, reading.stage) or seal != reading.seal:
        return "The second reader stays sealed until this reading's own commit."
    return ""


def pack(read: StudyRead) -> bytes:
    """A read with its arrays in one piece."""
    out = io.BytesIO()
    bare = replace(read, reads=tuple(with_arrays_in(part, None) for part in read.reads))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(CONTENT, msgspec.json.encode(to_json(bare)))
        for number, part in enumerate(read.reads):
            for path in array_paths(part):
                archive.write(path, f"{number}/{Path(path).name}")
    return out.getvalue()


def unpack(packed: bytes, into: Path) -> StudyRead:
    """The inverse of `pack`; arrays of the n-th model lie in folder `into`/n."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(into)
    read = load_revealed(into)
    assert read is not None
    return read


def load_revealed(folder: Path) -> StudyRead | None:
    """What `open` wrote into a folder, for a reading resumed after its reveal; None where it is gone."""
    try:
        read = from_json(msgspec.json.decode((folder / CONTENT).read_bytes()), StudyRead)
    except (OSError, msgspec.DecodeError, BadPayload):
        return None
    reads = tuple(with_arrays_in(part, folder / str(number)) for number, part in enumerate(read.reads))
    return replace(read, reads=reads)
