"""A bundle on disk: what is read, what is refused, and that every shipped one is whole."""

import msgspec
import pytest

from inference.bundle import (
    FORMAT,
    MODEL,
    WEIGHTS,
    Bundle,
    BundleError,
    Calibration,
    OwnScale,
    TrainingDomain,
    installed_bundles,
    load_bundle,
    save_bundle,
)
from inference.input_contract import InputContract
from inference.networks import load_networks
from inference.protocol import OperatingPoint

DRAFT = Bundle(
    format=FORMAT,
    id="tiny",
    version="0.0.1",
    title="A tiny model",
    task="detect3d",
    sha256="",
    input=InputContract(modality="CT", body_parts=("chest",)),
    labels=("lung nodule",),
    operating_points=(OperatingPoint("balanced", 0.5, 1.0, "false marks per litre"),),
    default_operating_point="balanced",
    calibration=Calibration(method="isotonic", scores=(0.0, 0.5, 1.0), probabilities=(0.0, 0.2, 1.0)),
    domain=TrainingDomain(),
    architecture={},
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "bundles" / "tiny"
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"weights")
    save_bundle(DRAFT, folder, card="# Tiny\n")
    return folder


def test_what_is_written_is_read_back_with_the_hash_of_its_weights(folder):
    bundle = load_bundle(folder, verify=True)
    assert len(bundle.sha256) == 64
    assert bundle == msgspec.structs.replace(DRAFT, sha256=bundle.sha256)
    assert bundle.operating_point.name == "balanced"


def test_changed_weights_are_noticed(folder):
    (folder / WEIGHTS).write_bytes(b"other")
    load_bundle(folder)
    with pytest.raises(BundleError, match="hashes to"):
        load_bundle(folder, verify=True)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("format = 1", "format = 99", "99 found, 1 allowed"),
        ('default_operating_point = "balanced"', 'default_operating_point = "none"', "not among"),
        ("0.2,", "2.0,", "must rise"),
        ("[calibration]", "[calibration]\nlow = [0.1]\nhigh = [0.2]", "as many low and high ends"),
        ('id = "tiny"', 'id = "tiny"\nrun = "code"', "unknown field"),
        ('id = "tiny"', "id = ", "install the bundle again"),
    ],
)
def test_a_faulty_description_is_refused_in_one_sentence(folder, old, new, says):
    text = (folder / MODEL).read_text(encoding="utf-8")
    assert old in text
    (folder / MODEL).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BundleError, match=says):
        load_bundle(folder)


def test_a_folder_without_a_bundle_is_refused(tmp_path):
    with pytest.raises(BundleError, match="choose a bundle's folder"):
        load_bundle(tmp_path / "nothing")


def test_calibration_interpolates_between_its_knots():
    assert DRAFT.calibration([0.0, 0.25, 0.75, 2.0]).tolist() == pytest.approx([0.0, 0.1, 0.6, 1.0])


def test_how_sure_a_probability_is():
    assert DRAFT.calibration.interval(0.5) is None
    known = msgspec.structs.replace(DRAFT.calibration, low=(0.0, 0.1, 0.8), high=(0.1, 0.4, 1.0))
    assert known.interval(0.25) == pytest.approx((0.05, 0.25))


def test_every_shipped_bundle_is_whole_and_its_networks_load():
    shipped = installed_bundles()
    assert [bundle.id for _, bundle in shipped].count("ct_lung_nodule") == 1
    for folder, bundle in shipped:
        assert load_bundle(folder, verify=True) == bundle
        assert set(load_networks(bundle.architecture, folder / WEIGHTS)) == set(bundle.architecture)
        assert bundle.evidence, "a bundle ships with what was measured"
        card = (folder / "card.md").read_text(encoding="utf-8")
        assert "not a medical device" in card.lower()
        assert bundle.version in card


def test_bundles_of_the_site_are_found_beside_the_shipped_ones(folder):
    assert "tiny" in {bundle.id for _, bundle in installed_bundles(folder.parent)}


def test_a_label_with_a_scale_of_its_own_has_its_own_thresholds_by_the_same_names(folder):
    own = OwnScale(
        calibration=Calibration(method="isotonic", scores=(0.0, 1.0), probabilities=(0.0, 0.5)),
        operating_points=(OperatingPoint("balanced", 0.1, 0.2, "false clusters per view"),),
    )
    two = msgspec.structs.replace(DRAFT, labels=("lung nodule", "other"), own_scales={"other": own})
    back = save_bundle(two, folder, card="# Tiny\n")
    assert back.calibration_of("other")(1.0) == 0.5
    assert back.operating_points_of("other")[0].threshold == 0.1
    assert back.calibration_of("lung nodule") == DRAFT.calibration
    assert back.operating_points_of("lung nodule") == DRAFT.operating_points


@pytest.mark.parametrize(
    ("label", "point", "says"),
    [("none", "balanced", "not among the labels"), ("lung nodule", "mine", "not named as")],
)
def test_a_scale_that_fits_no_label_or_no_choice_of_the_readers_is_refused(folder, label, point, says):
    own = OwnScale(
        calibration=DRAFT.calibration, operating_points=(OperatingPoint(point, 0.1, 0.2, "per view"),)
    )
    with pytest.raises(BundleError, match=says):
        save_bundle(msgspec.structs.replace(DRAFT, own_scales={label: own}), folder, card="# Tiny\n")


def test_what_the_shipped_model_suggests_comes_with_how_often_it_is_right():
    measured = {bundle.id: bundle.accuracies for _, bundle in installed_bundles()}
    assert set(measured["mg_lesion"]) == {"density", "shape", "margin"}
    density = measured["mg_lesion"]["density"]
    assert (round(density.share, 2), density.cases, round(density.commonest, 2)) == (0.5, 242, 0.45)
