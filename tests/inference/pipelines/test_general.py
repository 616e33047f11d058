"""General classification and segmentation: what is found lies where it is, whatever way the images lie."""

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from inference.bundle import FORMAT, NOT_CALIBRATED, NOT_MEASURED, Bundle, BundleError, TrainingDomain
from inference.cases import Case, Exam, Grid, Plane, View
from inference.contract import NetworkContract, Percentiles, Rescale, Shift, ZScore
from inference.input_contract import InputContract
from inference.pipelines.classify import Classify
from inference.pipelines.general import GeneralNetwork
from inference.pipelines.network_input import adjusted, network_image, network_volume, onto_image
from inference.pipelines.segment import Segment

AXIAL = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
SAGITTAL = ((-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
C, S = np.cos(0.3), np.sin(0.3)
TILTED = ((0.0, -S, C), (0.0, C, S), (1.0, 0.0, 0.0))


class Bright(nn.Module):
    """Background and what is brighter than 0.5: the place of everything can be computed by hand."""

    def forward(self, image):
        x = image[:, :1]
        return torch.cat([0.5 - x, x - 0.5], dim=1) * 40


class BrightInUpperHalf(Bright):
    """The same, only in the upper half of the network's first axis."""

    def forward(self, image):
        logits = super().forward(image)
        half = image.shape[2] // 2
        logits[:, 1, :half] = -40
        return logits


class Mean(nn.Module):
    """Two logits: how bright the image is in the upper half of its first axis, less 0.5; and its opposite."""

    def forward(self, image):
        x = image[:, :, image.shape[2] // 2 :].flatten(1).mean(dim=1) - 0.5
        return torch.stack([-x, x], dim=1) * 8


def bundle(task, contract, labels=("background", "spot")):
    return Bundle(
        format=FORMAT,
        id="general",
        version="1",
        title="General",
        task=task,
        sha256="",
        input=InputContract(modality="MR", max_slice_mm=10.0),
        labels=labels,
        operating_points=(NOT_MEASURED,),
        default_operating_point=NOT_MEASURED.name,
        calibration=NOT_CALIBRATED,
        domain=TrainingDomain(),
        architecture={},
        contract=contract,
    )


def segmenter(network, task="segment3d", **contract):
    fixed = {
        "axes": "RAS" if task.endswith("3d") else "RC",
        "activation": "softmax",
        "silent": ("background",),
    }
    rescale = Rescale(source=(0.0, 1000.0)) if task.endswith("3d") else Rescale(source=(0.0, 1.0))
    said = NetworkContract(**{**fixed, "intensity": (rescale,), **contract})
    return Segment(GeneralNetwork(bundle(task, said), network, "cpu"))


def box_case(axes=AXIAL, spacing=(3.0, 1.0, 1.2), shape=(24, 60, 50)):
    """A bright box in a dark volume, by index, with the volume's place."""
    hu = np.zeros(shape, np.int16)
    hu[8:14, 20:40, 10:26] = 1000
    grid = Grid((-20.0, 13.0, 7.0), axes, spacing, shape, "1.2.3")
    return Case(hu, grid, meta={"Modality": "MR"})


def quiet(done, doing):
    pass


@pytest.mark.parametrize("axes", [AXIAL, SAGITTAL, TILTED], ids=["axial", "sagittal", "tilted"])
@pytest.mark.parametrize("how", [{"window": (24, 24, 24)}, {}], ids=["windows", "whole"])
def test_an_outline_lies_on_what_it_outlines(tmp_path, axes, how):
    case = box_case(axes)
    read = segmenter(Bright(), spacing_mm=(1.5, 1.5, 2.0), **how).read(case, tmp_path, quiet)
    (found,) = read.candidates
    assert (read.status, found.label) == ("done", "spot")
    mask = np.zeros(case.hu.shape, bool)
    values = np.load(found.mask.array.path)
    mask[tuple(slice(s, s + n) for s, n in zip(found.mask.start, values.shape, strict=True))] = values
    truth = case.hu > 500
    dice = 2 * (mask & truth).sum() / (mask.sum() + truth.sum())
    assert dice > (0.9 if axes is not TILTED else 0.85)
    assert found.center_lps_mm == pytest.approx(case.grid.index_to_patient((10.5, 29.5, 17.5)), abs=0.5)
    assert found.volume_mm3 == pytest.approx(6 * 20 * 16 * 3.6, rel=0.12)


@pytest.mark.parametrize("axes", [AXIAL, SAGITTAL])
@pytest.mark.parametrize(
    ("letters", "axis", "sign"),
    [("RAS", 0, -1), ("LPS", 0, 1), ("ARS", 1, -1), ("SPL", 2, 1), ("IPL", 2, -1)],
)
def test_the_networks_axes_run_as_its_contract_says(tmp_path, axes, letters, axis, sign):
    """Bright everywhere, found in the upper half of the first axis: so on that side of the patient."""
    case = box_case(axes)
    bright = Case(np.full_like(case.hu, 1000), case.grid, meta=case.meta)
    middle = case.grid.index_to_patient((np.array(case.hu.shape) - 1) / 2)
    (found,) = segmenter(BrightInUpperHalf(), axes=letters).read(bright, tmp_path, quiet).candidates
    assert sign * (found.center_lps_mm[axis] - middle[axis]) > 5
    others = [k for k in range(3) if k != axis]
    assert np.array(found.center_lps_mm)[others] == pytest.approx(middle[others], abs=1.5)


def test_parts_are_findings_of_their_own_and_small_ones_are_left_out(tmp_path):
    case = box_case(spacing=(3.0, 1.0, 1.0))
    case.hu[2:5, 50:56, 40:46] = 1000
    case.hu[20, 5, 5] = 1000
    whole = segmenter(Bright()).read(case, tmp_path, quiet).candidates
    assert len(whole) == 1
    parts = segmenter(Bright(), parts=True, least_mm=4.0).read(case, tmp_path, quiet).candidates
    assert len(parts) == 2
    assert parts[0].long_axis_mm > parts[0].short_axis_mm > 0
    assert [c.id for c in parts] == ["c1", "c2"]


def test_a_network_of_images_reads_a_volume_slice_by_slice(tmp_path):
    case = Case(box_case().hu, box_case().grid, missing=(10,), meta={"Modality": "MR"})
    (found,) = segmenter(Bright(), "segment2d", spacing_mm=(1.0, 1.0)).read(case, tmp_path, quiet).candidates
    slices = np.load(found.mask.array.path).any(axis=(1, 2))
    assert (np.flatnonzero(slices) + found.mask.start[0]).tolist() == [8, 9, 11, 12, 13]


@pytest.mark.parametrize("axes", ["RC", "CR"])
def test_an_outline_on_an_image_lies_in_stored_pixels(tmp_path, axes):
    pixels = np.zeros((100, 60), np.uint16)
    pixels[20:40, 5:25] = 60000
    view = View(pixels, Plane((0.5, 0.5), (100, 60)), "1.2", meta={"Modality": "MR"})
    read = segmenter(Bright(), "segment2d", axes=axes, size=(50, 30) if axes == "RC" else (30, 50)).read(
        Exam((view,)), tmp_path, quiet
    )
    (found,) = read.candidates
    (place,) = found.places
    assert (place.row, place.column) == pytest.approx((29.5, 14.5), abs=0.6)
    assert place.box == pytest.approx((4.5, 19.5, 24.5, 39.5), abs=1.1)
    heat = np.load(place.heat.array.path)
    assert heat.max() > 0.99
    assert found.diameter_mm == pytest.approx(2 * np.sqrt(400 * 0.25 / np.pi), rel=0.1)


def test_a_classifier_gives_every_finding_a_probability_and_none_to_the_normal(tmp_path):
    contract = NetworkContract(axes="RC", activation="softmax", size=(32, 32), silent=("normal",))
    network = Classify(GeneralNetwork(bundle("classify2d", contract, ("normal", "opacity")), Mean(), "cpu"))

    def view(name, level, modality="MR"):
        pixels = np.full((40, 50), level, np.uint16)
        return View(pixels, Plane((1.0, 1.0), (40, 50)), name, meta={"Modality": modality})

    exam = Exam((view("dark", 0), view("bright", 65535), view("other", 65535, "US")))
    read = network.read(exam, tmp_path, quiet)
    said = {(s.level, s.sop_instance_uid): s.probability for s in read.scores}
    assert {s.label for s in read.scores} == {"opacity"}
    assert [(c.label, c.above_operating_point) for c in read.candidates] == [
        ("opacity", True),
        ("opacity", False),
    ]
    assert read.candidates[0].places[0].box == (-0.5, -0.5, 49.5, 39.5)
    assert said["image", "dark"] < 0.01 < 0.99 < said["image", "bright"]
    assert said["study", None] == said["image", "bright"]
    assert [(s.sop_instance_uid, s.reason) for s in read.skipped] == [
        ("other", "modality US, the model reads MR")
    ]
    assert network.read(box_case(), tmp_path, quiet).reason == "a volume found, this model reads images"


def test_a_classifier_of_volumes_sees_the_side_that_its_axes_say(tmp_path):
    rescale = Rescale(source=(0.0, 1000.0))
    contract = NetworkContract(
        axes="RAS", activation="softmax", size=(16, 16, 16), silent=("normal",), intensity=(rescale,)
    )
    network = Classify(GeneralNetwork(bundle("classify3d", contract, ("normal", "bleed")), Mean(), "cpu"))
    case = box_case()
    left = np.zeros_like(case.hu)
    left[:, :, 25:] = 1000  # columns grow to the left of the patient
    (score,) = network.read(Case(left, case.grid, meta=case.meta), tmp_path, quiet).scores
    assert (score.level, score.label) == ("series", "bleed")
    assert score.probability < 0.1
    (score,) = network.read(Case(1000 - left, case.grid, meta=case.meta), tmp_path, quiet).scores
    assert score.probability > 0.9


def test_what_is_not_read_says_why(tmp_path):
    network = segmenter(Bright())
    case = box_case()
    other = Case(case.hu, case.grid, meta={"Modality": "CT"})
    assert network.read(other, tmp_path, quiet).reason == "modality CT, the model reads MR"
    assert network.read(Exam(()), tmp_path, quiet).reason == "images found, this model reads volumes"
    thin = msgspec.structs.replace(network.contract, spacing_mm=(0.01, 0.01, 0.01))
    network.contract = thin
    assert "too many" in network.read(case, tmp_path, quiet).reason


def test_an_answer_of_another_shape_is_an_error_in_one_sentence(tmp_path):
    network = segmenter(nn.Conv3d(1, 3, 1))
    with pytest.raises(BundleError, match=r"answers \(1, 3, .* its contract needs \(1, 2, "):
        network.read(box_case(), tmp_path, quiet)


def test_grey_values_are_adjusted_as_the_steps_say():
    grey = np.array([-100.0, 0.0, 50.0, 100.0, np.nan], np.float32)
    two = adjusted(grey, (Rescale(source=(0.0, 100.0), target=(-1.0, 1.0)),), 2)
    assert two.shape == (2, 5)
    assert two[0].tolist() == two[1].tolist() == [-1, -1, 0, 1, -1]
    free = adjusted(grey, (Rescale(source=(0.0, 100.0), clip=False),), 1)
    assert free[0].tolist() == [-1, 0, 0.5, 1, 0]
    assert adjusted(grey, (Percentiles(),), 1)[0].tolist() == [0, 0.5, 0.75, 1, 0.5]
    z = adjusted(grey, (ZScore(nonzero=True),), 1)[0]
    assert z[[1, 4]].tolist() == [0, 0]
    assert z[[0, 2, 3]].mean() == pytest.approx(0, abs=1e-6)
    assert z[[0, 2, 3]].std() == pytest.approx(1, abs=1e-6)
    shifted = adjusted(grey, (Shift(subtract=(0.0, 50.0), divide=(1.0, 2.0)),), 2)
    assert shifted[:, 3].tolist() == [100, 25]
    flat = np.full(4, 7.0, np.float32)
    assert np.isfinite(adjusted(flat, (Percentiles(), ZScore()), 1)).all()


def test_an_image_goes_to_the_network_and_back_without_moving():
    grey = np.zeros((80, 120), np.float32)
    grey[30:50, 90:110] = 1
    contract = NetworkContract(axes="CR", activation="sigmoid", spacing_mm=(0.5, 0.4))
    image = network_image(grey, (0.2, 0.25), contract)
    assert image.values.shape == (1, 60, 40)
    back = onto_image(image.values, image, (80, 120))[0]
    assert 2 * ((back > 0.5) & (grey > 0.5)).sum() / ((back > 0.5).sum() + 400) > 0.95
    assert image.to_stored(np.array([49.5, 19.5])) == pytest.approx([39.5, 99.5])
    with pytest.raises(ValueError, match="size of its pixels is unknown"):
        network_image(grey, None, contract)


def test_monais_own_transforms_make_the_same_volume():
    """The contract against what it stands for: Spacing and ScaleIntensityRange of MONAI, on RAS axes."""
    from monai.data import MetaTensor
    from monai.transforms import Compose, ScaleIntensityRange, Spacing

    case = box_case(((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)))
    rng = np.random.default_rng(0)
    case = Case((rng.random(case.hu.shape) * 1000).astype(np.int16), case.grid, meta=case.meta)
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    image = MetaTensor(
        case.hu[None].astype(np.float32), affine=torch.as_tensor(lps_to_ras @ case.grid.matrix())
    )
    steps = [
        Spacing(pixdim=(2.5, 0.9, 0.9), mode="bilinear"),
        ScaleIntensityRange(a_min=100, a_max=800, b_min=0, b_max=1, clip=True),
    ]
    wanted = Compose(steps)(image)
    contract = NetworkContract(
        axes="RAS",
        activation="softmax",
        spacing_mm=(2.5, 0.9, 0.9),
        intensity=(Rescale(source=(100.0, 800.0)),),
    )
    ours = network_volume(case, contract)
    low = [min(a, b) for a, b in zip(ours.values.shape, wanted.shape, strict=True)]
    cut = tuple(slice(0, n) for n in low)
    assert max(abs(a - b) for a, b in zip(ours.values.shape, wanted.shape, strict=True)) <= 1
    inner = (0, *(slice(1, n - 2) for n in low[1:]))
    assert np.abs(ours.values[cut][inner] - wanted.numpy()[cut][inner]).mean() < 0.02
