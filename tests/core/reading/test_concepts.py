"""A score of the model that follows what the reader says of its concepts."""

from math import exp, log

import pytest

from tests.core.reading.made import BOTTLENECK, Chain, finding, proposed, rated, run_of
from viewer.core.reading.changes import Refused
from viewer.core.reading.concepts import rating_of
from viewer.core.reading.events import Kind
from viewer.core.reading.fold import apply

M1 = proposed("M1").tracking_uid


def revealed() -> Chain:
    return Chain().mark(finding("R1")).commit().reveal(rated("M1", at=(50.0, 0, 0)), runs=(run_of("M1"),))


def say(chain: Chain, concept="spiculation", rating: float | None = 4.0, uid=M1) -> Chain:
    draft = chain.draft(Kind.CONCEPT, tracking_uid=uid, name="M1", concept=concept, rating=rating)
    apply(chain.progress, draft)
    chain.events.append(draft)
    return chain


def score(chain: Chain):
    return rating_of(chain.reading, chain.reading.finding(M1))


def test_the_score_moves_by_the_weight_of_the_concept_and_the_models_own_stays():
    before, after = score(revealed()), score(say(revealed()))
    moved = log(0.3 / 0.7) + 0.8 * (4.0 - 2.3)
    assert (before.score, before.corrected) == (pytest.approx(0.3), ())
    assert after.score == pytest.approx(1 / (1 + exp(-moved)))
    assert after.model == 0.3 and [r.reader for r in after.corrected] == [4.0]


def test_a_correction_leaves_less_doubt():
    odds = [
        log(h / (1 - h)) - log(lo / (1 - lo))
        for lo, h in (score(revealed()).interval, score(say(revealed())).interval)
    ]
    assert odds[1] < odds[0]
    both = say(say(revealed()), "margin", 2.0)
    assert score(both).interval == pytest.approx((score(both).score,) * 2)


def test_undo_and_no_rating_give_the_models_score_again():
    chain = say(revealed())
    last = chain.progress.done[-1]
    assert last.title == "spiculation of M1"
    assert score(chain.add(Kind.UNDO, of=last.seq, title=last.title)).score == pytest.approx(0.3)
    assert say(say(revealed()), rating=None).reading.corrections == {}


@pytest.mark.parametrize(
    ("concept", "rating", "uid"),
    [
        ("beauty", 3.0, M1),
        ("margin", 6.0, M1),
        ("margin", 0.5, M1),
        ("margin", 3.0, proposed("M7").tracking_uid),
    ],
)
def test_what_is_no_rating_of_a_concept_is_refused(concept, rating, uid):
    with pytest.raises(Refused):
        say(revealed(), concept, rating, uid)


def test_nothing_is_rated_before_the_reveal_or_after_the_signature():
    for chain in (Chain().mark(finding("R1")), Chain().commit(), revealed().sign("M1")):
        with pytest.raises(Refused):
            say(chain)


def test_a_finding_without_concepts_has_no_rating():
    chain = Chain().commit().reveal(proposed("M1"))
    assert rating_of(chain.reading, chain.reading.finding(M1)) is None
    assert BOTTLENECK.concept("beauty") is None
