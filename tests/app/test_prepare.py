"""`tandem prepare` on mammograms: what a model is given, with the truth that lies beside the files."""

import json

import numpy as np
import pytest

from inference.cases import load_exam
from tests.app.second_read.mammograms import write_exam, write_view
from tests.inference import breasts
from viewer.app.exit_codes import ExitCode
from viewer.app.prepare import prepare_command


def test_an_examination_is_prepared_with_its_truth(home, tmp_path, capsys):
    folder = write_exam(tmp_path / "exam")
    write_view(folder, "L", "CC", number=5, PresentationIntentType="FOR PROCESSING")
    views = breasts.exam().views
    images = [
        {"sop_instance_uid": f"1.2.40.{n}.1", "lesions": [{"id": "m", "kind": "spiculated mass", "box": box}]}
        for n, view in enumerate(views, start=1)
        for left, top, right, bottom in [view.truth[0].box]
        for box in [(top, left, bottom, right)]
    ]
    (tmp_path / "truth.json").write_text(json.dumps({"images": images}))
    assert prepare_command([folder], tmp_path / "cases") == ExitCode.DONE
    assert "4 views, 4 marks of the truth" in capsys.readouterr().out
    (prepared,) = (tmp_path / "cases").iterdir()
    exam = load_exam(prepared)
    assert exam.patient == "P-2"
    told = {(v.laterality, v.view): v for v in exam.views}
    for view in views:
        back = told[view.laterality, view.view]
        assert np.abs(back.pixels.astype(int) - view.pixels).max() <= 8 + 1
        assert back.plane.spacing_mm == pytest.approx(view.plane.spacing_mm)
        assert back.truth[0].box == pytest.approx(view.truth[0].box)
        assert back.truth[0].kind == "mass"
        assert back.patient_orientation == view.patient_orientation


def test_nothing_to_prepare_is_said(home, tmp_path, capsys):
    folder = write_exam(tmp_path / "exam", ("L", "CC"), ImagerPixelSpacing=None)
    assert prepare_command([folder], tmp_path / "cases") == ExitCode.NOTHING_READ
    assert "mammograms for presentation" in capsys.readouterr().err
