"""What is measured of a nodule, and what the shipped bundle says of it."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from inference.bundle import load_bundle
from inference.phantom.nodule import procedural_nodule
from inference.pipelines.candidates import Found
from inference.pipelines.nodule_features import MARGIN, described, nodule_features, patch_round

SHIPPED = load_bundle(Path(str(files("resources"))) / "models" / "ct_lung_nodule").characteristics


def nodule(kind, mm, seed=3):
    """A procedural nodule in the middle of aerated lung: HU and outline, 48 mm a side."""
    rng = np.random.default_rng(seed)
    tissue, mask = procedural_nodule(rng, mm, kind, 10.0)
    hu = (-860 + rng.normal(0, 15, (48, 48, 48))).astype(np.float32)
    outline = np.zeros(hu.shape, bool)
    start = [(48 - n) // 2 for n in mask.shape]
    box = tuple(slice(s, s + n) for s, n in zip(start, mask.shape, strict=True))
    hu[box] = np.where(mask, tissue, hu[box])
    outline[box] = mask
    return hu, outline


def measured(hu, outline):
    low = np.argwhere(outline).min(axis=0)
    shape = np.ptp(np.argwhere(outline), axis=0) + 1
    box = tuple(slice(a, a + n) for a, n in zip(low, shape, strict=True))
    around = patch_round(hu, tuple(low), tuple(shape))
    return nodule_features(around, np.pad(outline[box], MARGIN))


def found(outline):
    low = np.argwhere(outline).min(axis=0)
    shape = np.ptp(np.argwhere(outline), axis=0) + 1
    box = tuple(slice(a, a + n) for a, n in zip(low, shape, strict=True))
    z, y, x = (float(v) for v in np.argwhere(outline).mean(axis=0))
    return Found((z, y, x), 0.9, tuple(int(v) for v in low), outline[box])


def test_size_and_density_are_those_of_the_nodule():
    hu, outline = nodule("solid", 12)
    said = measured(hu, outline)
    assert np.exp(said["log_diameter"]) == pytest.approx((6 * outline.sum() / np.pi) ** (1 / 3))
    assert said["hu_p50"] * 100 == pytest.approx(np.median(hu[outline]), abs=1)
    assert said["ring"] * 100 == pytest.approx(-860, abs=10)
    assert said["attached"] < 0.05


def test_a_rod_is_longer_than_a_ball_and_no_outline_has_no_features():
    hu = np.full((40, 40, 40), -860, np.float32)
    z, y, x = np.ogrid[:40, :40, :40]
    ball = (z - 20) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 < 36
    rod = ((y - 20) ** 2 + (x - 20) ** 2 < 9) & (abs(z - 20) < 12)
    assert measured(hu, rod)["elongation"] > measured(hu, ball)["elongation"] + 0.5
    assert measured(hu, ball)["solidity"] > 0.8
    assert nodule_features(hu, np.zeros(hu.shape, bool)) is None


@pytest.mark.parametrize("kind", ["solid", "non-solid"])
def test_the_shipped_bundle_tells_plain_types_apart(kind):
    hu, outline = nodule(kind, 14)
    said = described(SHIPPED, hu, found(outline))
    assert said.characteristics["texture"].value == kind
    assert 0 < said.characteristics["texture"].probability <= 1


def test_every_concept_lies_on_its_scale_and_size_raises_the_score():
    small, large = (described(SHIPPED, *_placed(mm)) for mm in (5, 20))
    for concept in SHIPPED.bottleneck.concepts:
        assert 1 <= small.concepts[concept.name] <= concept.highest
        assert 0 < concept.error < 1.5
    assert 0 <= small.malignancy < large.malignancy <= 1


def _placed(mm):
    hu, outline = nodule("solid", mm)
    return hu, found(outline)


def test_nothing_is_said_without_an_outline_or_a_model():
    hu, outline = nodule("solid", 8)
    empty = Found((24.0, 24.0, 24.0), 0.5, (24, 24, 24), np.zeros((0, 0, 0), bool))
    assert described(SHIPPED, hu, empty).malignancy is None
    assert described(None, hu, found(outline)).concepts == {}
