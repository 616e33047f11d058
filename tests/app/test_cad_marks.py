"""Marks of another program on mammograms: sealed like our own, then shown, judged and reported as its own."""

import shutil
import subprocess

import pytest
from pydicom import dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.app.test_image_marking import MASS, drawn, mark
from tests.conftest import shared_data
from tests.core.cad import trees as t
from tests.core.hanging.files import exam, write
from viewer.app.display import MarkState
from viewer.app.scan import scan
from viewer.app.second_read.others import reads_of_others
from viewer.core.reading.lesions import LesionType
from viewer.core.reading.reading import Verdict

STUDY = "1.2.7.1"
VIEWS = [f"{STUDY}.{number}.1" for number in (1, 2, 3, 4)]
"""R CC, L CC, R MLO, L MLO: 80 rows, 50 columns."""


def saved(document, folder, name="cad", study=STUDY):
    """A document of another program, as a file beside the images."""
    folder.mkdir(parents=True, exist_ok=True)
    document.file_meta = FileMetaDataset()
    document.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    document.SOPInstanceUID = f"{study}.9.{1 + len(list(folder.iterdir()))}"
    document.StudyInstanceUID, document.SeriesInstanceUID = study, f"{study}.9"
    document.PatientID, document.PatientName, document.PatientBirthDate = "P-1", "Doe^Jane", "19600101"
    document.PatientSex, document.Modality, document.StudyDate = "F", "SR", "20260105"
    document.SeriesDescription = "Mammography CAD: 2 marks"
    document.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    return folder


def cad(*impressions, **more):
    return t.cad_document(*impressions, images=[t.image(uid) for uid in VIEWS], **more)


def a_mass(*places, **more):
    return t.impression(t.single(t.DENSITY, t.certainty(72), *places, **more))


FOUND = (
    a_mass(t.centre(20.5, 30.5, 1), t.outline("CIRCLE", (20.5, 30.5, 25.5, 30.5), 1)),
    t.impression(t.single(t.CLUSTER, t.centre(10.5, 40.5, 2))),
    a_mass(t.centre(30.5, 50.5, 4), intent=t.OPTIONAL),
    a_mass(t.centre(5.5, 5.5, 3), intent=t.WITHHELD),
)


@pytest.fixture
def screening(hand, tmp_path, second_reader):
    """Four views with a report of another program beside them; our own model finds one mass."""
    second_reader.says((MASS,))
    saved(cad(*FOUND), write(tmp_path / "exam", *exam()) / "sr")
    hand.open(tmp_path / "exam")
    hand.turn(lambda: all(stack.complete for stack in hand.desk.pixels.stacks.values()))
    hand.turn(lambda: hand.desk.second.kind == "ready")
    hand.paint()
    return hand


def names(hand):
    return [row.name for row in hand.state.panel.rows]


def test_before_the_commit_nothing_tells_that_another_program_was_there(screening, home):
    mark(screening, "1", 30, 40)
    said = repr(screening.state)
    for secret in ("Mass detector", "Second Look", "C1", "calcification", "CAD"):
        assert secret not in said
    assert names(screening) == ["R1"]
    assert b"Mass detector" not in b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file())


def test_after_the_reveal_its_marks_stand_on_their_images_beside_our_own(screening):
    screening.press("Shift+Enter")
    assert names(screening) == ["M1", "C1", "C2"]
    on = drawn(screening)
    assert "C1" in on["1"] and "C2" in on["2"] and "C3" not in on["4"]
    (state,) = {m.state for v in screening.state.viewports for m in v.marks if m.name == "C1"}
    assert state is MarkState.OPEN
    assert screening.state.panel.model_line.endswith("Other Second Look 7.2")


def test_each_view_counts_its_marks_by_type(screening):
    def counted():
        told = [v.corners for v in screening.state.viewports]
        lines = ((c.label, line) for c in told for line in (*c.bottom_left, *c.bottom_right))
        return {label: line for label, line in lines if "mark" in line.lower()}

    assert counted() == {}
    screening.press("Shift+Enter")
    assert counted() == {
        "R CC": "Marks: 1 mass",
        "L CC": "Marks: 1 mass, 1 calcification cluster",
        "L MLO": "Marks: 1 mass",
    }
    screening.press("G")
    assert counted()["L CC"] == "2 marks hidden (G)"


def test_each_mark_tells_its_type_and_the_panel_what_the_signs_stand_for(screening):
    assert screening.state.panel.legend == ()
    screening.press("Shift+Enter")
    told = {m.name: m.lesion for v in screening.state.viewports for m in v.marks}
    assert told == {
        "M1": LesionType.MASS,
        "C1": LesionType.MASS,
        "C2": LesionType.CALCIFICATIONS,
    }
    assert screening.state.panel.legend == (LesionType.MASS, LesionType.CALCIFICATIONS)
    screening.press("G")
    assert screening.state.panel.legend == ()


def test_what_its_maker_calls_optional_is_shown_on_request_only(screening):
    screening.press("Shift+Enter", "Shift+G")
    assert names(screening)[-1] == "C3"


def test_its_certainty_is_told_as_its_own_word(screening):
    screening.press("Shift+Enter", "N", "N")
    (row,) = [r for r in screening.state.panel.rows if r.focused]
    assert (row.name, row.band) == ("C1", None)
    assert ("Certainty", "72 %, as its maker states it; not calibrated here") in row.lines
    assert ("From", "Mass detector 7.2") in row.lines


def judge(screening):
    """Accept M1 and C1, reject C2 as a vessel."""
    screening.press("Shift+Enter")
    for keys in (("Enter",), ("Enter",), ("X", "1")):
        screening.press("N")
        screening.look()
        screening.press(*keys)


def test_it_is_judged_like_our_own(screening):
    judge(screening)
    reading = screening.desk.reading
    by_name = {f.name: reading.judgement(f.tracking_uid) for f in reading.model}
    assert [by_name[n].verdict for n in ("M1", "C1", "C2")] == [
        Verdict.ACCEPTED,
        Verdict.ACCEPTED,
        Verdict.REJECTED,
    ]
    assert by_name["C2"].reason
    assert reading.undecided() == ()


def test_a_place_that_the_reader_marked_first_is_joined_to_its_mark(screening):
    mark(screening, "1", 20, 30)
    screening.press("Shift+Enter")
    assert "C1 = R1" in names(screening)


def signed(screening):
    judge(screening)
    screening.desk.run("report.sign")
    if screening.desk.report.armed:
        screening.desk.run("report.sign")
    screening.turn(lambda: bool(screening.desk.report.written))
    return {w.role: w for w in screening.desk.report.written}


def test_the_report_says_whose_each_mark_was(screening):
    written = signed(screening)
    assert {"model_sr", "model_cad", "reader_sr"} <= written.keys()
    page = written["html"].path.read_text(encoding="utf-8")
    assert "Mass detector 7.2: certainty 72 % as it states it, not calibrated here." in page
    assert "Another program, Other Second Look 7.2, marked 2 findings." in page
    reader = dcmread(written["reader_sr"].path)
    text = reader.to_json()
    assert "Program that proposed the finding" in text and "Mass detector 7.2" in text
    assert f"{STUDY}.9.1" in text
    model = "".join(dcmread(written[role].path).to_json() for role in ("model_sr", "model_cad"))
    assert "Mass detector" not in model


def test_all_objects_of_the_reading_are_valid(screening):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    for entry in signed(screening).values():
        if entry.path.suffix == ".dcm":
            done = subprocess.run(
                ["dciodvfy", "-new", entry.path], capture_output=True, text=True, check=False
            )
            assert not [e for e in done.stderr.splitlines() if e.startswith("Error")], entry.role


# --- reports that are hard to use


def read_of(folder):
    return reads_of_others(scan([folder]).studies[0])


def test_a_broken_report_is_told_and_the_others_are_read(tmp_path):
    child = t.item("CONTAINS", "CONTAINER")
    for _ in range(100):
        child = t.item("CONTAINS", "CONTAINER", children=[child])
    folder = write(tmp_path / "exam", *exam())
    broken = t.document(t.MAMMOGRAPHY, ("111036", "DCM", "Mammography CAD Report"), [child])
    saved(broken, folder / "sr", "a_broken")
    saved(cad(*FOUND), folder / "sr", "b_good")
    reads = read_of(folder)
    assert sorted(r.status for r in reads) == ["done", "failed"]
    (failed,) = [r for r in reads if r.status == "failed"]
    assert failed.reason == "its report cannot be used: its content is nested deeper than 60 levels"


def test_each_program_has_its_own_letter(tmp_path):
    folder = write(tmp_path / "exam", *exam())
    saved(cad(FOUND[0]), folder / "sr", "one")
    saved(cad(FOUND[0], FOUND[1]), folder / "sr", "two")
    first, second = read_of(folder)
    assert [f.name[0] for f in first.findings] == ["C"] * len(first.findings)
    assert [f.name[0] for f in second.findings] == ["D"] * len(second.findings)


def test_a_finding_that_stands_in_two_reports_is_listed_once(tmp_path):
    folder = write(tmp_path / "exam", *exam())
    circle = t.drawn(
        t.IMAGE_REGION, "CIRCLE", (20.5, 30.5, 25.5, 30.5), t.image(VIEWS[0], relation="SELECTED FROM")
    )
    for name in ("one", "two"):
        saved(t.measurement_document(t.group(("4147007", "SCT", "Mass"), circle)), folder / "sr", name)
    first, second = read_of(folder)
    assert [f.name for f in first.findings] == ["C1"] and second.findings == ()
    assert second.remarks == ("D1 of Other Second Look 7.2: already in another report of this study.",)


def test_a_mark_that_has_no_place_is_told_after_the_reveal_and_not_before(hand, tmp_path, second_reader):
    second_reader.says((MASS,))
    folder = write(tmp_path / "exam", *exam())
    stranger = a_mass(t.centre(5, 5, t.image("1.2.3.999", relation="SELECTED FROM")))
    saved(cad(stranger, FOUND[0]), folder / "sr")
    hand.open(folder)
    hand.turn(lambda: hand.desk.second.kind == "ready")
    assert "not in this study" not in repr(hand.state)
    hand.press("Shift+Enter")
    assert "A mark 'mass' of Mass detector 7.2 is not shown: its image is not in this study." in repr(
        hand.state
    )


def test_reports_of_the_collection_are_read_on_their_image(tmp_path):
    made = shared_data("conformance", "made") / "mammography_cad_sr_tid4000.dcm"
    image = shared_data("conformance", "grey") / "mg_ge_sigmoid_3windows_voilut.dcm"
    for path in (made, image):
        shutil.copy(path, tmp_path / path.name)
    (read,) = read_of(tmp_path)
    assert not read.remarks
    assert [(f.name, f.label, f.certainty) for f in read.findings] == [
        ("C1", "mass", 0.72),
        ("C2", "calcification cluster", 0.55),
    ]
    (place,) = read.findings[0].places
    assert (place.column, place.row) == (1799.5, 1399.5)


def test_hostile_reports_are_no_marks_and_stop_nothing(tmp_path):
    for path in shared_data("hostile", "sr").glob("*.dcm"):
        shutil.copy(path, tmp_path / path.name)
    for study in scan([tmp_path]).studies:
        assert not [f for r in reads_of_others(study) for f in r.findings]
