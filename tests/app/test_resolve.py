from dataclasses import replace

import pytest

from tests.app.desks import FINDINGS, NODULE, Hand, place, slice_of, write_chest
from tests.app.test_desk import commit, judge, point_at
from tests.core.reading.made import finding
from viewer.app.display import Severity, TextLevel
from viewer.app.resolve import resolve
from viewer.app.resolve.finding_rows import _extent
from viewer.core.dicom.display_set import SeriesWarning


def test_resolving_changes_nothing_and_says_the_same_twice(hand, desk):
    point_at(hand, NODULE)
    hand.press("M")
    commit(hand)
    before = (dict(desk.views.views), desk.reading, desk.review.focus)
    assert resolve(desk) == resolve(desk)
    assert (dict(desk.views.views), desk.reading, desk.review.focus) == before


def test_an_empty_desk_says_what_to_do(hand):
    state = hand.state
    assert state.viewports[0].empty == ("No study is open", "Ctrl+O opens a folder, a ZIP or a file.")
    assert state.panel.actions == () or state.panel.actions[0].why_not
    assert state.series == ()


def test_corner_text_names_patient_series_slice_place_and_window(hand, desk):
    hand.press("Home")
    axial, coronal, _ = hand.state.viewports
    assert axial.corners.top_left == ("Doe, Jane", "ID P-1")
    assert "Lung" in axial.corners.top_right[0]
    assert "B30f" in axial.corners.top_right[0]
    assert "2.0 mm" in axial.corners.top_right[0]
    assert "120 kV" in axial.corners.top_right[1]
    assert axial.corners.bottom_left == ("Lung  W 1400  L −500",)
    assert axial.corners.bottom_right[-1] == "Image 1 / 24"
    assert coronal.corners.top_left == ("Coronal",)
    assert "made here" in coronal.corners.top_right[0]


def test_inversion_and_text_level_are_said(hand, desk):
    hand.press("V", "I")
    state = hand.state.viewports[0]
    assert "inverted" in state.corners.bottom_left[0]
    assert state.text_level is TextLevel.MINIMAL


def test_warnings_of_a_series_are_banners_in_its_viewports(hand, desk):
    shown = desk.main
    tilt = SeriesWarning("gantry_tilt", "The gantry was tilted by 12 degrees.")
    desk.views.sets[shown.id] = replace(shown, warnings=(tilt,))
    (banner,) = hand.state.viewports[0].banners
    assert (banner.severity, banner.title) == (Severity.WARNING, "Tilted gantry")
    assert hand.state.viewports[1].banners == (banner,)


def test_two_patients_are_never_on_screen_without_a_banner(hand, desk):
    shown = desk.main
    strange = tuple(replace(i, patient_id="P-9", patient_name="Roe^Rita") for i in shown.instances)
    desk.views.sets["other"] = replace(shown, id="other", instances=strange)
    assert hand.state.banners == ()
    desk.views.views["2"] = replace(desk.views.view("2"), display_set="other")
    (banner,) = hand.state.banners
    assert banner.severity is Severity.DANGER
    assert "Doe, Jane" in banner.text
    assert "Roe, Rita" in banner.text


def test_the_panel_counts_what_was_seen(hand, desk):
    hand.press("Home", "Down", "Down")
    panel = hand.state.panel
    seen = {what: (count, of) for what, count, of in panel.seen_lines}
    assert seen["Axial, lung"][0] == 4  # the first one shown, and three more
    assert seen["Axial, soft tissue"][0] == 0
    assert panel.seen_note.startswith("20 images not shown")
    assert hand.state.viewports[0].seen == pytest.approx(4 / 24)


def test_where_no_model_is_for_this_kind_of_images_none_is_named(home, second_reader, chest_folder):
    second_reader.says((), status="not_run", reason="no model reads this study", other_kind=True)
    hand = Hand(home)
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind != "waiting")
    commit(hand)
    panel = hand.state.panel
    assert panel.model_line == "No model for images of this kind"
    assert panel.empty == ("not_run", "Second reader: not run. No model reads this study.")
    hand.desk.close()


def test_no_findings_not_run_and_failed_look_different(home, second_reader, chest_folder):
    looks = []
    for status in ("done", "not_run", "failed"):
        reason = None if status == "done" else "slice gap of 10 mm"
        second_reader.says((), status=status, reason=reason, candidates={}, domain=None)
        folder = home / status
        folder.mkdir()
        hand = Hand(folder)
        hand.open(chest_folder)
        hand.turn(lambda: hand.desk.second.kind != "waiting")  # noqa: B023
        commit(hand)
        looks.append((hand.state.panel.empty, hand.state.chips[1]))
        hand.desk.close()
    assert len({words for words, _ in looks}) == 3
    assert [chip.kind for _, chip in looks] == ["done", "not_run", "danger"]


def test_a_probability_is_a_band_where_its_interval_is_known(hand, second_reader, chest_folder):
    second_reader.says(tuple(replace(f, interval=(0.62, 0.97)) for f in FINDINGS[:1]))
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind != "waiting")
    commit(hand)
    hand.press("N")
    (row,) = hand.state.panel.rows
    assert (row.band, row.band_text) == ((0.62, 0.91, 0.97), "62–97 %")
    assert dict(row.lines)["Probability"].startswith("62–97 % that this is a lung nodule")


def test_a_card_says_who_how_sure_where_and_what_was_decided(hand, desk):
    commit(hand)
    judge(hand, "X", "1")
    first, second = hand.state.panel.rows
    assert (first.name, first.verdict, first.band_text) == ("M1", "Rejected: 1 normal anatomy", "91 %")
    assert f"Image {slice_of(NODULE) + 1}" in first.detail
    assert dict(first.lines)["Yours"] == "no mark"
    assert "about 9 in 10 are real" in dict(first.lines)["Probability"]
    assert second.verdict == "Undecided"
    assert second.lines == ()
    assert hand.state.panel.count == "1 undecided of 2"


def test_an_own_mark_that_the_model_missed_is_kept_and_said(hand, desk, second_reader):
    desk.move_crosshair("1", place((18, 20, 30)))
    hand.press("M")
    commit(hand)
    row = hand.state.panel.rows[-1]
    assert (row.name, row.verdict, row.missed) == ("R1", "Yours, kept", "no model mark here")


def test_the_report_names_its_checks_before_the_signature(hand, desk):
    commit(hand)
    judge(hand, "Enter")
    hand.press("F6")
    state = hand.state
    assert state.page == "report"
    assert state.report.page.findings[0].verdict == "Accepted"
    ((title, checks), *_) = state.panel.sections
    assert title == "Before you sign"
    said = {what: mark for mark, what, *_ in checks}
    assert said["Committed before the reveal"] == "check"
    assert said["1 finding is undecided"] == "warning"
    assert ("Undecided", "1", True) in state.report.sections


def test_the_study_list_tells_how_far_each_reading_is(hand, chest_folder, tmp_path):
    other = write_chest(tmp_path / "other", study="1.2.8", patient="P-2", StudyDescription="Follow-up")
    hand.open(chest_folder, other)
    hand.press("F2")
    rows = {row.patient_id: row for row in hand.state.studies.rows}
    assert rows["P-1"].images == 24
    assert {rows["P-1"].reading_state[1], rows["P-2"].reading_state[1]} == {"Draft", "Unread"}
    hand.press("Down", "Up")
    assert sum(row.selected for row in rows.values()) == 1


def test_the_palette_says_why_a_command_cannot_be_done(hand, desk):
    hand.press("Ctrl+K")
    entries = {entry.id: entry for entry in hand.state.overlay.entries}
    assert "commit" in entries["finding.next"].why_not
    assert entries["finding.mark"].why_not == ""
    desk.close_overlay()
    hand.press("F1")
    assert hand.state.overlay.kind == "keys"
    assert any("Grey keys" in line for line in hand.state.overlay.lines)


def test_hints_follow_where_the_keyboard_is(hand, desk):
    assert ("M", "Mark") in hand.state.hints
    hand.press("F4")
    assert ("F4", "Back to the images") in hand.state.hints
    hand.press("F4")
    commit(hand)
    judge(hand, "X")
    assert ("Enter", "No reason") in hand.state.hints


def test_what_has_no_axes_is_told_by_its_volume_alone():
    bleed = finding("M1", label="intracranial haemorrhage", long_axis=None, short_axis=None)
    assert _extent(bleed, 4648.0) == "4.6 ml"
    assert _extent(finding("M1"), 268.0).endswith("mm, 268 mm³")
