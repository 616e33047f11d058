"""The series panel: whatever tells series apart can be read."""

from dataclasses import replace

import pytest

from viewer.app.display import SeriesRow
from viewer.ui import icons
from viewer.ui.panels.series_panel import SeriesItem

pytestmark = pytest.mark.usefixtures("qapp")

ROW = SeriesRow(
    display_set="1",
    title="Axial PHANTOM SHARP, low dose, thin, localizer",
    detail="0.625 mm · 1024 images · LUNG SHARP EXTRA",
    thumbnail=-1,
    selected=False,
    seen=0.0,
)


def picture(row):
    item = SeriesItem(lambda name: None, lambda shown: None)
    item.show_row(row)
    return item.grab().toImage(), item.height()


@pytest.mark.parametrize("warning", ["", "Two slices are missing."])
@pytest.mark.parametrize("part", ["title", "detail"])
def test_the_last_letter_of_a_long_name_is_on_screen(part, warning):
    icons.load()
    row = replace(ROW, warning=warning)
    whole, height = picture(row)
    text = getattr(row, part)
    other, same = picture(replace(row, **{part: text[:-1] + "l"}))
    assert height == same
    assert whole != other, f"{part} is cut off"


def test_a_name_without_a_space_is_wrapped_too():
    name = "LUNGFCP_0001_THIN_0.6MM_B70F_I50F"
    (whole, tall), (_, short) = picture(replace(ROW, title=name)), picture(replace(ROW, title="Lung"))
    assert tall > short
    assert whole != picture(replace(ROW, title=name[:-1] + "9"))[0]
