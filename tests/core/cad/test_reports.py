"""What other programs found is read as they mean it: which marks, where, how sure, whether to be shown."""

import pytest
from pydicom.dataset import Dataset

from tests.core.cad import trees as t
from tests.core.report import made_breasts as breasts
from viewer.core.cad.document import read_report
from viewer.core.cad.marks import Intent
from viewer.core.cad.place import findings_of
from viewer.core.cad.tree import BadTree


def one(document):
    (mark,) = read_report(document).marks
    return mark


def findings(document, display_sets=None):
    report = read_report(document)
    return findings_of(report, breasts.exam() if display_sets is None else display_sets, "C")


def a_mass(*places, **changes):
    return t.impression(t.single(t.DENSITY, t.certainty(72), *places, **changes))


def test_the_first_pixel_of_a_report_has_its_corner_at_zero():
    """PS3.3 C.18.6: the centre of the first pixel is 0.5, 0.5 there and 0, 0 here."""
    (place,) = one(t.cad_document(a_mass(t.centre(0.5, 0.5, 1)))).places
    assert (place.column, place.row) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "points", "box"),
    [
        ("CIRCLE", (100.5, 200.5, 110.5, 200.5), (90, 190, 110, 210)),
        ("CIRCLE", (100.5, 200.5, 106.5, 208.5), (90, 190, 110, 210)),
        ("ELLIPSE", (80.5, 200.5, 120.5, 200.5, 100.5, 190.5, 100.5, 210.5), (80, 190, 120, 210)),
        ("ELLIPSE", (70.5, 170.5, 130.5, 230.5, 100.5, 200.5, 100.5, 200.5), (70, 170, 130, 230)),
        ("POLYLINE", (90.5, 190.5, 110.5, 195.5, 100.5, 210.5, 90.5, 190.5), (90, 190, 110, 210)),
    ],
)
def test_every_outline_has_its_extent(kind, points, box):
    (place,) = one(t.cad_document(a_mass(t.centre(100.5, 200.5, 2), t.outline(kind, points, 2)))).places
    assert place.box == pytest.approx(box)
    assert place.sop_instance_uid == breasts.uid("LCC")


def test_a_feature_of_two_views_is_one_finding_in_two_places():
    feature = t.composite(
        t.MASS,
        t.number(("111011", "DCM", "Certainty of Feature"), 81),
        t.number(("111047", "DCM", "Probability of cancer"), 40),
        t.single(t.DENSITY, t.certainty(60), t.centre(50, 60, 1), relation="INFERRED FROM"),
        t.single(t.DENSITY, t.certainty(70), t.centre(70, 80, 3), relation="INFERRED FROM"),
    )
    (found,), told = findings(t.cad_document(t.impression(feature)))
    assert not told
    assert (found.name, found.label, found.laterality, found.by) == ("C1", "mass", "R", "Mass detector 7.2")
    assert (found.certainty, found.malignancy, found.probability) == (0.81, 0.40, None)
    assert [p.sop_instance_uid for p in found.places] == [breasts.uid("RCC"), breasts.uid("RMLO")]


def test_single_findings_may_be_referred_to_by_place():
    """A feature that composes what stands elsewhere, and refers to itself: once, without a circle."""
    feature = t.composite(t.MASS, t.see("INFERRED FROM", 1, 3, 2, 2), t.see("INFERRED FROM", 1, 3, 1, 2))
    mark, _ = read_report(t.cad_document(t.impression(feature), a_mass(t.centre(10, 20, 4)))).marks
    assert [(p.column, p.row) for p in mark.places] == [(9.5, 19.5)]


def test_old_and_new_snomed_are_the_same():
    document = t.cad_document(t.impression(t.single(t.OLD_CLUSTER, t.centre(5, 5, 1))))
    assert one(document).label == "calcification cluster"


@pytest.mark.parametrize(
    ("of_impression", "of_finding", "shown"),
    [
        (t.REQUIRED, t.REQUIRED, Intent.REQUIRED),
        (t.REQUIRED, t.OPTIONAL, Intent.OPTIONAL),
        (t.OPTIONAL, t.REQUIRED, Intent.OPTIONAL),
        (t.REQUIRED, t.WITHHELD, None),
        (t.WITHHELD, t.REQUIRED, None),
    ],
)
def test_what_is_not_for_presentation_is_no_mark(of_impression, of_finding, shown):
    mass = t.single(t.DENSITY, t.centre(5, 5, 1), intent=of_finding)
    report = read_report(t.cad_document(t.impression(mass, intent=of_impression)))
    assert [mark.intent for mark in report.marks] == ([] if shown is None else [shown])
    assert report.withheld == (shown is None)


def test_optional_marks_are_below_the_operating_point():
    (found,), _ = findings(t.cad_document(a_mass(t.centre(5, 5, 1), intent=t.OPTIONAL)))
    assert not found.above_operating_point


def test_the_outline_of_the_breast_is_no_lesion():
    geometry = ("111100", "DCM", "Breast geometry")
    document = t.cad_document(t.impression(t.single(geometry, t.centre(5, 5, 1))))
    assert read_report(document).marks == ()


def test_specks_inside_a_cluster_are_not_marks_of_their_own():
    speck = t.single(("129770007", "SCT", "Individual Calcification"), t.centre(6, 6, 1))
    document = t.cad_document(t.impression(t.single(t.CLUSTER, t.centre(5, 5, 1), speck)))
    assert one(document).label == "calcification cluster"


@pytest.mark.parametrize(
    ("value", "status"),
    [("111222", "done"), ("111223", "partial"), ("111224", "failed"), ("111225", "not_run")],
)
def test_how_the_detections_went_is_told_apart(value, status):
    document = t.cad_document(detections=(value, "DCM", "words"))
    assert read_report(document).status == status


def test_a_mark_on_an_image_of_another_study_is_told_and_the_rest_is_shown():
    elsewhere = a_mass(t.centre(5, 5, t.image("1.2.3.999", relation="SELECTED FROM")))
    found, told = findings(t.cad_document(elsewhere, a_mass(t.centre(5, 5, 1))))
    assert [f.name for f in found] == ["C1"]
    assert told == ("A mark 'mass' of Mass detector 7.2 is not shown: its image is not in this study.",)


@pytest.mark.parametrize(
    ("drawing", "why"),
    [
        (t.centre(float("nan"), 5, 1), "its coordinates are no pairs of numbers"),
        (
            t.drawn(("111010", "DCM", "Center"), "POINT", (1, 2, 3), 1),
            "its coordinates are no pairs of numbers",
        ),
        (t.centre(5, 5, 9), "the image that it is drawn on is not named"),
        (t.outline("ELLIPSE", (1, 2, 3, 4), 1), "its place is a ELLIPSE of 2 points, 4 make one"),
        (t.outline("SPIRAL", (1, 2), 1), "its place is a drawing of the unknown kind SPIRAL"),
    ],
)
def test_a_mark_that_cannot_be_placed_is_refused_in_words(drawing, why):
    report = read_report(t.cad_document(a_mass(drawing), a_mass(t.centre(5, 5, 1))))
    assert len(report.marks) == 1
    assert report.refused == (f"A mark 'mass' is not used: {why}.",)


def test_a_mark_outside_its_image_is_not_shown():
    found, told = findings(t.cad_document(a_mass(t.centre(-1e9, 5, 1))))
    assert found == ()
    assert told == ("A mark 'mass' of Mass detector 7.2 is not shown: it lies outside its image.",)


def test_an_outline_that_leaves_the_image_ends_at_its_edge():
    circle = t.outline("CIRCLE", (10.5, 10.5, 40.5, 10.5), 1)
    (found,), _ = findings(t.cad_document(a_mass(t.centre(10.5, 10.5, 1), circle)))
    assert found.places[0].box == (-0.5, -0.5, 40.0, 40.0)


def test_a_bottomless_tree_is_refused_in_one_sentence():
    child = t.item("CONTAINS", "CONTAINER")
    for _ in range(200):
        child = t.item("CONTAINS", "CONTAINER", children=[child])
    with pytest.raises(BadTree, match="nested deeper than 60 levels"):
        read_report(t.document(t.MAMMOGRAPHY, ("111036", "DCM", "Mammography CAD Report"), [child]))


def test_a_tree_of_anything_but_items_is_refused_in_one_sentence():
    bad = Dataset()
    bad.ContentSequence = [t.item("CONTAINS", "NUM", MeasuredValueSequence=[Dataset()])]
    bad.ContentSequence[0].MeasuredValueSequence[0].add_new("NumericValue", "LO", "many")
    bad.SOPClassUID = t.MAMMOGRAPHY
    with pytest.raises(BadTree, match="its content cannot be read"):
        read_report(bad)


def test_a_flood_of_marks_is_cut_and_told():
    found, told = findings(t.cad_document(*(a_mass(t.centre(5, 5, 1)) for _ in range(201))))
    assert len(found) == 200
    assert told == ("Other Second Look has 201 marks; the first 200 are used.",)


def test_the_same_mark_has_the_same_tracking_uid_whenever_it_is_read():
    first, again = (findings(t.cad_document(a_mass(t.centre(5, 5, 1))))[0][0] for _ in range(2))
    assert first.tracking_uid == again.tracking_uid


# --- measurement reports


def region(kind, points, view="LCC", frame=None):
    return t.drawn(t.IMAGE_REGION, kind, points, t.image(breasts.uid(view), frame, "SELECTED FROM"))


def test_a_measured_region_of_a_program_is_a_mark():
    mass = t.group(
        ("4147007", "SCT", "Mass"), region("CIRCLE", (100.5, 200.5, 110.5, 200.5)), t.certainty(33)
    )
    (found,), told = findings(t.measurement_document(mass))
    assert not told
    assert (found.label, found.tracking_uid, found.by) == ("mass", "2.25.77", "Lesion finder 2.0")
    assert (found.places[0].column, found.places[0].row, found.certainty) == (100.0, 200.0, 0.33)
    assert found.laterality == "L"


def test_groups_of_one_tracking_uid_are_one_finding_on_several_images():
    mass = ("4147007", "SCT", "Mass")
    groups = [t.group(mass, region("POINT", (50.5, 60.5), view)) for view in ("LCC", "LMLO")]
    (found,), _ = findings(t.measurement_document(*groups))
    assert [p.sop_instance_uid for p in found.places] == [breasts.uid("LCC"), breasts.uid("LMLO")]


@pytest.mark.parametrize("sop_class", [t.COMPREHENSIVE, t.COMPREHENSIVE_3D])
def test_a_readers_report_is_no_second_read(sop_class):
    person = ("121006", "DCM", "Person")
    assert read_report(t.measurement_document(observer=person, sop_class=sop_class)) is None


def test_our_own_report_is_no_other_programs():
    document = t.cad_document(a_mass(t.centre(5, 5, 1)))
    document.Manufacturer = "Tandem"
    assert read_report(document) is None


def test_a_region_on_a_slice_lies_in_the_patient():
    from tests.core.report import made

    shown = made.display_set()
    on = t.image(shown.instances[4].sop_instance_uid, relation="SELECTED FROM")
    circle = t.drawn(t.IMAGE_REGION, "CIRCLE", (20.5, 10.5, 25.5, 10.5), on)
    (found,), _ = findings(t.measurement_document(t.group(("27925004", "SCT", "Nodule"), circle)), [shown])
    assert found.center_lps_mm == pytest.approx(tuple(shown.geometry.index_to_patient((4, 10, 20))))
    assert found.long_axis_mm == pytest.approx(10 * 0.8)


def test_a_region_in_the_patient_is_placed_in_its_frame_of_reference():
    from tests.core.report import made

    shown = made.display_set()
    x, y, z = (float(v) for v in shown.geometry.index_to_patient((4, 10, 20)))
    corners = [x - 4, y, z, x, y - 4, z, x + 4, y, z, x, y + 4, z, x - 4, y, z]
    polygon = t.item(
        "CONTAINS", "SCOORD3D", t.IMAGE_REGION, GraphicType="POLYGON", GraphicData=corners,
        ReferencedFrameOfReferenceUID=made.FRAME,
    )  # fmt: skip
    document = t.measurement_document(t.group(("27925004", "SCT", "Nodule"), polygon))
    (found,), _ = findings(document, [shown])
    assert found.center_lps_mm == pytest.approx((x, y, z))
    assert found.long_axis_mm == pytest.approx(8.0)
    _, told = findings(document, breasts.exam())
    assert told == ("A mark 'nodule' of Lesion finder 2.0 is not shown: no images of this study lie there.",)
