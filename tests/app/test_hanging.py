"""Hanging steps on the desk: keys, priors, what is not shown, pixels there before they are needed."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.app.desks import Hand, write_chest
from tests.core.hanging.exams import FOUR
from tests.core.hanging.files import WAYS, exam, mammogram, write
from tests.core.hanging.files import hung as breast
from viewer.app import roaming
from viewer.app.resolve import resolve


@pytest.fixture
def screening(hand, tmp_path):
    """A screening exam with two priors on the desk."""
    folder = write(
        tmp_path / "exam",
        *exam(),
        *exam(study="1.2.7.2", date="20240103"),
        *exam(study="1.2.7.3", date="20220104"),
        mammogram(9, "R", "CC", PresentationIntentType="FOR PROCESSING"),
    )
    hand.open(folder)
    wait_for_newest(hand)
    return hand


def wait_for_newest(hand):
    newest = max(hand.desk.listing.studies, key=lambda study: study.date)
    assert hand.desk.study == newest
    settle(hand)


def settle(hand):
    """Wait until what is on screen, and what loads beside it, is there."""
    hand.paint()
    hand.turn(lambda: hand.desk.pixels.stacks and all(s.complete for s in hand.desk.pixels.stacks.values()))
    hand.paint()


def on_screen(hand):
    """(year, side and view) of each viewport."""
    shown = [hand.desk.views.display_set(view) for view in hand.desk.views.visible]
    first = [None if one is None else one.instances[0] for one in shown]
    return [None if i is None else (i.study_date[:4], i.mammogram.name) for i in first]


def test_space_goes_through_the_screening_sequence(screening):
    titles = [step.title for step in screening.desk.hanging.steps]
    assert titles == [
        "Four views", "CC", "MLO", "CC, prior", "MLO, prior",
        "R CC 1:1", "L CC 1:1", "R MLO 1:1", "L MLO 1:1", "Second reader",
    ]  # fmt: skip
    assert [step.title for step in screening.state.steps][:3] == ["1  Four views", "2", "3"]
    assert on_screen(screening) == [("2026", name) for name in ("R CC", "L CC", "R MLO", "L MLO")]
    screening.press("Space", "Space", "Space")
    assert on_screen(screening) == [
        ("2024", "R CC"), ("2024", "L CC"), ("2026", "R CC"), ("2026", "L CC")
    ]  # fmt: skip
    screening.press("Shift+Space")
    assert on_screen(screening) == [("2026", "R MLO"), ("2026", "L MLO")]


def test_ctrl_left_takes_an_older_prior_and_ctrl_right_the_newer_one(screening):
    screening.press("Ctrl+5", "Ctrl+Left")
    assert [year for year, _ in on_screen(screening)] == ["2022", "2022", "2026", "2026"]
    assert "4 Jan 2022" in screening.state.status
    screening.press("Ctrl+Left")
    assert "no older" in screening.state.status
    screening.press("Ctrl+Right")
    assert [year for year, _ in on_screen(screening)][:2] == ["2024", "2024"]


def test_a_prior_says_that_it_is_one_and_takes_no_marks(screening):
    screening.press("Ctrl+4")
    prior, current = screening.state.viewports[0], screening.state.viewports[2]
    assert prior.corners.label_note == "Prior, 3 Jan 2024"
    assert current.corners.label_note == "5 Jan 2026"
    screening.desk.mark_at("1", (0.0, 0.0, 0.0))
    assert "earlier" in screening.state.status
    assert screening.desk.reading.own == ()


def test_what_no_step_shows_is_announced(screening):
    assert [chip.text for chip in screening.state.chips if chip.kind == "warning"] == [
        "1 image not in this layout"
    ]


def test_raw_detector_images_say_that_nobody_reads_from_them(screening):
    raw = next(
        d for d in screening.desk.display_sets if d.instances[0].presentation_intent == "FOR PROCESSING"
    )
    screening.desk.drop_series("1", raw.id)
    assert screening.state.viewports[0].banners[0].title == "Not for reading"


def test_the_next_step_is_loaded_before_it_is_asked_for(screening):
    settle(screening)
    screening.press("Ctrl+3")
    wanted = screening.desk.hanging.steps[3].pictures
    stacks = screening.desk.pixels.stacks
    screening.turn(lambda: all(name in stacks and stacks[name].complete for name in wanted))
    assert set(wanted) - {view.display_set for view in screening.desk.views.visible}


def test_a_chest_with_a_prior_has_steps_for_both(hand, tmp_path):
    hand.open(write_chest(tmp_path / "chest", StudyDate="20260102"))
    assert "lung_prior" not in [step.id for step in hand.desk.hanging.steps]
    assert resolve(hand.desk).steps[1].title == "Soft tissue"


@pytest.fixture
def large(hand, second_reader, tmp_path):
    """Mammograms larger than their viewports."""
    second_reader.says(())
    pixels = {side: np.kron(breast(side), np.ones((20, 20), np.uint16)) for side in "RL"}
    images = [mammogram(n, s, v, pixels=pixels[s], way=WAYS[n]) for n, (s, v) in enumerate(FOUR, 1)]
    hand.desk.sized(1000, 700)
    hand.open(write(tmp_path / "large", *images))
    settle(hand)
    return hand


def test_q_goes_through_a_breast_in_tiles_and_f_fits_it_again(large):
    large.press("Q")
    assert large.state.viewports[0].corners.bottom_left[0].startswith("1:1  part 1 / ")
    assert large.state.viewports[0].pose.pixels
    count = int(large.state.viewports[0].corners.bottom_left[0].rpartition("/ ")[2])
    places = {large.state.viewports[0].pan}
    for _ in range(count - 1):
        large.press("Right")
        places.add(large.state.viewports[0].pan)
    assert len(places) == count > 2
    large.press("Q")
    assert "part 1 /" in large.state.viewports[0].corners.bottom_left[0]
    assert ("Q", "Quadrants at 1:1") in large.state.hints
    large.press("F")
    assert not large.state.viewports[0].pose.pixels
    assert large.state.viewports[0].corners.bottom_left[0].startswith("Same size")


def test_what_was_seen_at_full_resolution_is_kept_and_the_rest_named(large):
    assert "R CC (0 %), L CC (0 %)" in large.state.panel.seen_note
    large.press("Q")
    for _ in range(40):
        large.press("Q")
    first = large.state.panel.seen_lines[0]
    assert first == ("R CC, full resolution", 100, 100)
    assert "R CC" not in large.state.panel.seen_note
    recorded = [key for key in large.desk.reading.slices_seen if key.endswith("full resolution")]
    assert recorded == [f"{large.desk.views.view('1').display_set}/full resolution"]
    large.desk.review.full.clear()  # as after a restart: what stands in the log still counts
    assert large.state.panel.seen_lines[0] == first
    assert "L CC (0 %)" in large.state.panel.seen_note


def test_a_part_that_was_seen_at_full_resolution_is_in_the_log_within_a_second(large):
    large.press("Tab", "Q", "Q")
    shown = large.desk.views.view("2").display_set
    large.turn(lambda: shown in large.desk.reading.parts_seen)
    line = large.state.panel.seen_lines[1]
    assert line[0] == "L CC, full resolution" and 0 < line[1] < 100
    events = len(large.desk.log.events(large.desk.reading.reading_id))
    large.press("Alt+Left", "Alt+Right")
    large.desk.review.full.clear()  # as after a restart
    assert large.state.panel.seen_lines[1][1] >= line[1]
    assert len(large.desk.log.events(large.desk.reading.reading_id)) < events + 40


def test_a_step_at_full_resolution_begins_with_its_first_tile_and_forgets_no_zoom(large):
    large.press("+")
    zoomed = large.state.viewports[0].zoom
    large.press("Ctrl+4")
    assert large.desk.hanging.now.title == "R CC 1:1"
    assert "part 1 /" in large.state.viewports[0].corners.bottom_left[0]
    large.press("Ctrl+1")
    assert large.state.viewports[0].zoom == zoomed


def test_signing_names_what_was_never_shown_whole(large):
    large.press("Shift+Enter")
    large.turn(lambda: large.desk.revealed)
    large.press("Ctrl+Shift+Enter")
    assert "Not shown whole at full resolution: R CC (0 %)" in large.state.status
    assert large.desk.stage.name == "REVEALED"
    large.press("Ctrl+Shift+Enter")
    assert large.desk.stage.name == "SIGNED"


def test_the_screen_is_saved_as_a_step_that_comes_back_in_another_study(screening, home, tmp_path):
    screening.press("Space", "Alt+2")
    screening.desk.drop_series("1", screening.desk.display_sets[3].id)
    screening.desk.set_window("1", 1800.0, 900.0)
    screening.desk.run("step.save")
    screening.desk.accept({"text": "My pair"})
    screening.rest()
    titles = [step.title for step in screening.desk.hanging.steps]
    assert titles[2] == "My pair"
    again = Hand(home)
    again.open(write(tmp_path / "other", *exam(study="1.2.8.1", PatientID="P-9")))
    titles = [step.title for step in again.desk.hanging.steps]
    again.desk.go_to_step(titles.index("My pair"))
    settle(again)
    assert on_screen(again)[0] == ("2026", "L MLO")
    assert (again.state.viewports[0].window.centre, again.state.viewports[0].window.width) == (1800, 900)
    again.desk.close()


def test_a_protocol_file_that_cannot_be_used_is_named_and_the_rest_goes_on(home):
    (home / "protocols").mkdir()
    (home / "protocols" / "mammography.toml").write_text('[[step]]\nid = "x"\n')
    (home / "protocols" / "breasts.toml").write_text("match = 3\n")
    desk = Hand(home).desk
    assert "protocols/mammography.toml" in desk.screen.status or "breasts.toml" in desk.screen.status
    assert "mammography" in [protocol.id for protocol in desk.protocols]
    desk.close()


def test_technique_facility_and_compression_stand_on_the_image_and_i_hides_them(hand, tmp_path):
    facts = {
        "InstitutionName": "Breast Centre", "OperatorsName": "Roe^Ann", "StationName": "MG1", "KVP": "29",
        "Exposure": "100", "BodyPartThickness": "60", "CompressionForce": "95", "OrganDose": "0.0143",
        "AnodeTargetMaterial": "TUNGSTEN", "FilterMaterial": "RHODIUM",
        "LossyImageCompression": "01", "LossyImageCompressionRatio": "12.5", "BreastImplantPresent": "YES",
    }  # fmt: skip
    hand.open(write(tmp_path / "exam", *exam(**facts)))
    said = hand.state.viewports[0].corners.top_left
    for words in (
        "Tungsten/Rhodium · 29 kV · 100 mAs", "60 mm · 95 N · 1.43 mGy", "Breast Centre", "Roe, Ann", "MG1",
        "lossy compressed 12.5:1", "Implant", "Pixels 0.100 mm at the detector",
    ):  # fmt: skip
        assert any(words.replace(" ", "") in line.replace(" ", "").replace("\u2002", "") for line in said), (
            words
        )
    assert hand.state.viewports[1].corners.top_right == said
    hand.press("I", "I")
    assert hand.state.viewports[0].text_level.value == "none"
    assert hand.state.viewports[0].corners.label == "R CC"


def test_magnified_views_are_not_made_the_same_size_as_whole_breasts(hand, tmp_path):
    enlarged = mammogram(9, "R", "CC")
    modifier = Dataset()
    modifier.CodeValue, modifier.CodingSchemeDesignator, modifier.CodeMeaning = "399163009", "SCT", "Mag"
    enlarged.ViewCodeSequence[0].ViewModifierCodeSequence = [modifier]
    hand.open(write(tmp_path / "exam", *exam(), enlarged))
    shown = next(d for d in hand.desk.display_sets if d.instances[0].mammogram.modifiers)
    hand.desk.drop_series("1", shown.id)
    whole, large = hand.state.viewports[1], hand.state.viewports[0]
    assert large.corners.label == "R M CC"
    assert (large.pose.mm_per_px, whole.pose.mm_per_px > 0) == (0, True)


def test_a_synthetic_picture_says_what_it_is_and_is_no_breast_more_to_be_seen_whole(hand, tmp_path):
    made = mammogram(7, "R", "CC", ImageType=["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"])
    hand.open(write(tmp_path / "both", *exam(), made))
    settle(hand)
    names = [name for name, _ in roaming.seen_shares(hand.desk)]
    assert sorted(names) == ["L CC", "L MLO", "R CC", "R MLO"]
    hand.desk.go_to_step([step.id for step in hand.desk.hanging.steps].index("extra"))
    settle(hand)
    (shown,) = hand.state.viewports
    assert shown.corners.label == "R CC"
    assert "Synthetic 2-D, made of tomosynthesis" in (*shown.corners.top_left, *shown.corners.top_right)


def test_a_desk_with_nothing_on_it_takes_every_step_key(hand):
    hand.press("Ctrl+0", "Space", "Shift+Space", "Q", "Ctrl+Left", "Shift+F")
    assert {view.display_set for view in hand.desk.views.visible} == {""}
    hand.desk.screen.page = "reading"
    hand.press("Ctrl+0", "Space", "Shift+Space", "Q", "Shift+Q", "Ctrl+Left", "Shift+F")
    assert {view.display_set for view in hand.desk.views.visible} == {""}
