"""Every hanging step of the phantom exam with its prior, as small grey pictures of the images without words.

`python -m tests.ui.hanging_pictures BACKEND STUDY FOLDER` takes them, at a ratio of QT_SCALE_FACTOR;
`python -m tests.ui.hanging_pictures` alone makes the references anew (look at each before it is committed).
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from inference.phantom.breast.exam import DEMO_SEED
from tests.ui.windows import Hand
from viewer.app.demo.breast.vendors import CURRENT, PRIOR
from viewer.app.demo.breast.write import Plan, write_mammography
from viewer.app.second_read import sealed
from viewer.app.second_read.model_read import ModelRead, StudyRead
from viewer.core.dicom.display_set import Study
from viewer.core.reading.reading import Stage
from viewer.ui.viewport import ink

GOLDEN = Path(__file__).parent / "golden"
RATIOS = (1, 2)
SIZE = (1120, 800)
"""Of the place for all images, pixels of the design; whatever the panels beside it need."""
WIDTH = 400
"""Of a picture, whatever the ratio."""
EXAM = Plan(
    replace(CURRENT, shape=(1150, 960), imager_mm=0.208, noise=0.0),
    replace(PRIOR, shape=(1280, 1025), imager_mm=0.2, noise=0.0),
    ((230, 140), 1.0),
)
"""The demonstration with pixels of 0.2 mm and without noise: made in seconds, and larger than a viewport."""


def study(folder: Path) -> Path:
    """The phantom exam with its prior."""
    return write_mammography(folder, DEMO_SEED, plan=EXAM)


def take(backend: str, dicom: Path, folder: Path) -> None:
    """Hang the exam, go through all steps, and keep a picture of each as FOLDER/<number>_<step>.png."""
    application = QApplication(["tandem"])
    ink.text = lambda *words, **how: None  # fonts differ from machine to machine; pictures do not
    sealed.read_sealed = _nothing_read  # what models find has tests of its own
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(TANDEM_HOME=home, TANDEM_READER="Test Reader")
        hand = Hand(Path(home), (1700, 1000), backend)
        hand.window.images.setFixedSize(*SIZE)
        hand.open(dicom)
        hand.press("Shift+Return")
        hand.until(lambda: hand.desk.stage is Stage.REVEALED)
        for number, step in enumerate(hand.desk.hanging.steps, 1):
            hand.desk.go_to_step(number - 1)
            assert hand.desk.hanging.now == step, hand.desk.screen.status
            hand.desk.screen.panel = True  # the keyboard is elsewhere: no ring round a viewport
            hand.until(lambda: _settled(hand))
            hand.rest(0.1)
            picture(hand).save(str(folder / f"{number:02d}_{step.id}.png"))
            if keep := os.environ.get("TANDEM_KEEP_WINDOWS"):
                hand.window.grab().save(f"{keep}_{number:02d}_{step.id}.png")
        hand.close()
    del application


def _nothing_read(study: Study, *more: object, **options: object) -> sealed.SealedRead:
    none = ModelRead(
        model_id="none", model_version="1", model_sha256="", status="not_run", reason="a picture"
    )
    return sealed.SealedRead(
        StudyRead(study_instance_uid=study.study_instance_uid, patient_id="", reads=(none,))
    )


def _settled(hand: Hand) -> bool:
    """All pictures of the step are there, and the breasts in them are found."""
    pixels = hand.desk.pixels
    wanted = {view.display_set for view in hand.desk.views.visible if view.display_set}
    there = all(name in pixels.stacks and pixels.stacks[name].complete for name in wanted)
    return there and wanted <= set(pixels.breasts)


def picture(hand: Hand) -> QImage:
    """The image area with each viewport as it draws itself, reduced to `WIDTH` pixels across."""
    area = hand.window.images
    ratio = area.devicePixelRatioF()
    whole = QImage(round(area.width() * ratio), round(area.height() * ratio), QImage.Format.Format_RGB32)
    whole.fill(Qt.GlobalColor.black)
    painter = QPainter(whole)
    for viewport in area.viewports.values():
        if viewport.isVisible():
            box, shown = viewport.geometry(), viewport.grab_rgb()
            rows, columns, _ = shown.shape
            image = QImage(shown.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888)
            painter.drawImage(QRect(*(round(n * ratio) for n in box.getRect())), image)
    painter.end()
    height = round(WIDTH * area.height() / area.width())
    small = whole.scaled(WIDTH, height, mode=Qt.TransformationMode.SmoothTransformation)
    return small.convertToFormat(QImage.Format.Format_Grayscale8)


def pictures(backend: str, dicom: Path, folder: Path, ratio: int) -> None:
    """`take` in a process of its own: the ratio cannot change while Qt runs."""
    settings = os.environ | {"QT_SCALE_FACTOR": str(ratio)}
    command = [sys.executable, "-m", "tests.ui.hanging_pictures", backend, str(dicom), str(folder)]
    out = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=240)
    if out.returncode:
        raise RuntimeError(out.stderr)


def renew() -> None:
    """The references, by the CPU."""
    with tempfile.TemporaryDirectory() as scratch:
        dicom = study(Path(scratch))
        for ratio in RATIOS:
            folder = GOLDEN / f"hanging_{ratio}x"
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob("*.png"):
                old.unlink()
            pictures("cpu", dicom, folder, ratio)
            print(*sorted(folder.glob("*.png")), sep="\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        renew()
