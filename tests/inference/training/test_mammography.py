"""The mass detector for mammograms: its data, patches, training command and figures."""

import csv
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import pytest

from inference.bundle import load_bundle
from inference.cases import Plane, TruthMark, View
from inference.evidence.roc import auc
from inference.pipelines.classify2d import terms
from inference.pipelines.mammogram import prepare
from inference.pipelines.marks2d import Mark, Marked
from inference.pipelines.mass_crops import crop
from inference.training.__main__ import main
from inference.training.evaluate import main as evaluate
from inference.training.evaluation import Evaluation
from inference.training.mammography.calibrate import malignant_shares
from inference.training.mammography.crops import PLATE, Plates, augmented
from inference.training.mammography.evaluate import compared
from inference.training.mammography.figures import detection
from inference.training.mammography.patches import aims, breast, coarse_box, patch
from inference.training.mammography.views import Film, Part, films
from inference.training.publish import publish
from tests.conftest import shared_data

BOX = (99.5, 279.5, 159.5, 339.5)
"""Left, top, right, bottom of the drawn lesion."""


def drawn(orientation: tuple[str, ...]) -> View:
    """A half disc of breast with a bright disc in it; chest wall left, or right where columns grow to P."""
    y, x = np.mgrid[:600, :360]
    grey = np.where((y - 300) ** 2 + x**2 < 280**2, 20000 + 10 * (x % 50), 500)
    grey[(y - 309) ** 2 + (x - 129) ** 2 < 30**2] = 45000
    box = BOX
    if orientation[0] == "P":
        grey, box = grey[:, ::-1], (359 - BOX[2], BOX[1], 359 - BOX[0], BOX[3])
    truth = TruthMark(id="1", kind="mass", box=box, malignant=True)
    pixels = np.ascontiguousarray(grey, np.uint16)
    return View(pixels, Plane((0.3, 0.3), (600, 360)), "1", patient_orientation=orientation, truth=(truth,))


@pytest.mark.parametrize("orientation", [("A", "F"), ("P", "F")])
def test_a_lesion_lies_where_it_was_drawn_whatever_side_the_chest_wall_is_on(orientation):
    view = drawn(orientation)
    prepared = prepare(view)
    row, column, height, width = coarse_box(prepared, view.truth[0])
    bright = np.argwhere(prepared.coarse > 0.9 * prepared.coarse.max())
    assert bright.mean(axis=0) == pytest.approx([row, column], abs=1)
    assert (height, width) == pytest.approx((30, 30), abs=0.1)
    back = prepared.placed.to_stored(2 * np.array([row, column]) + 0.5)
    left, top, right, bottom = view.truth[0].box
    assert back == pytest.approx([(top + bottom) / 2, (left + right) / 2], abs=0.01)


def test_no_breast_is_found_on_an_empty_image():
    empty = View(np.zeros((600, 400), np.uint16), Plane((0.3, 0.3), (600, 400)), "1")
    assert prepare(empty) is None
    assert breast(empty, "P") is None


def test_an_augmented_patch_aims_at_the_lesion_that_it_shows():
    source = breast(drawn(("A", "F")), "P")
    seen = 0
    for seed in range(12):
        image, wanted = patch(np.random.default_rng(seed), source, (160, 160))
        if wanted.heat.max() < 1 or not image[0].any():
            continue
        row, column = np.unravel_index(wanted.heat.argmax(), wanted.heat.shape)
        at = image[0, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].mean()
        assert at > np.median(image[0][image[0] != 0])
        seen += 1
    assert seen >= 4


def test_calcifications_are_neither_learnt_nor_held_against_the_detector():
    boxes = np.array([(80.0, 80.0, 40.0, 40.0)])
    wanted = aims(boxes, np.array([-1], np.int8), (160, 160))
    assert wanted.heat.max() == 0
    assert wanted.weight[20, 20] == 0
    assert wanted.weight[0, 0] == 1


def test_a_mark_hits_in_the_box_and_only_the_best_of_a_mass_counts():
    mass = TruthMark(id="m", kind="mass", box=(0, 0, 10, 10), malignant=True)
    region = TruthMark(id="c", kind="calcifications", box=(50, 50, 90, 90))
    marks = [_mark(5, 5, 0.9), _mark(6, 6, 0.8), _mark(60, 60, 0.7), _mark(30, 30, 0.6)]
    view = Marked("v", "L", "CC", Plane((1, 1), (100, 100)), (0, 0), tuple(marks))
    film = compared(_film((mass, region)), view)
    assert film.scored.lesion.tolist() == [0, -2, -2, -1]
    found = {f.name: f.value for f in detection([film], repeats=2)}
    assert found["sensitivity at 0.5 false marks per view"] == 1
    assert found["sensitivity at 0.5 false marks per view, malignant masses"] == 1


def test_area_under_the_curve():
    truth = np.array([False, False, True, True])
    assert auc(np.array([0.1, 0.4, 0.35, 0.8]), truth) == 0.75
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([True, True])))


@pytest.mark.parametrize("orientation", [("A", "F"), ("P", "F")])
def test_the_classifier_is_shown_the_lesion_in_the_middle_under_its_ellipse(orientation):
    view = drawn(orientation)
    prepared = prepare(view)
    shown = crop(prepared, coarse_box(prepared, view.truth[0]))
    bright = shown.channels[0] > 0.9 * shown.channels[0].max()
    assert np.argwhere(bright).mean(axis=0) == pytest.approx([47.5, 47.5], abs=1)
    assert bright.sum() * 0.42**2 == pytest.approx(np.pi * 9**2, rel=0.1)
    assert shown.ellipse[bright].min() > 0.4
    assert shown.ellipse[~bright].mean() < 0.06


def test_an_augmented_crop_still_holds_its_mass_under_the_ellipse():
    rows, columns = np.mgrid[:PLATE, :PLATE] - (PLATE - 1) / 2
    disc = np.where((rows / 12) ** 2 + (columns / 20) ** 2 < 1, 0.9, 0.3).astype(np.float16)
    plates = Plates(
        np.stack([disc, disc])[None], np.array([[24, 40]], np.float32), np.zeros(1, np.float32),
        np.ones(1, np.int8), np.zeros((1, 11), np.int8),
    )  # fmt: skip
    for seed in range(12):
        made = augmented(np.random.default_rng(seed), plates, 0)
        shown = max(made.channels, key=np.std)
        inside, outside = shown[made.ellipse > 0.8], shown[made.ellipse == 0]
        assert np.median(inside) > np.percentile(outside, 75)


def test_how_common_malignant_masses_and_breasts_are_is_counted_on_the_films():
    one, other = (TruthMark(id=k, kind="mass", box=BOX, malignant=k == "m") for k in "mb")
    region = TruthMark(id="c", kind="calcifications", box=BOX, malignant=True)
    views = [_film((one,)), _film((one, other)), replace(_film((region, other)), side="RIGHT")]
    shares = malignant_shares(views)
    assert shares.masses == 0.5
    assert shares.breasts == 0.5


def test_descriptions_are_taken_apart_into_terms():
    assert terms("irregular-architectural distortion") == {"irregular", "architectural distortion"}
    assert terms("focal asymmetric density") == terms("asymmetric breast tissue") == {"asymmetry"}
    assert terms("lymph node") == terms("") == frozenset()


def test_no_patient_stands_on_two_sides_of_the_split():
    sides: dict[str, set[Part]] = {}
    for film in films(shared_data("mg")):
        sides.setdefault(film.patient, set()).add(film.part)
    assert {len(found) for found in sides.values()} == {1}
    assert set().union(*sides.values()) == set(Part)


@pytest.mark.timeout(600)  # every network, if only for a few steps
def test_the_training_command_writes_a_bundle_that_is_measured_and_goes_on_where_it_stopped(tmp_path):
    data, out = _few(shared_data("mg"), tmp_path / "mg"), tmp_path / "out"
    words = ["mg_lesion", "--data", str(data), "--out", str(out), "--steps", "30"]
    words += ["--config", str(_hasty(tmp_path / "train.toml"))]
    assert main(words) == 0
    first = load_bundle(out / "bundle", verify=True)
    assert main(words) == 0
    assert load_bundle(out / "bundle", verify=True).sha256 == first.sha256
    assert (
        evaluate([str(out / "bundle"), str(data), "--out", str(out), "--repeats", "5", "--phantoms", "0"])
        == 0
    )
    result = msgspec.json.decode((out / "evaluation.json").read_bytes(), type=Evaluation)
    assert result.sha256 == first.sha256
    assert result.cases == 3
    assert any("0.5 false ones per view" in figure.name for figure in result.figures)
    assert first.calibration_of("calcification cluster") != first.calibration
    assert "false marks per view" in (out / "evaluation.html").read_text(encoding="utf-8")
    published = publish(out / "bundle", out / "published", [("Three films", result)], "A remark.")
    assert {figure.data for figure in published.evidence} == {"Three films"}
    card = (out / "published/card.md").read_text(encoding="utf-8")
    for said in ("Not a medical", "Split by patient", "digitised film", "Three films", "A remark.", "Limits"):
        assert said in card


def test_a_folder_without_the_data_set_ends_with_a_sentence(tmp_path, capsys):
    assert main(["mg_lesion", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "is not whole" in capsys.readouterr().err


def _mark(row: float, column: float, score: float) -> Mark:
    return Mark((row, column), (column - 3, row - 3, column + 3, row + 3), score, 0.5, probability=score)


def _film(truth: tuple[TruthMark, ...]) -> Film:
    nowhere = Path("films.zip")
    return Film("v", "P", Part.VALIDATION, "val", "LEFT", "CC", "2", "left", 1.0, nowhere, "v.jp2", truth)


def _hasty(path: Path) -> Path:
    """The shipped configuration for small networks that learn something within a few steps."""
    text = (files("resources") / "models" / "mg_lesion" / "train.toml").read_text(encoding="utf-8")
    small = 'norm = "batch"\nchannels = [16, 16, 16, 16, 16]'
    for old, new in (
        ('norm = "batch"', small),
        ("ema = 0.998", "ema = 0.5"),
        ("ema = 0.995", "ema = 0.5"),
        ("warmup = 100", "warmup = 4"),
        ("features = 464", "features = 80"),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def _few(data: Path, folder: Path) -> Path:
    """The data set with three films of each side of the split."""
    folder.mkdir()
    kept = {film.id for side in Part for film in films(data, lambda f, s=side: f.part is s)[:3]}
    for name in ("views.csv", "lesions.csv"):
        with (data / name).open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["view_id"] in kept]
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    for archive in data.glob("*.zip"):
        (folder / archive.name).symlink_to(archive)
    return folder
