"""A bundle adapted to a site's cases: learnt, calibrated, compared with its parent, refused if no better."""

import csv
import zipfile
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import tomli_w
import torch
from safetensors.torch import load_file
from torch import nn

from inference.bundle import WEIGHTS, load_bundle, save_bundle
from inference.cases import Exam, TruthLesion, save_case, save_exam
from inference.install import Refused
from inference.install.install import install
from inference.networks import build, save_networks
from inference.training.__main__ import main
from inference.training.adapt.chests import site_background
from inference.training.adapt.verdict import Held, verdict
from inference.training.split import Part, site_part
from tests.inference.breasts import MASSES, bundle, view
from tests.inference.pipelines.bodies import NODULE_MM, case
from tests.inference.test_bundle import DRAFT
from tests.inference.training.test_general import data as data  # a fixture
from tests.inference.training.test_general import picture, png, trained
from viewer.app.exit_codes import ExitCode


def patients(part, count):
    """Names that fall to one side."""
    names = (f"site{k}" for k in range(1000))
    return [name for name in names if site_part(name) is part][:count]


def of_numbers(name, values, patients):
    return Held(name, tuple(patients), lambda rows: float(np.mean(np.array(values)[rows])))


def test_a_parent_is_beaten_only_where_the_whole_interval_lies_above_zero():
    rng = np.random.default_rng(0)
    names = [f"p{k}" for k in range(40)]
    first = rng.normal(0.6, 0.1, 40)
    noise = rng.normal(0, 0.05, 40)
    little, much = first + noise - noise.mean() + 0.005, first + noise + 0.06
    parent = of_numbers("figure", first, names)
    assert verdict(parent, of_numbers("figure", much, names)).better
    same = verdict(parent, of_numbers("figure", little, names))
    assert not same.better
    assert same.low < 0 < same.high
    assert "the parent is not beaten" in same.sentence
    few = verdict(of_numbers("f", first[:9], names[:9]), of_numbers("f", much[:9], names[:9]))
    assert not few.better
    assert "at least 10 are needed" in few.sentence


def test_a_patient_counts_once_however_many_cases(tmp_path):
    """Cases of one patient are drawn together: forty pictures of one patient are no evidence."""
    parent = of_numbers("figure", [0.5] * 40, ["one"] * 40)
    assert not verdict(parent, of_numbers("figure", [0.9] * 40, ["one"] * 40)).better


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """A site's pictures without a split of their own."""
    folder = tmp_path_factory.mktemp("clinic")
    rng = np.random.default_rng(9)
    rows = [("image", "patient", "disc")]
    with zipfile.ZipFile(folder / "clinic.zip", "w") as archive:
        for k in range(110):
            grey, _ = picture(rng, k % 2 == 0)
            archive.writestr(f"c{k}.png", png(np.stack([grey * 0, grey, grey * 0], axis=2)))
            rows.append((f"c{k}", f"site{k // 2}", 1 - k % 2))
    with (folder / "clinic.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


def adapted(parent, cases, out, *more):
    words = ["--from", str(parent), "--data", str(cases), "--out", str(out), "--device", "cpu", *more]
    return main(words)


def test_a_classifier_that_learns_from_the_site_beats_its_parent_and_says_so(tmp_path, data, clinic, capsys):
    code, parent = trained(tmp_path, data, "classify2d", "--steps", "3")
    assert code == 0
    plan = tmp_path / "plan.toml"
    plan.write_text(tomli_w.dumps({"rate": 1.0, "steps": 60, "transfer": {"thaw": 0.0, "decay": 1.0}}))
    assert adapted(parent, clinic, tmp_path / "site", "--config", str(plan)) == 0
    made, old = load_bundle(tmp_path / "site/bundle", verify=True), load_bundle(parent)
    assert made.parent == old.sha256
    assert made.id == old.id
    assert made.version.startswith("1+site.")
    assert made.adapted
    assert made.evidence[2].low > 0
    assert "the parent is beaten" in capsys.readouterr().err
    said = (tmp_path / "site/bundle/card.md").read_text(encoding="utf-8")
    assert "the parent is beaten" in said
    assert "Discs only." in said  # the parent's card follows


def test_one_that_learns_nothing_new_is_refused(tmp_path, data, clinic, capsys):
    _, parent = trained(tmp_path, data, "classify2d")
    assert adapted(parent, clinic, tmp_path / "site", "--steps", "2") == ExitCode.REFUSED
    assert "the parent is not beaten" in capsys.readouterr().err
    with pytest.raises(Refused, match="if it beats its parent"):  # nor by the other way in
        install(tmp_path / "site/bundle", tmp_path / "installed", None, print)
    assert adapted(parent, tmp_path, tmp_path / "other") == 2
    assert "one data set is needed" in capsys.readouterr().err


def test_a_folder_that_began_otherwise_is_not_gone_on_with(tmp_path, data, clinic, capsys):
    _, parent = trained(tmp_path, data, "classify2d", "--steps", "3")
    assert adapted(parent, clinic, tmp_path / "out") == 2
    assert "--restart" in capsys.readouterr().err


# --- mammograms


@pytest.fixture
def clinic_exams(tmp_path):
    """Two views each of 14 patients, three of whom learn and one calibrates."""
    names = [*patients(Part.TRAINING, 3), *patients(Part.CALIBRATION, 1), *patients(Part.TEST, 10)]
    for name in names:
        views = tuple(view(*which) for which in list(MASSES)[:2])
        save_exam(Exam(views, name), tmp_path / "exams" / name)
    return tmp_path / "exams"


def test_masses_adapt_to_prepared_exams_and_all_else_stays(tmp_path, clinic_exams, capsys):
    folder, parent = bundle(tmp_path / "tiny", clusters=True)
    assert adapted(folder, clinic_exams, tmp_path / "out", "--steps", "2") == ExitCode.REFUSED
    assert "training: 3 patients, calibration: 1 patients, test: 10 patients" in capsys.readouterr().err
    made = load_bundle(tmp_path / "out/bundle", verify=True)
    assert made.parent == parent.sha256
    assert made.own_scales == parent.own_scales
    assert "isotonic" in made.calibration.method
    old, new = load_file(folder / WEIGHTS), load_file(tmp_path / "out/bundle" / WEIGHTS)
    differ = {name.split(".")[0] for name in old if not np.allclose(old[name], new[name], atol=2e-3)}
    assert differ <= {"mass_1"}
    assert [f.n for f in made.evidence] == [10, 10, 10]


def test_cases_on_one_side_only_are_told(tmp_path, capsys):
    folder, _ = bundle(tmp_path / "tiny")
    name = patients(Part.TRAINING, 1)[0]
    save_exam(Exam((view("L", "CC"),), name), tmp_path / "exams" / name)
    assert adapted(folder, tmp_path / "exams", tmp_path / "out") == 2
    assert "none with a mass is on the side 'calibration'" in capsys.readouterr().err


# --- chests


def chest(name):
    lesions = (
        TruthLesion(id="n", center_lps_mm=NODULE_MM, diameter_mm=10.0),
        TruthLesion(id="scar", center_lps_mm=(40.0, 0.0, 30.0), diameter_mm=8.0, ignore=True),
    )
    made = case(shape=(16, 100, 140))
    noise = np.random.default_rng(0).normal(0, 20, made.hu.shape)  # without it all of a lung is a peak
    return replace(made, hu=(made.hu + noise).astype(np.int16), patient=name, lesions=lesions)


def test_the_lesions_of_a_case_are_learnt_where_they_lie(tmp_path):
    save_case(chest("a"), tmp_path / "a")
    made = site_background(tmp_path / "a")
    assert made.lesions.max() == 1
    assert (made.lesions > 0).sum() == pytest.approx(4 / 3 * np.pi * 5**3, rel=0.1)
    assert made.hu[made.lesions > 0].mean() > -100  # the nodule itself
    assert not made.usable[made.hu.shape[0] // 2].all()  # round the scar


def small_bundle(folder):
    """Networks with fresh weights: marks anywhere, with masks of next to nothing."""
    torch.manual_seed(1)
    first = build({"network": "centre_mask_3d", "channels": [4, 8]})
    nn.init.constant_(first.heads.bias, -6.0)
    nn.init.constant_(first.heads.bias[:1], -1.0)
    second = {"network": "candidate_classifier_3d", "channels": [4, 8]}
    folder.mkdir()
    save_networks({"detector": first, "classifier": build(second)}, folder / WEIGHTS)
    draft = msgspec.structs.replace(
        DRAFT,
        settings={"tile": 96.0, "peak": 0.04, "most": 12.0, "explain_below": 2.0, "explain_most": 3.0},
        architecture={
            "detector": {"network": "centre_mask_3d", "channels": [4, 8]},
            "classifier": second,
        },
    )
    return save_bundle(draft, folder, card="# Small\n")


def test_nodules_adapt_to_prepared_cases(tmp_path, capsys):
    folder = tmp_path / "small"
    parent = small_bundle(folder)
    for part in Part:
        (name,) = patients(part, 1)
        save_case(chest(name), tmp_path / "cases" / name)
    code = adapted(folder, tmp_path / "cases", tmp_path / "out", "--steps", "2")
    said = capsys.readouterr().err
    assert code == ExitCode.REFUSED, said
    assert "at least 10 are needed" in said
    made = load_bundle(tmp_path / "out/bundle", verify=True)
    assert made.parent == parent.sha256
    assert made.operating_points != parent.operating_points
    assert [f.n for f in made.evidence] == [1, 1, 1]
    old, new = load_file(folder / WEIGHTS), load_file(tmp_path / "out/bundle" / WEIGHTS)
    differ = {name.split(".")[0] for name in old if not torch.equal(old[name], new[name])}
    assert differ == {"detector", "classifier"}
