"""Cases like this one: found by what networks see, counted by lesion, measured without their own patient."""

import msgspec
import numpy as np
import pytest

from inference.bundle import WEIGHTS, BundleError, installed_bundles, load_bundle, save_bundle
from inference.near_cases import NEAR_CASES, Bank, K, finder
from inference.training.near_bank import HEADING, Material, Rows, bank_of, foretold, with_near_cases
from tests.inference.test_bundle import DRAFT

LARGEST = 300_000
"""Bytes of a bank that ships."""


def rows(count=120, seed=3, noise=1.0):
    """Two lesions a patient, each seen on two images; the first feature leans with the outcome."""
    rng = np.random.default_rng(seed)
    lesion = np.arange(count) // 2
    outcome = rng.random(count // 2)[lesion] < 0.5
    features = rng.normal(0, 1, (count // 2, 5))[lesion] + 0.05 * rng.normal(0, 1, (count, 5))
    features[:, 0] = 2 * outcome + noise * features[:, 0]
    return Rows(
        features=features,
        patient=tuple(f"secret{n // 2}" for n in lesion),
        lesion=tuple(f"secret{n // 2} {n}" for n in lesion),
        size_mm=5 + lesion / 10,
        outcome=outcome,
        words=tuple("malignant" if one else "benign" for one in outcome),
    )


def material(known):
    return Material(known, known, np.eye(5), "masses", "malignant", "pathology", "the same masses")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / WEIGHTS).write_bytes(b"weights")
    card = "# Tiny\n\n## Measured\nthis\n\n## Limits\n- many\n"
    with_near_cases(save_bundle(DRAFT, tmp_path, card=card), tmp_path, material(rows()))
    return tmp_path


def test_a_finding_is_nearest_to_itself_and_no_lesion_is_counted_twice():
    known = rows()
    bank, words = bank_of(known, np.eye(5))
    for features, size in zip(known.features[:20], known.size_mm, strict=False):
        told = bank.told(features, words)
        assert len(told) == K == len({case.number for case in told})
        assert told[0].distance < 1e-6 and told[0].size_mm == pytest.approx(size)
        assert [case.distance for case in told] == sorted(case.distance for case in told)
        assert all((case.words == "malignant") == case.outcome for case in told)


def test_a_distance_of_1_is_the_usual_one_to_another_patient():
    known = rows()
    bank, _ = bank_of(known, np.eye(5))
    patient = np.array([int(bank.lesion[k]) for k in range(len(bank.lesion))])
    to_others = [
        np.linalg.norm(bank.points[patient != own] - point, axis=1).min()
        for own, point in zip(patient, bank.points, strict=True)
    ]
    assert 0.5 < np.median(to_others) <= 1.0  # another lesion of the same patient may be nearer


def test_its_own_patient_tells_nothing_of_an_outcome():
    """Where features say nothing, the nearest say nothing; with its own lesion among them they would."""
    known = rows(count=400, noise=1.0)
    blind = changed(known, features=np.random.default_rng(1).normal(0, 1, known.features.shape))
    bank, _ = bank_of(blind, np.eye(5))
    assert 0.35 < _auc(foretold(bank, blind, blind), blind.outcome) < 0.65
    bank, _ = bank_of(known, np.eye(5))
    assert _auc(foretold(bank, known, known), known.outcome) > 0.7


def changed(known, **changes):
    return Rows(**{name: getattr(known, name) for name in Rows.__slots__} | changes)


def _auc(share, outcome):
    more = share[outcome][:, None] - share[~outcome][None]
    return float((more > 0).mean() + (more == 0).mean() / 2)


def test_a_bundle_carries_its_cases_and_says_on_its_card_how_good_they_are(folder):
    bundle = load_bundle(folder, verify=True)
    said = bundle.near_cases
    assert said.low <= said.auc <= said.high and said.lesions == 60
    near = finder(said, folder)
    assert near(rows().features[0])[0].distance == pytest.approx(0, abs=1e-4)
    text = (folder / "card.md").read_text()
    assert text.index("## Limits") < text.index(HEADING)
    assert f"| {said.auc:.2f} |" in text
    again = with_near_cases(bundle, folder, material(rows(noise=4.0)))
    assert (folder / "card.md").read_text().count(HEADING) == 1
    assert again.near_cases.auc != said.auc
    for name in (NEAR_CASES, "model.toml", "card.md"):
        assert b"secret" not in (folder / name).read_bytes()


def test_changed_cases_and_cases_of_other_weights_are_refused(folder):
    bundle = load_bundle(folder, verify=True)
    (folder / NEAR_CASES).write_bytes(b"other")
    with pytest.raises(BundleError, match=f"{NEAR_CASES} hashes to"):
        load_bundle(folder, verify=True)
    with pytest.raises(ValueError, match="cannot be read"):
        Bank.load(folder / NEAR_CASES)
    text = (folder / "model.toml").read_text().replace(bundle.near_cases.weights, "0" * 64, 1)
    (folder / "model.toml").write_text(text)
    with pytest.raises(BundleError, match="make them again"):
        load_bundle(folder, verify=True)


def test_what_learns_on_loses_its_cases(folder):
    bundle = load_bundle(folder, verify=True)
    (folder / WEIGHTS).write_bytes(b"learnt on")
    assert save_bundle(msgspec.structs.replace(bundle, version="0.0.2"), folder, card="#").near_cases is None


@pytest.mark.parametrize("model", ["ct_lung_nodule", "mg_lesion"])
def test_shipped_cases_are_small_and_name_nobody(model):
    folder, bundle = next(item for item in installed_bundles() if item[1].id == model)
    if bundle.near_cases is None:
        pytest.fail(f"{model} ships without cases: run python -m inference.training.near_cases")
    path = folder / NEAR_CASES
    assert path.stat().st_size <= LARGEST
    assert set(Bank.__slots__) == set(Bank.load(path).__slots__)
    assert not any(name in path.read_bytes() for name in (b"LIDC", b"P_0"))
    assert not any("LIDC-IDRI-" in words or "P_0" in words for words in bundle.near_cases.words)
