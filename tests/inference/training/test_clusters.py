"""Calcification clusters: how they are made, pasted, aimed at, learnt, and measured."""

from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy import ndimage

from inference.evidence.marks import FALSE, IGNORED, Scored
from inference.networks.cluster2d import SPECK_STRIDE, STRIDE
from inference.phantom.breast.exam import DEMO_SEED
from inference.pipelines.clusters import ClusterMark
from inference.pipelines.mammogram import prepare
from inference.training.calibrate import NothingMarkedError
from inference.training.mammography.cluster_evaluate import summary
from inference.training.mammography.cluster_film import (
    MU,
    SCATTER,
    Exposure,
    on_film,
    pasted,
    speck_contrasts,
)
from inference.training.mammography.cluster_patches import Sheet, patch, sheet, stored_mask
from inference.training.mammography.cluster_recipe import calibration, trained
from inference.training.mammography.cluster_sheets import SEEDS, phantoms
from inference.training.mammography.cluster_specks import (
    FEWEST,
    Calcifications,
    cluster,
    few,
    ring,
    thickness,
    vessel,
)
from inference.training.mammography.cluster_trial import Ground, Planted, compared
from inference.training.mammography.config import load_config
from inference.training.mammography.views import Part
from tests.conftest import shared_data
from tests.inference.pipelines.test_clusters import drawn

TRAIN = Path("resources/models/mg_lesion/train.toml")


def ball(size: float) -> Calcifications:
    half = size / 2
    return Calcifications(
        np.array([[0.0, 0.0, half, half, half, 0.0]]), np.array([[0.0, 0.0, size]]), "punctate"
    )


def test_a_cluster_has_at_least_five_specks_apart_of_the_size_that_was_asked_for():
    for seed in range(30):
        made = cluster(np.random.default_rng(seed), least_mm=0.3, most_mm=0.8, most=20)
        assert FEWEST <= len(made.specks) <= 20
        assert made.specks[:, 2].min() >= 0.3
        assert made.specks[:, 2].max() <= 0.8
        volume = 4 / 3 * np.pi * np.prod(made.parts[:, 2:5], axis=1).sum()
        assert volume == pytest.approx(np.pi / 6 * (made.specks[:, 2] ** 3).sum())


@pytest.mark.parametrize("make", [few, vessel, ring])
def test_what_must_not_be_marked_is_no_cluster(make):
    for seed in range(20):
        made = make(np.random.default_rng(seed))
        assert not made.kind
        assert len(made.specks) < FEWEST
        assert np.isfinite(made.parts).all()


def test_a_speck_is_as_thick_as_it_is_wide_and_weakens_the_beam_by_that():
    calcium = thickness(ball(0.4), (41, 41), 0.02, (-0.4, -0.4))
    assert calcium[20, 20] == pytest.approx(0.4, abs=0.01)
    assert calcium.sum() * 0.02**2 == pytest.approx(np.pi / 6 * 0.4**3, rel=0.03)
    # at a grey level of 0.5 a film turns a small difference of exposure into its slope there
    step = on_film(np.array([0.5], np.float32), np.array([0.01], np.float32)) - 0.5
    assert step[0] / 0.01 == pytest.approx(0.63, abs=0.02)


def test_the_contrast_of_a_speck_is_spread_over_the_pixels_of_the_picture():
    flat = np.full((60, 60), 0.5, np.float32)
    found = {}
    for pixel in (0.1, 0.3):
        at = (30.5 * pixel, 30.5 * pixel)
        out, added, part = pasted(flat, pixel, ball(0.3), at, Exposure(film=False))
        found[pixel] = float(speck_contrasts(ball(0.3), added, part, at, pixel)[0])
        row, column = np.unravel_index(out.argmax(), out.shape)
        assert (row, column) == (30, 30)
    thickest = (1.16 - 0.5) * (1 - np.exp(-MU * 0.3 / (1 + SCATTER) / 0.875))
    assert found[0.3] < found[0.1] < thickest


def test_the_mask_of_a_sheet_is_the_breast_in_stored_pixels_whatever_side_it_lies_on():
    for orientation in (("A", "F"), ("P", "F")):
        view = drawn(orientation)
        mask = stored_mask(prepare(view), view.plane.shape)
        breast = view.pixels > 3000
        assert (mask & breast).sum() / (mask | breast).sum() > 0.94


def test_a_patch_aims_at_what_it_shows():
    source = sheet(drawn(("A", "F")), "P", film=False)
    seen = 0
    for seed in range(20):
        image, aims = patch(np.random.default_rng(seed), source)
        assert np.isfinite(image).all()
        peaks = np.argwhere(aims.specks == 1)
        standing = ndimage.maximum_filter(image[0], 3)[1::SPECK_STRIDE, 1::SPECK_STRIDE]
        for row, column in np.argwhere(aims.heat == 1):
            near = peaks[(abs(peaks * SPECK_STRIDE - np.array([row, column]) * STRIDE) <= 60).all(axis=1)]
            assert len(near)
            assert np.median(standing[tuple(near.T)]) > np.median(standing)
            seen += 1
    assert seen >= 8


def test_calcifications_that_are_really_there_are_not_learnt():
    grey = np.full((400, 400), 120, np.uint8)
    box = np.array([[-99.0, -99.0, 499.0, 499.0]])
    source = Sheet("s", "P", grey, 0.0, 255.0, np.ones((400, 400), bool), 0.3, True, box)
    _, aims = patch(np.random.default_rng(2), source)
    assert aims.weight[aims.heat < 0.05].max() == 0


def test_only_the_best_mark_in_a_cluster_counts_and_what_lies_elsewhere_is_false():
    box = np.array([10.0, 10.0, 30.0, 30.0])
    marks = tuple(
        ClusterMark((at, at), (0, 0, 1, 1), score, ()) for at, score in ((20, 0.9), (22, 0.8), (50, 0.7))
    )
    assert compared("P", marks, box).lesion.tolist() == [0, IGNORED, FALSE]
    assert compared("P", marks, None).lesion.tolist() == [FALSE] * 3


def test_figures_count_false_clusters_with_and_without_a_planted_one():
    bare = Scored("P", np.array([0.4]), np.array([FALSE]), ())
    held = Scored("P", np.array([0.9, 0.4]), np.array([0, FALSE]), ("P",))
    rows = [Planted("v", Ground.FILM, bare, held, "punctate", 5, 0.4, 4.0)]
    figures = {f.name: f.value for f in summary(rows, (), 0.3, 2).figures}
    name = "films drawn out to 0.15 mm: "
    assert figures[name + "clusters found at 0.5 false ones per view"] == 1
    assert figures[name + "false clusters per view without one there"] == 0
    assert figures[name + "false clusters per view at the default threshold"] == 1


def test_a_network_that_finds_nothing_cannot_be_calibrated():
    with pytest.raises(NothingMarkedError, match="train for longer"):
        calibration([Scored("P", np.array([0.4]), np.array([FALSE]), ("P",))])


def test_phantoms_of_the_training_are_not_those_of_the_evaluation():
    assert min(abs(a - b) for a, b in combinations([*SEEDS.values(), DEMO_SEED], 2)) > 100
    first = next(iter(phantoms(Part.VALIDATION, 1, own=True)))
    assert first.truth[0].kind == "calcification cluster"
    left, top, right, bottom = (round(v) for v in first.truth[0].box)
    inside = first.pixels[top : bottom + 1, left : right + 1].astype(float)
    assert inside.max() - np.median(inside) > 4 * (inside - ndimage.median_filter(inside, 5)).std()


def test_training_goes_on_where_it_stopped(tmp_path):
    data = shared_data("mg")
    short = load_config(TRAIN).cluster
    schedule = msgspec.structs.replace(short.training, steps=12, batch=4, warmup=2, ema=0.5)
    short = msgspec.structs.replace(short, films=6, phantoms=0, training=schedule)
    said: list[str] = []
    steps: list[int] = []
    for _ in range(2):
        network = trained(short, 1, data, tmp_path, "cpu", lambda step, *_: steps.append(step), said.append)
    assert steps == list(range(1, 13))
    assert said.count("films and phantoms to paste clusters into") == 1
    assert (tmp_path / "cluster.safetensors").is_file()
    assert not network.training
