"""Answers about a whole series on the desk: sealed, then in the panel, beside the stack, judged, reported."""

import subprocess

import pytest
from pydicom import dcmread

from inference.protocol import Measurement, OperatingPoint, Score
from tests.app.desks import FINDINGS, SHAPE, slice_of
from viewer.core.reading.finding import Author, Finding, ImagePlace
from viewer.core.reading.reading import Verdict

BEST = (6, 0, 0)
"""Slice, counted from the feet, that is most probable."""


def image(slice_from_feet):
    return f"1.2.9.1.{slice_from_feet + 1}"


def by_slice(label, probabilities, rest=0.02):
    """Scores of all images; `probabilities` by slice, counted from the feet."""
    return tuple(
        Score("image", label, probabilities.get(k, rest), sop_instance_uid=image(k)) for k in range(SHAPE[0])
    )


def whole(name, label, probability, *, above, certainty=None):
    return Finding(
        name=name,
        tracking_uid=f"2.25.7{ord(name[-1])}",
        author=Author.MODEL,
        label=label,
        series_instance_uid="1.2.9.1",
        frame_of_reference_uid="1.2.9.99",
        places=(
            ImagePlace(
                sop_instance_uid=image(BEST[0]),
                series_instance_uid="1.2.9.1",
                column=31.5,
                row=31.5,
                box=(-0.5, -0.5, 63.5, 63.5),
            ),
        ),
        probability=probability,
        certainty=certainty,
        above_operating_point=above,
        whole=True,
        in_breast=False,
    )


SAID = {
    "scores": (
        Score("study", "haemorrhage", 0.93),
        Score("study", "midline", 0.10),
        *by_slice("haemorrhage", {5: 0.81, 6: 0.93, 7: 0.77, 8: 0.4}),
    ),
    "thresholds": {"haemorrhage": 0.5, "midline": 0.4},
    "candidates": {},
}
ANSWERS = (
    whole("M1", "haemorrhage", 0.93, above=True),
    whole("M2", "midline", 0.10, above=False),
)


@pytest.fixture
def sealed(hand, chest_folder, second_reader):
    second_reader.says(ANSWERS, **SAID)
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind == "ready")
    hand.paint()
    return hand


@pytest.fixture
def revealed(sealed):
    sealed.press("Shift+Enter")
    return sealed


def stack(hand):
    return next(v for v in hand.state.viewports if v.plane == "stack")


def test_before_the_commit_nothing_of_it_is_on_screen(sealed):
    assert "haemorrhage" not in repr(sealed.state)
    assert all(v.profile is None for v in sealed.state.viewports)
    where = stack(sealed).index
    sealed.press("Shift+J")
    assert stack(sealed).index == where
    assert "commit" in sealed.state.status.lower()


def test_every_label_stands_in_the_panel_flagged_or_not(revealed):
    assert revealed.state.panel.scores == (
        ("haemorrhage, study", "93 %  ·  flagged from 50 %", True),
        ("midline, study", "10 %  ·  not flagged, below 40 %", False),
    )
    (row,) = revealed.state.panel.rows
    assert (row.name, row.title) == ("M1", "Haemorrhage, whole series")


def test_what_has_no_operating_point_is_one_line_for_each_label(hand, chest_folder, second_reader):
    scores = (
        Score("study", "malignant", 0.41),
        Score("breast", "malignant", 0.41, laterality="L"),
        Score("breast", "malignant", 0.28, laterality="R"),
        Score("study", "any", 0.86),
    )
    second_reader.says(FINDINGS, scores=scores, thresholds={})
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind == "ready")
    hand.press("Shift+Enter")
    assert hand.state.panel.scores == (
        ("malignant", "study 41 %  ·  left breast 41 %  ·  right breast 28 %", False),
        ("any", "study 86 %", False),
    )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Measurement("midline shift", 6.4, 2.0, "R"), "6 mm to the right (± 2 mm)"),
        (Measurement("midline shift", 0.3, 2.0), "0 mm (± 2 mm)"),
        (Measurement("midline shift", reason="the skull is cut"), "not measured: the skull is cut"),
    ],
)
def test_the_midline_shift_stands_in_panel_and_report_once_committed(
    said, words, hand, chest_folder, second_reader
):
    second_reader.says(ANSWERS, **SAID, measurements=(said,))
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind == "ready")
    assert "midline shift" not in repr(hand.state)
    hand.press("Shift+Enter")
    assert ("midline shift", words, False) in hand.state.panel.scores
    hand.press("N")
    hand.look()
    hand.press("Enter", "F6")
    assert dict(hand.state.report.page.scores)["midline shift"] == words


def test_what_is_not_calibrated_says_so(hand, chest_folder, second_reader):
    answers = (whole("M1", "haemorrhage", None, above=True, certainty=0.93),)
    second_reader.says(answers, **SAID, calibrated=False)
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind == "ready")
    hand.press("Shift+Enter", "N")
    assert hand.state.panel.scores[0][1] == "93 %, not calibrated  ·  flagged from 50 %"
    (row,) = hand.state.panel.rows
    assert ("Certainty", "93 %, as its maker states it; not calibrated here") in row.lines


@pytest.mark.parametrize(("threshold", "words"), [(0.9998, "> 99 %"), (0.004, "< 1 %"), (0.5, "50 %")])
def test_a_threshold_is_never_told_as_certain_where_it_is_not(
    hand, chest_folder, second_reader, threshold, words
):
    point = OperatingPoint("balanced", threshold, 0.5, "false marks per scan")
    second_reader.says(FINDINGS, operating_point=point)
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind == "ready")
    hand.press("Shift+Enter")
    assert hand.state.panel.operating_point.endswith(f"shown from a probability of {words}.")


def test_the_probability_of_each_slice_stands_beside_the_stack(revealed):
    profile = stack(revealed).profile
    assert (profile.label, profile.threshold) == ("haemorrhage", 0.5)
    assert len(profile.values) == SHAPE[0]
    assert profile.values[slice_of(BEST)] == 0.93
    revealed.press("G")
    assert stack(revealed).profile is None


def test_a_key_goes_to_the_most_probable_slice(revealed):
    revealed.press("Home")
    assert stack(revealed).index == 0
    revealed.press("Shift+J")
    assert stack(revealed).index == slice_of(BEST)
    assert stack(revealed).profile.text == "haemorrhage 93 %"


def test_it_is_no_place_so_no_mark_is_drawn(revealed):
    assert stack(revealed).marks == ()


def test_the_card_names_the_slices_that_are_flagged(revealed):
    revealed.press("N")
    (row,) = revealed.state.panel.rows
    lines = dict(row.lines)
    first = slice_of((7, 0, 0)) + 1
    assert (
        lines["By image"] == f"highest on image {slice_of(BEST) + 1}, 93 %; flagged: {first} to {first + 2}"
    )
    assert stack(revealed).index == slice_of(BEST)


def test_it_is_accepted_once_its_image_was_looked_at(revealed):
    revealed.press("N", "Enter")
    assert "Look at M1 first" in revealed.state.status
    revealed.look()
    revealed.press("Enter")
    assert revealed.desk.reading.judgement(ANSWERS[0].tracking_uid).verdict is Verdict.ACCEPTED
    revealed.press("Ctrl+Z", "X", "3")
    assert revealed.desk.reading.judgement(ANSWERS[0].tracking_uid).verdict is Verdict.REJECTED


def test_the_record_keeps_every_score(revealed):
    (run,) = revealed.desk.reading.runs
    assert len(run.scores) == 2 + SHAPE[0]
    assert [s.label for s in run.scores if s.flagged and s.level == "study"] == ["haemorrhage"]


def test_places_and_the_whole_are_listed_together(hand, chest_folder, second_reader):
    second_reader.says((ANSWERS[0], *FINDINGS[1:]), **(SAID | {"candidates": {}}))
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind == "ready")
    hand.press("Shift+Enter")
    assert [m.name for m in stack(hand).marks] == ["M2"]
    assert [row.name for row in hand.state.panel.rows] == ["M1", "M2"]


def test_report_and_structured_reports_tell_it_without_a_place(revealed):
    revealed.press("N")
    revealed.look()
    revealed.press("Enter", "F6")
    page = revealed.state.report.page
    assert dict(page.scores)["haemorrhage, study"] == "93 %; flagged, threshold 50 %"
    (card,) = page.findings
    assert "All of the series, most of all slice" in " ".join(card.lines)
    revealed.press("Ctrl+Shift+Enter")
    revealed.turn(lambda: bool(revealed.desk.report.written))
    reports = [w.path for w in revealed.desk.report.written if w.kind == "SR"]
    assert len(reports) == 2
    for path in reports:
        said = dcmread(path)
        words = subprocess.run(
            ["dsrdump", "+Pl", str(path)], capture_output=True, text=True, check=True
        ).stdout
        assert "haemorrhage, study: 93 %; flagged, threshold 50 %" in words
        assert "highest on slice" in words
        assert "SCOORD" not in words
        assert said.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"


def test_no_answer_is_not_told_as_nothing_found(hand, chest_folder, second_reader):
    second_reader.says((), status="failed", reason="the worker broke", operating_point=None)
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind != "waiting")
    hand.press("Shift+Enter", "N")
    assert hand.desk.screen.status == "The second reader gave no answer: failed: the worker broke"
