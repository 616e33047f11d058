"""The look: tokens, style sheet, and parts that are told by shape and words, not by colour alone."""

import re
from importlib import resources

import numpy as np
import pytest
from PySide6.QtGui import QImage

from viewer.app.display import Panel
from viewer.app.display_pages import CommandEntry
from viewer.ui import icons, theme
from viewer.ui.key_card import lines_of
from viewer.ui.palette import matching
from viewer.ui.panels.findings_panel import FindingsPanel
from viewer.ui.parts.chip import CHIPS, Chip

pytestmark = pytest.mark.usefixtures("qapp")


def luminance(name):
    """WCAG 2 relative luminance."""
    colour = theme.colour(name)
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
    return float(np.dot((0.2126, 0.7152, 0.0722), parts))


def contrast(a, b):
    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    "text", ["text", "text_2", "text_3", "model", "reader", "warning", "danger", "accent"]
)
@pytest.mark.parametrize("ground", ["ground", "panel", "raised", "control"])
def test_every_text_can_be_read_on_every_surface(text, ground):
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize("ground", ["ground", "panel", "raised", "control", "accent_fill", "model_fill"])
def test_no_surface_is_bright_in_a_reading_room(ground):
    assert luminance(ground) <= 0.05


def test_the_style_sheet_knows_no_colour_of_its_own_but_a_few_shades():
    text = resources.files("resources").joinpath("styles", "tandem.qss").read_text(encoding="utf-8")
    assert len(set(re.findall(r"#[0-9a-f]{6}", text))) <= 4
    assert "$" not in theme.style_sheet()


def painted(chip):
    image = chip.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].copy()


def test_no_two_states_of_a_reader_look_alike():
    icons.load()
    looks = []
    for kind in CHIPS:
        chip = Chip(kind, "state")
        chip.resize(80, 20)
        looks.append(painted(chip).tobytes())
    assert len(set(looks)) == len(looks)


def test_marks_differ_in_shape():
    icons.load()
    shapes = set()
    for kind in sorted(icons.MARKS):
        glyph = icons.Glyph(kind, "text")
        shapes.add(painted(glyph).tobytes())
    assert len(shapes) == len(icons.MARKS) == 7


# --- palette and key card


def entry(name, title, *keys, why_not="", group="Images", card=""):
    return CommandEntry(name, title, card or title, group, keys, "", why_not)


def test_the_palette_puts_what_can_be_done_and_begins_so_first():
    entries = (
        entry("a", "Model's marks: show or hide", "G", why_not="After the commit."),
        entry("b", "Mark a finding at the pointer", "M"),
        entry("c", "Previous image", "Up"),
        entry("d", "Measure: distance", "D"),
    )
    assert [e.id for e in matching("ma", entries)] == ["b", "a"]
    assert [e.id for e in matching("dis mea", entries)] == ["d"]
    assert matching("zzz", entries) == []
    assert len(matching("", entries)) == 4


def test_keys_that_belong_together_share_a_line():
    up = entry("u", "Up", "Alt+Up", card="Pan")
    down = entry("d", "Down", "Alt+Down", card="Pan")
    digits = [entry(str(n), f"Preset {n}", str(n), card="Window preset") for n in range(1, 10)]
    assert lines_of([up, down]) == [(("Alt", "Up", "Down"), "Pan", True)]
    assert lines_of(digits) == [(("1…9",), "Window preset", True)]


# --- a panel from a state made by hand


class Nobody:
    """Takes what a panel asks for."""

    def __getattr__(self, name):
        return lambda *values: None


@pytest.mark.parametrize("kind", ["done", "partial", "not_run", "failed"])
def test_the_panel_says_that_nothing_is_listed(kind):
    panel = FindingsPanel(Nobody())
    words = {"done": "No findings above the threshold."}.get(
        kind, "Second reader: not run. Slice gap of 10 mm."
    )
    panel.show_panel(
        Panel(
            mode="reveal",
            title="Findings",
            count="0",
            rows=(),
            second_reader=("done", "", ""),
            empty=(kind, words),
        )
    )
    from viewer.ui.parts.text import Text

    assert words in [text.text() for text in panel.findChildren(Text)]
