"""Which heat map of the finding in focus is meant, and asking the second reader for it when it is wanted.

The read itself brings one map of each finding; any other, and how faithful a map is, the worker makes on
demand from what it was given of the finding. Nothing here runs before the reveal.
"""

import queue
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from inference.protocol import (
    Explain,
    Explained,
    Failed,
    ImageLook,
    Job,
    Method,
    Progress,
    VolumeLook,
)
from viewer.app import seeing
from viewer.app.desk_parts import Evidence, MapKey
from viewer.app.desk_state import DeskState
from viewer.app.display import Severity
from viewer.app.jobs import Report, Stopped

if TYPE_CHECKING:  # the second reader's parts load when it starts, after the first image
    from inference.protocol import Candidate
    from viewer.app.second_read.asking import InstalledBundle
    from viewer.app.second_read.model_read import ModelRead
    from viewer.app.second_read.pool import WorkerPool

MAPS = "revealed"
"""Folder below the home folder for what belongs to the study on the desk, after the reveal."""
PRIORITY = 10
"""Before every read that waits: somebody looks at the screen."""
LOOK_EVERY_S = 0.05

_Reply = TypeVar("_Reply")


def pool(desk: DeskState) -> "WorkerPool":
    """The desk's second reader, started when it is first needed."""
    if desk.workers is None:
        from viewer.app.second_read.pool import WorkerPool

        desk.workers = WorkerPool(size=1, device=desk.settings.device, threads=1)
    return desk.workers


# --- what is meant


def next_method(desk: DeskState) -> None:
    """The next way to make heat maps, for all findings from here on."""
    methods = list(Method)
    desk.second.method = methods[(methods.index(desk.second.method) + 1) % len(methods)]
    _say(desk)


def next_target(desk: DeskState) -> None:
    """The next answer of the model about the finding: that it is one, that it is malignant."""
    targets = _targets(desk, desk.review.focus)
    desk.second.target = targets[(targets.index(_target(desk, desk.review.focus)) + 1) % len(targets)]
    _say(desk)


def why_no_method(desk: DeskState) -> str:
    """Why there is no other heat map of the finding in focus; "" where there is."""
    refusal = seeing.why_no_heat(desk)
    if refusal:
        return refusal
    found = _found(desk, desk.review.focus)
    return (
        ""
        if found and _looks(found[1])
        else "The model gave one heat map of this finding, and can make no other."
    )


def why_no_target(desk: DeskState) -> str:
    """Why the heat map of no other answer can be shown; "" where it can."""
    refusal = why_no_method(desk)
    if refusal:
        return refusal
    only = len(_targets(desk, desk.review.focus)) < 2
    return "The model can explain one answer about this finding." if only else ""


def key_of(desk: DeskState, uid: str) -> MapKey:
    """Which map of a finding is meant now."""
    return MapKey(uid, _target(desk, uid), desk.second.method)


def _say(desk: DeskState) -> None:
    key = key_of(desk, desk.review.focus)
    desk.second.failed.discard(key)
    if desk.session is not None:
        with desk.telling_refusals():
            desk.session.note_heat(
                key.tracking_uid, bool(seeing.heat_shown(desk)), key.method.value, key.target
            )
    where = "" if seeing.heat_shown(desk) else " Hold H to see it."
    desk.say(f"Heat map: {key.method.value} of '{key.target}'.{where}")


def _targets(desk: DeskState, uid: str) -> tuple[str, ...]:
    found = _found(desk, uid)
    if found is None:
        return ("",)
    looks = _looks(found[1])
    return looks[0].targets if looks else (found[1].label,)


def _target(desk: DeskState, uid: str) -> str:
    """The answer that was chosen, where the finding has it; else that it is a finding."""
    targets = _targets(desk, uid)
    return desk.second.target if desk.second.target in targets else targets[0]


def _found(desk: DeskState, uid: str) -> "tuple[ModelRead, Candidate] | None":
    reads = () if desk.second.read is None else desk.second.read.reads
    return next(((r, r.candidates[uid]) for r in reads if uid in r.candidates), None)


def _looks(candidate: "Candidate") -> tuple[VolumeLook | ImageLook, ...]:
    on_images = tuple(place.look for place in candidate.places if place.look is not None)
    return on_images if candidate.look is None else (candidate.look,)


def own_shown(desk: DeskState) -> bool:
    """True where the map on screen is the one that the read brought."""
    uid = seeing.heat_shown(desk)
    return bool(uid) and _is_own(desk, key_of(desk, uid))


def evidence_of(desk: DeskState, uid: str) -> Evidence | None:
    """The map of a finding that is meant; None while it is not there. The read's own is there at once."""
    key = key_of(desk, uid)
    made = desk.second.evidence.get(key)
    if made is not None or not _is_own(desk, key):
        return made
    return Evidence(desk.second.heat[uid], None)


def _is_own(desk: DeskState, key: MapKey) -> bool:
    return key.method is Method.HIRESCAM and key.target == _targets(desk, key.tracking_uid)[0]


# --- asking for it


def catch_up(desk: DeskState) -> None:
    """Ask for the map that is on screen, once, where it is not there or not measured.

    One that failed is asked for again when its key is pressed, not by itself.
    """
    uid = seeing.heat_shown(desk)
    found = _found(desk, uid) if uid else None
    if found is None or desk.study is None:
        return
    key = key_of(desk, uid)
    known = (desk.second.evidence, desk.second.wanted, desk.second.failed)
    if any(key in keys for keys in known) or not _looks(found[1]):
        return
    desk.second.wanted.add(key)
    generation, out = desk.case.generation, desk.home / MAPS / "maps"
    desk.jobs.start(
        f"Heat map: {key.method.value}",
        partial(_explained, pool(desk), found[0].model_sha256, found[1], key, out, desk.home),
        lambda evidence: _arrived(desk, generation, key, evidence),
        lambda error: _failed(desk, generation, key, error),
    )


def _arrived(desk: DeskState, generation: int, key: MapKey, evidence: Evidence) -> None:
    if generation == desk.case.generation:
        desk.second.wanted.discard(key)
        desk.second.evidence[key] = evidence
        desk.changed()


def _failed(desk: DeskState, generation: int, key: MapKey, error: Exception) -> None:
    if generation == desk.case.generation:
        desk.second.wanted.discard(key)
        desk.second.failed.add(key)
        desk.say(f"No heat map: {str(error).rstrip('.')}. H asks again.", Severity.WARNING)


def _explained(
    workers: "WorkerPool",
    sha256: str,
    candidate: "Candidate",
    key: MapKey,
    out: Path,
    home: Path,
    report: Report,
    cancelled: Callable[[], bool],
) -> Evidence:
    """On a thread of its own. Raises `LookupError` where the model is gone or cannot do it."""
    from inference.bundle import installed_bundles

    installed = next((i for i in installed_bundles(home / "models") if i[1].sha256 == sha256), None)
    if installed is None:
        raise LookupError("the model that found this is no longer installed")
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    answers = [
        ask(workers, _job(installed, look, key, out), Explained, cancelled) for look in _looks(candidate)
    ]
    figures = tuple(answer.faithfulness for answer in answers)
    if candidate.look is not None:
        return Evidence(answers[0].heat, figures)
    places = [place for place in candidate.places if place.look is not None]
    maps = [
        msgspec.structs.replace(place, heat=answer.image_heat)
        for place, answer in zip(places, answers, strict=True)
    ]
    return Evidence(tuple(maps), figures)


def _job(installed: "InstalledBundle", look: VolumeLook | ImageLook, key: MapKey, out: Path) -> Explain:
    folder, bundle = installed
    return Explain(
        job=uuid.uuid4().hex,
        bundle=str(folder.resolve()),
        bundle_sha256=bundle.sha256,
        look=look,
        target=key.target,
        method=key.method,
        out=str(out.resolve()),
        priority=PRIORITY,
    )


def ask(
    workers: "WorkerPool",
    job: Job,
    kind: type[_Reply],
    cancelled: Callable[[], bool],
    report: Report = lambda done, doing: None,
) -> _Reply:
    """Wait for the answer of a worker. Raises `LookupError` with its sentence where it has none."""
    news: queue.SimpleQueue[object] = queue.SimpleQueue()
    workers.submit(job, news.put, news.put)
    while True:
        if cancelled():
            workers.cancel(job.job)
            raise Stopped
        try:
            answer = news.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            continue
        if isinstance(answer, kind):
            return answer
        if isinstance(answer, Failed):
            raise LookupError(answer.error)
        if not isinstance(answer, Progress):
            raise Stopped
        report(answer.done, answer.doing)
