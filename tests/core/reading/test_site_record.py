"""What readers decided about a model's marks, counted."""

from dataclasses import replace

from tests.core.reading.made import Chain, finding, proposed
from viewer.core.reading.events import Kind
from viewer.core.reading.reading import ModelRun, Reading, Verdict
from viewer.core.reading.site_record import SiteRecord, site_record

WEIGHTS = "a" * 64


def _revealed() -> Chain:
    """Two own marks, one of them where the model shows M1 too; M2 and M3 are the model's alone."""
    chain = Chain().mark(finding("R1", at=(0, 0, 0))).mark(finding("R2", at=(0, 90, 0))).commit()
    marks = [proposed(f"M{n}", at=(60.0 * (n - 1) + 1, 0, 0), probability=0.9 - n / 10) for n in (1, 2, 3)]
    return chain.reveal(*marks, joined={marks[0].tracking_uid: chain.reading.own[0].tracking_uid})


def _judge(chain: Chain, kind: Kind, name: str, **more) -> None:
    chain.add(kind, tracking_uid=proposed(name).tracking_uid, name=name, **more)


def _read(chain: Chain) -> Reading:
    """The reading, with the model that spoke in it."""
    said = tuple(f.tracking_uid for f in chain.reading.model)
    run = ModelRun(model_id="m", model_version="1", model_sha256=WEIGHTS, status="done", findings=said)
    return replace(chain.reading, runs=(run,))


def _signed() -> Reading:
    chain = _revealed()
    _judge(chain, Kind.ACCEPT, "M1")
    _judge(chain, Kind.ACCEPT, "M2")
    _judge(chain, Kind.REJECT, "M3", reason="vessel")
    return _read(chain.sign())


def test_signed_readings_count_what_the_model_added_and_what_it_missed():
    reading = _signed()
    record = site_record([reading, reading], WEIGHTS)
    assert record.readings == 2
    assert record.marks == {Verdict.ACCEPTED: 4, Verdict.REJECTED: 2}
    assert record.reasons == {"vessel": 2}
    assert (record.joined, record.added, record.missed) == (2, 2, 2)
    assert record.first == record.last == reading.signed_at[:10]


def test_what_is_not_signed_or_was_read_by_other_weights_counts_nothing():
    assert site_record([_read(_revealed())], WEIGHTS) == SiteRecord()
    assert site_record([_signed()], "f" * 64) == SiteRecord()
