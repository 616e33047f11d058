import sqlite3

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QPlainTextEdit

from tests.app.desks import FINDINGS, NODULE, SecondReader, place, slice_of, write_chest
from tests.app.test_monitors import write as write_monitor
from tests.ui.windows import Hand
from viewer.core.pixels import tg18
from viewer.core.reading.reading import Stage, Verdict
from viewer.ui import print as press
from viewer.ui import theme
from viewer.ui.monitor import names_of
from viewer.ui.parts.controls import ActionButton
from viewer.ui.viewport.viewport import rgb_of

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def second_reader(monkeypatch, tmp_path):
    folder = tmp_path / "arrays"
    folder.mkdir()
    return SecondReader(monkeypatch, folder)


@pytest.fixture
def another(home, second_reader):
    """Makes windows, and closes them at the end."""
    hands = []

    def make(size=(1920, 1080)):
        hands.append(Hand(home, size))
        return hands[-1]

    yield make
    for hand in reversed(hands):
        hand.close()


@pytest.fixture
def hand(another):
    return another()


@pytest.fixture
def chest(hand, tmp_path):
    """The window with the chest open, before the commit."""
    return hand.open(write_chest(tmp_path / "chest"))


def mouse_over(hand, index, viewport="1"):
    """Move the mouse to a voxel of the axial stack."""
    hand.desk.views.go_to(viewport, slice_of(index))
    hand.rest()
    widget = hand.viewport(viewport)
    column, row = index[2] + 0.5, index[1] + 0.5

    def there():
        x, y = widget.placement().to_device(column, row)  # anew: panels that come late move the picture
        for away in (3, 0):  # Qt drops a move to where the mouse already is
            QTest.mouseMove(widget, QPoint(round(x) + away, round(y)))
        at = hand.desk.views.pointer
        return at is not None and at.pixel == pytest.approx((column, row), abs=1.0)

    hand.until(there)


def kinds(home):
    with sqlite3.connect(home / "events.sqlite") as base:
        return [kind for (kind,) in base.execute("SELECT kind FROM event ORDER BY id")]


def has_colour(pixels, name):
    colour = theme.colour(name)
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    return bool((np.abs(pixels.astype(int) - wanted).max(axis=-1) < 12).any())


def test_a_whole_reading_by_keys_from_opening_to_the_objects_on_disk(chest, home):
    hand = chest
    before = hand.state.viewports[0].index
    hand.press("Down", "Down", "Up")
    assert hand.state.viewports[0].index == before + 1
    mouse_over(hand, NODULE)
    hand.press("M")
    assert [row.name for row in hand.state.panel.rows] == ["R1"]
    hand.keep("reading")
    hand.press("Shift+Return")
    hand.until(lambda: hand.desk.revealed)
    hand.press("N")
    hand.rest(0.4)
    hand.press("Return", "N", "X")
    hand.keep("reveal")
    assert "Benign or known" in hand.words()
    hand.press("1")
    assert "Benign or known" not in hand.words(), "the strip of reasons is still there"
    assert [row.verdict for row in hand.state.panel.rows] == ["Accepted", "Rejected: 1 normal anatomy"]
    hand.press("Ctrl+Shift+Return")
    assert hand.desk.stage is Stage.SIGNED
    hand.until(lambda: bool(hand.desk.report.written), seconds=90)
    hand.press("F6")
    hand.keep("report")
    files = {w.role: w.path for w in hand.desk.report.written}
    assert {"model_sr", "reader_sr", "seg", "html"} <= set(files)
    reader = pydicom.dcmread(files["reader_sr"])
    assert reader.VerificationFlag == "VERIFIED"
    assert FINDINGS[0].tracking_uid in str(reader)
    order = [
        k for k in kinds(home) if k in ("mark", "commit", "reveal", "accept", "reject", "sign", "report")
    ]
    assert order == ["mark", "commit", "reveal", "accept", "reject", "sign", "report"]


def draw_line(hand, start, end, viewport="1"):
    """Draw with the tool in hand, between two pixels (column, row) of the image."""
    widget = hand.viewport(viewport)
    points = [QPoint(*map(round, widget.placement().to_device(*p))) for p in (start, end)]
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=points[0])
    for step in (0.5, 1.0):
        QTest.mouseMove(widget, points[0] + (points[1] - points[0]) * step)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=points[1])
    hand.rest()


def test_key_images_snapshots_and_lengths_go_into_the_report(chest, home):
    hand = chest
    hand.desk.printer = press  # as the program does once the first image is shown
    hand.desk.views.go_to("1", slice_of(NODULE))
    hand.press("K")
    chosen = hand.desk.views.display_set(hand.desk.views.view("1")).instance_at(slice_of(NODULE))
    assert "Key image" in hand.state.viewports[0].corners.bottom_right
    hand.press("D")
    draw_line(hand, (20.0, 20.0), (40.0, 20.0))
    hand.press("R")
    draw_line(hand, (20.0, 40.0), (50.0, 40.0))
    draw_line(hand, (35.0, 32.0), (35.0, 48.0))
    hand.press("F12", "Shift+Return")
    hand.until(lambda: hand.desk.revealed)
    hand.press("Ctrl+Shift+Return", "Ctrl+Shift+Return")
    hand.until(lambda: bool(hand.desk.report.written), seconds=90)

    files = {w.role: w.path for w in hand.desk.report.written}
    selection = pydicom.dcmread(files["key_objects"])
    assert selection.Modality == "KO"
    images = [item for item in selection.ContentSequence if item.ValueType == "IMAGE"]
    assert [i.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for i in images] == [chosen.sop_instance_uid]
    reader = str(pydicom.dcmread(files["reader_sr"]))
    distance, pair = hand.desk.reading.distances
    assert distance.text.split(",")[0] in files["html"].read_text("utf-8")
    assert pair.text in files["html"].read_text("utf-8")
    assert "Distance 1" in reader and "POLYLINE" in reader
    for role in ("key_image", "snapshot"):
        assert files[role].read_bytes().startswith(b"\x89PNG")


def test_before_the_commit_no_pixel_and_no_word_shows_anything_of_the_model(chest):
    hand = chest
    mouse_over(hand, NODULE)
    hand.until(lambda: hand.desk.second.kind == "ready")
    hand.rest(0.5)  # a picture that has come to rest is scaled anew
    plain = hand.pixels()
    hand.press("N", "G", "Shift+G", "Shift+H")
    hand.hold("H")
    assert np.array_equal(hand.pixels(), plain)
    hand.let_go("H")
    said = hand.words()
    assert "Second reader: ready" in said
    assert not any(word in said for word in ("M1", "M2", "91 %", "ct_lung_nodule", FINDINGS[0].tracking_uid))
    assert not has_colour(hand.pixels(), "model")
    hand.press("Shift+Return")
    hand.until(lambda: hand.desk.revealed)
    hand.press("N")
    assert has_colour(hand.pixels(), "model")
    assert "91 %" in hand.words()


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("no_findings", {"findings": ()}, "No findings"),
        ("not_run", {"findings": (), "status": "not_run", "reason": "no lung was found"}, "Not run"),
        ("failed", {"findings": (), "status": "failed", "reason": "the worker was killed"}, "Failed"),
    ],
)
def test_nothing_found_not_run_and_failed_are_three_looks(
    another, second_reader, tmp_path, name, answer, words
):
    second_reader.says(**answer)
    hand = another().open(write_chest(tmp_path / "chest"))
    hand.press("Shift+Return")
    hand.until(lambda: hand.desk.revealed)
    hand.keep(f"state_{name}")
    assert words in hand.words()
    assert answer.get("reason", words) in hand.words()


def test_every_slice_of_a_held_key_is_seen(chest):
    hand = chest
    hand.press("Home")
    for _ in range(23):
        QTest.keyClick(hand.keyboard, Qt.Key.Key_Down)
    hand.until(lambda: hand.state.viewports[0].seen == 1.0)
    assert hand.state.panel.seen_note == "Every image was on screen."


def test_keys_do_nothing_in_text_fields(chest):
    hand = chest
    mouse_over(hand, NODULE)
    hand.press("M", "E")
    hand.until(lambda: isinstance(hand.keyboard, QLineEdit))
    hand.keyboard.selectAll()
    hand.type("mnxvhg")
    hand.press("Return")
    assert hand.desk.reading.own[0].label == "mnxvhg"
    assert len(hand.desk.reading.own) == 1
    hand.until(lambda: hand.keyboard is hand.viewport("1"))


def test_keys_that_come_faster_than_the_window_shows_go_where_they_were_meant(chest, home):
    hand = chest
    mouse_over(hand, NODULE)
    hand.press_at_once("M", "E", *"scar m", "Return", "Shift+Return")
    assert [finding.label for finding in hand.desk.reading.own] == ["scar m"]
    hand.until(lambda: hand.desk.revealed)
    hand.press_at_once("N")
    hand.rest(0.5)  # the image of a finding must have been seen before it is judged
    hand.press_at_once("Return", "F6", "E", *"As marked", "Esc", "Esc", "2")
    assert kinds(home).count("accept") == 1
    assert hand.desk.reading.impression == "As marked"
    assert hand.state.viewports[0].window.name == "Soft tissue"
    hand.press_at_once("Ctrl+K", *"invert", "Return", "Down")
    assert hand.state.viewports[0].invert


def test_esc_in_the_editor_leaves_the_finding_as_it_was(chest):
    hand = chest
    mouse_over(hand, NODULE)
    hand.press("M", "E")
    hand.until(lambda: isinstance(hand.keyboard, QLineEdit))
    hand.type("something else")
    hand.press("Esc")
    assert hand.desk.reading.own[0].label == "nodule"
    assert hand.desk.review.editing == ""


def test_the_impression_is_written_on_the_report_and_kept(chest):
    hand = chest
    hand.press("F6", "E")
    hand.until(lambda: isinstance(hand.keyboard, QPlainTextEdit))
    hand.type("No nodule. X.")
    hand.press("Esc")
    assert hand.desk.reading.impression == "No nodule. X."
    assert "No nodule. X." in hand.words()
    hand.press("Esc")
    assert hand.state.page == "reading"


def test_a_held_key_ends_when_the_window_loses_the_keyboard(chest):
    hand = chest
    hand.press("Shift+Return")
    hand.until(lambda: hand.desk.revealed)
    hand.press("N")
    hand.hold("H")
    assert hand.state.viewports[0].heat is not None
    QApplication.sendEvent(hand.window, QEvent(QEvent.Type.WindowDeactivate))
    assert hand.state.viewports[0].heat is None


def test_tab_goes_through_the_viewports_and_f4_to_the_findings(chest):
    hand = chest
    assert hand.state.viewports[0].focused
    hand.press("Tab")
    assert hand.state.viewports[1].focused
    assert hand.keyboard is hand.viewport("2")
    hand.press("Tab", "Tab")
    assert hand.state.viewports[0].focused
    hand.press("F4")
    assert not any(view.focused for view in hand.state.viewports)
    hand.press("Right")
    assert hand.desk.reading.category.value == "2"
    hand.press("Esc")
    assert hand.state.viewports[0].focused


def test_the_palette_finds_and_runs_a_command(chest):
    hand = chest
    hand.press("Ctrl+K")
    hand.type("invert")
    hand.press("Return")
    assert hand.state.viewports[0].invert
    assert hand.state.overlay is None
    hand.press("Ctrl+K")
    hand.type("3")
    hand.press("Return")
    assert hand.state.viewports[0].index == 2
    hand.press("Ctrl+K", "Esc")
    assert hand.keyboard is hand.viewport("1")


def test_a_question_is_answered_by_return(another, tmp_path, monkeypatch):
    monkeypatch.delenv("TANDEM_READER")
    hand = another()
    hand.desk.open_paths([write_chest(tmp_path / "chest")])
    hand.until(lambda: hand.desk.screen.question is not None)
    hand.until(lambda: isinstance(hand.keyboard, QLineEdit))
    hand.keyboard.selectAll()
    hand.type("Jane Doe")
    hand.press("Return")
    hand.until(lambda: hand.desk.session is not None)
    assert hand.desk.reading.reader.name == "Jane Doe"


def test_resume_takes_return_as_yes(chest, another, tmp_path):
    chest.press("M", "Down", "2")
    chest.rest(0.6)
    chest.window.hide()  # two windows would vie for the keyboard where no window manager decides
    again = another()
    again.desk.open_paths([tmp_path / "chest"])
    again.until(
        lambda: again.desk.screen.question is not None and again.desk.screen.question.kind == "resume"
    )
    again.until(lambda: again.keyboard.window() is again.window)
    again.until(lambda: isinstance(again.keyboard, QAbstractButton))
    again.press("Return")
    assert [row.name for row in again.state.panel.rows] == ["R1"]
    assert again.state.viewports[0].window.name == "Soft tissue"


def test_a_dragged_wheel_and_mouse_work_in_the_window(chest):
    hand = chest
    widget = hand.viewport("1")
    centre = QPointF(widget.width() / 2, widget.height() / 2)
    before = hand.state.viewports[0].window
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=centre.toPoint())
    QTest.mouseMove(widget, (centre + QPointF(80, 40)).toPoint())
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=(centre + QPointF(80, 40)).toPoint())
    hand.rest()
    after = hand.state.viewports[0].window
    assert after.width != before.width
    assert hand.state.viewports[1].window == after


def test_the_study_list_opens_another_study(hand, tmp_path):
    other = write_chest(tmp_path / "other", study="1.2.8", patient="P-2")
    hand.open(write_chest(tmp_path / "chest"), other)
    first = hand.desk.case.key
    hand.press("F2")
    assert hand.state.page == "studies"
    row = next(r for r in hand.state.studies.rows if r.key != first)
    while not next(r for r in hand.state.studies.rows if r.key == row.key).selected:
        hand.press("Down" if hand.state.studies.rows[0].selected else "Up")
    hand.press("Return")
    assert hand.desk.case.key == row.key
    assert hand.state.page == "reading"


def test_what_was_not_loaded_is_listed(hand, tmp_path):
    folder = write_chest(tmp_path / "chest")
    (folder / "broken.dcm").write_bytes((folder / "003.dcm").read_bytes()[:300])
    hand.open(folder)
    hand.desk.run("studies.not_loaded")
    hand.rest()
    assert "broken.dcm" in hand.words()
    hand.press("Esc")
    assert hand.state.overlay is None


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (3840, 2160)])
def test_the_images_have_most_of_the_window_at_every_size(another, tmp_path, size):
    hand = another(size).open(write_chest(tmp_path / "chest"))
    assert hand.window.size().toTuple() == size
    images = hand.window.images
    assert images.width() * images.height() > 0.55 * size[0] * size[1]
    assert hand.window.findings.width() == 368
    boxes = [hand.viewport(n).geometry() for n in ("1", "2", "3")]
    assert not any(a.intersects(b) for a in boxes for b in boxes if a is not b)
    hand.until(lambda: any(map(hand.shows, hand.window.findChildren(ActionButton))))


def test_everything_that_can_be_done_has_a_name(chest):
    hand = chest
    for name in ("1", "2", "3"):
        said = hand.viewport(name).accessibleName()
        assert "image" in said
        assert "window" in said
    buttons = [b for b in hand.window.findChildren(QAbstractButton) if b.isVisible()]
    assert buttons
    assert all(b.accessibleName() or b.text() for b in buttons)


def test_reject_in_words_and_undo(chest):
    hand = chest
    hand.press("Shift+Return")
    hand.until(lambda: hand.desk.revealed)
    hand.press("N", "X", "9")
    hand.until(lambda: isinstance(hand.keyboard, QLineEdit))
    hand.type("azygos lobe")
    hand.press("Return")
    said = hand.desk.reading.judgement(FINDINGS[0].tracking_uid)
    assert (said.verdict, said.text) == (Verdict.REJECTED, "azygos lobe")
    hand.press("Ctrl+Z")
    assert hand.desk.reading.judgement(FINDINGS[0].tracking_uid).verdict is Verdict.UNDECIDED


def test_the_pointer_reads_values_and_marks_where_it_is(chest):
    hand = chest
    mouse_over(hand, NODULE)
    hand.until(lambda: hand.state.probe == "40 HU")
    hand.press("M")
    (mark,) = hand.desk.reading.own
    assert mark.center_lps_mm == pytest.approx(place(NODULE), abs=1.6)


def test_a_click_on_a_finding_of_the_report_goes_to_its_images(chest):
    hand = chest
    hand.press("Shift+Return")
    hand.until(lambda: hand.desk.revealed)
    hand.press("F6")
    hand.until(lambda: hand.state.page == "report")

    def names():
        return [w for w in hand.window.findChildren(QLabel) if w.text() == "M2" and w.isVisible()]

    hand.until(names)
    QTest.mouseClick(names()[0], Qt.MouseButton.LeftButton)
    hand.until(lambda: hand.state.page == "reading")
    assert hand.desk.focused.name == "M2"


def test_the_window_looks_up_the_monitor_that_it_stands_on(another, home):
    (name, *_) = names_of(QApplication.primaryScreen())
    write_monitor(home, name=name)
    hand = another()
    assert hand.desk.screen.monitor == name
    assert len(hand.desk.screen.calibration) == 4096


def test_a_test_pattern_fills_the_window_a_value_a_device_pixel(hand):
    hand.desk.run("pattern.qc")
    hand.rest()
    sheet = hand.window._pattern
    size = min(sheet.width(), sheet.height())
    shown = rgb_of(sheet.grab().toImage())[..., 0]
    top, left = (sheet.height() - size) // 2, (sheet.width() - size) // 2
    assert (shown[top : top + size, left : left + size] == tg18.qc(size)).all()
    hand.keep("pattern_qc")
    hand.press("Esc")
    assert not sheet.isVisible()
    hand.desk.screen.calibration = bytes(range(255, -1, -1))  # a monitor that turns all round
    hand.desk.run("pattern.ln")
    hand.rest()
    hand.press("Right", "Right")
    shown = rgb_of(sheet.grab().toImage())[..., 0]
    assert (shown == 255 - tg18.ln(3, sheet.width(), sheet.height())).all()
    hand.press("Esc")
    assert not sheet.isVisible()
