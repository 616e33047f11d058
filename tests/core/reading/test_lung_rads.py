"""Lung-RADS v2022 by size at baseline: every edge of the table, and the words that go with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.reading.made import finding
from viewer.core.reading.finding import Texture
from viewer.core.reading.lung_rads import (
    CATEGORIES,
    category,
    finding_category,
    management,
    rounded_mean_mm,
)


def nodule(mm, texture="solid", solid=None, name="R1"):
    return finding(name, mm=mm, texture=Texture(texture), solid_part_mm=solid)


def axes(long, short):
    return finding(long_axis=((0, 0, 0), (long, 0, 0)), short_axis=((0, 0, 0), (0, short, 0)))


@pytest.mark.parametrize(
    ("mm", "texture", "solid", "value", "rule"),
    [
        (2.0, "solid", None, "2", "solid, baseline, < 6 mm"),
        (4.0, "solid", None, "2", "solid, baseline, < 6 mm"),
        (5.9, "solid", None, "2", "solid, baseline, < 6 mm"),
        (6.0, "solid", None, "3", "solid, baseline, 6 to < 8 mm"),
        (7.9, "solid", None, "3", "solid, baseline, 6 to < 8 mm"),
        (8.0, "solid", None, "4A", "solid, baseline, 8 to < 15 mm"),
        (14.9, "solid", None, "4A", "solid, baseline, 8 to < 15 mm"),
        (15.0, "solid", None, "4B", "solid, baseline, ≥ 15 mm"),
        (30.0, "solid", None, "4B", "solid, baseline, ≥ 15 mm"),
        (5.9, "part-solid", 5.0, "2", "part-solid, baseline, < 6 mm"),
        (6.0, "part-solid", 5.9, "3", "part-solid, baseline, ≥ 6 mm, solid part < 6 mm"),
        (9.0, "part-solid", 6.0, "4A", "part-solid, baseline, ≥ 6 mm, solid part 6 to < 8 mm"),
        (9.0, "part-solid", 7.9, "4A", "part-solid, baseline, ≥ 6 mm, solid part 6 to < 8 mm"),
        (9.0, "part-solid", 8.0, "4B", "part-solid, baseline, ≥ 6 mm, solid part ≥ 8 mm"),
        (6.0, "part-solid", 0.0, "3", "part-solid, baseline, ≥ 6 mm, solid part < 6 mm"),
        (29.9, "non-solid", None, "2", "non-solid, baseline, < 30 mm"),
        (30.0, "non-solid", None, "3", "non-solid, baseline, ≥ 30 mm"),
    ],
)
def test_the_table_at_its_edges(mm, texture, solid, value, rule):
    given_ = finding_category(nodule(mm, texture, solid))
    assert (given_.scheme, given_.value, given_.rule) == ("Lung-RADS v2022", value, rule)


@pytest.mark.parametrize(
    ("long", "short", "mean", "value"),
    [
        (5.94, 5.94, 5.9, "2"),
        (5.95, 5.95, 6.0, "3"),  # each axis to one decimal first, half rounding up
        (6.0, 5.9, 6.0, "3"),  # 5.95 is reported as 6.0
        (8.1, 7.8, 8.0, "4A"),
        (8.04, 7.84, 7.9, "3"),  # 8.0 and 7.8
        (15.0, 14.94, 15.0, "4B"),  # 15.0 and 14.9 make 14.95
    ],
)
def test_the_mean_diameter_is_rounded_as_the_table_asks(long, short, mean, value):
    measured = axes(long, short)
    assert (rounded_mean_mm(measured), finding_category(measured).value) == (mean, value)


def test_a_part_solid_nodule_without_a_measured_solid_part_is_said_to_be_at_least_3():
    assert finding_category(nodule(9, "part-solid")).rule.endswith("solid part not measured: at least 3")


def test_a_study_takes_the_most_suspicious_nodule_and_names_it():
    found = category([nodule(20, "non-solid", name="R1"), nodule(7, name="R2"), nodule(6.2, name="M1")])
    assert (found.value, found.rule) == ("3", "solid, baseline, 6 to < 8 mm (R2: 7.0 mm)")


def test_no_nodule_is_category_1_and_other_findings_do_not_count():
    assert category([]).value == "1"
    assert category([finding(label="scar", mm=20)]).value == "1"
    assert category([finding(label="Pleural mass", mm=20)]).value == "4B"


def test_what_is_not_measured_is_said():
    unmeasured = finding("R2", long_axis=None, short_axis=None)
    assert category([unmeasured]).value == "" and "R2 not measured" in category([unmeasured]).rule
    assert (
        category([nodule(7), unmeasured]).rule == "solid, baseline, 6 to < 8 mm (R1: 7.0 mm); R2 not measured"
    )


def test_every_category_has_its_management():
    assert all(management(value).endswith(".") for value in CATEGORIES)
    assert management("5") == ""


@given(st.floats(0.1, 60), st.floats(0.1, 60), st.sampled_from(["solid", "non-solid"]))
def test_a_larger_nodule_is_never_less_suspicious(one, other, texture):
    small, large = sorted((one, other))
    ranks = [CATEGORIES.index(finding_category(nodule(mm, texture)).value) for mm in (small, large)]
    assert ranks == sorted(ranks)
