"""F1: on a finding of the model the page of that model, elsewhere the keys."""

import re
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from PIL import Image

from inference.bundle import installed_bundles
from tests.app.test_desk import commit, judge

pytestmark = pytest.mark.timeout(900)  # slabs of chests are drawn and read


def _page(hand) -> str:
    hand.press("F1")
    assert hand.state.overlay.kind == "card"
    hand.turn(lambda: "Its record here" in hand.state.overlay.lines[0])
    return hand.state.overlay.lines[0]


def test_f1_shows_the_keys_until_a_finding_of_the_model_is_in_focus(hand, desk):
    hand.press("F4", "F1")
    assert hand.state.overlay.kind == "keys"
    hand.press("F1", "F4")
    commit(hand)
    hand.press("N", "F4")
    assert "No signed reading here yet" in _page(hand)
    hand.press("F1")
    assert hand.state.overlay is None
    hand.press("?")
    assert hand.state.overlay.kind == "keys"


def test_the_page_counts_what_readers_here_decided(hand, desk):
    commit(hand)
    judge(hand, "Enter")
    hand.press("Ctrl+Shift+Enter", "Ctrl+Shift+Enter")
    hand.press("N", "F4")
    page = _page(hand)
    assert "| Signed readings in which it spoke | 1 (" in page
    assert "| Accepted | 1 (50 %) |" in page
    assert "| Left undecided | 1 (50 %) |" in page
    assert "truth" in page


@pytest.fixture
def shipped(second_reader):
    """What is found is of a model that ships."""
    _, bundle = next(item for item in installed_bundles() if item[1].id == "ct_lung_nodule")
    second_reader.changes = {"model_sha256": bundle.sha256}


def test_examples_of_mistakes_are_made_by_the_model_itself_and_kept(shipped, hand, desk):
    """The real worker and the shipped model, on slabs of procedural chests."""
    hand.press("Shift+F1")
    assert hand.state.overlay is None and "Shift+Enter" in desk.screen.status
    commit(hand)
    hand.press("N", "F4")
    assert "**Shift+F1**" in _page(hand)
    hand.press("F1", "Shift+F1")
    hand.turn(lambda: not desk.jobs.running(desk.screen.examples_job), seconds=800)
    assert "No examples" not in desk.screen.status, desk.screen.status
    hand.turn(lambda: "![" in hand.state.overlay.lines[0])
    page = hand.state.overlay.lines[0]
    shown = re.findall(r"!\[(missed|false)\]\((file:[^)]+)\)", page)
    assert {kind for kind, _ in shown} == {"missed", "false"}
    assert len(re.findall(r"(?:missed|false mark): [^|]*; procedural chest 96\d+", page)) == len(shown)
    for _, uri in shown:
        with Image.open(url2pathname(urlsplit(uri).path)) as picture:
            assert picture.size == (200, 200) and np.asarray(picture.convert("L")).std() > 10
    hand.press("F1")
    assert f"]({shown[0][1]})" in _page(hand)  # kept


def test_looking_for_mistakes_can_be_stopped(shipped, hand, desk):
    commit(hand)
    hand.press("N", "Shift+F1")
    hand.turn(lambda: any("Mistakes" in line.title for line in hand.state.jobs))
    desk.jobs.cancel(desk.screen.examples_job)
    hand.press("Esc", "F4")
    assert "**Shift+F1**" in _page(hand)
    assert not any("Mistakes" in line.title for line in hand.state.jobs)
