"""The concepts of a malignancy score on the card: seen, corrected by keys, undone; the type is suggested."""

from dataclasses import replace

import pytest

from inference.protocol import Candidate, Characteristic
from tests.app.desks import FINDINGS
from tests.core.reading.made import BOTTLENECK
from viewer.app.second_read.findings import to_finding
from viewer.core.reading.finding import Texture

CONCEPTS = (("spiculation", 2.3), ("margin", 3.6))


@pytest.fixture
def nodules(hand, chest_folder, second_reader):
    """M1 with concepts and a suggested type, in focus after the reveal."""
    first, *others = FINDINGS
    first = replace(first, malignancy=0.3, concepts=CONCEPTS, suggested=(Texture.NON_SOLID, 0.7))
    second_reader.says((first, *others), bottleneck=BOTTLENECK)
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind != "waiting")
    return hand


def lines(hand):
    row = next(row for row in hand.state.panel.rows if row.focused)
    return dict(row.lines)


def reveal(hand):
    hand.press("Shift+Enter", "N")
    return hand


def test_nothing_is_corrected_before_the_commit(nodules):
    nodules.press("Shift+C")
    assert not nodules.desk.review.asked and not nodules.desk.reading.corrections


def test_the_card_says_what_the_score_rests_on_with_the_error_of_each(nodules):
    said = lines(reveal(nodules))
    assert said["Malignancy"].startswith("30 % (") and "no pathology" in said["by"]
    assert said["Spiculation"] == "2.3 ± 0.5 of 5, slight"
    assert said["Margin"] == "3.6 ± 0.6 of 5, sharpish"


def test_a_key_corrects_a_concept_and_the_score_follows_and_undo_takes_it_back(nodules):
    reveal(nodules).press("Shift+C", "4")
    said = lines(nodules)
    assert said["Malignancy"].startswith("63 %") and "model alone 30 %" in said["Malignancy"]
    assert said["Spiculation"] == "4 much, yours; model 2.3 ± 0.5"
    assert nodules.state.panel.strip.title.startswith("Margin")
    nodules.press("Esc", "Ctrl+Z")
    assert lines(nodules)["Malignancy"].startswith("30 %")


def test_del_gives_the_models_rating_again(nodules):
    reveal(nodules).press("Shift+C", "4", "Backspace", "Del")
    assert nodules.desk.reading.corrections == {}


def test_the_suggested_type_changes_no_category(nodules):
    reveal(nodules)
    assert "counts as solid until you say" in lines(nodules)["Type"]
    assert "non-solid, 70 %" in lines(nodules)["Type"]
    nodules.look()
    nodules.press("Enter")
    assert "4A: solid" in lines(nodules)["Lung-RADS"]
    nodules.press("E")
    nodules.desk.save_edit({"texture": "part-solid"})
    assert lines(nodules)["Type"].startswith("part-solid, yours")


def test_what_the_worker_names_is_kept_as_a_suggestion():
    candidate = Candidate(
        id="c1",
        label="lung nodule",
        probability=0.9,
        score=0.9,
        above_operating_point=True,
        center_lps_mm=(0.0, 0.0, 0.0),
        malignancy=0.3,
        concepts=dict(CONCEPTS),
        characteristics={"texture": Characteristic("part-solid", 0.6)},
    )
    found = to_finding(candidate, "M1", "1.2", "1.3", "1.4")
    assert found.texture is Texture.SOLID and found.suggested == (Texture.PART_SOLID, 0.6)
    assert found.concepts == CONCEPTS
