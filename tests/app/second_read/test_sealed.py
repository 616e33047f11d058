"""Before the commit nothing of the model's can be found, in words or on disk; after it, everything."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.app.second_read.studies import LESION, Volumes, display_set, study, unreadable
from tests.inference.worker.jobs import bundle
from viewer.app.second_read.handover import MEMORY, PREFIX
from viewer.app.second_read.model_read import array_paths, voxels
from viewer.app.second_read.sealed import SealedRead, State, StillSealed, load_revealed, read_sealed
from viewer.app.second_read.study_read import read_study
from viewer.app.session import ReadingSession
from viewer.app.store import EventLog
from viewer.core.reading.reading import Paradigm, Reader, Stage


@pytest.fixture
def log(home):
    log = EventLog(home)
    yield log
    log.close()


def begin(log, paradigm=Paradigm.SECOND_READER, uid="1.2.9"):
    return ReadingSession.start(log, uid, Reader("R"), paradigm=paradigm)


@pytest.fixture
def sealed(warm_pool, home, tmp_path):
    bundles = [bundle(tmp_path / "tiny")]
    return read_sealed(study(display_set()), Volumes(), bundles, warm_pool, scratch=home / "run")


def secrets(read):
    """What would give the model away: labels, UIDs, coordinates and sizes, as text."""
    (model,) = read.reads
    (finding,) = model.findings
    numbers = [*finding.center_lps_mm, finding.probability, finding.volume_mm3]
    return [finding.tracking_uid, finding.label, "lung nodule", "part-solid", *map(str, numbers)]


def everything_below(*folders: Path) -> bytes:
    return b"\n".join(
        str(p).encode() + b"\n" + (p.read_bytes() if p.is_file() else b"")
        for folder in folders
        for p in folder.rglob("*")
    )


def test_before_the_commit_there_is_only_ready(sealed):
    assert (sealed.state, sealed.reason) == (State.READY, "")
    words = repr(sealed) + str(sealed) + repr({name: getattr(sealed, name, "") for name in dir(sealed)})
    assert "nodule" not in words.replace("ct_lung_nodule", "")


def test_before_the_commit_nothing_lies_on_disk(sealed, log, home, tmp_path, capfd, caplog):
    session = begin(log)
    session.mark((1.0, 2.0, 3.0), series_instance_uid="1.2.9.1", frame_of_reference_uid="1.2.9.0", label="R")
    log.flush()
    before = everything_below(home, *MEMORY.glob(f"{PREFIX}*"))
    said = "".join(capfd.readouterr()) + caplog.text
    read = sealed.open(session.commit(), log.events(session.reading.reading_id), home / "revealed")
    for secret in secrets(read):
        assert secret.encode() not in before
        assert secret not in said
    after = everything_below(home)
    assert read.reads[0].findings[0].tracking_uid.encode() in after


def test_a_read_that_is_to_be_sealed_writes_no_words_on_its_way(warm_pool, tmp_path):
    bundles, out = [bundle(tmp_path / "tiny")], tmp_path / "out"
    read = read_study(study(display_set()), Volumes(), bundles, warm_pool, out=out, keep=False)
    assert {path.suffix for path in out.rglob("*") if path.is_file()} == {".npy"}
    assert not any(secret.encode() in everything_below(out) for secret in secrets(read))


def test_the_commit_opens_it_and_the_record_takes_it(sealed, log, home):
    session = begin(log)
    seal = session.commit()
    read = sealed.open(seal, log.events(session.reading.reading_id), home / "revealed")
    session.reveal(read)
    assert session.reading.stage is Stage.REVEALED
    assert session.reading.model == read.reads[0].findings
    candidate = read.reads[0].candidates[session.reading.model[0].tracking_uid]
    assert voxels(candidate.heat).max() == 0.5
    assert candidate.mask.start == tuple(i - 1 for i in LESION)


def test_it_stays_sealed_without_a_commit(sealed, log, home):
    session = begin(log)
    events = log.events(session.reading.reading_id)
    for seal in ("", "0" * 64, events[-1].hash):
        with pytest.raises(StillSealed, match="own commit"):
            sealed.open(seal, events, home / "revealed")
    assert not (home / "revealed").exists()


def test_another_commit_does_not_open_it(sealed, log, home):
    mine, other, elsewhere = begin(log), begin(log), begin(log, uid="1.2.10")
    other_seal = other.commit()
    with pytest.raises(StillSealed, match="own commit"):
        sealed.open(other_seal, log.events(mine.reading.reading_id), home / "revealed")
    with pytest.raises(StillSealed, match="another study"):
        seal = elsewhere.commit()
        sealed.open(seal, log.events(elsewhere.reading.reading_id), home / "revealed")


def test_a_record_that_was_touched_does_not_open_it(sealed, log, home):
    session = begin(log)
    seal = session.commit()
    events = list(log.events(session.reading.reading_id))
    events[0] = replace(events[0], payload={**events[0].payload, "title": "changed"})
    with pytest.raises(StillSealed, match="not whole"):
        sealed.open(seal, events, home / "revealed")


@pytest.mark.parametrize(
    ("paradigm", "opens"),
    [(Paradigm.CONCURRENT, True), (Paradigm.SHADOW, False), (Paradigm.INDEPENDENT, False)],
)
def test_the_paradigm_rules(sealed, log, home, paradigm, opens):
    session = begin(log, paradigm)
    events = log.events(session.reading.reading_id)
    if opens:
        assert sealed.open("", events, home / "revealed").reads[0].findings
        return
    with pytest.raises(StillSealed):
        sealed.open("", events, home / "revealed")
    seal = session.commit()
    with pytest.raises(StillSealed):
        sealed.open(seal, log.events(session.reading.reading_id), home / "revealed")


def test_what_was_revealed_is_found_again_at_a_resume(sealed, log, home):
    session = begin(log)
    seal = session.commit()
    read = sealed.open(seal, log.events(session.reading.reading_id), home / "revealed")
    assert load_revealed(home / "revealed") == read
    assert all(Path(path).is_file() for path in array_paths(read.reads[0]))
    assert load_revealed(home / "elsewhere") is None


def test_findings_or_none_look_the_same_from_outside(sealed, warm_pool, tmp_path):
    bundles = [bundle(tmp_path / "tiny")]
    read = read_study(study(display_set()), Volumes(), bundles, warm_pool, out=tmp_path / "reads")
    assert read.reads[0].findings
    empty = SealedRead(replace(read, reads=(replace(read.reads[0], findings=(), candidates={}),)))
    assert (empty.state, empty.reason) == (sealed.state, sealed.reason)


def test_a_read_that_was_not_run_says_why(warm_pool, home, tmp_path):
    bundles = [bundle(tmp_path / "tiny")]
    not_run = read_sealed(study(display_set()), unreadable, bundles, warm_pool, scratch=home)
    assert (not_run.state, not_run.reason) == (
        State.NOT_RUN,
        "no series suits this model: the image has no rows",
    )
    nothing = read_sealed(study(display_set()), Volumes(), [], warm_pool, scratch=home)
    assert (nothing.state, nothing.reason) == (
        State.NOT_RUN,
        "no model is installed for this kind of study",
    )
