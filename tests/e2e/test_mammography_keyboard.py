"""A whole screening exam by keyboard alone: hung, stepped through, marked, described, judged, signed."""

import os
import time

import pydicom
import pytest

from tests.e2e.keyboard import activate, press, xdotool
from tests.e2e.program import events, start, until
from tests.ui.hanging_pictures import study as phantom_exam
from tests.validators import PIXELMED, dciodvfy_errors, needs, pixelmed_faults

pytestmark = [
    pytest.mark.skipif(os.environ.get("QT_QPA_PLATFORM") != "xcb", reason="needs an X11 screen"),
    pytest.mark.timeout(900),
]
SEQUENCE = ["four", "cc", "mlo", "cc_prior", "mlo_prior"]
READ_S = 300.0


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    """The phantom's four views, those of the year before, and a stack."""
    return phantom_exam(tmp_path_factory.mktemp("exam"))


def steps(home):
    """The hanging steps that the desk was in, in order."""
    found = [event["step"] for event in events(home, "view") if event["viewport"] == "desk"]
    return [step for number, step in enumerate(found) if number == 0 or step != found[number - 1]]


def step_on(home, key, wanted):
    press(key)
    until(lambda: steps(home)[-1:] == [wanted], f"the step {wanted}")


def test_a_screening_exam_is_read_judged_and_signed_without_the_mouse(window_manager, home, exam):
    needs("dciodvfy")
    xdotool("mousemove", "0", "0")  # where it stays
    program = start(exam, home)
    try:
        until(lambda: len(events(home, "shown")) >= 4, "the four views")
        activate(program)
        until(lambda: steps(home)[-1:] == ["four"], "the first step")
        for wanted in SEQUENCE[1:]:
            step_on(home, "space", wanted)
        step_on(home, "shift+space", "cc_prior")
        step_on(home, "ctrl+1", "four")

        finding = mark_in_two_views(home)
        describe(home)
        press("shift+e", "2", "5", "2", "2", "Escape")
        given = until(lambda: events(home, "assessment")[3:], "density, two categories and the recall")[-1]
        assert given["assessment"]["categories"] == {"R": "4A", "L": "1"}
        assert not events(home, "reveal"), "the model speaks before the commit"

        press("shift+Return")
        until(lambda: events(home, "commit"), "the commit")
        reveal = until(lambda: events(home, "reveal"), "the reveal", READ_S)[0]
        judge(home, [f for f in reveal["findings"] if f["above_operating_point"]])

        sign(home)
        folder = until(lambda: list(home.glob("reports/*/version_1")), "the report", 120)[0]
        check(home, folder, finding)
        press("ctrl+q")
        assert program.wait(20) == 0
    finally:
        program.kill()
        program.wait()


def mark_in_two_views(home):
    """One finding of the right breast, in the middle of its CC and of its MLO."""
    press("m")
    first = until(lambda: events(home, "mark"), "the mark")[0]["finding"]
    press("Tab", "Tab", "m")
    time.sleep(0.5)
    press("Return")  # yes, it is the same finding
    both = until(lambda: events(home, "mark_change"), "one finding in both views")[0]["finding"]
    assert len(both["places"]) == 2
    return first


def describe(home):
    """An irregular spiculated mass; what was computed of its place is confirmed with Enter."""
    press("e", "1", "3", "5", "1", "Return")
    until(lambda: len(events(home, "mark_change")) >= 5, "kind, shape, margin and density")
    press("Escape")


def judge(home, findings):
    """Accept the first finding of the model, reject the others with a reason."""
    for number, _ in enumerate(findings):
        press("n")
        time.sleep(0.7)
        press(*(("x", "1") if number else ("Return",)))
        until(lambda n=number: len(events(home, "accept", "reject")) > n, f"verdict {number + 1}")


def sign(home):
    """Once to be told what was not shown at full resolution or not given, once more to sign all the same."""
    for _ in range(4):
        press("ctrl+shift+Return")
        time.sleep(1.5)
        if events(home, "sign"):
            return
    raise AssertionError("not signed")


def check(home, folder, finding):
    """Every object on disk is sound, and the reader's report says what was marked and assessed."""
    paths = sorted(folder.rglob("*.dcm"))
    assert {pydicom.dcmread(p).Modality for p in paths} >= {"SR"}
    for path in paths:
        assert dciodvfy_errors(path) == [], path.name
    (reader,) = [p for p in paths if pydicom.dcmread(p).get("VerificationFlag") == "VERIFIED"]
    words = str(pydicom.dcmread(reader))
    assert finding["tracking_uid"] in words
    assert "piculated" in words and "BI-RADS" in words and "Lung-RADS" not in words
    if PIXELMED.exists():
        assert pixelmed_faults(reader, "1500") == []
