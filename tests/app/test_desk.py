import json
import sqlite3

import pytest

from tests.app.desks import CHEST_WALL, FINDINGS, NODULE, OTHER, Hand, place, slice_of, write_chest
from viewer.app import reviewing
from viewer.app.desk_state import study_key
from viewer.app.display import Plane
from viewer.app.store import EventLog
from viewer.core.reading.reading import Stage, Verdict


def kinds(home):
    with sqlite3.connect(home / "events.sqlite") as base:
        return [kind for (kind,) in base.execute("SELECT kind FROM event ORDER BY id")]


def point_at(hand, index, viewport="1"):
    """The mouse over a voxel of the axial stack, which shows it."""
    k, row, column = index
    hand.desk.views.go_to(viewport, k)
    hand.desk.pointer(viewport, place(index), (column + 0.5, row + 0.5))
    hand.paint()


def commit(hand):
    hand.press("Shift+Enter")
    hand.turn(lambda: hand.desk.revealed)
    hand.paint()


def judge(hand, *keys):
    """Walk to the next finding, look, and press."""
    hand.press("N")
    hand.look()
    hand.press(*keys)


# --- opening


def test_a_study_opens_with_three_planes_and_a_reading_in_the_log(hand, desk, home):
    views = desk.views.visible
    assert [view.plane for view in views] == [Plane.STACK, Plane.CORONAL, Plane.SAGITTAL]
    assert len({view.display_set for view in views}) == 1
    assert desk.stage is Stage.UNAIDED
    assert kinds(home)[0] == "opened"
    assert desk.second.kind == "ready"


def test_the_reader_is_asked_once_and_return_accepts(home, second_reader, chest_folder, monkeypatch):
    monkeypatch.delenv("TANDEM_READER")
    monkeypatch.setenv("USER", "doe")
    hand = Hand(home)
    hand.open(chest_folder)
    assert hand.desk.screen.question.kind == "reader"
    assert hand.desk.session is None
    hand.desk.accept({"name": "Jane Doe", "experience": "8 years"})
    assert hand.desk.reading.reader.name == "Jane Doe"
    hand.desk.close()
    again = Hand(home)
    assert again.desk.settings.reader == "Jane Doe"
    again.desk.close()


def test_what_cannot_be_loaded_is_listed_and_the_rest_opens(hand, chest_folder):
    (chest_folder / "notes.txt").write_text("no image")
    (chest_folder / "broken.dcm").write_bytes((chest_folder / "003.dcm").read_bytes()[:400])
    desk = hand.open(chest_folder)
    assert desk.study is not None
    assert any("broken.dcm" in line for line in hand.state.not_loaded)


def test_a_folder_without_images_says_so(hand, tmp_path):
    hand.desk.open_paths([tmp_path])
    hand.turn(lambda: not hand.desk.search.running)
    assert hand.desk.screen.page == "studies"
    assert "No images" in hand.desk.screen.status


def test_the_next_case_opens_and_the_one_before_can_be_resumed(hand, chest_folder, tmp_path):
    other = write_chest(tmp_path / "other", study="1.2.8", patient="P-2")
    desk = hand.open(chest_folder, other)
    first = desk.case.key
    hand.press("Ctrl+PgDown")
    assert desk.case.key != first
    hand.turn(lambda: desk.case.shown)
    assert all(one.id in desk.pixels.thumbnails for one in desk.display_sets)
    hand.press("Ctrl+PgUp")
    assert desk.case.key == first
    assert desk.screen.question.kind == "resume"
    assert hand.state.panel.empty == ("plain", "Your reading begins with your answer.")


def test_a_study_that_is_opened_again_is_not_read_again(hand, second_reader, chest_folder, tmp_path):
    other = write_chest(tmp_path / "other", study="1.2.8", patient="P-2")
    desk = hand.open(chest_folder, other)
    hand.turn(lambda: desk.second.kind == "ready")
    hand.press("Ctrl+PgDown")
    hand.turn(lambda: desk.second.kind == "ready")
    hand.press("Ctrl+PgUp")
    hand.turn(lambda: desk.second.kind == "ready")
    assert second_reader.reads == 2


# --- looking


def test_after_a_case_was_closed_the_next_folder_opens(hand, desk, tmp_path):
    before = desk.case.key
    hand.press("Ctrl+W")
    assert desk.study is None
    write_chest(tmp_path / "other", study="1.2.8")
    hand.open(tmp_path / "other")
    assert desk.study is not None and desk.case.key != before
    assert hand.state.page == "reading"


def test_scrolling_the_stack_moves_the_crosshair_and_the_planes_follow(hand, desk):
    hand.press("Home")
    low = desk.views.point(desk.views.view("2"))
    hand.press("Down", "Down", "Shift+Down")
    high = desk.views.point(desk.views.view("2"))
    assert desk.views.place(desk.views.view("1")) == (7, 24)
    assert abs(high[2] - low[2]) == pytest.approx(14)
    hand.press("End", "Down")
    assert desk.views.place(desk.views.view("1")) == (23, 24)


def test_the_crosshair_in_one_plane_moves_the_stack(hand, desk):
    desk.move_crosshair("2", place(NODULE))
    index, _ = desk.views.place(desk.views.view("1"))
    assert index == slice_of(NODULE)


def test_a_step_changes_window_and_layout_and_keeps_slice_and_zoom(hand, desk):
    hand.press("Home", "Down")
    desk.set_zoom("1", 2.5, (3.0, 4.0))
    hand.press("Space")
    view = desk.views.view("1")
    assert view.window.name == "Soft tissue"
    assert (view.index, view.zoom, view.pan) == (1, 2.5, (3.0, 4.0))
    hand.press("Space", "Space")
    assert [v.plane for v in desk.views.visible] == [Plane.CORONAL, Plane.SAGITTAL]
    hand.press("Ctrl+1")
    assert (desk.views.view("1").zoom, desk.views.view("1").pan) == (2.5, (3.0, 4.0))


def test_the_step_of_the_second_reader_is_locked_before_the_commit(hand, desk):
    hand.press("Ctrl+5")
    assert desk.hanging.step == 0
    assert "sealed" in desk.screen.status


def test_presets_and_the_stored_window(hand, desk):
    hand.press("3")
    assert desk.views.active.window.name == "Bone"
    assert desk.views.view("2").window.name == "Bone"
    hand.press("0")
    assert desk.views.active.window is None


def test_zoom_keeps_what_is_under_the_pointer(hand, desk):
    desk.pointer("1", place(NODULE), (40.5, 30.5))
    hand.press("+")
    view = desk.views.view("1")
    assert view.zoom == pytest.approx(1.25)
    assert view.pan == pytest.approx(((40.5 - 32) * 0.2, (30.5 - 32) * 0.2))


def test_reset_can_be_undone(hand, desk):
    desk.set_zoom("1", 3.0, (1.0, 2.0))
    hand.press("Backspace")
    assert desk.views.view("1").zoom == 1.0
    hand.press("Ctrl+Z")
    assert desk.views.view("1").zoom == 3.0


def test_the_probe_reads_hounsfield_units(hand, desk):
    point_at(hand, NODULE)
    assert hand.state.probe == "40 HU"


# --- own findings


def test_a_mark_at_the_pointer_is_measured_at_once(hand, desk, home):
    point_at(hand, NODULE)
    hand.press("M")
    (mark,) = desk.reading.own
    assert mark.name == "R1"
    assert mark.mean_diameter_mm == pytest.approx(12, abs=2)  # a coarse grid
    assert mark.center_lps_mm == pytest.approx(place(NODULE), abs=1.5)
    assert "mark" in kinds(home)
    assert desk.reading.category.value == "4A"


def test_a_mark_outside_the_lung_is_a_finding_that_the_category_leaves_out(hand, desk):
    point_at(hand, CHEST_WALL)
    hand.press("M")
    assert desk.reading.own[0].label == "finding"
    assert "R1 marked. Not in or beside lung" in desk.screen.status
    assert hand.state.panel.rows[0].title == "Finding"
    assert desk.reading.category.value == "1"
    mark = desk.reading.own[0]
    x, y, z = mark.center_lps_mm
    desk.change_axis(mark.tracking_uid, "long", ((x - 8, y, z), (x + 8, y, z)))
    assert desk.reading.category.value == "1"
    hand.press("E")
    desk.save_edit({"label": "nodule"})
    assert desk.reading.category.value == "4B"
    assert desk.reading.own[0].long_axis_mm == pytest.approx(16)


def test_a_mark_without_the_pointer_lies_at_the_crosshair(hand, desk):
    desk.move_crosshair("1", place(OTHER))
    hand.press("M")
    (mark,) = desk.reading.own
    assert mark.center_lps_mm == pytest.approx(place(OTHER), abs=1.5)


def test_a_mark_is_described_corrected_deleted_and_brought_back(hand, desk):
    point_at(hand, NODULE)
    hand.press("M", "E")
    assert hand.state.panel.rows[0].editing
    desk.save_edit({"label": "scar", "texture": "part-solid", "solid_part_mm": "4,5", "note": "old"})
    (mark,) = desk.reading.own
    assert (mark.label, mark.texture.value, mark.solid_part_mm, mark.note) == (
        "scar",
        "part-solid",
        4.5,
        "old",
    )
    x, y, z = mark.center_lps_mm
    desk.change_axis(mark.tracking_uid, "long", ((x - 10, y, z), (x + 10, y, z)))
    assert desk.reading.own[0].long_axis_mm == pytest.approx(20)
    hand.press("Del")
    assert desk.reading.own == ()
    assert "Ctrl+Z" in desk.screen.status
    hand.press("Ctrl+Z")
    assert desk.reading.own[0].long_axis_mm == pytest.approx(20)
    hand.press("Ctrl+Z", "Ctrl+Y")
    assert desk.reading.own[0].long_axis_mm == pytest.approx(20)


def test_a_solid_part_that_is_no_length_is_refused_and_the_editor_stays(hand, desk):
    point_at(hand, NODULE)
    hand.press("M", "E")
    desk.save_edit({"solid_part_mm": "big"})
    assert "allowed" in desk.screen.status
    assert desk.review.editing


def test_a_distance_is_kept_with_its_length(hand, desk):
    desk.add_distance("1", (place((5, 10, 10)), place((5, 10, 20))))
    (drawn,) = hand.state.viewports[0].measurements
    assert drawn.text == "15.0 mm"
    hand.press("Ctrl+Z")
    assert hand.state.viewports[0].measurements == ()


# --- sealed until the commit


@pytest.mark.parametrize("key", ["N", "Shift+N", "G", "Shift+G", "H", "Shift+H", "X", "Enter", "U", "Ctrl+5"])
def test_no_key_reveals_anything_before_the_commit(hand, desk, key):
    before = hand.state.viewports
    hand.press(key)
    assert not desk.revealed
    assert hand.state.viewports == before
    assert desk.reading.model == ()


def test_before_the_commit_nothing_of_the_model_is_anywhere(hand, desk, home):
    hand.press("Down", "N", "Space")
    said = repr(hand.state) + desk.screen.status
    desk.log.flush()
    on_disk = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for finding in FINDINGS:
        assert finding.tracking_uid not in said
        assert f"'{finding.name}'" not in said
        assert finding.tracking_uid.encode() not in on_disk
    assert desk.second.read is None
    assert desk.second.heat == {}


def test_a_read_with_findings_looks_like_one_without(home, second_reader, chest_folder, monkeypatch):
    states = []
    for number, findings in enumerate((FINDINGS, ())):
        second_reader.says(findings)
        folder = home / str(number)
        folder.mkdir()
        hand = Hand(folder)
        hand.open(chest_folder)
        hand.turn(lambda: hand.desk.second.kind == "ready")  # noqa: B023
        states.append((hand.state.panel, hand.state.chips, hand.state.viewports))
        hand.desk.close()
    assert states[0] == states[1]


# --- reveal and verdicts


def test_the_commit_reveals_and_joins_what_both_saw(hand, desk, home):
    point_at(hand, NODULE)
    hand.press("M")
    commit(hand)
    assert desk.stage is Stage.REVEALED
    assert [f.name for f in desk.reading.model] == ["M1", "M2", "M3"]
    rows = hand.state.panel.rows
    assert [row.name for row in rows] == ["M1 = R1", "M2"]
    order = kinds(home)
    assert order.index("commit") < order.index("reveal")


def test_a_commit_before_the_second_reader_is_done_reveals_when_it_is(hand, second_reader, chest_folder):
    second_reader.waiting = True
    desk = hand.open(chest_folder)
    assert desk.second.kind == "waiting"
    hand.press("Shift+Enter")
    assert desk.stage is Stage.COMMITTED
    assert "Second reader: waiting" in [chip.text for chip in hand.state.chips]
    second_reader.waiting = False
    hand.turn(lambda: desk.revealed)
    assert desk.reading.model


def test_undo_does_not_cross_the_commit(hand, desk):
    point_at(hand, NODULE)
    hand.press("M")
    commit(hand)
    hand.press("Ctrl+Z")
    assert len(desk.reading.own) == 1
    assert "undo" in desk.screen.status


def test_walking_brings_the_finding_on_screen(hand, desk):
    commit(hand)
    hand.press("N")
    assert desk.focused.name == "M1"
    assert desk.views.place(desk.views.view("1"))[0] == slice_of(NODULE)
    hand.press("N")
    assert desk.views.place(desk.views.view("1"))[0] == slice_of(OTHER)
    hand.press("N")
    assert desk.focused.name == "M1"
    hand.press("Shift+N")
    assert desk.focused.name == "M2"


def test_accept_needs_the_slice_to_have_been_on_screen(hand, desk):
    commit(hand)
    hand.press("N", "Enter")
    assert desk.reading.judgement(FINDINGS[0].tracking_uid).verdict is Verdict.UNDECIDED
    assert "Look at M1 first" in desk.screen.status
    lung_rads = "4A if accepted: solid, baseline, 8 to < 15 mm"
    assert dict(hand.state.panel.rows[0].lines)["Lung-RADS"] == f"would be {lung_rads}"
    hand.look(0.31)
    hand.press("Enter")
    assert desk.reading.judgement(FINDINGS[0].tracking_uid).verdict is Verdict.ACCEPTED
    assert dict(hand.state.panel.rows[0].lines)["Lung-RADS"] == lung_rads.replace(" if accepted", "")


def test_a_held_enter_accepts_once(hand, desk):
    commit(hand)
    hand.press("N")
    hand.look()
    hand.press("Ctrl+Enter")
    assert desk.focused.name == "M2"
    hand.look()
    desk.press("Enter", repeated=True)
    assert desk.reading.judgement(FINDINGS[1].tracking_uid).verdict is Verdict.UNDECIDED


def test_reject_with_a_digit_and_with_no_reason(hand, desk):
    commit(hand)
    judge(hand, "X", "1")
    said = desk.reading.judgement(FINDINGS[0].tracking_uid)
    assert (said.verdict, said.reason) == (Verdict.REJECTED, "normal_anatomy")
    judge(hand, "X", "Enter")
    said = desk.reading.judgement(FINDINGS[1].tracking_uid)
    assert (said.verdict, said.reason) == (Verdict.REJECTED, "")
    hand.press("U")
    assert desk.reading.judgement(FINDINGS[1].tracking_uid).verdict is Verdict.UNDECIDED
    hand.press("Ctrl+Z")
    assert desk.reading.judgement(FINDINGS[1].tracking_uid).verdict is Verdict.REJECTED


def test_another_reason_is_asked_for_in_words(hand, desk):
    commit(hand)
    judge(hand, "X", "9")
    assert desk.screen.question.kind == "reject_text"
    desk.accept({"text": "azygos lobe"})
    said = desk.reading.judgement(FINDINGS[0].tracking_uid)
    assert (said.reason, said.text) == ("other", "azygos lobe")


def test_esc_closes_the_strip_and_digits_are_windows_again(hand, desk):
    commit(hand)
    judge(hand, "X", "Esc", "2")
    assert desk.reading.judgement(FINDINGS[0].tracking_uid).verdict is Verdict.UNDECIDED
    assert desk.views.active.window.name == "Soft tissue"


def test_the_heat_map_is_there_while_the_key_is_held(hand, desk):
    commit(hand)
    hand.press("N", "H")
    assert hand.state.viewports[0].heat.name == "M1"
    desk.command_for("H").release(desk)
    assert hand.state.viewports[0].heat is None
    hand.press("Shift+H")
    assert hand.state.viewports[0].heat is not None
    hand.press("Esc")
    assert hand.state.viewports[0].heat is None


def test_marks_can_be_hidden_and_candidates_below_the_threshold_shown(hand, desk):
    commit(hand)
    names = lambda: [mark.name for mark in hand.state.viewports[0].marks]  # noqa: E731
    assert names() == ["M1", "M2"]
    hand.press("Shift+G")
    assert names() == ["M1", "M2", "M3"]
    hand.press("G")
    assert names() == []


@pytest.mark.parametrize(("status", "kind"), [("not_run", "not_run"), ("failed", "not_run")])
def test_without_an_answer_the_reading_can_still_be_signed(hand, second_reader, chest_folder, status, kind):
    second_reader.says((), status=status, reason="slice gap of 10 mm", candidates={}, domain=None)
    desk = hand.open(chest_folder)
    hand.turn(lambda: desk.second.kind == kind)
    assert "Slice gap of 10 mm" in repr(hand.state.panel.second_reader)
    commit(hand)
    assert desk.reading.second_read_status == status
    hand.press("Ctrl+Shift+Enter")
    assert desk.stage is Stage.SIGNED


def test_a_second_reader_that_breaks_costs_a_line_not_the_window(hand, second_reader, chest_folder):
    second_reader.error = RuntimeError("the model file is damaged")
    desk = hand.open(chest_folder)
    hand.turn(lambda: desk.second.kind == "failed")
    assert "the model file is damaged" in desk.screen.status
    second_reader.error = None
    desk.run("second.again")
    hand.turn(lambda: desk.second.kind == "ready")


# --- signing


def test_the_first_press_names_what_is_undecided_and_the_second_signs_without(hand, desk, home):
    commit(hand)
    judge(hand, "Enter")
    hand.press("Ctrl+Shift+Enter")
    assert desk.stage is Stage.REVEALED
    assert "M2 is undecided" in desk.screen.status
    assert any(action.title == "Sign without M2" for action in hand.state.panel.actions)
    hand.press("Ctrl+Shift+Enter")
    assert desk.stage is Stage.SIGNED
    assert desk.reading.signed_without == ("M2",)
    hand.turn(lambda: bool(desk.report.written), seconds=60)
    assert {w.kind for w in desk.report.written} >= {"SR", "SEG", "HTML"}
    assert all(w.path.is_file() for w in desk.report.written)


def files_on_the_report(hand):
    """(name, when) of what the panel beside the report says is written."""
    hand.desk.screen.page = "report"
    rows = dict(hand.state.panel.sections)["What is written"]
    return [(text, when) for _, _, text, when in rows]


@pytest.mark.parametrize("way", ["case.next", "studies.close"])
def test_the_files_of_a_signed_report_are_listed_with_their_own_case_only(hand, chest_folder, tmp_path, way):
    desk = hand.open(chest_folder, write_chest(tmp_path / "other", study="1.2.8", patient="P-2"))
    first = desk.case.key
    other = next(key for key in map(study_key, desk.listing.studies) if key != first)
    commit(hand)
    hand.press("Ctrl+Shift+Enter", "Ctrl+Shift+Enter")
    hand.turn(lambda: bool(desk.report.written), seconds=60)
    signed = files_on_the_report(hand)
    assert {when for _, when in signed} == {"written"}
    desk.run(way)
    if desk.case.key != other:
        desk.open_study(other)
    assert {when for _, when in files_on_the_report(hand)} <= {"on signing", "none accepted"}
    desk.open_study(first)
    desk.accept({})
    assert files_on_the_report(hand) == signed


def test_a_verdict_between_the_presses_asks_again(hand, desk):
    commit(hand)
    hand.press("Ctrl+Shift+Enter")
    judge(hand, "X", "1")
    hand.press("Ctrl+Shift+Enter")
    assert desk.stage is Stage.REVEALED


def test_a_signed_reading_is_amended_not_changed(hand, desk):
    commit(hand)
    hand.press("Ctrl+Shift+Enter", "Ctrl+Shift+Enter")
    hand.press("F6", "M", "E")
    assert desk.reading.own == ()
    desk.run("report.amend")
    desk.accept({"text": "Compared with the prior: stable."})
    assert desk.reading.amendments == ("Compared with the prior: stable.",)


def test_the_impression_and_a_category_by_hand(hand, desk):
    hand.press("F6", "E")
    assert hand.state.report.editing
    desk.set_impression("Nothing new.")
    hand.press("Right")
    assert desk.reading.impression == "Nothing new."
    assert (desk.reading.category.value, desk.reading.category.edited) == ("2", True)
    hand.press("Ctrl+Z")
    assert desk.reading.category.value == "1"


# --- resume


def test_the_next_start_resumes_exactly_there(hand, desk, home, second_reader, chest_folder):
    point_at(hand, NODULE)
    hand.press("M", "Space", "V", "Down", "Down")
    desk.set_zoom("1", 2.0, (5.0, 6.0))
    desk.set_chance(45)
    desk.note_views()
    desk.log.flush()
    before = {view.id: view for view in desk.views.visible}
    reading = desk.reading
    again = Hand(home)
    again.open(chest_folder)
    assert again.desk.screen.question.kind == "resume"
    again.desk.accept({})
    assert again.desk.reading.own == reading.own
    assert {view.id: view for view in again.desk.views.visible} == before
    assert again.desk.hanging.step == 1
    assert again.desk.review.chance == 45
    again.desk.close()


def test_a_reading_revealed_before_the_crash_shows_its_findings_at_once(hand, desk, home, chest_folder):
    commit(hand)
    judge(hand, "Enter")
    again = Hand(home)
    again.open(chest_folder)
    again.desk.accept({})
    assert [row.verdict for row in again.state.panel.rows] == ["Accepted", "Undecided"]
    again.turn(lambda: bool(again.desk.second.heat))
    assert again.desk.stage is Stage.REVEALED
    again.desk.close()


def test_without_paths_the_last_reading_is_offered(hand, desk, home, second_reader):
    point_at(hand, NODULE)
    hand.press("M")
    again = Hand(home)
    again.desk.open_paths([])
    assert again.desk.screen.question.kind == "resume"
    again.desk.accept({})
    again.turn(lambda: again.desk.session is not None)
    assert [f.name for f in again.desk.reading.own] == ["R1"]
    again.desk.close()


def test_leaving_closes_the_reading_in_the_log(hand, desk, home):
    hand.press("Ctrl+W")
    assert kinds(home)[-1] == "closed"
    assert desk.screen.page == "studies"
    log = EventLog(home)
    assert log.verify() == []
    log.close()


def test_every_reason_has_its_digit():
    assert [reason.digit for reason in reviewing.reasons()] == list("123456789")
    assert json.dumps([reason.id for reason in reviewing.reasons()]).count('"') == 18


def test_a_scan_that_is_stopped_leaves_what_it_found(hand, desk, tmp_path):
    desk.search.running = True
    desk.cancel_job(desk.search.job)
    assert not desk.search.running
    assert "stopped" in desk.screen.status
    assert desk.study is not None


def test_without_an_event_log_nothing_is_marked_and_the_reason_is_said(home, second_reader, chest_folder):
    (home / "events.sqlite").write_bytes(b"this is no database, but something else of the same name")
    hand = Hand(home)
    hand.open(chest_folder)
    assert "event log" in hand.desk.screen.status
    hand.press("M")
    assert hand.desk.session is None
    assert "nothing would be kept" in hand.desk.screen.status
    hand.desk.close()
