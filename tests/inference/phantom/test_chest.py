import hashlib

import numpy as np
import pytest

from inference.cases import load_case
from inference.phantom import __main__ as command
from inference.phantom import chest as module
from inference.phantom.chest import chest, chest_background, phantom_uid

SMALL = {"spacing_mm": (2.5, 2.0, 2.0), "shape": (120, 180, 180), "sizes_mm": (8.0, 20.0)}


@pytest.fixture(scope="module")
def case():
    return chest(95_000, **SMALL)


@pytest.fixture(scope="module")
def background():
    return chest_background(3, shape_mm=(230, 250, 320))


def _hash(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def test_one_seed_gives_one_picture_whatever_the_threads(case):
    again = chest(95_000, **SMALL, workers=1)
    assert _hash(again.hu) == _hash(case.hu)
    assert _hash(again.mask) == _hash(case.mask)
    assert again.lesions == case.lesions


def test_a_background_is_the_same_whatever_its_extent(background):
    low = chest_background(3, shape_mm=(24, 250, 320))
    np.testing.assert_array_equal(low.lung, background.lung[:24])
    np.testing.assert_array_equal(low.hu[:16], background.hu[:16])  # the last see no slices above them


def test_truth_agrees_with_the_mask(case):
    assert len(case.lesions) == 6
    volume = np.prod(case.grid.spacing_mm)
    for number, lesion in enumerate(case.lesions, start=1):
        index = np.argwhere(case.mask == number)
        middle = case.grid.index_to_patient(index.mean(axis=0))
        np.testing.assert_allclose(middle, lesion.center_lps_mm, atol=0.01)
        assert np.cbrt(6 * len(index) * volume / np.pi) == pytest.approx(lesion.diameter_mm, abs=0.01)
        assert 5.0 < lesion.diameter_mm < 21.0
    assert set(np.unique(case.mask)) == set(range(7))


def test_a_nodule_is_as_dense_as_its_kind(case):
    for number, lesion in enumerate(case.lesions, start=1):
        z, y, x = np.rint(case.grid.patient_to_index(lesion.center_lps_mm)).astype(int)
        core = case.hu[z, y - 1 : y + 2, x - 1 : x + 2].mean()
        assert core > -780, lesion
        if lesion.texture == "solid":
            assert core > -250, lesion
        assert case.hu[case.mask == number].mean() > -780


def test_the_patient_lies_as_the_grid_says(case):
    """Head up the slices, back down the rows, the patient's left at the end of the columns."""
    assert case.grid.axes == ((0, 0, 1), (0, 1, 0), (1, 0, 0))
    hu = case.hu
    bone = hu[60] > 300
    rows, columns = np.nonzero(bone)
    middle = hu.shape[2] // 2
    spine = rows[np.abs(columns - middle) < 8].max()
    assert spine > hu.shape[1] / 2  # the spinous process is behind
    liver = (hu[16] > 20) & (hu[16] < 120)
    assert liver[:, :middle].sum() > 1.2 * liver[:, middle:].sum()  # the liver is on the right
    air = (hu < -700)[:, 75, middle - 40 : middle + 40].mean(axis=1)
    assert air[85] > air[5]  # lungs above the abdomen


def test_tissues_have_their_densities(background):
    inside = background.hu[background.lung]
    assert 2.0e6 < background.lung.sum() < 6.5e6  # 2 to 6.5 litres
    assert -920 < np.median(inside) < -770
    middle = background.hu[100]
    body = middle[middle > -300]
    assert 0.02 < (body > 200).mean() < 0.2  # bone
    assert ((body > -140) & (body < -60)).mean() > 0.1  # fat
    assert ((body > 0) & (body < 110)).mean() > 0.2  # muscle and blood
    assert background.hu.min() >= -1024


def test_command_line_writes_cases_that_load(case, tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(command, "demonstration_case", lambda seed: asked.append(seed) or case)
    assert command.main(["--out", str(tmp_path), "--seeds", "95000-95001"]) == 0
    assert command.main(["--out", str(tmp_path), "--seeds", "95001"]) == 0
    assert asked == [95000, 95001]  # what is there is not made again
    folder = tmp_path / "chest_95001"
    assert capsys.readouterr().out.splitlines()[-1] == str(folder)
    found = load_case(folder)
    assert found.lesions == case.lesions
    np.testing.assert_array_equal(found.mask, case.mask)


@pytest.mark.parametrize("text", ["", "a", "5-a", "9-5"])
def test_command_line_refuses_what_is_no_seed(text, tmp_path):
    with pytest.raises(SystemExit) as stop:
        command.main(["--out", str(tmp_path), "--seeds", text])
    assert stop.value.code == 2


def test_reserved_seeds_do_not_meet():
    ranges = [module.TRAINING_SEEDS, module.EVALUATION_SEEDS, module.DEMONSTRATION_SEEDS]
    numbers = [seed for part in ranges for seed in part]
    assert len(numbers) == len(set(numbers))


def test_uids_are_valid_and_depend_on_seed_and_purpose():
    uids = {phantom_uid(seed, what) for seed in (7, 8) for what in ("study", "series")}
    assert len(uids) == 4
    assert all(uid.startswith("2.25.") and len(uid) <= 64 and uid[5:].isdigit() for uid in uids)
