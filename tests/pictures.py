"""`python -m tests.pictures`: the real window on the demonstration studies, as pictures for README.

Writes docs/images/*.png (a phantom, never a patient): look at each before it is committed.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import dist
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import msgspec
from PySide6.QtWidgets import QApplication

from inference.cases import TruthLesion
from tests.ui.windows import Hand
from viewer.app.demo.breast.write import write_mammography
from viewer.app.demo.chest import write_demo
from viewer.app.home import home
from viewer.core.reading.reading import Stage

OUT = Path(__file__).resolve().parents[1] / "docs" / "images"
SECOND_READ_S = 300.0
NEAR_MM = 8.0


def main() -> int:
    """Read the demonstration chest by key and mouse, and keep what the screen shows on the way."""
    application = QApplication(["tandem"])
    OUT.mkdir(parents=True, exist_ok=True)
    for study, walk in ((write_demo(home()), read), (write_mammography(home()), read_mammograms)):
        with tempfile.TemporaryDirectory() as folder, a_home_in(folder):
            hand = Hand(Path(folder))
            walk(hand, study)
            hand.close()
    del application
    return 0


@contextmanager
def a_home_in(folder: str) -> Iterator[None]:
    """A home folder and a reader for one walk."""
    before = dict(os.environ)
    os.environ.update(TANDEM_HOME=folder, TANDEM_READER="A. Example, MD")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def read(hand: Hand, study: Path) -> None:
    """From the first image to the report page."""
    desk = hand.desk
    desk.open_paths([study])
    hand.until(lambda: desk.first_image_shown)
    hand.until(lambda: all(stack.complete for stack in desk.pixels.stacks.values()))
    hand.until(lambda: desk.second.kind != "waiting", SECOND_READ_S)
    hand.window.show_icons()
    hand.rest(1.0)
    lesions = sorted(truth(study), key=lambda lesion: -lesion.diameter_mm)
    desk.mark_at("1", lesions[0].center_lps_mm)
    hand.rest(1.0)
    keep(hand, "reading")
    hand.press("Shift+Return")
    hand.until(lambda: desk.stage is Stage.REVEALED, SECOND_READ_S)
    hand.rest(1.0)
    hand.press("N")
    while not any(dist(focus(hand), lesion.center_lps_mm) < NEAR_MM for lesion in lesions[1:]):
        hand.press("N")
    hand.rest(1.0)
    hand.hold("H")
    hand.rest(1.0)
    keep(hand, "reveal")
    hand.let_go("H")
    hand.press("X")
    keep(hand, "reject")
    hand.press("Esc", "Return", "F6")
    hand.rest(2.0)
    keep(hand, "report")


def read_mammograms(hand: Hand, exam: Path) -> None:
    """To the first finding of the second reader, with its heat map."""
    desk = hand.desk
    desk.open_paths([exam])
    hand.until(lambda: desk.first_image_shown)
    hand.until(lambda: desk.second.kind != "waiting", SECOND_READ_S)
    hand.window.show_icons()
    hand.press("Shift+Return")
    hand.until(lambda: desk.stage is Stage.REVEALED, SECOND_READ_S)
    hand.press("N")
    hand.rest(2.0)
    hand.hold("H")
    hand.rest(1.0)
    keep(hand, "mammography")
    hand.let_go("H")


def truth(study: Path) -> list[TruthLesion]:
    """The phantom's nodules, from its truth file."""
    found = msgspec.json.decode((study.parent / "truth.json").read_bytes())
    return msgspec.convert(found["lesions"], list[TruthLesion])


def focus(hand: Hand) -> tuple[float, float, float]:
    """Where the finding in focus lies, patient mm."""
    return hand.desk.reading.finding(hand.desk.review.focus).center_lps_mm


def keep(hand: Hand, name: str) -> None:
    """The window as it is now."""
    hand.rest(0.3)
    hand.window.grab().save(str(OUT / f"{name}.png"))
    print(OUT / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
