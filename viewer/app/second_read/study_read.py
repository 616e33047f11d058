"""`read_study`, the one way to read a study: window, command line and cluster only call it."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from inference.bundle import DETECT_2D, MODEL
from inference.protocol import PROTOCOL
from viewer.app.second_read.asking import InstalledBundle, Means, Report, Volumes, without_answer
from viewer.app.second_read.choose import choose
from viewer.app.second_read.exam_read import read_exam
from viewer.app.second_read.fitting import fits, why_none
from viewer.app.second_read.model_read import (
    ModelRead,
    SeriesInput,
    StudyRead,
    StudyWarning,
    load_read,
    save_read,
    with_arrays_in,
)
from viewer.app.second_read.operating_point import why_no_point
from viewer.app.second_read.pool import WorkerPool
from viewer.app.second_read.series_read import read_series
from viewer.core.dicom.display_set import DisplaySet, Study

TRIES = 3
"""Series that are tried where the model itself finds that one does not suit (no lung in it)."""


def read_study(
    study: Study,
    volumes: Volumes,
    bundles: Sequence[InstalledBundle],
    workers: WorkerPool,
    *,
    out: Path,
    scratch: Path | None = None,
    keep: bool = True,
    progress: Report | None = None,
    cancelled: Callable[[], bool] | None = None,
    priority: int = 0,
) -> StudyRead:
    """Read a study with each bundle that is for its kind of images (`fitting`). Blocks.

    Raises `ReadCancelled`, and nothing else for bad input.

    Idempotent: a read of the same images by the same model that lies in `out` already is taken from there.
    Masks and heat maps lie below `out`; volumes on their way below `scratch` (else `out`) where memory has no
    room. `progress` and `cancelled` are called on this thread. Without `keep` nothing but those arrays is
    written, no word and no place: for a read that is to be sealed.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    report = progress or (lambda done, doing: None)
    means = Means(volumes, workers, report, cancelled or (lambda: False), scratch or out, priority)
    read_with = _read_once if keep else _read_unkept
    fitting = [(folder, bundle) for folder, bundle in bundles if fits(bundle, study)]
    asked = fitting or bundles
    reads = [
        read_with(study, installed, replace(means, report=_part(report, number, len(asked))), out)
        for number, installed in enumerate(asked)
    ]
    if not fitting:
        why = why_none(study, (bundle for _, bundle in bundles))
        reads = [replace(read, reason=why, other_kind=True) for read in reads]
    return StudyRead(
        study_instance_uid=study.study_instance_uid,
        patient_id=study.patient.id,
        warnings=warnings_of(study),
        reads=tuple(reads),
    )


def warnings_of(study: Study) -> tuple[StudyWarning, ...]:
    """All warnings of a study, its series and their display sets, each once."""
    found = [StudyWarning("", w.kind, w.message) for w in study.warnings]
    for series in study.series:
        told = [*series.warnings, *(w for d in series.display_sets for w in d.warnings)]
        found += [StudyWarning(series.series_instance_uid, w.kind, w.message) for w in told]
    return tuple(dict.fromkeys(found))


def read_key(study: Study, installed: InstalledBundle) -> str:
    """Names a read: the same images, the same model and the same program give the same key."""
    folder, bundle = installed
    model = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    read_with = (bundle.sha256, model, bundle.default_operating_point, version("tandem"), PROTOCOL)
    parts = (study.study_instance_uid, study.fingerprint, *read_with)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


def _read_once(study: Study, installed: InstalledBundle, means: Means, out: Path) -> ModelRead:
    """The read that is kept in `out`, else a new one, which is kept if it is done.

    A partial one is not: what could not be decoded today may be there tomorrow.
    """
    kept = out / read_key(study, installed)
    known = load_read(kept)
    if known is not None:
        means.report(1.0, "read before")
        return known
    working = Path(tempfile.mkdtemp(prefix="reading-", dir=out))
    try:
        read = _read_suitable(study, installed, means, working)
        if not read.finished:
            return read
        if read.status == "done":
            save_read(read, working)
        shutil.rmtree(kept, ignore_errors=True)  # what lies there cannot be used
        working.rename(kept)
        return with_arrays_in(read, kept)
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _read_unkept(study: Study, installed: InstalledBundle, means: Means, out: Path) -> ModelRead:
    return _read_suitable(study, installed, means, Path(tempfile.mkdtemp(dir=out)))


def _read_suitable(study: Study, installed: InstalledBundle, means: Means, out: Path) -> ModelRead:
    """Read what of the study the model accepts: its images one by one, or its best series."""
    _, bundle = installed
    if reason := why_no_point(bundle):
        return without_answer(bundle, "not_run", reason)
    if bundle.task in (DETECT_2D, "classify2d"):
        return read_exam(study, installed, means, out)
    if bundle.task in ("segment2d", "boxes2d") and not choose(study, bundle.input, any_way=True)[0]:
        return read_exam(study, installed, means, out)
    return _read_best(study, installed, means, out)


def _read_best(study: Study, installed: InstalledBundle, means: Means, out: Path) -> ModelRead:
    """Read the best series that the model accepts."""
    _, bundle = installed
    suitable, skipped = choose(study, bundle.input, any_way=bundle.contract is not None)
    for display_set in suitable[:TRIES]:
        read = read_series(display_set, installed, means, out)
        if read.status != "not_run":
            others = {d.id: f"not needed: {display_set.title} was read" for d in suitable}
            return replace(read, inputs=_inputs(study, others | skipped, display_set))
        skipped[display_set.id] = read.reason or "the model does not read it"
    others = {d.id: f"not among the {TRIES} best" for d in suitable}
    return without_answer(
        bundle, "not_run", _why_none(study, skipped), _inputs(study, others | skipped, None)
    )


def _inputs(study: Study, skipped: dict[str, str], read: DisplaySet | None) -> tuple[SeriesInput, ...]:
    """One line for each series of images."""
    return tuple(
        _input(series.series_instance_uid, images, skipped, read)
        for series in study.series
        if (images := [d for d in series.display_sets if d.kind == "image"])
    )


def _input(
    uid: str, images: list[DisplaySet], skipped: dict[str, str], read: DisplaySet | None
) -> SeriesInput:
    reasons = "; ".join(dict.fromkeys(skipped[d.id] for d in images if d is not read))
    if all(d is not read for d in images):
        return SeriesInput(uid, "skipped", reasons)
    return SeriesInput(uid, "read", f"a part of the series was not read: {reasons}" if reasons else None)


def _why_none(study: Study, skipped: dict[str, str]) -> str:
    """Why no series was read, in one sentence."""
    reasons = list(dict.fromkeys(skipped[d.id] for d in study.display_sets if d.id in skipped))
    if not reasons:
        return "there are no images in this study"
    return f"no series suits this model: {'; '.join(reasons[:3])}"


def _part(report: Report, number: int, count: int) -> Report:
    return lambda done, doing: report((number + done) / count, doing)
