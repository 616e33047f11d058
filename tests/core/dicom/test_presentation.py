"""Presentation states on their images, against pictures that another implementation made."""

import io
from contextlib import suppress

import numpy as np
import pytest
from imagecodecs import png_decode
from pydicom import dcmread

from tests.conftest import shared_data
from viewer.app.loader import Loader
from viewer.app.scan import scan
from viewer.core.dicom.header import parse
from viewer.core.dicom.instance import Location
from viewer.core.dicom.presentation import Annotation, Area, Drawing, Label, Reference
from viewer.core.dicom.problem import DicomError
from viewer.core.pixels.table import grey_table
from viewer.ui.viewport.source import Source

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def loader():
    loader = Loader()
    yield loader
    loader.close()


def presented(image, state, loader):
    """(picture without graphics, white where graphics are, the stack, the state)."""
    sets = [s for study in scan([image, state]).studies for s in study.display_sets]
    (stack,) = [loader.complete(s) for s in sets if s.kind == "image"]
    (found,) = [i.presentation for s in sets for i in s.instances if i.presentation is not None]
    assert found.is_for(stack.instance(0))
    levels = grey_table(stack.grey(0, state=found))[stack.codes[0]]
    drawn = np.zeros(levels.shape, bool)
    for bitmap in found.graphics(stack.overlays.get(0, ())):
        drawn |= bitmap.mask()
    return levels, drawn, stack, found


def test_modality_voi_and_presentation_lut_work_together(loader):
    folder = shared_data("conformance", "gsps")
    levels, _, stack, _ = presented(folder / "image_for_luts.zip", folder / "pr_luts.dcm", loader)
    expected = png_decode((folder / "expected_pr_luts.png").read_bytes())
    assert np.abs(levels.astype(int) - expected).max() <= 1
    alone = grey_table(stack.grey(0))[stack.codes[0]]
    assert np.abs(alone.astype(int) - expected).max() > 100


def test_overlays_of_the_state_and_of_its_image_are_drawn(loader):
    folder = shared_data("conformance", "gsps")
    image = folder.parent / "grey" / "overlays_in_unused_bits.zip"
    levels, _, stack, state = presented(image, folder / "pr_overlay.dcm", loader)
    expected = png_decode((folder / "expected_pr_overlay.png").read_bytes())
    assert np.abs(levels.astype(int) - expected).max() <= 1
    drawn = state.graphics(stack.overlays[0])
    assert sorted(b.group for b in drawn) == [0x6000, 0x6002, 0x6004, 0x6006, 0x6008, 0x600A]
    rows = sorted(float(np.nonzero(bitmap.mask())[0].mean()) for bitmap in drawn)
    assert np.diff(rows) == pytest.approx([42] * 5, abs=3)  # one text on each of six lines


def test_graphics_and_text_of_a_state(loader):
    folder = shared_data("conformance")
    _, _, stack, state = presented(
        folder / "other" / "ct_highdicom.dcm", folder / "made" / "gsps_circle_text.dcm", loader
    )
    (annotation,) = state.drawn_on(stack.instance(0))
    assert annotation.layer == "READER"
    assert annotation.drawings == (Drawing("CIRCLE", ((60.0, 60.0), (70.0, 60.0))),)
    assert annotation.labels == (Label("sample text", (60.0, 60.0)),)
    voi = stack.own_voi(0, 0, state)
    assert (voi.centre, voi.width) == (40, 400)


def test_an_overlay_of_the_state_may_be_its_shutter(loader, tmp_path):
    folder = shared_data("conformance")
    state = dcmread(folder / "gsps" / "pr_overlay.dcm")
    state.ShutterShape, state.ShutterOverlayGroup, state.ShutterPresentationValue = "BITMAP", 0x6008, 0
    del state[0x60081001]
    state.save_as(tmp_path / "state.dcm")
    image = folder / "grey" / "overlays_in_unused_bits.zip"
    _, _, stack, found = presented(image, tmp_path / "state.dcm", loader)
    assert [b.group for b in found.overlays] == [0x600A]
    shown = stack.shown(0, found)
    picture = Source(stack).slice(0, state=found)
    assert shown.covered.mask().any()
    assert np.array_equal(picture.holes(), shown.covered.mask())
    assert Source(stack).slice(0, shutters=False, state=found).holes() is None


def test_a_state_for_another_image_changes_nothing(loader):
    path = shared_data("hostile", "pr", "unknown_image.dcm")
    image = shared_data("conformance", "other", "ct_highdicom.dcm")
    sets = [s for study in scan([image, path]).studies for s in study.display_sets]
    (state,) = [i.presentation for s in sets for i in s.instances if i.presentation is not None]
    (stack,) = [loader.complete(s) for s in sets if s.kind == "image"]
    assert stack.grey(0, state=state) == stack.grey(0)


def test_a_reference_to_frames_is_for_those_frames_alone(loader):
    stack = loader.complete(
        scan([shared_data("conformance", "grey", "nm_13frames.zip")]).studies[0].display_sets[0]
    )
    uid = stack.instance(0).sop_instance_uid
    reference = Reference(uid, (2, 5))
    named = [k for k in range(stack.display_set.count) if reference.names(stack.instance(k))]
    assert [stack.instance(k).frame + 1 for k in named] == [2, 5]


def test_layers_are_drawn_in_their_order_and_areas_found(loader):
    from dataclasses import replace

    folder = shared_data("conformance")
    _, _, stack, state = presented(
        folder / "other" / "ct_highdicom.dcm", folder / "made" / "gsps_circle_text.dcm", loader
    )
    both = (Annotation((), "TOP", (), ()), Annotation((), "BOTTOM", (), ()))
    state = replace(state, layers=("BOTTOM", "TOP"), annotations=both, areas=(Area((), (3, 4), (9, 8)),))
    assert [a.layer for a in state.drawn_on(stack.instance(0))] == ["BOTTOM", "TOP"]
    assert state.area(stack.instance(0)).last == (9, 8)


@pytest.mark.parametrize("name", ["pr_luts.dcm", "pr_overlay.dcm"])
def test_a_damaged_state_is_refused_in_words_or_read(name):
    whole, random = shared_data("conformance", "gsps", name).read_bytes(), np.random.default_rng(6)
    for _ in range(150):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[random.integers(132, min(len(whole), 6000), 6)] = random.choice([0, 128, 255], 6)
        with suppress(DicomError):
            parse(io.BytesIO(damaged.tobytes()), Location("file", "/none"), len(whole))
