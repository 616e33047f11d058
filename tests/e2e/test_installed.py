"""From labelled pictures to a signed report: models trained, installed, and read in the window, by keys."""

import os
import time

import numpy as np
import pydicom
import pytest
from pydicom.uid import SegmentationStorage

from tests.e2e.keyboard import activate, press
from tests.e2e.program import events, start, until
from tests.e2e.radiographs import DISC, RADIUS, SIDE, configuration, labelled, radiograph
from viewer.app.exit_codes import ExitCode
from viewer.cli import main

pytestmark = [
    pytest.mark.skipif(os.environ.get("QT_QPA_PLATFORM") != "xcb", reason="needs an X11 screen"),
    pytest.mark.timeout(900),
]


@pytest.fixture
def models(home, tmp_path):
    """A detector and a network that outlines, trained for seconds and installed by the command line."""
    data = labelled(tmp_path / "data")
    for task in ("boxes2d", "segment2d"):
        out, said = tmp_path / task, configuration(tmp_path / f"{task}.toml", task)
        words = ["general", "--config", str(said), "--data", str(data), "--out", str(out), "--device", "cpu"]
        assert main(["train", *words]) == ExitCode.DONE
        assert main(["models", "install", str(out / "bundle")]) == ExitCode.DONE
    return home


def test_models_that_were_trained_here_read_in_the_window_and_leave_objects(window_manager, models, tmp_path):
    program = start(radiograph(tmp_path / "study"), models)
    try:
        until(lambda: events(models, "shown"), "the first image")
        activate(program)
        assert not events(models, "reveal"), "the models speak before the commit"
        press("shift+Return")
        found = until(lambda: events(models, "reveal"), "the reveal", seconds=300)[0]["findings"]
        by = {label: [f for f in found if f["label"] == label] for label in ("disc", "outlined disc")}
        for label, own in by.items():
            shown = [f for f in own if f["above_operating_point"]]
            assert len(shown) == 1, (label, own)
            (place,) = shown[0]["places"]
            assert abs(place["row"] - DISC[0]) < 3, label
            assert abs(place["column"] - DISC[1]) < 3, label
        left, top, right, bottom = by["disc"][0]["places"][0]["box"]
        assert 8 < right - left < 18
        assert 8 < bottom - top < 18

        for number in (1, 2):
            press("n")
            time.sleep(0.6)
            press("Return")
            until(lambda n=number: len(events(models, "accept")) == n, f"verdict {number}")
        press("ctrl+shift+Return")
        time.sleep(0.5)
        if not events(models, "sign"):
            press("ctrl+shift+Return")  # what is missing is named once
        until(lambda: events(models, "sign"), "the signature")
        folder = until(lambda: [p.parent for p in models.rglob("reports/**/*.pdf")], "the report", 90)[0]
        objects = [pydicom.dcmread(p) for p in folder.rglob("*.dcm")]
        reports = [o for o in objects if o.Modality == "SR"]
        assert len(reports) == 3, "the reader's, and one of each model"
        reader = str(next(o for o in reports if o.VerificationFlag == "VERIFIED"))
        for finding in found:
            if finding["above_operating_point"]:
                assert finding["tracking_uid"] in reader
        (outlines,) = [o for o in objects if o.SOPClassUID == SegmentationStorage]
        assert (outlines.Rows, outlines.Columns) == (SIDE, SIDE)
        inside = np.argwhere(np.squeeze(outlines.pixel_array))
        assert len(inside) == pytest.approx(np.pi * RADIUS**2, rel=0.4)
        assert inside.mean(axis=0) == pytest.approx(DISC, abs=2)
        press("ctrl+q")
        assert program.wait(20) == 0
    finally:
        program.kill()
        program.wait()
