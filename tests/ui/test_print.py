import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPalette

from tests.core.report import made
from tests.core.report.test_page import page
from viewer.app.display import Mark, MarkState
from viewer.app.stack import Stack
from viewer.core.pixels.grey import Window
from viewer.core.report.html import print_blocks
from viewer.ui import print as press
from viewer.ui import theme

LUNG = Window(-500.0, 1400.0, "Lung")


@pytest.fixture
def stack(qapp):
    """A slice of lung, with bone on the patient's left of the nodule and air on the right."""
    where = made.display_set(rescaled=True, units="HU", signed=True)
    out = Stack(where)
    hu = np.full((64, 64), -500, np.int16)
    centre = 37  # column of x = 0
    hu[:, centre + 16 :] = 1500
    hu[:, : centre - 16] = -1200
    out.codes[:] = hu.view(np.uint16) ^ 0x8000
    out.ready[:] = True
    return out


def mark(finding, author, **changes):
    values = {
        "name": finding.name,
        "tracking_uid": finding.tracking_uid,
        "author": author,
        "state": MarkState.OPEN,
        "focused": True,
        "series_instance_uid": finding.series_instance_uid,
        "frame_of_reference_uid": finding.frame_of_reference_uid,
        "center_lps_mm": finding.center_lps_mm,
        "radius_mm": 4.0,
    }
    return Mark(**(values | changes))


def pixels(png):
    image = QImage.fromData(png).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def has_colour(picture, name):
    colour: QColor = theme.colour(name)
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    return bool((np.abs(picture - wanted).max(axis=-1) < 24).any())


def test_a_key_image_shows_the_slice_the_right_way_round(stack):
    picture = pixels(press.key_image(stack, 5, mark(made.M1, "model"), LUNG))
    assert picture.shape == (320, 480, 3)
    lower = picture[300, :].mean(axis=-1)  # below marks and letters
    assert lower[380] == 255  # the patient's left, drawn on the right
    assert lower[110] == 0
    assert lower[240] == pytest.approx(127.5, abs=2)


@pytest.mark.parametrize(
    ("author", "shown", "absent"),
    [("model", "model", "reader"), ("reader", "reader", "model"), ("joined", "reader", "")],
)
def test_the_mark_has_its_authors_colour(stack, author, shown, absent):
    picture = pixels(press.key_image(stack, 5, mark(made.M1, author), LUNG))
    assert has_colour(picture, shown)
    assert not absent or not has_colour(picture, absent)
    assert author != "joined" or has_colour(picture, "model")


def test_a_slice_that_is_not_there_or_a_mark_of_another_patient_has_no_key_image(stack):
    stack.ready[5] = False
    assert press.key_image(stack, 5, mark(made.M1, "model"), LUNG) is None
    assert press.key_image(stack, 6, mark(made.M1, "model", frame_of_reference_uid="1.2.9"), LUNG) is None


def test_a_large_finding_is_shown_whole(stack):
    picture = pixels(press.key_image(stack, 5, mark(made.M1, "model", radius_mm=20.0), LUNG))
    assert has_colour(picture[:160, :240], "model")
    assert has_colour(picture[160:, 240:], "model")


def text_of(pdf, folder):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    (folder / "report.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-layout", folder / "report.pdf", "-"], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\f")[:-1]


def test_the_pdf_holds_the_report_and_names_the_patient_on_every_page(stack, tmp_path):
    picture = press.key_image(stack, 5, mark(made.M1, "joined"), LUNG)
    images = {made.R1.tracking_uid: picture}
    many = tuple(made.finding(f"R{n}", size=6.0 + n) for n in range(3, 40))
    report = page(own=(made.R1, made.R2, *many))
    blocks = print_blocks(report, {uid: uid for uid in images})
    pdf = press.pdf(blocks, images, report.title, "Doe, Jane · ID P1 · Not a medical device.")
    assert pdf.startswith(b"%PDF")
    pages = text_of(pdf, tmp_path)
    assert len(pages) > 2
    for number, text in enumerate(pages, 1):
        assert "Doe, Jane · ID P1 · Not a medical device." in text
        assert f"Page {number} of {len(pages)}" in text
    whole = " ".join(pages)
    for words in (
        "Impression",
        "Management: low-dose CT in 6 months.",
        "R1 = M1",
        "R39",
        "Rejected",
        "Seal of the commit",
    ):
        assert words in whole, words


def test_the_words_on_paper_are_dark_while_the_window_is_dark(qapp, tmp_path):
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is not installed")
    before = qapp.palette()
    dark = QPalette(before)
    dark.setColor(QPalette.ColorRole.Text, QColor("white"))
    qapp.setPalette(dark)
    try:
        path = tmp_path / "dark.pdf"
        path.write_bytes(press.pdf(["<h1>MMMMMMMM</h1>"], {}, "t", ""))
    finally:
        qapp.setPalette(before)
    subprocess.run(["pdftoppm", "-png", "-r", "60", path, tmp_path / "page"], check=True)
    page_one = QImage(str(next(tmp_path.glob("page*.png"))))
    assert min(page_one.pixelColor(x, y).lightness() for x in range(30, 200) for y in range(30, 80)) < 60


def test_a_text_longer_than_a_page_loses_no_line(qapp, tmp_path):
    words = [f"line{n:03}" for n in range(200)]
    report = page(impression="\n".join(words))
    whole = " ".join(text_of(press.pdf(print_blocks(report, {}), {}, "t", "foot"), tmp_path))
    assert [w for w in words if w not in whole] == []


def test_a_worker_thread_paints_the_same(stack):
    """The desk writes reports beside its window."""
    report = page()
    blocks = print_blocks(report, {})
    with ThreadPoolExecutor(1) as thread:
        picture = thread.submit(press.key_image, stack, 5, mark(made.M1, "joined"), LUNG).result()
        pdf = thread.submit(press.pdf, blocks, {}, report.title, "foot").result()
    assert picture == press.key_image(stack, 5, mark(made.M1, "joined"), LUNG)
    assert len(pdf) == pytest.approx(len(press.pdf(blocks, {}, report.title, "foot")), rel=0.02)


def test_a_command_without_a_window_prints_without_a_screen():
    script = (
        "from viewer.ui import print as press\n"
        "application = press.offscreen_application()\n"
        "assert application.platformName() == 'offscreen'\n"
        "assert press.offscreen_application() is application\n"
        "print(press.pdf(['<p>Report</p>'], {}, 'title', 'foot')[:4])\n"
    )
    bare = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=bare, check=False
    )
    assert done.stdout.strip() == "b'%PDF'", done.stderr
