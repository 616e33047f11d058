"""Distances and axes in the reader's report: their numbers, their ends, where they belong."""

from dataclasses import replace

import numpy as np
import pytest

from tests.core.report import made
from tests.core.report.test_structured import groups, numbers, read_back, texts
from viewer.core.reading.mask import pack
from viewer.core.report.measured import tracking_uid
from viewer.core.report.source import source
from viewer.core.report.structured import reader_sr


def report(where=None, **changes):
    where = where or made.display_set()
    return reader_sr([source(where)], made.reading(**({"distances": (made.D1, made.D2, made.D3)} | changes)))


def lines(group):
    """(ends, frame of reference) of every line in a group, by the name of its length."""
    found = {}
    for number in (i for i in group[0].ContentSequence if i.ValueType == "NUM"):
        for item in number.get("ContentSequence", ()):
            if item.ValueType == "SCOORD3D":
                assert (item.GraphicType, item.RelationshipType) == ("POLYLINE", "INFERRED FROM")
                ends = np.reshape(item.GraphicData, (-1, 3))
                name = number.ConceptNameCodeSequence[0].CodeMeaning
                found[name] = (ends.tolist(), item.ReferencedFrameOfReferenceUID)
    return found


def test_a_distance_is_a_group_with_its_length_and_its_ends():
    group = groups(report())[tracking_uid(made.D1)]
    assert group.tracking_identifier == "Distance 1"
    assert numbers(group) == {"Length": pytest.approx(5.0)}
    assert lines(group) == {"Length": ([[0, 0, 10], [3, 4, 10]], made.FRAME)}
    (unit,) = {m.unit.value for m in group.get_measurements()}
    assert unit == "mm"
    images = [i for i in group[0].ContentSequence if i.ValueType == "IMAGE"]
    assert [i.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for i in images] == [f"{made.SERIES}.6"]


def test_it_names_the_finding_that_it_belongs_to():
    found = groups(report())
    belongs = "Finding that the measurement belongs to"
    attached = found[tracking_uid(made.D1)]
    assert texts(attached[0].ContentSequence)[belongs] == f"R1 {made.R1.tracking_uid}"
    assert attached.finding_type.meaning == "Nodule"
    alone = found[tracking_uid(made.D2)]
    assert belongs not in texts(alone[0].ContentSequence)
    assert alone.finding_type is None


def test_a_bidirectional_measurement_has_both_axes():
    group = groups(report())[tracking_uid(made.D2)]
    assert group.tracking_identifier == "Bidirectional 2"
    assert numbers(group) == {"Long axis": pytest.approx(8.0), "Short axis": pytest.approx(6.0)}
    assert lines(group)["Short axis"] == ([[-8, -12, 8], [-8, -6, 8]], made.FRAME)


def test_a_distance_on_a_cut_names_no_image_since_none_holds_it():
    group = groups(report())[tracking_uid(made.D3)]
    assert numbers(group) == {"Length": pytest.approx(8.0)}
    assert not [i for i in group[0].ContentSequence if i.ValueType == "IMAGE"]


def test_a_distance_across_missing_slices_says_so():
    said = {
        missing: texts(
            groups(report(made.display_set(missing=missing)))[tracking_uid(made.D3)][0].ContentSequence
        )
        for missing in ((), (5,))
    }
    assert said[()]["Finding in words"] == "8.0 mm"
    assert said[5,]["Finding in words"] == "8.0 mm, across a gap"


def test_without_geometry_the_ends_lie_on_their_image():
    where = replace(made.display_set(spacing_mm=None), geometry=None)
    drawn = replace(made.D1, axis=((10.0, 10.0, 5.0), (13.0, 14.0, 5.0)))
    group = groups(report(where, distances=(drawn,), own=(), model=(), judgements={}, joined={}))[
        tracking_uid(drawn)
    ]
    (measure,) = group.get_measurements()
    assert (measure.value, measure.unit.value) == (pytest.approx(5.0), "{pixels}")
    (number,) = [i for i in group[0].ContentSequence if i.ValueType == "NUM"]
    (ends,) = number.ContentSequence
    assert (ends.ValueType, list(ends.GraphicData)) == ("SCOORD", [10, 10, 13, 14])
    assert ends.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == f"{made.SERIES}.6"


def test_records_of_older_programs_find_their_image_by_place():
    old = replace(made.D1, on=None)
    group = groups(report(distances=(old,)))[tracking_uid(old)]
    images = [i for i in group[0].ContentSequence if i.ValueType == "IMAGE"]
    assert images[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == f"{made.SERIES}.6"


def test_the_axes_of_the_readers_findings_have_their_ends():
    found = {g.tracking_identifier: g for g in groups(report(distances=())).values()}
    assert numbers(found["R1, axes"]) == {"Long axis": pytest.approx(8.4), "Short axis": pytest.approx(6.72)}
    assert lines(found["R2, axes"])["Long axis"][0] == [[6, -15, 8], [24, -15, 8]]
    assert "M3, axes" not in found  # rejected: nothing of it is measured by the reader
    assert found["R1, axes"].finding_type is None


def test_a_measurement_on_a_series_that_cannot_be_referred_to_costs_only_itself():
    lost = replace(made.D1, on=made.shown(5, display_set="another"))
    assert tracking_uid(lost) not in groups(report(distances=(lost, made.D2)))
    assert read_back(report(distances=(lost,)))


def test_the_region_of_an_own_mark_is_the_outline_that_it_was_measured_on():
    where = made.display_set()
    ball = made.ball(where, made.R2.center_lps_mm, 5.0)
    outlined = replace(made.R2, mask=pack(ball.voxels, ball.start, where.geometry))
    drawn, plain = (
        groups(report(own=(mark,), model=(), judgements={}, joined={}, distances=()))[made.R2.tracking_uid]
        for mark in (outlined, made.R2)
    )
    away = [
        np.linalg.norm(group.roi.value - np.array(made.R2.center_lps_mm), axis=1) for group in (drawn, plain)
    ]
    assert away[0].max() == pytest.approx(5.0, abs=0.8)
    assert away[1] == pytest.approx(np.full(25, made.R2.mean_diameter_mm / 2))
