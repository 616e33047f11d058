"""The heat map of a finding on mammograms: on its own image, in its box, nowhere else."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

from tests.ui.viewport.scenes import SERIES, ct, flat, state
from viewer.app.display import Heat, ImageHeat
from viewer.ui.viewport import heat as colours
from viewer.ui.viewport import notices
from viewer.ui.viewport.frame import compose
from viewer.ui.viewport.placement import place
from viewer.ui.viewport.sheet import Sheet
from viewer.ui.viewport.source import Source
from viewer.ui.viewport.viewport import rgb_of

BOX = (39.5, 59.5, 79.5, 89.5)
"""Left, top, right, bottom edges: columns 40 to 79, rows 60 to 89."""

pytestmark = pytest.mark.usefixtures("qapp")


def mammogram():
    return ct(flat(1, 160, 200), place=False, spacing=(1.0, 1.0, 1.0))


def shown(tmp_path, image=f"{SERIES}.0", values=None, stored=True):
    """(pixels, placement, notices) of the map alone on black."""
    values = np.ones((3, 4), np.float32) if values is None else values
    path = tmp_path / "heat.npy"
    if stored:
        np.save(path, values)
    part = ImageHeat(image, None, str(path), (3, 4), BOX)
    heat = Heat("1.2.3", "M1", "", "", images=(part,))
    stack = mammogram()
    frame = compose(state(heat=heat), stack, Source(stack))
    where = place(frame.shape, frame.spacing, 1.0, (0.0, 0.0), (800, 640))
    picture = QImage(800, 640, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.black)
    painter = QPainter(picture)
    sheet = Sheet(painter, frame, where, 1.0)
    colours.draw(sheet)
    said = notices.refusals(sheet)
    painter.end()
    return rgb_of(picture), where, said


def test_it_covers_its_box_in_stored_pixels_and_nothing_else(tmp_path):
    pixels, where, said = shown(tmp_path)
    rows, columns = np.nonzero(pixels.sum(axis=-1))
    left, top, right, bottom = BOX
    x, y, width, height = where.rect(left + 0.5, top + 0.5, right + 0.5, bottom + 0.5)
    assert [columns.min(), rows.min()] == pytest.approx([x, y], abs=2)
    assert [columns.max(), rows.max()] == pytest.approx([x + width, y + height], abs=2)
    assert said == ()


def test_on_another_image_it_is_not_drawn_and_nothing_is_said(tmp_path):
    pixels, _, said = shown(tmp_path, image="1.2.826.99")
    assert not pixels.any()
    assert said == ()


def test_a_file_that_is_gone_is_told(tmp_path):
    pixels, _, said = shown(tmp_path, stored=False)
    assert not pixels.any()
    assert said[0].title == "The heat map of M1 cannot be read"
