"""Side, view, technique and pixel size of mammograms, as their headers have them."""

import io

import pytest
from pydicom.dataset import Dataset

from tests.conftest import shared_data
from tests.core.hanging.files import mammogram
from viewer.core.dicom.header import parse
from viewer.core.dicom.instance import Location


def read(dataset):
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return parse(stream, Location("file", "m.dcm"), stream.tell(), "m.dcm")


def coded(value, *modifiers):
    item, more = Dataset(), []
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SRT", "view"
    for one in modifiers:
        modifier = Dataset()
        modifier.CodeValue, modifier.CodingSchemeDesignator, modifier.CodeMeaning = one, "SRT", "modifier"
        more.append(modifier)
    item.ViewModifierCodeSequence = more
    return [item]


@pytest.mark.parametrize(
    ("codes", "position", "name"),
    [
        (coded("399368009"), "CC", "R MLO"),
        (coded("R-10226"), None, "R MLO"),
        (coded("R-10242", "R-102D6"), None, "R M CC"),
        (coded("399162004", "399055006", "399163009"), None, "R S M CC"),
        (coded("399162004", "399209000"), None, "R ID CC"),
        (None, "MLO", "R MLO"),
        (coded("R-1024"), None, "R"),
        (None, None, "R"),
    ],
)
def test_the_view_is_what_the_codes_say_and_view_position_only_without_them(codes, position, name):
    assert read(mammogram(1, "R", "CC", ViewCodeSequence=codes, ViewPosition=position)).mammogram.name == name


@pytest.mark.parametrize(
    ("side", "view", "change"),
    [
        ("R", "CC", {"Laterality": "L"}),
        ("R", "MLO", {"ImageLaterality": "L"}),
        ("L", "MLO", {"PatientOrientation": ["A", "FL"]}),
        ("R", "MLO", {"PatientOrientation": ["HL", "A"], "Laterality": "R"}),
    ],
)
def test_a_side_that_contradicts_itself_is_unknown_and_said(side, view, change):
    found = read(mammogram(1, side, view, **change))
    assert found.mammogram.side == ""
    assert "contradicts itself" in found.mammogram.contradiction
    assert any("contradicts" in problem.message for problem in found.problems)


@pytest.mark.parametrize(
    ("view", "change", "name", "words"),
    [
        ("CC", {"ImageLaterality": None}, "CC", "the side is not known"),
        ("CC", {"ImageLaterality": "B"}, "B CC", "both breasts"),
        ("CC", {"PatientOrientation": ["A", "R"]}, "R CC", "a CC of the L breast is stored so"),
        ("CC", {"ViewPosition": "MLO"}, "R CC", "the view code says CC"),
    ],
)
def test_a_doubtful_side_or_view_is_noted_and_nothing_is_changed_silently(view, change, name, words):
    found = read(mammogram(1, "R", view, **change))
    assert found.mammogram.name == name
    assert words in "; ".join(problem.message for problem in found.problems)


@pytest.mark.parametrize(
    ("change", "spacing", "source"),
    [
        ({}, 0.1, "imager"),
        ({"EstimatedRadiographicMagnificationFactor": 1.25}, 0.08, "magnified"),
        ({"EstimatedRadiographicMagnificationFactor": 1.25, "PixelSpacing": [0.07, 0.07]}, 0.07, "patient"),
        ({"EstimatedRadiographicMagnificationFactor": 0.1026, "PixelSpacing": [0.975, 0.975]}, 0.1, "imager"),
        ({"EstimatedRadiographicMagnificationFactor": 40}, 0.1, "imager"),
    ],
)
def test_the_pixel_size_is_the_calibrated_one_then_that_at_the_breast_then_that_at_the_detector(
    change, spacing, source
):
    found = read(mammogram(1, "R", "CC", **change))
    assert found.spacing_mm == pytest.approx((spacing, spacing))
    assert found.spacing_source == source


def test_technique_is_in_its_units():
    change = {
        "OrganDose": 0.0188,
        "BodyPartThickness": 42,
        "CompressionForce": 95,
        "AnodeTargetMaterial": "RHODIUM",
        "FilterMaterial": "SILVER",
        "BreastImplantPresent": "YES",
        "PartialView": "YES",
        "PartialViewDescription": "lower half",
    }
    found = read(mammogram(1, "R", "CC", **change)).mammogram
    assert (found.dose_mgy, found.thickness_mm, found.force_n) == (pytest.approx(1.88), 42, 95)
    values = (found.anode, found.filter, found.implant, found.partial)
    assert values == ("RHODIUM", "SILVER", True, "lower half")


def test_a_partial_view_says_which_sections_it_shows():
    items = []
    for code in ("264217000", "R-404CE", "12345"):  # superior; posterior as of old; none of CID 4005
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", "a section"
        items.append(item)
    found = read(mammogram(1, "R", "MLO", PartialView="YES", PartialViewCodeSequence=items)).mammogram
    assert (found.partial, found.sections) == ("superior, posterior", ("superior", "posterior"))
    whole = read(mammogram(1, "R", "MLO", PartialView="NO", PartialViewCodeSequence=items)).mammogram
    assert (whole.partial, whole.sections) == ("", ())


def test_the_inverted_factor_of_a_real_stereo_scout_does_not_make_a_breast_of_half_a_metre():
    path = shared_data("mg", "dicom", "mg_hologic_mono1_stereo_scout.dcm")
    with path.open("rb") as stream:
        found = parse(stream, Location("file", str(path)), path.stat().st_size)
    assert found.spacing_mm == pytest.approx((0.1, 0.1))
