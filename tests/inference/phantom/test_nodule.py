import numpy as np
import pytest

from inference.phantom.nodule import KINDS, implant, procedural_nodule, random_nodule, render


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("diameter", [5.0, 9.0, 18.0])
def test_a_nodule_has_the_volume_of_its_sphere(kind, diameter):
    for seed in range(4):
        mask = procedural_nodule(np.random.default_rng(seed), diameter, kind)[1]
        assert np.cbrt(6 * mask.sum() / np.pi) == pytest.approx(diameter, rel=0.08)


def test_density_follows_the_kind():
    mean = {}
    for kind in KINDS:
        found = [procedural_nodule(np.random.default_rng(seed), 14.0, kind) for seed in range(6)]
        mean[kind] = np.mean([hu[mask].mean() for hu, mask in found])
    assert mean["solid"] > -100
    assert mean["part-solid"] > mean["non-solid"] + 50
    assert -750 < mean["non-solid"] < -350


def test_a_finer_grid_shows_the_same_nodule():
    nodule = random_nodule(np.random.default_rng(3), 12.0, "solid")
    coarse, fine = render(nodule), render(nodule, (1.0, 0.5, 0.5))
    assert fine.mask.sum() / 4 == pytest.approx(coarse.mask.sum(), rel=0.05)


def test_walls_and_vessels_stay_when_a_nodule_covers_them():
    hu = np.full((40, 40, 40), -860, np.int16)
    hu[:, :12] = 55  # chest wall
    hu[:, 20, 20] = 200  # vessel
    before = hu.copy()
    patch, mask = procedural_nodule(np.random.default_rng(1), 16.0, "non-solid")
    implant(hu, patch, mask, (20, 16, 20))
    assert (hu[:, :12] >= before[:, :12] - 40).all()
    assert hu[20, 20, 20] >= 160
    assert hu[20, 16, 24] > -800


def test_truth_is_the_mask_inside_the_dilated_lung():
    lung = np.zeros((40, 40, 40), bool)
    lung[:, 20:] = True
    patch, mask = procedural_nodule(np.random.default_rng(2), 14.0, "solid")
    truth = implant(np.full(lung.shape, -860, np.int16), patch, mask, (20, 20, 20), lung)
    assert truth.any()
    assert not truth[:, :18].any()
    assert truth[20, 18:24, 20].all()


def test_a_nodule_at_the_rim_is_cut_and_one_outside_does_nothing():
    hu = np.full((20, 20, 20), -860, np.int16)
    patch, mask = procedural_nodule(np.random.default_rng(2), 10.0, "solid")
    cut = implant(hu, patch, mask, (0, 10, 10))
    assert 0 < cut.sum() < mask.sum()
    before = hu.copy()
    assert not implant(hu, patch, mask, (-60, 10, 10)).any()
    np.testing.assert_array_equal(hu, before)
