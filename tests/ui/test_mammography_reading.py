"""A mammography read in the real window with keys alone: marked in two views, described, assessed, signed."""

import pytest
from pydicom import dcmread

from tests.core.hanging.files import exam, write
from tests.ui.windows import Hand
from viewer.core.reading.events import Kind
from viewer.core.reading.reading import Stage
from viewer.ui import print as press

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def hand(home, monkeypatch, tmp_path):
    monkeypatch.setenv("TANDEM_READER", "Test Reader")
    made = Hand(home, (1600, 900))
    made.desk.printer = press
    made.open(write(tmp_path / "exam", *exam()))
    made.until(lambda: all(v.display_set in made.desk.pixels.breasts for v in made.desk.views.visible))
    made.rest()
    yield made
    made.close()


def test_a_mammography_is_read_described_assessed_and_signed_with_keys_alone(hand):
    desk = hand.desk
    hand.press("M", "Tab", "Tab", "M", "Return")
    (own,) = desk.reading.own
    assert [len(own.places), own.laterality] == [2, "R"]
    hand.press("E", "1", "3", "5", "1", "Return")
    hand.until(lambda: "Quadrant or region" in hand.words())
    hand.press("1", "C", "2", "1", "Esc")
    hand.press("Shift+E", "2", "6", "2")
    hand.keep("mammography_assessed")
    assert "irregular, spiculated, high density" in hand.words()
    assert "4B: moderate suspicion" in hand.words()
    hand.press("Shift+Return")
    hand.until(lambda: desk.stage is Stage.REVEALED)
    hand.press("Ctrl+Shift+Return")
    assert desk.screen.status.startswith("Not given: recall (Shift+E).")
    hand.press("Ctrl+Shift+Return")
    hand.until(lambda: bool(desk.report.written), seconds=90)
    assert desk.report.not_written == ()
    report = next(w.path for w in desk.report.written if w.role == "reader_sr")
    assert dcmread(report).VerificationFlag == "VERIFIED"
    assert sum(w.role == "key_image" for w in desk.report.written) == 2
    hand.keep("mammography_signed")
    assert "Right breast: 4B" in hand.words()


def test_the_readers_own_probability_of_cancer_is_given_by_keys_and_sealed_with_the_commit(hand):
    desk = hand.desk
    assert "Probability of cancer, yours" in hand.words()
    hand.press("Shift+E", "2", "6", "2", "1")
    hand.until(lambda: hand.state.panel.exam_strip.title == "Probability of cancer, yours: not given")
    hand.press("2")
    hand.type("31")
    hand.press("Return")
    assert desk.review.chance == 31
    assert "31 %" in hand.words()
    hand.keep("mammography_probability")
    hand.press("Shift+Return")
    hand.until(lambda: desk.stage is Stage.REVEALED)
    sealed = [e.payload for e in desk.log.events(desk.reading.reading_id) if e.kind == Kind.COMMIT]
    assert sealed[0]["verdict"] == {"probability": 0.31}
