"""What a state means: picture or reason, place in the patient, overlays that belong and those that do not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.ui.viewport.scenes import SERIES, ct, flat, heat, mark, noise, state
from viewer.app.display import Plane, Window
from viewer.core.dicom.problem import Problem
from viewer.core.pixels.grey import Lut
from viewer.ui.viewport import reslice
from viewer.ui.viewport.frame import NoticeKind, compose
from viewer.ui.viewport.source import Source


def frame_of(stack, **changes):
    return compose(state(**changes), stack, None if stack is None else Source(stack))


def test_nothing_open_says_what_to_do():
    frame = frame_of(None, display_set="", empty=("No study is open", "Drop a folder here."))
    assert (frame.notice.kind, frame.notice.title) == (NoticeKind.EMPTY, "No study is open")


def test_pixels_of_another_display_set_are_never_shown():
    frame = frame_of(ct(noise(2, 8, 8)), display_set="another")
    assert frame.picture is None
    assert frame.notice.kind is NoticeKind.LOADING


@pytest.mark.parametrize(
    ("index", "kind", "words"),
    [
        (1, NoticeKind.MISSING, "missing"),
        (2, NoticeKind.FAILED, "not shown"),
        (3, NoticeKind.LOADING, "Loading"),
    ],
)
def test_a_slice_that_is_not_there_has_its_reason_and_no_pixels(index, kind, words):
    stack = ct(noise(5, 8, 8), missing=(1,))
    stack.ready[2] = stack.ready[3] = False
    stack.problems[2] = Problem("a.dcm", "(7fe0,0010)", "a corrupt stream", "JPEG-LS", "the image is lost")
    frame = frame_of(stack, index=index, count=5)
    assert frame.picture is None
    assert frame.notice.kind is kind
    assert words in frame.notice.title
    if kind is NoticeKind.FAILED:
        assert "(7fe0,0010)" in frame.notice.text
    assert frame_of(stack, index=4, count=5).picture.pixels() is not None


def test_an_index_that_does_not_exist_is_refused():
    assert frame_of(ct(noise(2, 8, 8)), index=7, count=2).picture is None


def test_the_slice_of_the_index_is_shown():
    codes = noise(4, 8, 8)
    assert (frame_of(ct(codes), index=2, count=4).picture.pixels() == codes[2]).all()


def test_a_slice_without_a_place_has_no_letters_and_no_scale():
    frame = frame_of(ct(noise(1, 8, 8), place=False))
    assert frame.letters == ("", "", "", "")
    assert not frame.in_mm
    assert frame.view is None
    assert not frame.takes(mark((0.0, 0.0, 0.0)))


def test_patient_orientation_gives_letters_where_the_image_has_no_place():
    frame = frame_of(ct(noise(1, 8, 8), place=False, patient_orientation=("P", "FL")))
    assert frame.letters == ("A", "HR", "P", "FL")


def test_a_single_image_knows_its_place_without_a_volume():
    frame = frame_of(ct(noise(1, 8, 8), origin=(10.0, 20.0, 30.0)))
    assert frame.position(0.5, 0.5) == pytest.approx((10, 20, 30))
    assert frame.project((11.0, 20.5, 30.0)) == pytest.approx((2.5, 1.5, 0))


def test_positions_go_there_and_back_on_a_cut():
    reslice.warm(wait=True)
    frame = frame_of(ct(noise(6, 8, 10)), plane=Plane.SAGITTAL, index=3, count=10)
    column, row, off = frame.project(frame.position(4.25, 7.5))
    assert (column, row, off) == pytest.approx((4.25, 7.5, 0), abs=1e-9)


def test_overlays_of_another_frame_of_reference_are_refused():
    frame = frame_of(ct(noise(3, 8, 8)), count=3)
    assert frame.takes(mark((0.0, 0.0, 0.0)))
    assert frame.takes(mark((0.0, 0.0, 0.0), series_instance_uid="another series, same frame"))
    assert not frame.takes(mark((0.0, 0.0, 0.0), frame_of_reference_uid="9.9"))
    assert frame.takes(heat("x", (0, 0, 0), (1, 1, 1)))
    assert not frame.takes(heat("x", (0, 0, 0), (1, 1, 1), series_instance_uid="9.9"))
    assert not frame.takes(heat("x", (0, 0, 0), (1, 1, 1), frame_of_reference_uid="9.9"))


def test_without_a_frame_of_reference_only_the_same_series_counts():
    stack = ct(noise(3, 8, 8))
    stack.display_set = replace(
        stack.display_set, geometry=replace(stack.display_set.geometry, frame_of_reference_uid="")
    )
    frame = frame_of(stack, count=3)
    assert frame.takes(mark((0.0, 0.0, 0.0), frame_of_reference_uid=""))
    assert not frame.takes(mark((0.0, 0.0, 0.0), frame_of_reference_uid="", series_instance_uid="9.9"))
    assert not frame.takes(mark((0.0, 0.0, 0.0), series_instance_uid=SERIES))


def test_cuts_of_slices_with_their_own_rescale_are_made_in_hu():
    reslice.warm(wait=True)
    codes = flat(4, 6, 6, hu=0)
    frame = frame_of(ct(codes, intercepts=(0, -100, -200, -300)), plane=Plane.CORONAL, index=3, count=6)
    window = Window(-150.0, 301.0)
    frame = frame_of(
        ct(codes, intercepts=(0, -100, -200, -300), spacing=(1.0, 1.0, 1.0)),
        plane=Plane.CORONAL,
        index=3,
        count=6,
        window=window,
    )
    grey = frame.picture.shown(frame.table, 0, (0, 0, 6, 4))[:, 2].astype(int)
    assert np.abs(grey - np.array([255, 170, 85, 0])).max() <= 1


def test_images_that_make_no_volume_say_why_there_is_no_cut():
    frame = frame_of(ct(noise(1, 8, 8), place=False), plane=Plane.CORONAL)
    assert frame.notice.kind is NoticeKind.FAILED
    assert "No planes" in frame.notice.title


def test_a_voi_lut_can_be_the_window():
    lut = Lut(0, np.array([0, 65535], "<u2").tobytes(), 16, "curve")
    stack = ct(flat(1, 4, 4, hu=1), voi_luts=(lut,))
    frame = frame_of(stack, window=Window(0.5, 1, "curve", "LUT 1"))
    assert frame.picture.shown(frame.table, 0, (0, 0, 1, 1)) == 255


def test_no_window_means_the_images_own():
    stack = ct(flat(1, 4, 4, hu=40))
    frame = frame_of(stack, window=Window(0, 0))
    assert abs(int(frame.picture.shown(frame.table, 0, (0, 0, 1, 1))[0, 0]) - 128) <= 1
