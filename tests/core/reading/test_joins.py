"""Which mark of the reader and which finding of the model are one place."""

from hypothesis import given
from hypothesis import strategies as st

from tests.core.reading.made import finding, on_images, proposed
from viewer.core.reading.finding import Author
from viewer.core.reading.joins import NEAR_PX, join


def joined(model, own):
    names = {f.tracking_uid: f.name for f in (*model, *own)}
    return {names[m]: names[r] for m, r in join(model, own).items()}


def test_a_mark_within_five_mm_is_the_same_place_however_small_the_finding():
    assert joined([proposed("M1", mm=3)], [finding("R1", at=(5.0, 0, 0), mm=2)]) == {"M1": "R1"}
    assert joined([proposed("M1", mm=3)], [finding("R1", at=(5.01, 0, 0), mm=2)]) == {}


def test_a_large_finding_is_hit_anywhere_within_its_radius():
    assert joined([proposed("M1", mm=30)], [finding("R1", at=(0, 14.9, 0))]) == {"M1": "R1"}
    assert joined([proposed("M1", mm=3)], [finding("R1", at=(0, 14.9, 0), mm=30)]) == {"M1": "R1"}


def test_each_joins_one_and_the_nearest_pair_goes_first():
    model = [proposed("M1", at=(0, 0, 0)), proposed("M2", at=(3, 0, 0))]
    assert joined(model, [finding("R1", at=(2.5, 0, 0))]) == {"M2": "R1"}
    assert joined(model, [finding("R1", at=(2.5, 0, 0)), finding("R2", at=(4, 0, 0))]) == {
        "M2": "R1",
        "M1": "R2",
    }


def test_nothing_joins_across_frames_of_reference_or_below_the_operating_point():
    assert joined([proposed("M1")], [finding("R1", frame="1.8")]) == {}
    assert joined([proposed("M1", above_operating_point=False)], [finding("R1")]) == {}


def test_on_images_the_box_of_one_must_hold_the_centre_of_the_other():
    model = on_images("M1", ("cc", 500, 500, (400, 300, 600, 700)), author=Author.MODEL)
    assert joined([model], [on_images("R1", ("cc", 590, 690))]) == {"M1": "R1"}
    assert joined([model], [on_images("R1", ("cc", 610, 690))]) == {}
    assert joined([model], [on_images("R1", ("mlo", 500, 500))]) == {}
    assert joined([model], [finding("R1", at=(500.0, 500.0, 0.0))]) == {}


def test_on_images_a_near_mark_joins_however_small_the_box_and_in_any_view():
    model = on_images("M1", ("cc", 10, 10), ("mlo", 500, 500, (499, 499, 501, 501)), author=Author.MODEL)
    assert joined([model], [on_images("R1", ("mlo", 500 + NEAR_PX, 500))]) == {"M1": "R1"}
    assert joined([model], [on_images("R1", ("mlo", 501 + NEAR_PX, 500))]) == {}


PLACES = st.lists(st.tuples(*[st.floats(-20, 20)] * 3), max_size=5)


@given(PLACES, PLACES)
def test_joins_are_one_to_one_and_do_not_depend_on_the_order(models, owns):
    model = [proposed(f"M{i}", at=at) for i, at in enumerate(models)]
    own = [finding(f"R{i}", at=at) for i, at in enumerate(owns)]
    found = join(model, own)
    assert len(set(found.values())) == len(found)
    assert found == join(model[::-1], own[::-1])
