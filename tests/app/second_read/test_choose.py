"""Which series a model is given, and the words for those that it is not."""

import math

import pytest

from inference.input_contract import InputContract
from tests.app.second_read.studies import display_set, study
from viewer.app.second_read.choose import choose

CONTRACT = InputContract(modality="CT")


def names(sets):
    return [d.id for d in sets]


def test_the_thinnest_series_is_read_first():
    sets = [display_set("1", between=5, thickness=5), display_set("2"), display_set("3", between=3)]
    assert names(choose(study(*sets), CONTRACT)[0]) == ["2", "3", "1"]


def test_below_the_grid_of_the_networks_the_longer_series_wins():
    short = display_set("1", between=0.5, thickness=0.6, shape=(40, 64, 64))
    long = display_set("2", between=1, thickness=1, shape=(100, 64, 64))
    assert names(choose(study(short, long), CONTRACT)[0]) == ["2", "1"]


def test_thick_slices_close_together_are_thick():
    overlapping = display_set("1", between=1, thickness=5)
    assert names(choose(study(overlapping, display_set("2")), CONTRACT)[0]) == ["2", "1"]


TILTED = (
    (0.0, math.sin(math.radians(10)), math.cos(math.radians(10))),
    (0.0, 1.0, 0.0),
    (1.0, 0.0, 0.0),
)
CORONAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
UNSUITABLE = {
    "modality MR": {"modality": "MR"},
    "a localizer": {"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")},
    "no Hounsfield units": {"units": "", "rescaled": False},
    "no regular volume": {"geometry": False},
    "not axial": {"axes": CORONAL},
    "tilted gantry": {"axes": TILTED},
    "3 slices, the model needs 5": {"shape": (3, 64, 64)},
    "mm long, the model needs 12 mm": {"shape": (6, 64, 64), "between": 0.5},
    "slices of 7 mm, the model reads up to 5 mm": {"thickness": 7.0},
    "9 of 24 slices are missing": {"missing": tuple(range(3, 12))},
}


@pytest.mark.parametrize("words", UNSUITABLE)
def test_what_does_not_suit_is_skipped_with_the_reason(words):
    suitable, skipped = choose(study(display_set("1", **UNSUITABLE[words])), CONTRACT)
    assert suitable == ()
    assert words in skipped["1"]
