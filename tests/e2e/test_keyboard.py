"""A whole reading under a window manager with the keyboard alone, from opening to the objects on disk."""

import os
import time

import pydicom
import pytest
from pydicom.uid import ParametricMapStorage, SegmentationStorage

from tests.e2e.keyboard import activate, press
from tests.e2e.program import events, start, until

pytestmark = [
    pytest.mark.skipif(os.environ.get("QT_QPA_PLATFORM") != "xcb", reason="needs an X11 screen"),
    pytest.mark.timeout(300),
]


def test_a_study_is_opened_read_judged_signed_and_left_without_the_mouse(window_manager, home, study):
    program = start(study, home)
    try:
        until(lambda: events(home, "shown"), "the first image")
        activate(program)

        press("Down", "Down", "Up", "m")
        mark = until(lambda: events(home, "mark"), "the mark")[0]
        press("m", "ctrl+z")
        until(lambda: events(home, "undo"), "the undo")
        assert not events(home, "reveal"), "the model speaks before the commit"

        press("shift+Return")
        until(lambda: events(home, "commit"), "the commit")
        reveal = until(lambda: events(home, "reveal"), "the reveal", seconds=120)[0]
        model = [f for f in reveal["findings"] if f["above_operating_point"]]
        assert model, "the phantom's nodules were not found"

        press("n")
        time.sleep(0.6)
        press("Return")
        accepted = until(lambda: events(home, "accept"), "the verdict")
        if len(model) > 1:
            press("n")
            time.sleep(0.6)
            press("x", "1")
            until(lambda: events(home, "reject"), "the rejection")
        press("ctrl+shift+Return")
        if len(model) > 2:
            time.sleep(1.0)
            assert not events(home, "sign"), "signed although a finding was undecided"
            press("ctrl+shift+Return")
        until(lambda: events(home, "sign"), "the signature")
        folder = until(lambda: [p.parent for p in home.rglob("reports/**/*.pdf")], "the report", 90)[0]
        objects = [pydicom.dcmread(p) for p in folder.rglob("*.dcm")]
        reports = [o for o in objects if o.Modality == "SR"]
        assert len(reports) == 2, "the reader's and the model's; models of other body parts are not asked"
        others = {o.SOPClassUID for o in objects if o.Modality != "SR"}
        assert others == {SegmentationStorage, ParametricMapStorage}
        reader = next(o for o in reports if o.VerificationFlag == "VERIFIED")
        text = str(reader)
        assert mark["finding"]["tracking_uid"] in text
        assert accepted[0]["tracking_uid"] in text

        press("ctrl+q")
        assert program.wait(20) == 0
    finally:
        program.kill()
        program.wait()
