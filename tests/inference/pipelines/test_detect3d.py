"""The whole read with a detector that marks dense spots: what comes out, what is refused, how it stops."""

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from inference.bundle import BundleError, Calibration, Range, TrainingDomain
from inference.cases import Case, Grid
from inference.input_contract import InputContract
from inference.memory import out_of_memory
from inference.networks import build
from inference.pipelines import load
from inference.pipelines.candidates import candidates
from inference.pipelines.detect3d import SMALLEST_TILE, Detect3D
from inference.pipelines.domain import judge
from inference.pipelines.tiles import Maps
from inference.protocol import OperatingPoint
from tests.inference.pipelines.bodies import AXIAL, NODULE_MM, case
from tests.inference.test_bundle import DRAFT

SETTINGS = {"tile": 64.0, "peak": 0.04, "most": 140.0, "explain_below": 2.0, "explain_most": 3.0}


def _mean(volume, side):
    """Mean over a cube, axis by axis."""
    for axis in range(3):
        kernel = [side if k == axis else 1 for k in range(3)]
        volume = nn.functional.avg_pool3d(volume, kernel, 1, [n // 2 for n in kernel])
    return volume


class DenseSpots(nn.Module):
    """Stands in for stage 1: soft tissue surrounded by air is a lesion."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, volume):
        dense = (volume > 0.1).float()
        spot = dense * (_mean(dense, 21) < 0.12)
        centre = nn.functional.avg_pool3d(_mean(spot, 7), 2, 2)
        return (centre * 8 - 4) * self.scale, spot * 12 - 6


def _pipeline(**changes):
    torch.manual_seed(0)
    bundle = msgspec.structs.replace(
        DRAFT,
        settings=SETTINGS,
        calibration=Calibration(method="none", scores=(0.0, 1.0), probabilities=(0.0, 1.0)),
        operating_points=(OperatingPoint("balanced", 0.3, 1.0, "false marks per litre"),),
        **changes,
    )
    classifier = build({"network": "candidate_classifier_3d", "channels": [4, 8]})
    return Detect3D(bundle, DenseSpots(), classifier, "cpu")


def _read(pipeline, volume, out, told=lambda done, doing: None):
    return pipeline.read(volume, out, told)


def test_the_nodule_is_found_measured_and_explained(tmp_path):
    steps = []
    read = _read(_pipeline(), case(), tmp_path, lambda done, doing: steps.append((done, doing)))
    assert read.status == "done"
    first = read.candidates[0]
    assert first.center_lps_mm == pytest.approx(NODULE_MM, abs=1.0)
    assert first.diameter_mm == pytest.approx(10, abs=1.5)
    assert first.long_axis_mm == pytest.approx(10, abs=1.5)
    assert first.probability == pytest.approx(first.score)
    assert first.above_operating_point == (first.probability >= 0.3)
    mask = np.load(first.mask.array.path)
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) <= {0, 1}
    middle = np.argwhere(mask).mean(axis=0) + first.mask.start
    assert case().grid.index_to_patient(middle) == pytest.approx(NODULE_MM, abs=1.0)
    heat = np.load(first.heat.array.path)
    assert heat.dtype == np.float32
    assert 0 <= heat.min() <= heat.max() <= 1
    assert len(first.features) == 16
    assert read.measured["lung_litres"] == pytest.approx(0.62, abs=0.06)
    done = [at for at, _ in steps]
    assert done == sorted(done)
    assert done[-1] == 1


def test_the_same_input_gives_the_same_answer(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    one, two = (_read(_pipeline(), case(), folder).candidates for folder in folders)
    assert [c.score for c in one] == [c.score for c in two]


def _zeros(shape, spacing=(2.0, 1.0, 1.0), axes=AXIAL, origin=(0.0, 0.0, 0.0), of=None):
    return Case(np.zeros(of or shape, np.int16), Grid(origin, axes, spacing, shape))


@pytest.mark.parametrize(
    ("volume", "reason"),
    [
        (case(Modality="MR"), "modality MR, the model reads CT"),
        (case(BodyPartExamined="HEAD"), "body part HEAD, the model reads chest"),
        (case(shape=(4, 40, 40)), "4 slices found"),
        (case(spacing=(0.5, 1.5, 1.5), shape=(8, 40, 40)), "span 4 mm"),
        (case(spacing=(7.0, 1.5, 1.5), shape=(9, 40, 40)), "slices of 7 mm found, at most 5 mm"),
        (case(SliceThickness="10"), "slices of 10 mm found"),
        (case(missing=range(2, 32)), "2 slices found"),
        (_zeros((20, 40, 40)), "no lung"),
        (_zeros((20, 8, 8), spacing=(2.0, 0.0, 1.0)), "unknown"),
        (_zeros((20, 8, 8), origin=(float("nan"),) * 3), "unknown"),
        (_zeros((20, 8, 8), axes=((0.0, 0.0, 1.0),) * 3), "unknown"),
        (_zeros((20, 8, 8), of=(20, 8, 9)), "same volume"),
        (_zeros((40, 40, 40), spacing=(4.0, 99.0, 99.0)), "more than a trunk"),
    ],
)
def test_what_is_not_read_says_why(tmp_path, volume, reason):
    read = _read(_pipeline(), volume, tmp_path)
    assert read.status == "not_run"
    assert reason in read.reason
    assert read.candidates == ()


def test_odd_thickness_text_does_not_stop_a_read(tmp_path):
    assert _read(_pipeline(), case(SliceThickness="thin", KVP=""), tmp_path).status == "done"


def test_what_progress_raises_ends_the_read(tmp_path):
    class Stop(Exception):
        pass

    for limit in (0.05, 0.12, 0.5, 0.8, 0.9):

        def told(done, doing, limit=limit):
            if done > limit:
                raise Stop

        with pytest.raises(Stop):
            _read(_pipeline(), case(), tmp_path, told)


def test_missing_slices_are_told_and_nothing_is_marked_there(tmp_path):
    volume = case(missing=(14, 15, 16, 17))  # where the nodule is
    read = _read(_pipeline(), volume, tmp_path)
    assert read.domain.verdict != "in"
    assert any("4 slices are missing" in reason for reason in read.domain.reasons)
    assert all(np.linalg.norm(np.subtract(c.center_lps_mm, NODULE_MM)) > 3 for c in read.candidates)


def test_the_domain_check_tells_odd_scans_from_ordinary_ones():
    domain = TrainingDomain(statistics={"noise_hu": Range(15.0, 5.0)}, slice_thickness_mm=(0.5, 3.0))
    volume = case(ConvolutionKernel="STANDARD", SliceThickness="2")
    assert judge(volume, volume.meta, {"noise_hu": 18.0}, 4.0, domain).verdict == "in"
    assert judge(volume, {"ConvolutionKernel": "BONE"}, {"noise_hu": 18.0}, 4.0, domain).verdict == "near"
    noisy = judge(volume, {}, {"noise_hu": 60.0}, 4.0, domain)
    assert (noisy.verdict, noisy.score) == ("outside", 9.0)
    assert "60 HU" in noisy.reasons[0]


def test_only_known_tasks_load(tmp_path):
    with pytest.raises(BundleError, match="update the program"):
        load(msgspec.structs.replace(DRAFT, task="dream"), tmp_path, "cpu")


def test_contract_limits_come_from_the_bundle(tmp_path):
    strict = _pipeline(input=InputContract(modality="CT", max_slice_mm=1.0))
    assert "at most 1 mm" in _read(strict, case(), tmp_path).reason


def test_a_nodule_whose_middle_lies_beside_the_lung_is_a_candidate_if_it_reaches_into_it():
    centre, mask = np.zeros((20, 20, 20), np.float32), np.zeros((40, 40, 40), np.float16)
    centre[10, 10, 10], centre[10, 10, 3] = 0.9, 0.8
    mask[16:25, 16:25, 16:25] = mask[18:22, 18:22, 5:8] = 1.0
    lung = np.zeros(mask.shape, bool)
    lung[:, :, 24:] = True
    (only,) = candidates(Maps(centre, mask), lung, 0.1, 10)
    assert only.centre == (20.0, 20.0, 20.0)


class Hungry(DenseSpots):
    """Asks for more memory than any machine has as soon as a tile is larger than the smallest."""

    def forward(self, volume):
        if max(volume.shape[2:]) > SMALLEST_TILE:
            torch.empty(1 << 60)
        return super().forward(volume)


def test_where_memory_is_short_the_same_is_found_in_smaller_tiles(tmp_path):
    pipeline, short = (
        Detect3D(_pipeline().bundle, network, _pipeline().classifier, "cpu")
        for network in (DenseSpots(), Hungry())
    )
    wide = SETTINGS | {"tile": 2.0 * SMALLEST_TILE}
    short.bundle = msgspec.structs.replace(short.bundle, settings=wide)
    (found, *_), (again, *_) = (_read(p, case(), tmp_path).candidates for p in (pipeline, short))
    assert again.center_lps_mm == found.center_lps_mm
    assert again.volume_mm3 == pytest.approx(found.volume_mm3, rel=0.01)


def test_where_even_the_smallest_tile_does_not_fit_the_error_is_that_of_memory(tmp_path):
    class Endless(DenseSpots):
        def forward(self, volume):
            return torch.empty(1 << 60)

    pipeline = Detect3D(_pipeline().bundle, Endless(), _pipeline().classifier, "cpu")
    with pytest.raises(RuntimeError) as told:
        _read(pipeline, case(), tmp_path)
    assert out_of_memory(told.value)
