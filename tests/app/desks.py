"""A desk without a window: a small chest on disk, a hand at the wheel, a second reader that is known."""

import queue
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np

from inference.protocol import ArrayRef, Candidate, Characteristic, Domain, OperatingPoint, Patch
from tests.app.second_read.dicom_series import ORIGIN, SPACING, write_series
from viewer.app.desk import Desk
from viewer.app.resolve import resolve
from viewer.app.second_read import sealed
from viewer.app.second_read.model_read import ModelRead, SeriesInput, StudyRead
from viewer.app.second_read.others import reads_of_others
from viewer.app.second_read.sealed import SealedRead
from viewer.core.reading.finding import Author, Finding

SHAPE = (24, 64, 64)
NODULE = (12, 30, 40)
"""Index of a ball 12 mm across in lung; a second, of 9 mm, lies at OTHER."""
OTHER = (7, 34, 20)

CHEST_WALL = (12, 8, 30)
"""Index of a place in the wall, 6 mm from the lung."""


def place(index):
    """Patient mm of a voxel (slice, row, column), slices counted from the feet."""
    z, y, x = (o + i * s for o, i, s in zip(reversed(ORIGIN), index, SPACING, strict=True))
    return (x, y, z)


def slice_of(index):
    """Slice index of a voxel in the stack, which begins at the head."""
    return SHAPE[0] - 1 - index[0]


def chest():
    """(slices, rows, columns) HU: body, lung, two balls."""
    k, y, x = np.indices(SHAPE)
    hu = np.full(SHAPE, -1000, np.int16)
    hu[:, 6:58, 4:60] = 30
    hu[:, 12:52, 10:54] = -850
    for (ck, cy, cx), radius in ((NODULE, 6.0), (OTHER, 4.5)):
        away = np.sqrt(
            ((k - ck) * SPACING[0]) ** 2 + ((y - cy) * SPACING[1]) ** 2 + ((x - cx) * SPACING[2]) ** 2
        )
        hu[away <= radius] = 40
    return hu


def write_chest(folder, **more):
    """The chest as a DICOM series."""
    return write_series(folder, chest(), **more)


class Time:
    """A clock that goes only when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Hand:
    """The desk's thread: runs what others post, and shows what the viewports would paint."""

    def __init__(self, home):
        self.posts: queue.SimpleQueue = queue.SimpleQueue()
        self.clock = Time()
        self.desk = Desk(home, self.posts.put, self.clock)

    def turn(self, until, seconds=20.0):
        """Run what is posted until something is true."""
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, "waited in vain"
            with suppress(queue.Empty):
                self.posts.get(timeout=0.05)()

    def rest(self):
        """Run everything that is posted by now."""
        while not self.posts.empty():
            self.posts.get()()

    def open(self, *folders):
        """Open studies and wait for pixels."""
        self.desk.open_paths(list(folders))
        self.turn(lambda: not self.desk.search.running)
        self.turn(lambda: bool(self.desk.pixels.stacks))
        self.turn(lambda: all(stack.complete for stack in self.desk.pixels.stacks.values()))
        self.paint()
        return self.desk

    def paint(self):
        """What the viewports report after they were painted."""
        self.rest()
        for view in self.desk.views.visible:
            if view.display_set:
                self.desk.shown(view.id, self.desk.views.place(view)[0])
        self.rest()

    def press(self, *keys):
        """Press keys one after the other; the screen follows."""
        for key in keys:
            self.desk.press(key)
            self.paint()

    def look(self, seconds=0.4):
        """Let time go by in front of the images."""
        self.clock.now += seconds

    @property
    def state(self):
        return resolve(self.desk)


def proposal(name, index, probability, *, size=12.0):
    """A finding of the model at a voxel."""
    x, y, z = place(index)
    half = size / 2
    return Finding(
        name=name,
        tracking_uid=f"2.25.{int.from_bytes(name.encode())}",
        author=Author.MODEL,
        label="lung nodule",
        series_instance_uid="1.2.9.1",
        frame_of_reference_uid="1.2.9.99",
        center_lps_mm=(x, y, z),
        long_axis=((x - half, y, z), (x + half, y, z)),
        short_axis=((x, y - half, z), (x, y + half, z)),
        volume_mm3=900.0,
        probability=probability,
        score=2.0,
        above_operating_point=probability >= 0.2,
    )


FINDINGS = (
    proposal("M1", NODULE, 0.91),
    proposal("M2", OTHER, 0.44, size=9.0),
    proposal("M3", (18, 20, 30), 0.06, size=4.0),
)


def study_read(study, folder, findings=FINDINGS, **changes):
    """What the second reader says of a study; masks and heat maps lie in `folder`."""
    values = {
        "model_id": "ct_lung_nodule",
        "model_version": "1.0.0",
        "model_sha256": "ab" * 32,
        "title": "CT lung nodule",
        "status": "done",
        "device": "cpu",
        "seconds": 12.3,
        "operating_point": OperatingPoint("balanced", 0.2, 1.0, "false marks per litre"),
        "domain": Domain("near", 0.4, ("kernel B30f is rare there",)),
        "inputs": (SeriesInput("1.2.9.1", "read"),),
        "findings": findings,
        "candidates": {f.tracking_uid: candidate(f, folder) for f in findings if f.center_lps_mm},
    }
    model = ModelRead(**(values | changes))
    return StudyRead(study_instance_uid=study.study_instance_uid, patient_id="P-1", reads=(model,))


def candidate(finding, folder):
    """The same finding as the worker sends it, with its arrays."""
    z, y, x = (round(i) for i in _index(finding.center_lps_mm))
    start = (z - 2, y - 4, x - 4)
    mask, heat = folder / f"mask_{finding.name}.npy", folder / f"heat_{finding.name}.npy"
    np.save(mask, np.ones((5, 8, 8), np.uint8))
    np.save(heat, np.full((5, 8, 8), 0.8, np.float32))
    return Candidate(
        id=finding.name,
        label=finding.label,
        probability=finding.probability,
        score=finding.score,
        above_operating_point=finding.above_operating_point,
        center_lps_mm=finding.center_lps_mm,
        characteristics={"texture": Characteristic("solid", 0.9)},
        mask=Patch(array=ArrayRef(path=str(mask), dtype="uint8", shape=(5, 8, 8)), start=start),
        heat=Patch(array=ArrayRef(path=str(heat), dtype="float32", shape=(5, 8, 8)), start=start),
    )


def _index(position_mm):
    x, y, z = position_mm
    return [(v - o) / s for v, o, s in zip((z, y, x), reversed(ORIGIN), SPACING, strict=True)]


class SecondReader:
    """Stands where the worker would be: `says` becomes the sealed read; until `go` is set it is waiting.

    of  by Study Instance UID: findings and changes of that study alone
    """

    def __init__(self, monkeypatch, folder):
        self.folder, self.findings, self.changes = folder, FINDINGS, {}
        self.waiting, self.of = False, {}
        self.error, self.reads = None, 0
        monkeypatch.setattr(sealed, "read_sealed", self._read)

    def says(self, findings=FINDINGS, **changes):
        self.findings, self.changes = findings, changes

    def _read(self, study, volumes, bundles, workers, *, scratch, cancelled=None, priority=0):
        self.reads += 1
        while self.waiting and not (cancelled and cancelled()):
            time.sleep(0.01)
        if self.error is not None:
            raise self.error
        said = self.of.get(study.study_instance_uid, (self.findings, self.changes))
        read = study_read(study, self.folder, said[0], **said[1])
        return SealedRead(replace(read, reads=(*read.reads, *reads_of_others(study))))
