"""Two real four-view examinations on digitised film (see `tests.e2e.film`): as they are, and read."""

import json

import numpy as np
import pytest

from inference.bundle import installed_bundles
from tests.e2e import film
from viewer.app.exit_codes import ExitCode
from viewer.app.read_command import read_command


@pytest.fixture(scope="module")
def model():
    if not any(bundle.id == "mg_lesion" for _, bundle in installed_bundles()):
        pytest.skip("no model for mammograms is installed")


@pytest.fixture(scope="module")
def cases(model, tmp_path_factory):
    return film.fetch(tmp_path_factory.mktemp("film"))


def reads(paths, out):
    code = read_command(paths, out)
    studies = json.loads((out / "findings.json").read_text(encoding="utf-8"))["studies"]
    return code, [read for study in studies for read in study["reads"]]


@pytest.mark.filterwarnings("ignore:The string .* is unlikely to represent")  # the film's own patient name
def test_a_film_without_spacing_and_view_is_not_read_and_says_so(cases, home, tmp_path):
    code, found = reads([cases / "sfm-benign-0" / "1-132.dcm"], tmp_path / "out")
    assert code == ExitCode.NOTHING_READ
    assert [r["status"] for r in found] == ["not_run"]
    assert "no image suits this model" in found[0]["reason"]


@pytest.mark.parametrize("case", film.CASES)
def test_an_examination_on_film_is_read_whole(cases, home, tmp_path, case):
    exam = film.wrap(cases / case, tmp_path / "exam")
    code, (read,) = reads([exam], tmp_path / "out")
    assert code == ExitCode.DONE
    assert (read["status"], read["reason"]) == ("done", None)
    assert sorted((i["laterality"], i["view"]) for i in read["inputs"]) == [
        ("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO"),
    ]  # fmt: skip
    for finding in read["findings"]:
        for place in finding["places"]:
            left, top, right, bottom = place["box"]
            assert left < place["column"] < right
            assert top < place["row"] < bottom
    assert np.isfinite([s["probability"] for s in read["scores"]]).all()
    assert (tmp_path / "out" / "objects" / "model_sr.dcm").exists()
    assert (tmp_path / "out" / "report.html").exists()
