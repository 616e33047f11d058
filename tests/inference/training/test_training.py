"""From crops to a bundle, in miniature: the split, implants, patches, resuming, figures and the card."""

import csv
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from inference.bundle import WEIGHTS, BundleError, load_bundle, save_bundle
from inference.cases import TruthLesion, load_case, save_case
from inference.networks import build, save_networks
from inference.training import prepare
from inference.training.backgrounds import Background
from inference.training.calibrate import (
    NODULES_PER_LITRE,
    NothingMarkedError,
    Trial,
    calibration,
    operating_points,
    pooled,
)
from inference.training.config import load_config
from inference.training.ct_chest import TEST_SERIES, Nodule, Part, background, nodules, part
from inference.training.detector import patch_loss
from inference.training.evaluate import Evaluation, Rules, evaluate
from inference.training.evaluate import main as evaluate_main
from inference.training.harvest import drawn_with, hit_by, with_implants
from inference.training.implants import ImplantMix, posed, random_implant
from inference.training.optimise import Run
from inference.training.patches import PatchSource, targets
from inference.training.publish import publish
from tests.conftest import shared_data
from tests.inference.evidence.test_evidence import _case
from tests.inference.pipelines.bodies import CENTRE_MM, NODULE_MM, case
from tests.inference.pipelines.test_detect3d import SETTINGS
from tests.inference.test_bundle import DRAFT

MIX = ImplantMix()
TINY = {"network": "centre_mask_3d", "channels": [4, 8]}
TINY_CLASSIFIER = {"network": "candidate_classifier_3d", "channels": [4, 8]}


def _nodule(radius=4.0, texture=5.0, patient="LIDC-IDRI-0001"):
    z, y, x = np.meshgrid(*[np.arange(21) - 10] * 3, indexing="ij")
    share = ((z**2 + y**2 + x**2) < radius**2).astype(np.float32)
    return Nodule("n", patient, share * 900 - 860, share, 2 * radius, texture, False)


def _background(name="b", real=True, side=64):
    hu = np.full((side,) * 3, -860, np.int16)
    lung = np.zeros(hu.shape, bool)
    lung[8:-8, 8:-8, 8:-8] = True
    return Background(name, real, hu, lung, lung, np.ones_like(lung), np.zeros(hu.shape, np.uint8))


def _chest_with_own(side=96):
    """Two dense balls of radius 4, so far apart that patches of 40 mm cut the one or the other."""
    out = _background("chest", False, side)
    z, y, x = np.ogrid[:side, :side, :side]
    for number, at in ((1, (48, 48, 48)), (2, (48, 48, 74))):
        inside = (z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 <= 16
        out.hu[inside], out.lesions[inside] = 20, number
    return out


SOURCE_ARGUMENTS = (
    [_background(), _background("p", False)],
    [_nodule(), _nodule(texture=1.0)],
    [_nodule()],
    MIX,
)


# --- data


def test_no_patient_stands_on_two_sides_of_the_split():
    folder = shared_data("ct_chest")
    for kind in ("nodules_native", "nodules_iso1mm"):
        with (folder / kind / "index.csv").open(encoding="utf-8", newline="") as file:
            patients = {row["patient"] for row in csv.DictReader(file)}
        share = {side: sum(part(p) is side for p in patients) / len(patients) for side in Part}
        assert 0.15 < share[Part.HELD_BACK] < 0.27
        assert 0.0 < share[Part.CALIBRATION] < 0.16


def test_a_side_yields_only_its_own_patients():
    few = list(nodules(shared_data("ct_chest"), Part.CALIBRATION, cubes=True))
    assert few
    assert {part(nodule.patient) for nodule in few} == {Part.CALIBRATION}
    assert all(nodule.hu.shape == (40, 40, 40) for nodule in few)


@pytest.mark.parametrize("name", TEST_SERIES)
def test_test_series_cannot_become_backgrounds(tmp_path, name):
    with pytest.raises(ValueError, match="is a test series"):
        background(tmp_path, name)


def test_figures_are_never_made_from_training_seeds(tmp_path, capsys):
    assert prepare.main(["implants", "--data", ".", "--out", str(tmp_path), "--seeds", "5"]) == 2
    assert "reserved" in capsys.readouterr().err


# --- implants and patches


def test_a_turned_nodule_keeps_its_volume_and_density():
    nodule = _nodule(5.0)
    for seed in range(3):
        made = posed(np.random.default_rng(seed), nodule, scale=1.2, shift_hu=-30)
        assert made.mask.sum() == pytest.approx(nodule.mask.sum() * 1.2**3, rel=0.12)
        assert np.median(made.hu[made.mask]) == pytest.approx(10, abs=2)
        assert all(n % 2 for n in made.mask.shape)


def test_implants_are_as_often_subsolid_as_asked():
    rng = np.random.default_rng(0)
    library = [_nodule(texture=5.0), replace(_nodule(texture=1.0), hu=_nodule().hu - 400)]
    mix = ImplantMix(procedural=0.0, subsolid=0.5, density_hu=0.0)
    medians = [np.median(i.hu[i.mask]) for i in (random_implant(rng, library, mix) for _ in range(60))]
    assert 0.3 < np.mean(np.array(medians) < -200) < 0.7


def test_implanted_nodules_are_apart_and_where_they_are_said_to_be():
    hu, numbers, placed = with_implants(
        np.random.default_rng(1), _background(side=96), lambda rng: posed(rng, _nodule()), per_litre=8
    )
    assert len(placed) >= 3
    for k, item in enumerate(placed):
        inside = np.argwhere(numbers == k + 1)
        assert inside.mean(axis=0) == pytest.approx(item.centre, abs=1e-6)
        assert np.median(hu[numbers == k + 1]) > -100
        assert hit_by(item.centre, placed) == k
    assert hit_by((0, 0, 0), placed) is None


def test_patches_and_targets_agree():
    source = PatchSource(*SOURCE_ARGUMENTS)
    batch = source.batch(np.random.default_rng(2), 8, 40)
    assert len(batch) == 8
    assert all(patch.hu.shape == (40, 40, 40) and np.isfinite(patch.hu).all() for patch in batch)
    marked = [patch for patch in batch if patch.lesions.any()]
    assert marked
    for patch in marked:
        aim = targets(patch)
        peak = np.array(np.unravel_index(aim.centre.argmax(), aim.centre.shape)) * 2 + 0.5
        assert aim.centre.max() == 1
        assert patch.lesions[tuple(np.rint(peak).astype(int))] > 0


def test_a_batch_depends_on_its_random_numbers_only():
    first, second = (PatchSource(*SOURCE_ARGUMENTS).batch(np.random.default_rng(3), 4, 40) for _ in range(2))
    assert all(np.array_equal(a.hu, b.hu) for a, b in zip(first, second, strict=True))


def test_the_nodules_of_a_chest_are_learnt_where_they_are_whole_and_never_where_a_patch_cuts_them():
    chest = _chest_with_own()
    assert [nodule.centre for nodule in drawn_with(chest)] == [(48.0, 48.0, 48.0), (48.0, 48.0, 74.0)]
    source = PatchSource([chest], *SOURCE_ARGUMENTS[1:], own_share=1.0)
    patches = [source.background_patch(np.random.default_rng(k), chest, 40) for k in range(30)]
    dense = [patch for patch in patches if (patch.lesions > 0).any()]
    assert len(dense) > 8
    for patch in dense:
        for number in np.unique(patch.lesions[patch.lesions > 0]):
            assert (patch.lesions == number).sum() >= 0.8 * 257
    assert any(not patch.weight.all() for patch in patches)


def test_implants_keep_away_from_the_nodules_of_the_chest():
    chest = _chest_with_own()
    _, numbers, placed = with_implants(
        np.random.default_rng(1), chest, lambda rng: posed(rng, _nodule()), per_litre=16.0
    )
    assert len(placed) > 2
    far = [np.linalg.norm(np.subtract(p.centre, own.centre)) for own in placed[:2] for p in placed[2:]]
    assert min(far) > 28
    assert numbers.max() == len(placed)


# --- optimisation


def _run():
    torch.manual_seed(0)
    return Run(build(TINY), steps=6, learning_rate=1e-2, weight_decay=0.01, warmup=2, ema=0.5)


def _step(run):
    source = PatchSource(*SOURCE_ARGUMENTS)
    batch = source.batch(np.random.default_rng([0, run.step]), 2, 24)
    return run.advance(lambda: patch_loss(run.network, batch, "cpu")[0])


def test_a_resumed_run_ends_exactly_where_an_unbroken_one_does(tmp_path):
    whole, broken, resumed = _run(), _run(), _run()
    for _ in range(4):
        _step(whole)
    for _ in range(2):
        _step(broken)
    broken.save(tmp_path / "run.safetensors")
    resumed.load(tmp_path / "run.safetensors")
    assert resumed.step == 2
    for _ in range(2):
        _step(resumed)
    for a, b in zip(whole.averaged().parameters(), resumed.averaged().parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_network_learns_and_skips_a_loss_that_is_not_finite():
    run = _run()
    before = [p.clone() for p in run.network.parameters()]
    run.advance(lambda: sum(p.sum() for p in run.network.parameters()) * float("nan"))
    assert all(torch.equal(a, b) for a, b in zip(before, run.network.parameters(), strict=True))
    _step(run)
    assert not all(torch.equal(a, b) for a, b in zip(before, run.network.parameters(), strict=True))


def test_the_shipped_configuration_is_whole_and_a_wrong_key_is_named(tmp_path):
    shipped = Path(__file__).parents[3] / "resources/models/ct_lung_nodule/train.toml"
    config = load_config(shipped)
    assert config.with_detector_steps(5).detector_training.stop_at == 5
    (tmp_path / "train.toml").write_text(
        shipped.read_text(encoding="utf-8") + "\nspeed = 1\n", encoding="utf-8"
    )
    with pytest.raises(ValueError, match="speed"):
        load_config(tmp_path / "train.toml")


# --- calibration, figures and card


def test_networks_that_mark_nothing_are_not_calibrated():
    trials = [Trial(_case("a", np.zeros(0), np.zeros(0, np.int64), 3, amount=1.0), {})]
    with pytest.raises(NothingMarkedError, match="train longer"):
        calibration(trials, "test")


def test_operating_points_and_calibration_come_from_the_same_trials():
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.uniform(0.4, 1.0, 40), rng.uniform(0.0, 0.6, 160)])
    lesion = np.concatenate([np.arange(40), np.full(160, -1)])
    trials = [Trial(_case("a", scores, lesion, 40, amount=10.0), {})]
    fitted = calibration(trials, "test")
    points = {point.name: point for point in operating_points(trials, fitted)}
    assert points["sensitive"].threshold <= points["balanced"].threshold <= points["strict"].threshold
    above = (fitted(scores) >= points["balanced"].threshold) & (lesion < 0)
    assert above.sum() / 10 <= points["balanced"].rate
    _, truth, weight = pooled([trials[0].scored])
    assert weight[truth > 0].sum() == pytest.approx(NODULES_PER_LITRE * 10)


def test_a_probability_is_less_sure_the_fewer_volumes_it_was_fitted_on():
    few, many = (calibration(list(_trials(volumes)), "test") for volumes in (4, 40))
    for fitted in (few, many):
        ends = zip(fitted.low, fitted.probabilities, fitted.high, strict=True)
        assert all(0 <= low <= middle <= high <= 1 for low, middle, high in ends)
    wide, narrow = (np.subtract(*fitted.interval(0.55)[::-1]) for fitted in (few, many))
    assert wide > narrow > 0


def _trials(volumes):
    rng = np.random.default_rng(3)
    for name in range(volumes):
        scores = np.concatenate([rng.uniform(0.4, 1.0, 5), rng.uniform(0.0, 0.7, 20)])
        lesion = np.concatenate([np.arange(5), np.full(20, -1)])
        yield Trial(_case(str(name), scores, lesion, 5, amount=1.0), {})


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    torch.manual_seed(0)
    architecture = {"detector": TINY, "classifier": TINY_CLASSIFIER}
    save_networks({name: build(a) for name, a in architecture.items()}, folder / WEIGHTS)
    save_bundle(msgspec.structs.replace(DRAFT, architecture=architecture, settings=SETTINGS), folder, card="")
    return folder


@pytest.fixture
def cases(tmp_path):
    folder = tmp_path / "cases"
    lesions = (
        TruthLesion(id="x", center_lps_mm=NODULE_MM, diameter_mm=10.0, texture="solid", patient="p1"),
        TruthLesion(id="y", center_lps_mm=CENTRE_MM, diameter_mm=3.0, patient="p2"),
    )
    made = case()
    mask = np.zeros(made.hu.shape, np.uint8)
    mask[15:18, 70:74, 40:44] = 1
    save_case(replace(made, lesions=lesions, mask=mask), folder / "one")
    save_case(replace(case(Modality="MR"), lesions=lesions), folder / "two")
    return folder


def test_an_evaluation_counts_what_was_not_read_as_missed(bundle, cases, tmp_path):
    result = evaluate(bundle, cases, tmp_path / "out", rules=Rules(repeats=20))
    figures = {figure.name: figure for figure in result.figures}
    assert "MR" in result.not_read["two"]
    assert figures["candidate recall"].n == 2
    assert figures["candidate recall"].value <= 0.5
    assert figures["lung read"].value == pytest.approx(0.65, abs=0.1)
    written = msgspec.json.decode((tmp_path / "out/evaluation.json").read_bytes(), type=Evaluation)
    assert written == result
    assert "<svg" in (tmp_path / "out/evaluation.html").read_text(encoding="utf-8")


def test_the_command_says_what_it_needs(bundle, tmp_path, capsys):
    assert evaluate_main([str(bundle), str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "no prepared case" in capsys.readouterr().out


def test_figures_reach_card_and_description_only_with_their_own_weights(bundle, cases, tmp_path):
    result = evaluate(bundle, cases, tmp_path / "out", rules=Rules(repeats=5))
    published = publish(bundle, tmp_path / "published", [("Two bodies", result)], "One remark.")
    assert {figure.data for figure in published.evidence} == {"Two bodies"}
    text = (tmp_path / "published/card.md").read_text(encoding="utf-8")
    assert "One remark." in text
    assert "Not a medical device" in text
    assert load_bundle(tmp_path / "published", verify=True) == published
    with pytest.raises(BundleError, match="are of weights"):
        publish(bundle, tmp_path / "wrong", [("x", msgspec.structs.replace(result, sha256="0" * 64))])


def test_a_prepared_case_keeps_whose_lesion_it_is(cases):
    assert [lesion.patient for lesion in load_case(cases / "one").lesions] == ["p1", "p2"]
