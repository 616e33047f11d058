"""The Mammography CAD SR of a read: its codes, its places, and what comes back when it is read again."""

from dataclasses import replace

import pytest

from tests.core.report import made
from tests.core.report import made_breasts as breasts
from viewer.core.cad.document import read_report
from viewer.core.cad.place import findings_of
from viewer.core.report.cad_report import mammography_cad_sr
from viewer.core.report.source import source

SOURCES = [source(shown) for shown in breasts.exam()]


def items(document, value):
    """All content items of a concept name, with those below them."""
    found, waiting = [], list(document.ContentSequence)
    while waiting:
        each = waiting.pop(0)
        waiting += each.get("ContentSequence", [])
        names = each.get("ConceptNameCodeSequence", [])
        found += [each] if names and names[0].CodeValue == value else []
    return found


def answer(document, value):
    """The code that answers a concept name."""
    (found,) = items(document, value)
    return found.ConceptCodeSequence[0].CodeValue


def again(document):
    """The written report as another workstation would take it."""
    document.Manufacturer = "Other"
    return findings_of(read_report(document), breasts.exam(), "C")


def test_what_was_written_is_read_back_in_the_same_places():
    found, told = again(mammography_cad_sr(SOURCES, breasts.read()))
    assert not told
    for ours, theirs in zip((breasts.MASS, breasts.CLUSTER), found, strict=True):
        assert theirs.places == ours.places
        assert theirs.label == ours.label
        assert theirs.certainty == pytest.approx(ours.probability)
        assert theirs.malignancy == pytest.approx(ours.malignancy)
    assert [f.laterality for f in found] == ["R", "L"]


def test_a_model_without_calibration_states_its_certainty():
    unsure = replace(breasts.CLUSTER, probability=None, certainty=0.31)
    (found,), _ = again(mammography_cad_sr(SOURCES, breasts.read(findings=(unsure,))))
    assert found.certainty == pytest.approx(0.31)


def test_a_mass_on_two_views_is_one_feature_and_was_analysed():
    document = mammography_cad_sr(SOURCES, breasts.read())
    (feature,) = items(document, "111015")
    singles = [c for c in feature.ContentSequence if c.RelationshipType == "INFERRED FROM"]
    assert len(singles) == 2
    assert answer(document, "111065") == "111222"
    assert answer(document, "111004") == "133884007"


def test_a_candidate_below_the_operating_point_is_optional_and_only_there_when_judged():
    uids = [breasts.FAINT.tracking_uid]
    assert len(items(mammography_cad_sr(SOURCES, breasts.read()), "111034")) == 2
    found, _ = again(mammography_cad_sr(SOURCES, breasts.read(), uids))
    assert [f.above_operating_point for f in found] == [True, True, False]


@pytest.mark.parametrize(
    ("status", "findings", "summary", "detections"),
    [
        ("done", (breasts.MASS,), "111242", "111222"),
        ("done", (), "111241", "111222"),
        ("partial", (breasts.MASS,), "111244", "111223"),
        ("partial", (), "111243", "111223"),
        ("failed", (), "111245", "111224"),
        ("not_run", (), "111245", "111225"),
    ],
)
def test_nothing_found_not_run_and_failed_are_different_codes(status, findings, summary, detections):
    read = breasts.read(status=status, findings=findings, reason="" if status == "done" else "no pixels")
    document = mammography_cad_sr(SOURCES, read)
    assert answer(document, "111017") == summary
    assert answer(document, "111064") == detections


def searched(document, container):
    """Where in the image library the images stand that a container of detections speaks of."""
    return {
        tuple(c.ReferencedContentItemIdentifier)
        for box in items(document, container)
        for performed in box.ContentSequence
        for c in performed.ContentSequence
        if "ReferencedContentItemIdentifier" in c
    }


def test_a_view_that_was_not_read_is_among_the_failed_detections():
    read = breasts.read(
        status="partial",
        reason="x",
        lost=frozenset((breasts.uid("LMLO"),)),
        unasked=frozenset((breasts.uid("RMLO"),)),
        findings=(),
    )
    document = mammography_cad_sr(SOURCES, read)
    assert searched(document, "111025") == {(1, 2, 4)}
    assert (1, 2, 3) not in searched(document, "111063")  # nobody needed it: neither failed nor done
    assert len(searched(document, "111063")) == 2


def test_what_was_looked_for_is_named_where_nothing_was_found():
    performed = items(mammography_cad_sr(SOURCES, breasts.read(findings=())), "111022")
    assert [p.ConceptCodeSequence[0].CodeMeaning for p in performed] == [
        "Mammography breast density",
        "Calcification Cluster",
    ]


def test_the_document_is_unverified_preliminary_and_says_that_it_is_research():
    document = mammography_cad_sr(SOURCES, breasts.read())
    assert (document.VerificationFlag, document.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert document.SOPClassUID == document.file_meta.MediaStorageSOPClassUID
    assert "Research software" in items(document, "111033")[0].TextValue


def test_images_are_evidence():
    document = mammography_cad_sr(SOURCES, breasts.read())
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    referred = {
        r.ReferencedSOPInstanceUID for s in study.ReferencedSeriesSequence for r in s.ReferencedSOPSequence
    }
    assert referred == set(map(breasts.uid, breasts.VIEWS))


def test_a_ct_has_no_mammography_report():
    assert mammography_cad_sr([source(made.display_set())], made.second_read(made.display_set())) is None


def test_a_model_of_other_organs_writes_none_on_a_mammography_exam():
    read = breasts.read(labels=("lung nodule",), findings=(), status="not_run", reason="modality MG")
    assert mammography_cad_sr(SOURCES, read) is None


def test_frames_of_a_stack_are_images_of_their_own():
    stack = breasts.view("RCC")
    first = stack.instances[0]
    frames = tuple(replace(first, frames=3, frame=k) for k in range(3))
    stack = replace(stack, instances=frames, slots=(0, 1, 2), count=3)
    place = replace(breasts.place("RCC", 30, 40), frame=2)
    read = breasts.read(findings=(breasts.finding("M1", place),))
    document = mammography_cad_sr([source(stack)], read)
    document.Manufacturer = "Other"
    (found,), _ = findings_of(read_report(document), [stack], "C")
    assert found.places == (place,)
