"""`tandem read` from files to files, with a real worker."""

import functools
import json
from pathlib import Path

import pydicom
import pytest

from tests.app.second_read.dicom_series import ORIGIN, SPACING, write_series
from tests.app.second_read.studies import LESION, body
from tests.inference.worker.conftest import TINY
from tests.inference.worker.jobs import bundle
from viewer.app import read_command as command
from viewer.app.exit_codes import ExitCode
from viewer.app.read_command import read_command
from viewer.app.second_read.findings_json import validate
from viewer.app.second_read.pool import WorkerPool


class Press:
    """Paints a square, as `viewer.ui.print` paints pictures."""

    def key_image(self, stack, index, mark, window):
        assert stack.ready[index]
        return b"\x89PNG"

    def pdf(self, html, images, title, foot):
        return b"%PDF"


@pytest.fixture
def tiny(home, monkeypatch):
    bundle(home / "models" / "tiny")
    monkeypatch.setattr(command, "WorkerPool", functools.partial(WorkerPool, command=TINY))


@pytest.fixture
def read(tiny, tmp_path):
    def run(*paths, **more):
        return read_command(paths, tmp_path / "out", **({"bundles": ["tiny"], "printer": Press} | more))

    return run


def findings(out: Path):
    document = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    validate(document)
    return document


def lesion_mm():
    z, y, x = (o + i * s for o, i, s in zip(reversed(ORIGIN), LESION, SPACING, strict=True))
    return [x, y, z]


def test_a_study_is_read_and_everything_is_written(read, tmp_path, capsys):
    series = write_series(tmp_path / "in", body())
    assert read(series) == ExitCode.DONE
    out = tmp_path / "out"
    (study,) = findings(out)["studies"]
    assert (study["study_instance_uid"], study["patient_id"]) == ("1.2.9", "P-1")
    (finding,) = study["reads"][0]["findings"]
    assert finding["places"][0]["center_lps_mm"] == lesion_mm()
    assert finding["laterality"] == "L"
    assert {o["kind"] for o in study["objects"]} == {"SR", "SEG", "PM"}
    for written in study["objects"]:
        assert pydicom.dcmread(out / written["path"]).SOPInstanceUID == written["sop_instance_uid"]
    seg = pydicom.dcmread(out / finding["segment"]["path"])
    segment = seg.SegmentSequence[finding["segment"]["number"] - 1]
    assert segment.TrackingUID == finding["tracking_uid"]
    assert {"report.html", "report.pdf", "key_1_M1.png"} <= {p.name for p in out.iterdir()}
    assert "1 of 1 candidates above the threshold" in capsys.readouterr().out


def test_many_patients_make_one_file(read, tmp_path):
    for n in (1, 2):
        write_series(tmp_path / "in" / str(n), body(), study=f"1.2.{n}", patient=f"P-{n}")
    assert read(tmp_path / "in") == ExitCode.DONE
    studies = findings(tmp_path / "out")["studies"]
    assert {s["patient_id"] for s in studies} == {"P-1", "P-2"}
    paths = [o["path"] for s in studies for o in s["objects"]]
    assert len(set(paths)) == len(paths)
    assert all((tmp_path / "out" / path).is_file() for path in paths)


def test_a_second_run_says_the_same_without_reading_again(read, tmp_path):
    series = write_series(tmp_path / "in", body())
    read(series)
    first = findings(tmp_path / "out")["studies"][0]["reads"]
    read(series)
    assert findings(tmp_path / "out")["studies"][0]["reads"] == first


def test_files_that_cannot_be_loaded_are_named_and_the_others_read(read, tmp_path, capsys):
    series = write_series(tmp_path / "in", body())
    (series / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    assert read(series) == ExitCode.DONE
    document = findings(tmp_path / "out")
    (problem,) = document["not_loaded"]
    assert problem["file"].endswith("broken.dcm")
    assert document["studies"][0]["reads"][0]["status"] == "done"
    assert "broken.dcm" in capsys.readouterr().err


def test_a_truncated_slice_makes_the_read_partial(read, tmp_path):
    series = write_series(tmp_path / "in", body())
    bad = series / "003.dcm"
    bad.write_bytes(bad.read_bytes()[:-4000])
    assert read(series) == ExitCode.DONE
    (model,) = findings(tmp_path / "out")["studies"][0]["reads"]
    assert model["status"] == "partial"
    assert model["findings"][0]["places"][0]["center_lps_mm"] == lesion_mm()


def test_nothing_to_read_has_its_own_exit_code(read, tmp_path):
    (tmp_path / "in").mkdir()
    assert read(tmp_path / "in") == ExitCode.NOTHING_READ
    assert findings(tmp_path / "out")["studies"] == []


def test_a_study_that_does_not_suit_says_why(read, tmp_path, capsys):
    series = write_series(tmp_path / "in", body(), modality="MR")
    assert read(series) == ExitCode.NOTHING_READ
    (model,) = findings(tmp_path / "out")["studies"][0]["reads"]
    assert model["status"] == "not_run"
    assert "its images are MR" in model["reason"]
    assert "not run: no model reads this study" in capsys.readouterr().out


def test_a_model_that_is_not_installed_is_named(read, tmp_path, capsys):
    assert read(tmp_path, bundles=["huge"]) == ExitCode.USAGE
    assert "no model 'huge' is installed" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(tiny, tmp_path, capsys):
    (tmp_path / "out").write_text("a file")
    assert read_command([tmp_path], tmp_path / "out", bundles=["tiny"]) == ExitCode.FAILED
    assert str(tmp_path / "out") in capsys.readouterr().err


def test_without_a_toolkit_everything_but_pictures_is_written(read, tmp_path, capsys):
    def printer():
        raise ImportError("libEGL.so.1")

    assert read(write_series(tmp_path / "in", body()), printer=printer) == ExitCode.DONE
    assert "no key images and no PDF" in capsys.readouterr().err
    assert (tmp_path / "out" / "report.html").is_file()
    assert not (tmp_path / "out" / "report.pdf").exists()


def test_nothing_of_a_read_lies_in_the_home_folder(read, tmp_path, home):
    """A reader who opens the study in the window afterwards must find it sealed."""
    read(write_series(tmp_path / "in", body()))
    (finding,) = findings(tmp_path / "out")["studies"][0]["reads"][0]["findings"]
    for path in home.rglob("*"):
        if path.is_file():
            assert finding["tracking_uid"].encode() not in path.read_bytes(), path
