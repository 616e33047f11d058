from dataclasses import replace

import pytest

from tests.app.second_read.studies import display_set, study
from tests.core.hanging.exams import FOUR, exam, mammogram, studies
from viewer.core.hanging.fill import choose, hang, priors_of
from viewer.core.hanging.layout import layout
from viewer.core.hanging.protocol import SHIPPED, read_protocol, shipped
from viewer.core.hanging.rules import ProtocolError


def hung(instances, prior=""):
    found = studies(*instances)
    return hang(shipped(), found["1.2.7.1"], list(found.values()), prior), found


def names(hung_steps, step_id, found):
    """What hangs in a step: (date, series description) of each box."""
    step = next(step for step in hung_steps.steps if step.id == step_id)
    sets = {d.id: d for s in found.values() for d in s.display_sets}
    first = [sets[picture].instances[0] if picture else None for picture in step.pictures]
    return [None if i is None else (i.study_date[:4], i.series_description) for i in first]


def earlier(year, number, views=FOUR, day="0101"):
    return exam(views, study=f"1.2.7.{number}", date=f"{year}{day}")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_offers_no_key_twice(name):
    protocol = {p.id: p for p in shipped()}[name]
    ids = [step.id for step in protocol.steps]
    assert len(set(ids)) == len(ids)
    asked = {image for step in protocol.steps for image in step.images}
    assert {image.name for image in protocol.images} - asked <= {"main"}


def test_four_views_hang_by_code_in_whatever_order_they_come():
    shuffled = exam([FOUR[k] for k in (3, 0, 2, 1)])
    found = hung(shuffled)
    assert names(*(found[0], "four", found[1])) == [
        ("2026", "R CC"), ("2026", "L CC"), ("2026", "R MLO"), ("2026", "L MLO")
    ]  # fmt: skip


def test_descriptions_do_not_choose():
    lying = [replace(i, series_description="R MLO") for i in exam()]
    step = hung(lying)[0].steps[0]
    assert [p.split(":")[0] for p in step.pictures] == [f"1.2.7.1.{n}" for n in (1, 2, 3, 4)]


def test_steps_that_cannot_be_filled_are_skipped():
    ids = [step.id for step in hung(exam((("L", "CC"), ("L", "MLO"))))[0].steps]
    assert ids == ["four", "cc", "mlo", "lcc_pixels", "lmlo_pixels", "second_reader"]


def test_the_prior_is_one_at_least_a_year_old_and_keys_go_further_back():
    all_ = [*exam(), *earlier(2025, 2, day="0901"), *earlier(2024, 3), *earlier(2022, 4)]
    result, found = hung(all_)
    assert names(result, "cc_prior", found) == [
        ("2024", "R CC"), ("2024", "L CC"), ("2026", "R CC"), ("2026", "L CC")
    ]  # fmt: skip
    protocol = result.protocol
    order = [s.date[:4] for s in priors_of(protocol, found["1.2.7.1"], list(found.values()))]
    assert order == ["2025", "2024", "2022"]
    assert names(hung(all_, prior="1.2.7.4")[0], "mlo_prior", found)[0] == ("2022", "R MLO")


def test_another_patient_a_later_or_an_undated_study_is_no_prior():
    strangers = [replace(i, patient_id="P-2") for i in earlier(2024, 2)]
    undated = [replace(i, study_date="") for i in earlier(2024, 3)]
    result, _ = hung([*exam(), *strangers, *undated, *earlier(2027, 4)])
    assert "cc_prior" not in [step.id for step in result.steps]


def test_magnifications_are_no_screening_views_and_have_a_step_of_their_own():
    extra = [mammogram(9, "R", "CC", modifiers=("M",)), mammogram(10, "L", "CC", modifiers=("S",))]
    result, found = hung([*extra, *exam()])
    assert [pair[1] for pair in names(result, "four", found)] == ["R CC", "L CC", "R MLO", "L MLO"]
    assert [d.instances[0].mammogram.name for d, _ in result.extra] == ["R M CC", "L S CC"]
    assert {result.steps[number].id for _, number in result.extra} == {"extra"}
    assert result.left == ()
    step = next(step for step in result.steps if step.id == "extra")
    assert (step.layout, len(step.pictures)) == ("1x2", 2)


def test_what_no_step_shows_is_left():
    extra = [mammogram(n, "R", "ML", modifiers=("M",)) for n in range(9, 15)]
    result, _ = hung([*exam(), *extra])
    assert [d.instances[0].series_number for d in result.left] == [13, 14]


def test_raw_detector_images_are_not_hung_for_reading():
    raw = [
        mammogram(n, side, view, presentation_intent="FOR PROCESSING")
        for n, (side, view) in enumerate(FOUR, 20)
    ]
    result, _ = hung([*raw, *exam()])
    assert {pair for step in result.steps for pair in step.pictures} == set(hung(exam())[0].steps[0].pictures)
    assert len(result.left) == 4
    alone, _ = hung(raw)
    assert alone.protocol.id == "generic"


def test_chest_head_and_other_ct_have_their_own_steps():
    chest, head = display_set("1", body_part="CHEST"), display_set("1", body_part="HEAD")
    knee, mr = display_set("1", body_part="KNEE"), display_set("1", modality="MR")
    chosen = [choose(shipped(), study(one)).id for one in (chest, head, knee, mr, display_set("1"))]
    assert chosen == ["ct_chest", "ct_head", "ct_other", "generic", "ct_chest"]


def test_a_head_hangs_subdural_beside_brain_and_bone_from_the_thin_series():
    soft, bone = (
        display_set("1", body_part="HEAD", thickness=5.0),
        display_set("2", body_part="HEAD", thickness=1.0, shape=(48, 64, 64), series_description="Bone"),
    )
    result = hang(shipped(), study(soft, bone), [])
    steps = {step.id: step for step in result.steps}
    assert steps["subdural"].pictures == ("1", "1")
    assert [steps["subdural"].window_of(box) for box in (0, 1)] == ["Subdural", "Brain"]
    assert steps["bone"].pictures == ("2",)
    assert result.main == "2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("", "", "title = 3"), "title found 3"),
        (("layout", '"1x1"', '"1x7"'), "the layout '1x7', allowed are 1x1"),
        (("images", '["first"]', '["second"]'), "'second', allowed are first, others"),
        (("images", '["first"]', '["first", "first"]'), "allowed are 1 texts"),
        (("step", "[[step]]", "[[stage]]"), "found 'stage', allowed are"),
        (("=", "=", "=="), "no TOML"),
    ],
)
def test_what_is_wrong_in_a_protocol_is_said_in_one_sentence(change, said):
    _, old, new = change
    text = PLAIN.replace(old, new, 1) if old else PLAIN.replace('title = "Plain"', new, 1)
    with pytest.raises(ProtocolError, match=said) as raised:
        read_protocol("mine", text)
    assert str(raised.value).startswith("mine")
    assert "\n" not in str(raised.value)


PLAIN = """
title = "Plain"
match = [{ fact = "modality", is = "MG" }]
[[image]]
name = "first"
rules = [{ fact = "modality", is = "MG" }]
[[step]]
id = "one"
title = "One"
layout = "1x1"
images = ["first"]
"""


MADE = ("DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D")


def a_stack(number, side, view):
    return mammogram(
        number,
        side,
        view,
        frames=40,
        series_description="stack",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.13.1.3",
    )


def test_the_synthetic_picture_hangs_beside_the_stack_and_the_exposure_in_the_other_steps():
    made = mammogram(8, "L", "MLO", image_type=MADE, series_description="synthetic")
    result, found = hung([made, a_stack(9, "L", "MLO"), *exam()])
    assert names(result, "lmlo_tomo", found) == [("2026", "stack"), ("2026", "synthetic")]
    assert [names(result, step, found)[1] for step in ("mlo", "second_reader")] == [
        ("2026", "L MLO"),
        ("2026", "L CC"),
    ]
    assert not result.left
    plain, found = hung([a_stack(9, "L", "MLO"), *exam()])
    assert names(plain, "lmlo_tomo", found) == [("2026", "stack"), ("2026", "L MLO")]


def test_without_an_exposure_the_synthetic_picture_takes_its_place():
    made = [
        mammogram(n, side, view, image_type=MADE, series_description=f"{side} {view} synthetic")
        for n, (side, view) in enumerate(FOUR, 1)
    ]
    stacks = [a_stack(n, side, view) for n, (side, view) in enumerate(FOUR, 11)]
    result, found = hung([*stacks, *made])
    assert names(result, "four", found) == [("2026", f"{side} {view} synthetic") for side, view in FOUR]
    assert names(result, "rcc_tomo", found) == [("2026", "stack"), ("2026", "R CC synthetic")]


def test_an_implant_and_the_view_with_it_displaced_hang_side_by_side():
    views = (("R", "CC"), ("R", "MLO"))
    displaced = mammogram(7, "R", "CC", modifiers=("ID",), series_description="R CC displaced")
    result, found = hung([displaced, *exam(views)])
    assert names(result, "rcc_implant", found) == [("2026", "R CC"), ("2026", "R CC displaced")]
    assert names(result, "cc", found)[0] == ("2026", "R CC")
    assert "rmlo_implant" not in [step.id for step in result.steps]
    assert not result.left
    alone, _ = hung([displaced, mammogram(2, "R", "MLO")])
    assert "rcc_implant" not in [step.id for step in alone.steps]


def test_a_breast_in_two_exposures_hangs_one_above_the_other():
    parts = [
        replace(i, mammogram=replace(i.mammogram, partial=f"part {n}"), series_description=f"part {n}")
        for n, i in ((n, mammogram(n, "L", "MLO")) for n in (1, 2))
    ]
    result, found = hung([*parts, mammogram(3, "L", "CC")])
    assert names(result, "lmlo_parts", found) == [("2026", "part 1"), ("2026", "part 2")]
    step = next(step for step in result.steps if step.id == "lmlo_parts")
    assert (step.layout, step.display.size) == ("2x1", "same")
    assert not result.left
    whole, _ = hung([parts[0], mammogram(3, "L", "MLO")])
    assert "lmlo_parts" not in [step.id for step in whole.steps]


def parts_of(side, view, *sections):
    """Partial views, each of the sections named in words: "superior posterior"."""
    made = [mammogram(n, side, view, series_description=said) for n, said in enumerate(sections, 11)]
    return [
        replace(i, mammogram=replace(i.mammogram, partial="part", sections=tuple(said.split())))
        for i, said in zip(made, sections, strict=True)
    ]


@pytest.mark.parametrize(
    ("side", "view", "sections", "expected"),
    [
        ("L", "MLO", ("inferior", "superior"), {"superior": (0, 0, 1, 0.5), "inferior": (0, 0.5, 1, 0.5)}),
        ("R", "CC", ("medial", "lateral"), {"lateral": (0, 0, 1, 0.5), "medial": (0, 0.5, 1, 0.5)}),
        ("R", "CC", ("posterior", "anterior"), {"anterior": (0, 0, 0.5, 1), "posterior": (0.5, 0, 0.5, 1)}),
        ("L", "CC", ("anterior", "posterior"), {"posterior": (0, 0, 0.5, 1), "anterior": (0.5, 0, 0.5, 1)}),
        (
            "R",
            "MLO",
            ("inferior", "superior posterior", "superior anterior"),
            {
                "superior anterior": (0, 0, 0.5, 0.5),
                "superior posterior": (0.5, 0, 0.5, 0.5),
                "inferior": (0, 0.5, 1, 0.5),
            },
        ),
    ],
)
def test_parts_of_a_breast_hang_where_they_lie_in_it(side, view, sections, expected):
    result, found = hung(parts_of(side, view, *sections))
    step = next(step for step in result.steps if step.id == f"{side}{view}_parts".lower())
    where = {
        name: (box.left, box.top, box.width, box.height)
        for (_, name), box in zip(names(result, step.id, found), layout(step.layout).boxes, strict=True)
    }
    assert where == {name: pytest.approx(box, abs=1e-5) for name, box in expected.items()}
    assert not result.left


def test_a_place_below_the_first_is_refused():
    text = """
    match = [{ fact = "modality", is = "MG" }]
    [[image]]
    name = "a"
    place = 0
    rules = [{ fact = "modality", is = "MG" }]
    [[step]]
    id = "s"
    title = "S"
    layout = "1x1"
    images = ["a"]
    """
    with pytest.raises(ProtocolError, match="place 0"):
        read_protocol("made", text)
