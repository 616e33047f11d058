import json
import shutil
import subprocess
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from pydicom import dcmread

from inference.protocol import ArrayRef, Candidate, Characteristic, Domain, OperatingPoint, Patch
from tests.conftest import shared_data
from tests.core.report import made
from tests.core.report.test_page import study
from viewer.app.reporting import write_model_read, write_reading, written_in
from viewer.app.scan import scan
from viewer.app.second_read.model_read import ModelRead, SeriesInput, StudyRead
from viewer.app.stack import Stack
from viewer.app.whole_files import whole_folder
from viewer.core.reading.reading import ModelRun, Stage
from viewer.core.report.second_read import NoduleMask


class Press:
    """Stands in for the toolkit: remembers what it was asked for."""

    def __init__(self):
        self.marks = []
        self.blocks = ()
        self.foot = ""

    def key_image(self, stack, index, mark, window):
        self.marks.append((mark.name, mark.author, index, window.name))
        return b"PNG of " + mark.name.encode()

    def pdf(self, blocks, images, title, foot):
        self.blocks, self.foot = blocks, foot
        return b"%PDF"


def study_read(where, folder, findings=(made.M1, made.M3, made.M2, made.M4), mask_of=made.ball, **changes):
    """The read as the second reader hands it over, its masks as files."""
    candidates = {}
    for finding in findings:
        mask = mask_of(where, finding.center_lps_mm, finding.mean_diameter_mm / 2)
        path = folder / f"{finding.name}.npy"
        np.save(path, mask.voxels)
        candidates[finding.tracking_uid] = Candidate(
            id=finding.name,
            label=finding.label,
            probability=finding.probability,
            score=finding.score,
            above_operating_point=finding.above_operating_point,
            center_lps_mm=finding.center_lps_mm,
            mask=Patch(
                array=ArrayRef(path=str(path), dtype="uint8", shape=mask.voxels.shape), start=mask.start
            ),
            characteristics={"texture": Characteristic("solid", 0.9)},
        )
    values = {
        "model_id": "ct_lung_nodule",
        "model_version": "1.0.0",
        "model_sha256": made.SHA,
        "title": "CT lung nodule",
        "status": "done",
        "device": "cpu",
        "seconds": 12.3,
        "operating_point": OperatingPoint("balanced", 0.2, 1.0, "false marks per litre"),
        "domain": Domain("in", 0.4),
        "inputs": (SeriesInput(where.series_instance_uid, "read"),),
        "findings": findings,
        "candidates": candidates,
    }
    read = ModelRead(**(values | changes))
    return StudyRead(study_instance_uid=where.study_instance_uid, patient_id="P1", reads=(read,))


@pytest.fixture
def desk(tmp_path):
    """Everything that a report needs: where it goes, the study, the read, the pixels, the press."""
    where = made.display_set()
    (tmp_path / "masks").mkdir()
    stack = Stack(where)
    stack.ready[:] = True
    return tmp_path / "reports", study(where), study_read(where, tmp_path / "masks"), {"set": stack}, Press()


def write(desk, reading, **changes):
    folder, of_study, read, stacks, press = desk
    arguments = {"press": press, "events": 184} | changes
    return write_reading(folder, of_study, reading, arguments.pop("read", read), stacks, **arguments)


def roles(written):
    return [w.role for w in written]


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_signed_reading_leaves_all_objects_and_nothing_half_written(desk):
    written = write(desk, made.reading())
    folder = desk[0] / "version_1"
    assert roles(written) == ["model_sr", "seg", "reader_sr", *["key_image"] * 4, "html", "pdf"]
    assert all(w.path.parent == folder and w.path.stat().st_size for w in written)
    assert {p.name for p in folder.iterdir()} == {w.path.name for w in written} | {"objects.json"}
    assert [p.name for p in desk[0].iterdir()] == ["version_1"]
    assert json.loads((folder / "objects.json").read_text())[0]["path"] == "model_sr.dcm"
    for entry in written[:3]:
        assert dcmread(entry.path).SOPInstanceUID == entry.sop_instance_uid


def test_the_segmentation_holds_the_accepted_findings_only(desk):
    seg = next(w for w in write(desk, made.reading()) if w.role == "seg")
    assert dict(seg.segments) == {made.M1.tracking_uid: 1}
    assert len(dcmread(seg.path).SegmentSequence) == 1


def test_heat_maps_of_accepted_findings_leave_as_parametric_maps(desk, tmp_path):
    read = desk[2].reads[0]
    np.save(tmp_path / "heat.npy", np.full((3, 4, 5), 0.5, np.float32))
    heat = Patch(
        array=ArrayRef(path=str(tmp_path / "heat.npy"), dtype="float32", shape=(3, 4, 5)), start=(2, 3, 4)
    )
    hot = {uid: msgspec.structs.replace(c, heat=heat) for uid, c in read.candidates.items()}
    written = write(desk, made.reading(), read=replace(desk[2], reads=(replace(read, candidates=hot),)))
    maps = [w for w in written if w.role == "heat_map"]
    assert [(w.kind, w.title) for w in maps] == [("PM", "Heat map of M1")]  # the one that was accepted
    assert dcmread(maps[0].path).SOPClassUID == "1.2.840.10008.5.1.4.1.1.30"
    assert written[-2].path.read_text("utf-8").count(maps[0].sop_instance_uid) == 1


def test_writing_a_signed_reading_again_changes_nothing(desk):
    first = write(desk, made.reading())
    before = contents(desk[0] / "version_1")
    assert write(desk, made.reading()) == first == written_in(desk[0] / "version_1")
    assert contents(desk[0] / "version_1") == before


def test_an_amendment_is_a_new_version_that_names_the_first_and_leaves_it_alone(desk):
    first = write(desk, made.reading())
    before = contents(desk[0] / "version_1")
    amended = made.reading(amendments=("The other side.",), amended_at=("2026-01-03T09:00:00Z",))
    second = write(desk, amended)
    assert contents(desk[0] / "version_1") == before
    uid = {w.role: w.sop_instance_uid for w in first}
    report = dcmread(next(w.path for w in second if w.role == "reader_sr"))
    named = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert named.ReferencedSOPInstanceUID == uid["reader_sr"] != report.SOPInstanceUID
    kept = {w.role: w for w in second if w.role in ("model_sr", "seg")}
    assert {role: w.sop_instance_uid for role, w in kept.items()} == {r: uid[r] for r in ("model_sr", "seg")}
    assert kept["model_sr"].path.read_bytes() == before["model_sr.dcm"]
    assert kept["seg"].segments == {made.M1.tracking_uid: 1}
    assert "The other side." in (desk[0] / "version_2" / "report.html").read_text(encoding="utf-8")


def test_a_draft_is_replaced_and_never_stands_for_a_signature(desk):
    draft = made.reading(stage=Stage.REVEALED, signed_at="", signed_without=())
    write(desk, draft)
    written = write(desk, replace(draft, impression="second thoughts"))
    assert [p.name for p in desk[0].iterdir()] == ["draft"]
    assert "second thoughts" in (desk[0] / "draft" / "report.html").read_text(encoding="utf-8")
    assert dcmread(next(w.path for w in written if w.role == "reader_sr")).VerificationFlag == "UNVERIFIED"


def test_before_the_reveal_nothing_of_the_model_is_written(desk):
    sealed = made.reading(
        stage=Stage.UNAIDED,
        model=(),
        judgements={},
        joined={},
        signed_without=(),
        signed_at="",
        revealed_at="",
        second_read_status="",
    )
    write(desk, sealed)
    for name, data in contents(desk[0] / "draft").items():
        assert b"ct_lung_nodule" not in data, name
        assert made.M1.tracking_uid.encode() not in data, name


def test_a_press_that_breaks_leaves_no_trace(desk):
    desk[-1].pdf = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        write(desk, made.reading())
    assert list(desk[0].iterdir()) == []
    desk[-1].pdf = lambda *_: b"%PDF"
    assert write(desk, made.reading())


def test_a_folder_that_is_there_is_never_overwritten(tmp_path):
    (tmp_path / "version_1").mkdir()
    (tmp_path / "version_1" / "signed").write_text("by someone")
    with pytest.raises(OSError), whole_folder(tmp_path / "version_1", replaceable=False) as work:
        (work / "other").write_text("x")
    assert contents(tmp_path / "version_1") == {"signed": b"by someone"}
    assert [p.name for p in tmp_path.iterdir()] == ["version_1"]


def test_images_without_usable_identifiers_still_get_their_readable_report(desk, tmp_path):
    where = made.display_set(study_instance_uid="not-a-uid")
    said = []
    written = write((desk[0], study(where), *desk[2:]), made.reading(), refused=said.append)
    assert roles(written) == [*["key_image"] * 4, "html", "pdf"]
    assert any("(0020,000d)" in sentence for sentence in said)
    page = (desk[0] / "version_1" / "report.html").read_text(encoding="utf-8")
    assert "(0020,000d)" in page
    assert "Solid nodule in the left upper lobe." in page


def test_key_images_show_each_finding_in_the_lung_window_with_its_authors_mark(desk):
    hu = made.display_set(rescaled=True, units="HU")
    write((desk[0], study(hu), desk[2], {"set": Stack(hu)}, desk[4]), made.reading())
    assert desk[-1].marks == [
        ("R2", "reader", 4, "Lung"),
        ("R1 = M1", "joined", 5, "Lung"),
        ("M2", "model", 2, "Lung"),
        ("M3", "model", 8, "Lung"),
    ]
    assert "Doe, Jane · ID P1" in desk[-1].foot


def test_without_a_press_there_is_a_page_and_no_pictures(desk):
    written = write(desk, made.reading(), press=None)
    assert roles(written) == ["model_sr", "seg", "reader_sr", "html"]


def test_a_mask_that_is_gone_costs_the_segmentation_only(desk, tmp_path):
    shutil.rmtree(tmp_path / "masks")
    assert "seg" not in roles(write(desk, made.reading()))


def test_after_a_restart_the_record_tells_what_the_model_said(desk):
    run = ModelRun(
        model_id="ct_lung_nodule",
        model_version="1.0.0",
        model_sha256=made.SHA,
        status="done",
        operating_point="balanced",
        threshold=0.2,
        rate=1.0,
        unit="false marks per litre",
    )
    written = write(desk, made.reading(runs=(run,), verdict={"probability": 0.4}), read=None)
    assert roles(written)[:2] == ["model_sr", "reader_sr"]
    page = (desk[0] / "version_1" / "report.html").read_text(encoding="utf-8")
    assert "ct_lung_nodule 1.0.0: 3 marked" in page
    assert "probability 40 %" in page


def test_a_second_read_alone_is_written_as_the_models(desk):
    folder, of_study, read, stacks, press = desk
    written = write_model_read(folder, of_study, read, stacks, press=press)
    assert roles(written) == ["model_sr", "seg", *["key_image"] * 3, "html", "pdf"]
    by_role = {w.role: w for w in written}
    assert by_role["model_sr"].path == folder / "objects" / "model_sr.dcm"
    assert by_role["seg"].path == folder / "objects" / "seg_1.dcm"
    assert dict(by_role["seg"].segments) == {
        made.M1.tracking_uid: 1,
        made.M3.tracking_uid: 2,
        made.M2.tracking_uid: 3,
    }
    assert "model" in dcmread(by_role["seg"].path).SeriesDescription
    again = write_model_read(folder, of_study, read, stacks, press=press)
    assert [w.path for w in again] == [w.path for w in written]
    assert not list(folder.rglob("*.part"))


def test_a_second_read_that_did_not_run_is_written_too(desk, tmp_path):
    folder, of_study, _, stacks, press = desk
    silent = study_read(
        made.display_set(), tmp_path, (), status="not_run", reason="slices of 10 mm", inputs=()
    )
    written = write_model_read(folder, of_study, silent, stacks, press=press)
    assert roles(written) == ["model_sr", "html", "pdf"]
    assert "slices of 10 mm" in (folder / "report.html").read_text(encoding="utf-8")


def box(where, center, radius_mm):
    """A box of voxels round a place; a ball would be sought through the whole volume."""
    index = np.rint(where.geometry.patient_to_index(center)).astype(int)
    half = np.ceil(radius_mm / np.array(where.geometry.spacing_mm)).astype(int)
    return NoduleMask(np.ones(tuple(2 * half + 1), np.uint8), tuple(int(v) for v in index - half))


def test_objects_of_a_real_series_are_valid(tmp_path):
    folder = shared_data("ct_chest", "dicom", "nlst_101287_jls")
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed")
    of_study = scan([folder]).studies[0]
    where = of_study.display_sets[0]
    moved = {
        "series_instance_uid": where.series_instance_uid,
        "frame_of_reference_uid": where.geometry.frame_of_reference_uid,
    }
    nodule = made.finding("M1", (4.2, 2.9, 1180.0), 15.0, **moved)
    read = study_read(where, tmp_path, (nodule,), box)
    written = write_model_read(tmp_path / "out", of_study, read, {})
    objects = [w for w in written if w.path.suffix == ".dcm"]
    assert [w.role for w in objects] == ["model_sr", "seg"]
    for entry in objects:
        done = subprocess.run(["dciodvfy", "-new", entry.path], capture_output=True, text=True, check=False)
        assert not [line for line in done.stderr.splitlines() if line.startswith("Error")], entry.role
    assert dcmread(objects[0].path).PatientID == of_study.patient.id
