"""Hanging protocols as DICOM objects: ours out and back, what others see of them, and those of others."""

import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from io import BytesIO

import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.app.second_read.studies import display_set, study
from tests.conftest import shared_data
from tests.core.hanging.exams import exam, mammogram, studies
from viewer.core.hanging import dicom_terms as terms
from viewer.core.hanging.dicom_export import to_dataset
from viewer.core.hanging.dicom_import import from_dataset
from viewer.core.hanging.fill import hang
from viewer.core.hanging.protocol import SHIPPED, Protocol, read_protocol, shipped
from viewer.core.hanging.rules import ProtocolError

WRITTEN = [name for name in SHIPPED if name != "generic"]
NOW = datetime(2026, 11, 26, 17, 0)


def protocol(name) -> Protocol:
    return {one.id: one for one in shipped()}[name]


def through_a_file(name):
    """The object as somebody else reads it."""
    data = BytesIO()
    to_dataset(protocol(name), "Doe^Ann", NOW)[0].save_as(data, enforce_file_format=True)
    data.seek(0)
    return pydicom.dcmread(data)


def without_our_words(dataset):
    """The same object from a viewer that knows nothing of ours."""
    dataset.remove_private_tags()
    return dataset


def imported(dataset):
    found = from_dataset(dataset)
    return read_protocol(found.name, found.text), found.notes


@pytest.mark.parametrize("name", WRITTEN)
def test_a_protocol_comes_back_as_it_went(name):
    assert imported(through_a_file(name)) == (protocol(name), ())


@pytest.mark.parametrize("name", WRITTEN)
def test_dciodvfy_finds_no_error(name, tmp_path):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed")
    path = tmp_path / "protocol.dcm"
    through_a_file(name).save_as(path)
    told = subprocess.run(["dciodvfy", path], capture_output=True, text=True).stderr
    assert "HangingProtocol" in told
    assert "Error" not in told


def test_what_dicom_has_no_words_for_is_said_in_sentences():
    lost = " ".join(to_dataset(protocol("mammography"), "", NOW)[1])
    for words in ("one scale", "full resolution", "committed", "365 days", "Preferences"):
        assert words in lost
    assert "Subdural" in " ".join(to_dataset(protocol("ct_head"), "", NOW)[1])


def test_a_protocol_for_everything_is_no_dicom_object():
    with pytest.raises(ProtocolError, match="a DICOM hanging protocol is for a modality"):
        to_dataset(protocol("generic"), "", NOW)


def test_another_viewer_sees_the_screening_sequence():
    out = through_a_file("mammography")
    first = [one for one in out.DisplaySetsSequence if one.DisplaySetPresentationGroup == 1]
    assert [one.DisplaySetPatientOrientation for one in first] == [
        ["P", "L"], ["A", "R"], ["P", "FL"], ["A", "FR"]
    ]  # fmt: skip
    assert [one.DisplaySetHorizontalJustification for one in first] == ["RIGHT", "LEFT", "RIGHT", "LEFT"]
    assert first[0].DisplaySetPresentationGroupDescription == "Four views"
    places = [one.ImageBoxesSequence[0].DisplayEnvironmentSpatialPosition for one in first]
    assert places == [[0, 1, 0.25, 0], [0.25, 1, 0.5, 0], [0.5, 1, 0.75, 0], [0.75, 1, 1, 0]]
    times = [t for item in out.ImageSetsSequence for t in item.TimeBasedImageSetsSequence]
    assert {t.ImageSetLabel for t in times if t.ImageSetSelectorCategory == "ABSTRACT_PRIOR"} == {
        "prior_rcc", "prior_lcc", "prior_rmlo", "prior_lmlo"
    }  # fmt: skip
    assert out.NumberOfPriorsReferenced == 1


def test_the_standard_elements_alone_hang_the_same_exam():
    """Also with a magnification in the exam, which is no screening view."""
    views = [mammogram(9, "R", "CC", modifiers=("M",)), *exam(), *exam(study="1.2.7.2", date="20250101")]
    found = studies(*views)
    other, _ = imported(without_our_words(through_a_file("mammography")))
    ours = hang(shipped(), found["1.2.7.1"], list(found.values()))
    theirs = hang((*shipped(), other), found["1.2.7.1"], list(found.values()))
    assert theirs.protocol == other
    for step in ("Four views", "CC, prior", "MLO, prior"):
        same = [next(s for s in hung.steps if s.title == step) for hung in (ours, theirs)]
        assert same[0].pictures == same[1].pictures
        assert same[0].layout == same[1].layout
        assert same[1].display == same[0].display


def test_an_object_that_somebody_changed_is_read_by_its_standard_elements():
    out = through_a_file("ct_chest")
    out.DisplaySetsSequence[0].DisplaySetPresentationGroupDescription = "Lungs first"
    changed, notes = imported(out)
    assert changed.steps[0].title == "Lungs first"
    assert "changed this protocol" in notes[0]


def test_the_example_of_the_standard_is_taken_over():
    """PS3.17: planning of a neurosurgery, MR and CT of the head, two screens, an older CT."""
    found, notes = imported(
        pydicom.dcmread(shared_data("conformance", "other", "hanging_protocol_neurosurgery.dcm"))
    )
    assert [step.title for step in found.steps] == [
        "Current CT only", "MR only", "MR & CT combined", "CT old & CT new combined"
    ]  # fmt: skip
    first = found.steps[0]
    assert first.planes == ("coronal", "sagittal", "stack", "stack", "stack")
    assert first.windows[0] == "Brain"
    assert len(first.spread) == 2
    assert [image.name for image in found.images if image.prior] == ["prior_ct_head"]
    assert [n.split(" ")[1] for n in notes] == ["3D_RENDERING", "TILED", "of"]
    both = study(
        display_set("1", body_part="HEAD"),
        display_set("2", modality="MR", body_part="HEAD"),
    )
    hung = hang((*shipped(), found), both, [both])
    assert hung.protocol == found
    ct, mr = (d.id for d in both.display_sets)
    assert [step.title for step in hung.steps][:3] == ["Current CT only", "MR only", "MR & CT combined"]
    assert set(hung.steps[0].pictures) == {ct}
    assert set(hung.steps[1].pictures) == {mr}
    chest = study(display_set("3", body_part="CHEST"))
    assert hang((*shipped(), found), chest, [chest]).protocol.id == "ct_chest"


# --- objects of others, made by hand


def item(**elements):
    out = Dataset()
    for keyword, value in elements.items():
        setattr(out, keyword, value)
    return out


def selector(tag, vr, value, flag="NO_MATCH"):
    return item(
        ImageSetSelectorUsageFlag=flag,
        SelectorAttribute=tag,
        SelectorValueNumber=0,
        SelectorAttributeVR=vr,
        **{f"Selector{vr}Value": value},
    )


def image_set(number, *selectors, **when):
    now = {"ImageSetSelectorCategory": "RELATIVE_TIME", "RelativeTime": [0, 0], "RelativeTimeUnits": "DAYS"}
    return item(
        ImageSetSelectorSequence=list(selectors),
        TimeBasedImageSetsSequence=[item(ImageSetNumber=number, **(now | when))],
    )


def display(number, group, image, place, *filters, **more):
    box = item(ImageBoxNumber=1, ImageBoxLayoutType="STACK", DisplayEnvironmentSpatialPosition=place)
    return item(
        DisplaySetNumber=number,
        DisplaySetPresentationGroup=group,
        ImageSetNumber=image,
        ImageBoxesSequence=[box],
        FilterOperationsSequence=list(filters),
        SortingOperationsSequence=[],
        **more,
    )


LEFT, RIGHT = [0.0, 1.0, 0.5, 0.0], [0.5, 1.0, 1.0, 0.0]
CHEST = (selector(0x00080060, "CS", "CT"), selector(0x00180015, "CS", ["CHEST", "THORAX"], "MATCH"))


def theirs(sets, displays, **more):
    """A protocol of another viewer for chests with CT."""
    region = item(CodeValue="51185008", CodingSchemeDesignator="SCT", CodeMeaning="Chest")
    elements = {
        "SOPClassUID": terms.HANGING_PROTOCOL,
        "HangingProtocolName": "Lungs, 2 y",
        "HangingProtocolDefinitionSequence": [item(Modality="CT", AnatomicRegionSequence=[region])],
        "ImageSetsSequence": sets,
        "DisplaySetsSequence": displays,
    }
    return item(**(elements | more))


def test_a_chest_beside_a_prior_of_at_least_two_years():
    when = {"RelativeTime": [730, 3650]}
    sides = (display(1, 1, 1, LEFT, VOIType="LUNG"), display(2, 1, 2, RIGHT, VOIType="LUNG"))
    found, notes = imported(theirs([image_set(1, *CHEST), image_set(2, *CHEST, **when)], sides))
    assert found.id == "lungs_2_y"
    assert found.prior_days == 730
    assert [image.prior for image in found.images] == [False, True]
    assert (found.steps[0].layout, found.steps[0].windows) == ("1x2", ("Lung", "Lung"))
    assert "730 days" in notes[0]
    series = [display_set(str(n), body_part="THORAX") for n in range(3)]
    now, last, older = (
        replace(study(one), study_instance_uid=f"1.2.8.{year}", date=f"{year}-01-01")
        for one, year in zip(series, (2026, 2025, 2023), strict=True)
    )
    hung = hang((found,), now, [now, last, older])
    assert hung.steps[0].pictures == (series[0].id, series[2].id)


def test_filters_choose_thickness_plane_and_what_must_not_be():
    thin = item(
        SelectorAttribute=0x00180050,
        SelectorValueNumber=1,
        SelectorAttributeVR="DS",
        SelectorDSValue=["1.5"],
        FilterByOperator="LESS_OR_EQUAL",
    )
    no_scout = item(
        SelectorAttribute=0x00080008,
        SelectorValueNumber=3,
        SelectorAttributeVR="CS",
        SelectorCSValue="LOCALIZER",
        FilterByOperator="NOT_MEMBER_OF",
    )
    plane = item(
        FilterByCategory="IMAGE_PLANE",
        SelectorAttributeVR="CS",
        SelectorCSValue="TRANSVERSE",
        FilterByOperator="MEMBER_OF",
    )
    found, _ = imported(
        theirs([image_set(1, CHEST[0])], [display(1, 1, 1, [0, 1, 1, 0], thin, no_scout, plane)])
    )
    series = [
        display_set("1", body_part="CHEST", thickness=5.0),
        display_set("2", body_part="CHEST", thickness=1.5),
        display_set(
            "3",
            modality="CT",
            body_part="CHEST",
            thickness=1.0,
            image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"),
        ),
    ]
    one = study(*series)
    assert hang((found,), one, [one]).steps[0].pictures == (series[1].id,)


def test_what_we_cannot_do_is_said_and_the_rest_hangs():
    odd = selector(0x00181314, "DS", ["30"])
    shown = display(
        1, 2, 1, [0, 1, 1, 0],
        VOIType="ANGIO", PseudoColorType="HOT_IRON", ShowGrayscaleInverted="YES",
        ReformattingOperationType="SLAB",
    )  # fmt: skip
    lost = display(2, 2, 7, LEFT)
    nowhere = display(3, 2, 1, [0.5, 0.2, 0.5, 0.2])
    sets = [image_set(1, CHEST[0], odd), image_set(3, CHEST[0], ImageSetSelectorCategory="ABSTRACT_PRIOR",
            AbstractPriorValue=[2, 2])]  # fmt: skip
    found, notes = imported(theirs(sets, [shown, lost, nowhere]))
    assert len(found.steps) == 1
    assert found.steps[0].images == ("set_1",)
    said = " ".join(notes)
    for words in (
        "(0018,1314)", "ANGIO", "Pseudo-colour", "inverted", "SLAB", "image set 7",
        "without a place", "Ctrl+Left goes to older ones",
    ):  # fmt: skip
        assert words in said, words


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (Dataset(), "SOP Class UID"),
        (theirs([], []), "no display set"),
        (theirs([image_set(1, *CHEST)], [display(1, 1, 1, LEFT)], HangingProtocolDefinitionSequence=[]),
         "neither modality nor body region"),
    ],
)  # fmt: skip
def test_what_is_no_protocol_is_refused_in_a_sentence(dataset, words):
    with pytest.raises(ProtocolError, match=words):
        from_dataset(dataset)
