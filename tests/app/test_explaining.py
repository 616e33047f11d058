"""Other heat maps of a finding: asked of the real worker and the real model while the reader looks."""

from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import pytest

from inference.bundle import load_bundle
from inference.cases import Grid
from inference.protocol import ArrayRef, Faithfulness, Method, VolumeLook
from tests.app.desks import FINDINGS, candidate
from tests.app.test_desk import commit
from viewer.app import explaining
from viewer.app.desk_parts import Evidence
from viewer.app.resolve.overlays import NO_MAP, figure_words

BUNDLE = Path(str(files("resources"))) / "models" / "ct_lung_nodule"
SIDE = 32


@pytest.fixture
def seen(second_reader, tmp_path):
    """M1 as the shipped model was given it: a ball of soft tissue, outlined, in the middle of the lung."""
    far = np.linalg.norm(np.indices((SIDE,) * 3) - (SIDE - 1) / 2, axis=0)
    crop = np.full((3, SIDE, SIDE, SIDE), -0.8, np.float32)
    crop[0][far < 5] = 0.45
    crop[1], crop[2] = far < 5, 1.0
    np.save(tmp_path / "look.npy", crop)
    centre = FINDINGS[0].center_lps_mm
    axes = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    origin = tuple(c - (SIDE - 1) / 2 for c in centre)
    grid = Grid(origin, axes, (1.0, 1.0, 1.0), (SIDE,) * 3)
    series = Grid(tuple(c - 12 for c in centre), axes, (2.0, 1.0, 1.0), (12, 24, 24))
    look = VolumeLook(
        array=ArrayRef(path=str(tmp_path / "look.npy"), dtype="float32", shape=crop.shape),
        grid=grid,
        series=series,
        targets=(FINDINGS[0].label,),
    )
    made = {f.tracking_uid: candidate(f, second_reader.folder) for f in FINDINGS if f.center_lps_mm}
    uid = FINDINGS[0].tracking_uid
    made[uid] = msgspec.structs.replace(made[uid], look=look)
    second_reader.changes = {"candidates": made, "model_sha256": load_bundle(BUNDLE).sha256}


@pytest.fixture
def uninstalled(seen, second_reader):
    """The same by a model that is not installed."""
    second_reader.changes["model_sha256"] = "ab" * 32


@pytest.mark.timeout(600)
def test_another_method_is_asked_for_while_its_map_is_wanted_and_its_figure_stands_beside_it(
    seen, hand, desk
):
    commit(hand)
    hand.press("N", "Shift+H")
    assert hand.state.viewports[0].heat.notes == ("HiResCAM: lung nodule", "Faithfulness: being measured")
    hand.turn(lambda: desk.second.evidence or "No heat map" in desk.screen.status, seconds=300)
    assert len(desk.second.evidence) == 1, desk.screen.status
    first = hand.state.viewports[0].heat
    assert first.notes[1].startswith("Deletion 0.")
    hand.press("Ctrl+H")
    assert "Grad-CAM" in desk.screen.status
    assert hand.state.viewports[0].heat is None  # never the old map under the new name
    hand.turn(lambda: len(desk.second.evidence) == 2, seconds=300)
    second = hand.state.viewports[0].heat
    assert second.notes[0] == "Grad-CAM: lung nodule"
    assert second.path != first.path
    hand.press(*["Ctrl+H"] * 4)
    assert hand.state.viewports[0].heat == first  # kept: nobody is asked twice
    hand.turn(lambda: len(desk.second.evidence) == len(Method), seconds=300)
    assert not desk.second.wanted
    assert [e.payload["method"] for e in desk.log.events(desk.reading.reading_id) if e.kind == "heat"][
        :2
    ] == [
        "HiResCAM",
        "Grad-CAM",
    ]


def test_without_what_the_model_was_given_there_is_one_map_and_the_desk_says_so(hand, desk):
    commit(hand)
    hand.press("N", "Shift+H", "Ctrl+H")
    assert "can make no other" in desk.screen.status
    assert desk.second.method is Method.HIRESCAM


def test_before_the_reveal_nothing_is_asked_for(seen, hand, desk):
    hand.press("Ctrl+H", "Ctrl+Shift+H")
    explaining.catch_up(desk)
    assert not desk.second.wanted
    assert "Shift+Enter" in desk.screen.status


def test_a_map_that_is_no_better_than_chance_says_so():
    good = Faithfulness(0.05, 0.95, 0.6, 0.7)
    assert figure_words(good) == ("Deletion 0.05 (random 0.60)", "Insertion 0.95 (random 0.70)")
    bad = msgspec.structs.replace(good, deletion=0.7)
    assert figure_words(bad)[-1] == "No more faithful than a random map"
    assert figure_words(None) == NO_MAP


def test_an_empty_map_says_that_there_is_none(hand, desk):
    commit(hand)
    hand.press("N", "Shift+H")
    uid = FINDINGS[0].tracking_uid
    desk.second.method = Method.GRAD_CAM
    desk.second.evidence[explaining.key_of(desk, uid)] = Evidence(None, (None,))
    heat = hand.state.viewports[0].heat
    assert heat.empty and heat.notes == ("Grad-CAM: lung nodule", *NO_MAP)


def test_a_map_that_failed_is_asked_for_again_by_its_key_alone(uninstalled, hand, desk):
    commit(hand)
    hand.press("N", "Shift+H")
    hand.turn(lambda: "No heat map" in desk.screen.status)
    assert "H asks again" in desk.screen.status
    hand.press("G")
    assert "No heat map" not in desk.screen.status and not desk.second.wanted
    hand.press("H")
    hand.turn(lambda: "No heat map" in desk.screen.status)
