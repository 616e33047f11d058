"""`tandem read`: second read, objects, report and `findings.json` of whole paths, without a window."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from viewer.app import settings
from viewer.app.exit_codes import ExitCode
from viewer.app.home import home
from viewer.app.loader import Loader
from viewer.app.progress import progress_bar
from viewer.app.report_material import Press
from viewer.app.reporting import Written, write_model_read
from viewer.app.scan import ScanResult, scan
from viewer.app.second_read.asking import InstalledBundle
from viewer.app.second_read.findings_json import Segment, StudyResult, WrittenObject, write_findings_json
from viewer.app.second_read.installed import installed, named
from viewer.app.second_read.model_read import ModelRead, StudyRead
from viewer.app.second_read.operating_point import with_choice
from viewer.app.second_read.pool import WorkerPool
from viewer.app.second_read.study_read import read_study
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.report.place import display_set_of

READS = "reads"
"""Below the output folder: masks and heat maps as arrays, by which a second run need not read again."""
MOST_THREADS = 8
"""More computing threads than this give nothing on volumes of this size."""


def read_command(
    paths: Sequence[Path],
    out: Path,
    *,
    bundles: Sequence[str] = (),
    device: str = "auto",
    printer: Callable[[], Press] | None = None,
) -> int:
    """Read everything at and below `paths`; returns the exit code.

    `printer` makes what paints key images and PDF, once there is something to paint.
    """
    try:
        models = _models(bundles)
        out.mkdir(parents=True, exist_ok=True)
    except (LookupError, OSError) as error:
        return _fail(str(error), ExitCode.USAGE if isinstance(error, LookupError) else ExitCode.FAILED)
    if not models:
        return _fail("no model is installed: nothing can be read", ExitCode.FAILED)
    workers = WorkerPool(device=device, threads=min(os.cpu_count() or 1, MOST_THREADS), polite=False)
    workers.start()  # loads torch while the headers are read
    loader = Loader()
    try:
        found = _scan(paths)
        desk = _Run(out, models, workers, loader, printer)
        results = [desk.read(study, n, len(found.studies)) for n, study in enumerate(found.studies, start=1)]
        written = write_findings_json(results, found.not_loaded, out)
    except BrokenPipeError:
        raise  # whoever read our words went away: nothing is wrong with the folder
    except OSError as error:
        return _fail(f"{out} cannot be written: {error}", ExitCode.FAILED)
    finally:
        workers.close()
        loader.close()
    print(written)
    return _exit_code([read for result in results for read in result.read.reads])


@dataclass(slots=True)
class _Run:
    """What reading one study after the other needs."""

    out: Path
    models: Sequence[InstalledBundle]
    workers: WorkerPool
    loader: Loader
    printer: Callable[[], Press] | None
    _press: Press | None = field(default=None, init=False)

    def read(self, study: Study, number: int, count: int) -> StudyResult:
        """Read a study and write what there is to write; into a folder of its own where there are several."""
        folder = self.out if count == 1 else self.out / f"study_{number}"
        title = f"Reading {study.patient.id or 'a study without patient ID'} ({number} of {count})"
        pixels = _Pixels(self.loader)
        with progress_bar(title) as progress:
            read = read_study(
                study, pixels, self.models, self.workers, out=self.out / READS, progress=progress
            )
            progress(1.0, "writing")
            written = self._write(folder, study, read, pixels)
        _tell(study, read, written)
        return StudyResult(read, self._objects(written), self._segments(written))

    def _write(self, folder: Path, study: Study, read: StudyRead, pixels: "_Pixels") -> tuple[Written, ...]:
        shown = [f for part in read.reads for f in part.findings if f.above_operating_point]
        for finding in shown:
            where = display_set_of(study.display_sets, finding)
            if where is not None:
                pixels(where, lambda: False)
        press = self._printing() if shown or any(part.finished for part in read.reads) else None
        return write_model_read(folder, study, read, pixels.stacks, press=press, refused=_warn)

    def _printing(self) -> Press | None:
        """What paints; where it cannot be loaded the page stands without pictures, and that is said."""
        if self._press is None and self.printer is not None:
            try:
                self._press = self.printer()
            except ImportError as error:
                _warn(f"no key images and no PDF: Qt cannot be loaded ({error}); see tandem doctor")
                self.printer = None
        return self._press

    def _objects(self, written: Sequence[Written]) -> tuple[WrittenObject, ...]:
        """The DICOM objects, by their paths below the output folder."""
        return tuple(
            WrittenObject(self._relative(w), w.kind, w.sop_instance_uid)
            for w in written
            if w.sop_instance_uid
        )

    def _segments(self, written: Sequence[Written]) -> dict[str, Segment]:
        return {uid: Segment(self._relative(w), n) for w in written for uid, n in w.segments.items()}

    def _relative(self, written: Written) -> str:
        return written.path.relative_to(self.out).as_posix()


class _Pixels:
    """The pixels of one study: loaded when they are asked for, kept until the study is done."""

    def __init__(self, loader: Loader) -> None:
        self.stacks: dict[str, Stack] = {}
        self._loader = loader

    def __call__(self, display_set: DisplaySet, cancelled: Callable[[], bool]) -> Stack:
        if display_set.id not in self.stacks:
            self.stacks[display_set.id] = self._loader.complete(display_set, cancelled)
        return self.stacks[display_set.id]


def _models(ids: Sequence[str]) -> tuple[InstalledBundle, ...]:
    bundles, faults = installed(home())
    for fault in faults:
        _warn(fault)
    chosen, odd = settings.load(home())
    if odd:
        _warn(odd)
    return with_choice(named(bundles, ids), chosen.operating_points)


def _scan(paths: Sequence[Path]) -> ScanResult:
    with progress_bar("Looking at files") as progress:
        found = scan(paths, lambda done, of: progress(done / max(of, 1), f"{done} of {of}"), home=home())
    for problem in found.not_loaded:
        _warn(f"not loaded: {problem.line()}")
    for note in found.notes:
        _warn(note)
    return found


def _tell(study: Study, read: StudyRead, written: Sequence[Written]) -> None:
    """One line for each model on standard output."""
    page = next((f": {w.path}" for w in written if w.kind == "HTML"), "")
    for part in read.reads:
        print(f"{study.patient.id} {study.date} {study.description} | {part.model_id} | {_words(part)}{page}")


def _words(read: ModelRead) -> str:
    if not read.finished:
        return f"{read.status.replace('_', ' ')}: {read.reason}"
    above = sum(f.above_operating_point for f in read.findings)
    in_part = f", read in part: {read.reason}" if read.status == "partial" else ""
    return f"{above} of {len(read.findings)} candidates above the threshold{in_part}"


def _exit_code(reads: Sequence[ModelRead]) -> ExitCode:
    if any(read.status == "failed" for read in reads):
        return ExitCode.FAILED
    return ExitCode.DONE if any(read.finished for read in reads) else ExitCode.NOTHING_READ


def _warn(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _fail(sentence: str, code: ExitCode) -> int:
    _warn(sentence)
    return code
