"""Mammograms from files through the project's own worker: marks where masses were drawn, and what is said."""

import json
import sys

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless

from inference.protocol import Place
from tests.app.second_read.mammograms import write_exam, write_view
from tests.app.second_read.studies import display_set, study
from tests.inference import breasts
from tests.inference.worker.jobs import bundle as volume_bundle
from viewer.app.loader import Loader
from viewer.app.scan import scan
from viewer.app.second_read import exam_read
from viewer.app.second_read.findings_json import StudyResult, write_findings_json
from viewer.app.second_read.pool import WorkerPool
from viewer.app.second_read.sealed import pack, unpack
from viewer.app.second_read.study_read import read_study
from viewer.core.reading.finding import Author


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return breasts.bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def workers():
    pool = WorkerPool(device="cpu", command=(sys.executable, "-m", "inference.worker", "--device", "cpu"))
    yield pool
    pool.close()


@pytest.fixture
def read(workers, installed, home, tmp_path):
    """`read_study` on the files of a folder."""

    def run(folder, *bundles):
        (found,) = scan([folder]).studies
        loader = Loader()
        try:
            return read_study(found, loader.complete, bundles or [installed], workers, out=tmp_path / "reads")
        finally:
            loader.close()

    return run


def test_findings_lie_where_the_masses_are_in_stored_pixels(read, tmp_path):
    (model,) = read(write_exam(tmp_path / "exam")).reads
    assert (model.status, model.reason, model.device) == ("done", None, "cpu")
    marked = [(f.laterality, p) for f in model.findings if f.above_operating_point for p in f.places]
    assert len(marked) == 4
    for number, (name, view) in enumerate(zip(breasts.MASSES, breasts.exam().views, strict=True), start=1):
        ((side, place),) = [m for m in marked if m[1].series_instance_uid == f"1.2.40.{number}"]
        left, top, right, bottom = view.truth[0].box
        assert side == name[0]
        assert left < place.column < right
        assert top < place.row < bottom
    first = model.findings[0]
    assert (first.name, first.author, first.label) == ("M1", Author.MODEL, "mass")
    assert model.scores[0].probability == first.probability
    assert [(i.laterality, i.view, i.status) for i in model.inputs] == [(*n, "read") for n in breasts.MASSES]


def test_the_model_is_given_what_the_screen_shows(monkeypatch, read, tmp_path):
    """Polarity, window and padding are applied: a dark breast on a bright ground never reaches it."""
    given = []

    def asked(job, means):
        given.extend(np.load(image.array.path) for image in job.images)
        return ask(job, means)

    ask = exam_read.ask
    monkeypatch.setattr(exam_read, "ask", asked)
    read(write_exam(tmp_path / "exam", ("L", "CC"), PixelPaddingValue=4090, PixelPaddingRangeLimit=4095))
    drawn = breasts.grey("L", "CC")
    assert given[0].dtype == np.uint16
    assert np.abs(given[0].astype(int) - drawn)[drawn > 1000].max() <= 8 + 1
    assert np.all(given[0][drawn <= 5 * 16 - 8] == 0)


def test_a_view_that_is_not_read_is_told(read, tmp_path):
    folder = write_exam(tmp_path / "exam", *list(breasts.MASSES)[:3])
    write_view(folder, "L", "MLO", number=4, ImagerPixelSpacing=None)
    (model,) = read(folder).reads
    assert model.status == "partial"
    assert model.reason == "not read: L MLO (its pixel size is not known, and the model needs millimetres)"
    assert [i.status for i in model.inputs] == ["read"] * 3 + ["skipped"]


def test_a_picture_without_a_breast_is_told_too(read, tmp_path):
    folder = write_exam(tmp_path / "exam", ("L", "CC"))
    write_view(folder, "R", "CC", number=2, pixels=np.zeros((500, 300), np.uint16))
    (model,) = read(folder).reads
    assert (model.status, model.reason) == ("partial", "not read: R CC (no breast was found on it)")


def test_pixels_that_do_not_decode_cost_one_view(read, tmp_path):
    folder = write_exam(tmp_path / "exam", ("L", "CC"), ("R", "CC"))
    broken = pydicom.dcmread(folder / "02.dcm")
    broken.file_meta.TransferSyntaxUID = JPEGLSLossless
    broken.PixelData = encapsulate([b"\xff\xd8\xff\xf7 no picture"])
    broken["PixelData"].is_undefined_length = True
    broken.save_as(folder / "02.dcm")
    (model,) = read(folder).reads
    assert model.status == "partial"
    assert model.reason.startswith("not read: R CC (")


def test_an_examination_that_no_image_of_suits_is_not_run(read, tmp_path):
    folder = write_exam(tmp_path / "exam", ("L", "CC"), ImagerPixelSpacing=None)
    (model,) = read(folder).reads
    assert model.status == "not_run"
    assert "L CC (its pixel size is not known" in model.reason
    assert [i.status for i in model.inputs] == ["skipped"]


def test_each_model_reads_its_own_kind_of_study(read, installed, workers, home, tmp_path):
    chest = volume_bundle(tmp_path / "ct")
    reads = read(write_exam(tmp_path / "exam", ("L", "CC")), chest, installed).reads
    assert [r.model_id for r in reads] == ["tiny_mg"]
    head = study(display_set("1", modality="MR"))
    said = read_study(head, None, [chest, installed], workers, out=tmp_path / "reads")
    assert {r.status for r in said.reads} == {"not_run"}
    assert {r.reason for r in said.reads} == {
        "no model reads this study: its images are MR, the models read CT; MG"
    }


def test_findings_json_follows_its_schema(read, tmp_path):
    said = read(write_exam(tmp_path / "exam", ("L", "CC"), ("L", "MLO")))
    path = write_findings_json([StudyResult(said)], [], tmp_path)
    (model,) = json.loads(path.read_text(encoding="utf-8"))["studies"][0]["reads"]
    (place, *_) = model["findings"][0]["places"]
    assert {"sop_instance_uid", "frame", "column", "row", "box"} <= set(place)
    assert model["findings"][0]["laterality"] == "L"
    assert model["inputs"][0]["sop_instance_uid"] == "1.2.40.1.1"
    assert {s["level"] for s in model["scores"]} == {"study", "breast", "image"}


def test_a_read_survives_its_seal_and_its_copy_on_disk(read, tmp_path):
    folder = write_exam(tmp_path / "exam", ("L", "CC"))
    first, second = read(folder), read(folder)
    assert second == first
    out = unpack(pack(first), tmp_path / "open")
    assert out.reads[0].findings == first.reads[0].findings
    places = [p for c in out.reads[0].candidates.values() for p in c.places]
    assert all(isinstance(p, Place) for p in places)
