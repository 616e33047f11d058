"""Which mammograms are read: from files, as a scan finds them."""

import pytest
from pydicom.uid import BreastTomosynthesisImageStorage

from inference.input_contract import InputContract
from tests.app.second_read.mammograms import write_exam, write_view
from tests.inference import breasts
from viewer.app.scan import scan
from viewer.app.second_read.choose_views import choose_views, name

MG = InputContract(modality="MG")
MAGNIFIED, SPOT = "399163009", "399055006"


def choice(folder):
    """(names of what is read, reason by series number of what is not, names of what is missed)."""
    (study,) = scan([folder]).studies
    made = choose_views(study, MG)
    numbers = {d.id: d.instances[0].series_number for d in study.display_sets}
    return (
        sorted(name(d) for d in made.chosen),
        {numbers[key]: reason for key, reason in made.skipped.items()},
        [name(d) for d in made.missed],
    )


def test_a_screening_examination_is_read_whole(tmp_path):
    assert choice(write_exam(tmp_path)) == (["L CC", "L MLO", "R CC", "R MLO"], {}, [])


def test_of_two_images_of_a_view_the_later_whole_one_is_read(tmp_path):
    write_view(tmp_path, "R", "CC", number=1)
    write_view(tmp_path, "R", "CC", number=2)
    write_view(tmp_path, "R", "CC", number=3, PartialView="YES")
    read, skipped, missed = choice(tmp_path)
    assert (read, missed) == (["R CC"], [])
    assert skipped == {1: "another R CC was chosen", 3: "another R CC was chosen"}


def test_where_there_are_only_parts_of_a_breast_all_of_them_are_read(tmp_path):
    for number in (1, 2):
        write_view(tmp_path, "R", "CC", number=number, PartialView="YES")
    assert choice(tmp_path) == (["R CC", "R CC"], {}, [])


UNSUITABLE = {
    "raw": ({"PresentationIntentType": "FOR PROCESSING"}, "For Processing"),
    "no size": ({"ImagerPixelSpacing": None}, "pixel size is not known"),
    "two sides": ({"Laterality": "R"}, "its side contradicts itself"),
    "no side": ({"ImageLaterality": None}, "its side is not known"),
    "magnified": ({"modifiers": (MAGNIFIED,)}, "magnification: the model reads whole breasts"),
    "spot": ({"modifiers": (SPOT,)}, "spot compression"),
    "another view": ({"projection": "ML"}, "view ML: the model reads CC and MLO"),
    "another modality": ({"Modality": "CR"}, "modality CR"),
    "a stack": (
        {
            "SOPClassUID": BreastTomosynthesisImageStorage,
            "NumberOfFrames": 2,
            "Rows": breasts.SHAPE[0] // 2,
        },
        "not read: tomosynthesis",
    ),
}


@pytest.mark.parametrize("case", UNSUITABLE)
def test_an_image_that_does_not_suit_is_left_out_with_its_reason(tmp_path, case):
    bent, words = UNSUITABLE[case]
    write_view(tmp_path, "L", number=1, **({"projection": "CC"} | bent))
    write_view(tmp_path, "R", "CC", number=2)
    read, skipped, missed = choice(tmp_path)
    assert read == ["R CC"]
    assert words in skipped[1]
    assert bool(missed) is (case != "another modality")


def test_what_another_image_shows_is_not_missed(tmp_path):
    write_view(tmp_path, "L", "CC", number=1)
    write_view(tmp_path, "L", "CC", number=2, modifiers=(MAGNIFIED,))
    write_view(tmp_path, "L", "CC", number=3, PresentationIntentType="FOR PROCESSING")
    stack, _ = UNSUITABLE["a stack"]
    write_view(tmp_path, "L", "CC", number=4, **stack)
    read, skipped, missed = choice(tmp_path)
    assert (read, missed) == (["L CC"], [])
    assert skipped[4] == "tomosynthesis: L CC was read in 2-D"


def test_two_images_of_one_uid_are_not_read_for_a_mark_would_stand_on_both(tmp_path):
    write_view(tmp_path, "L", "CC", number=1)
    write_view(tmp_path, "R", "CC", number=2, SOPInstanceUID="1.2.40.1.1")
    write_view(tmp_path, "R", "MLO", number=3)
    read, skipped, _ = choice(tmp_path)
    assert read == ["R MLO"]
    assert all("same UID" in reason for reason in skipped.values())
