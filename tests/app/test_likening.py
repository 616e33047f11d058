"""Shift+A: the training findings like the one in focus, on its card, and only after the reveal."""

import msgspec
import pytest

from inference.near_cases import NearCases
from inference.protocol import NearCase
from tests.app.desks import FINDINGS, candidate
from tests.app.test_desk import commit

ABOUT = NearCases(
    sha256="cd" * 32,
    weights="ab" * 32,
    kind="nodules",
    outcome="rated suspicious",
    source="readers, no pathology",
    words=("solid, malignancy rated 4 of 5",),
    lesions=290,
    auc=0.84,
    low=0.78,
    high=0.9,
    n=276,
    measured_on="other nodules",
)


@pytest.fixture
def compared(second_reader):
    """M1 with eight cases, six of them suspicious; M2 with none."""
    nearest = tuple(
        NearCase(number=100 + n, distance=0.5 + n / 10, size_mm=7.04, outcome=n < 6, words=ABOUT.words[0])
        for n in range(8)
    )
    made = {f.tracking_uid: candidate(f, second_reader.folder) for f in FINDINGS if f.center_lps_mm}
    uid = FINDINGS[0].tracking_uid
    made[uid] = msgspec.structs.replace(made[uid], nearest=nearest)
    second_reader.changes = {"candidates": made, "near_cases": ABOUT}


def _card(hand):
    return next(row for row in hand.state.panel.rows if row.focused)


def test_the_nearest_cases_stand_on_the_card_with_how_well_they_tell(compared, hand, desk):
    hand.press("Shift+A")
    assert "Shift+Enter" in desk.screen.status  # sealed: not even whether there are any
    commit(hand)
    hand.press("N")
    assert _card(hand).alike == ("", ())
    hand.press("Shift+A")
    sentence, rows = _card(hand).alike
    assert sentence.startswith("6 of the 8 nearest training nodules were rated suspicious")
    assert "(leave-one-patient-out AUC .84, .78 to .90, n = 276)" in sentence
    assert "no pathology" in sentence
    assert rows[0] == ("No.", "Distance", "Size", "What it was")
    assert rows[1] == ("100", "0.50", "7.0 mm", "solid, malignancy rated 4 of 5") and len(rows) == 9
    hand.press("Shift+A")
    assert _card(hand).alike == ("", ())
    noted = [e.payload for e in desk.log.events(desk.reading.reading_id) if e.kind == "alike"]
    assert [said["on"] for said in noted] == [True, False]


def test_a_finding_without_cases_says_so(compared, hand, desk):
    commit(hand)
    hand.press("N", "N", "Shift+A")
    assert "brought no cases" in desk.screen.status
    assert _card(hand).alike == ("", ())
