"""The page of a model draws the pictures of its mistakes, not only their captions."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage

from inference.bundle import load_bundle
from inference.protocol import Mistake
from viewer.app import mistakes
from viewer.app.display_pages import Overlay
from viewer.ui.dialogs import TextCard

BUNDLE = load_bundle(Path(str(files("resources"))) / "models" / "ct_lung_nodule")
ORANGE = (255, 128, 0)


class Nobody:
    def close_overlay(self):
        pass


@pytest.fixture
def home(tmp_path):
    """Where two mistakes of the shipped model are kept, both plain orange."""
    folder = tmp_path / mistakes.FOLDER / BUNDLE.sha256
    folder.mkdir(parents=True)
    made = tmp_path / "made"
    made.mkdir()
    found = [
        Mistake(kind=kind, caption=f"{kind}: nodule", picture=f"{kind}.png") for kind in ("missed", "false")
    ]
    for mistake in found:
        Image.new("RGB", (200, 200), ORANGE).save(made / mistake.picture)
    mistakes.keep(tuple(found), made, folder)
    return tmp_path


def test_both_pictures_are_on_the_page_of_the_model(qtbot, home):
    text = mistakes.section(home, BUNDLE)
    assert text.count("nodule") == 2
    card = TextCard(Overlay("card", "Model card", lines=(text,)), Nobody())
    qtbot.addWidget(card)
    card.resize(960, 720)
    shot = card.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    pixels = np.frombuffer(shot.constBits(), np.uint8).reshape(shot.height(), -1)[:, : 3 * shot.width()]
    orange = (pixels.reshape(shot.height(), shot.width(), 3) == ORANGE).all(axis=-1)
    assert orange.sum() > 1.8 * 200 * 200


def test_a_picture_that_is_gone_makes_the_page_ask_again(home):
    (home / mistakes.FOLDER / BUNDLE.sha256 / "false.png").unlink()
    assert "**Shift+F1**" in mistakes.section(home, BUNDLE)
