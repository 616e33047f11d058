"""Digitised film that others made: opened as what it is, and read as a screening exam up to the report."""

import pydicom
import pytest

from inference.bundle import bundle_folders
from tests.app.desks import Hand
from tests.e2e import film
from tests.validators import dciodvfy_errors, needs
from viewer.core.reading.reading import Stage
from viewer.ui import print as press

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return film.fetch(tmp_path_factory.mktemp("film"))


@pytest.fixture
def hand(home, qapp):
    made = Hand(home)
    made.desk.printer = press
    made.desk.sized(1376, 900)
    yield made
    made.desk.close()


def test_the_raw_files_open_as_what_they_are_without_millimetres(hand, cases):
    hand.open(cases)
    hand.turn(lambda: len(hand.desk.listing.studies) == 8, 60)
    assert len({study.patient.key for study in hand.desk.listing.studies}) == 8
    for study in hand.desk.listing.studies:
        (shown,) = study.display_sets
        assert shown.instances[0].spacing_mm is None
        assert shown.instances[0].mammogram.side == shown.instances[0].patient_id.split("_")[3][0]
    state = hand.state.viewports[0]
    assert "no lengths" in " ".join(banner.text for banner in state.banners)
    assert any("Pixel size unknown" in line for line in (*state.corners.top_left, *state.corners.top_right))
    hand.desk.add_distance("1", ((100.0, 100.0, 0.0), (400.0, 500.0, 0.0)))
    hand.rest()
    assert [one.text for one in hand.state.viewports[0].measurements] == ["500 px"]
    hand.press("Shift+F")
    assert "no pixel size" in hand.desk.screen.status
    assert hand.state.viewports[0].pose.mm_per_px == 0


@pytest.mark.parametrize("case", film.CASES)
def test_wrapped_as_exams_they_go_from_hanging_to_the_signed_report(hand, cases, tmp_path, case):
    needs("dciodvfy")
    hand.open(film.wrap(cases / case, tmp_path / case))
    hand.turn(lambda: all(view.display_set in hand.desk.pixels.breasts for view in hand.desk.views.hung), 120)
    labels = [viewport.corners.label for viewport in hand.state.viewports]
    assert labels == ["R CC", "L CC", "R MLO", "L MLO"]
    poses = [viewport.pose for viewport in hand.state.viewports]
    assert [pose.edge for pose in poses] == ["right", "left", "right", "left"]
    assert len({pose.mm_per_px for pose in poses}) == 1
    assert {pose.turn.across for pose in poses} == {False}

    reads = second_read(hand)
    assess(hand)
    sign(hand)
    folder = next(w.path.parent for w in hand.desk.report.written)
    paths = sorted(folder.glob("*.dcm"))
    for path in paths:
        assert dciodvfy_errors(path) == [], path.name
    reader = pydicom.dcmread(folder / "reader_sr.dcm")
    assert reader.VerificationFlag == "VERIFIED"
    assert reader.PatientID == case
    assert "BI-RADS" in str(reader)
    assert (folder / "report.html").stat().st_size > 1000
    if reads:
        assert (folder / "model_sr.dcm").exists()


def second_read(hand):
    """Commit and reveal; the mammography models that are installed have read all four views."""
    models = [folder.name for folder in bundle_folders() if folder.name.startswith("mg_")]
    hand.press("Shift+Enter")
    hand.turn(lambda: hand.desk.stage is Stage.REVEALED, 400)
    reads = {r.model_id: r for r in hand.desk.second.read.reads if r.model_id in models}
    assert set(reads) == set(models)
    for read in reads.values():
        assert (read.status, read.reason) == ("done", None)
        assert len([given for given in read.inputs if given.status == "read"]) == 4
        assert all(0 <= finding.probability <= 1 for finding in read.findings)
    return reads


def assess(hand):
    """Judge what the model marked, then density, categories and recall by keys."""
    reading = hand.desk.reading
    for _ in [f for f in reading.model if f.above_operating_point]:
        hand.press("N")
        hand.look(1.0)
        hand.paint()
        hand.press("Enter")
    hand.press("Shift+E", "2", "2", "2", "1", "Esc")


def sign(hand):
    """As often as it takes: each press names what is missing once."""
    for _ in range(3):
        if hand.desk.stage is not Stage.SIGNED:
            hand.press("Ctrl+Shift+Enter")
    assert hand.desk.stage is Stage.SIGNED, hand.desk.screen.status
    hand.turn(lambda: bool(hand.desk.report.written), 120)
