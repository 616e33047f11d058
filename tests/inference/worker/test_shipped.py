"""The bundles that ship, in the real worker's process: what is none of their images is told."""

import itertools
import sys
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import pytest

from inference.bundle import load_bundle
from inference.cases import Grid, Plane
from inference.protocol import Analyse, ArrayRef, Done, Failed, ImageInput, Input
from tests.inference import breasts
from tests.inference.pipelines import bodies, heads
from tests.inference.worker.conftest import Pipes

pytestmark = pytest.mark.timeout(600)
numbers = itertools.count(1)
CHEST, HEAD, BREAST = "ct_lung_nodule", "ct_head_haemorrhage", "mg_lesion"


@pytest.fixture(scope="module")
def reader():
    pipes = Pipes((sys.executable, "-m", "inference.worker", "--device", "cpu"), seconds=900)
    pipes.hear()
    yield pipes
    pipes.close()


@pytest.fixture(scope="module")
def cases():
    """A chest with a nodule of 10 mm and a head with a bleed, coarse."""
    return {CHEST: bodies.case(spacing=(2.0, 1.5, 2.0), shape=(32, 110, 105)), HEAD: heads.case(pixel_mm=1.2)}


def asked(name, folder, **what):
    at = Path(str(files("resources"))) / "models" / name
    out = folder / f"out{next(numbers)}"
    out.mkdir()
    sha256 = load_bundle(at).sha256
    return Analyse(job=out.name, bundle=str(at), bundle_sha256=sha256, out=str(out), **{"inputs": (), **what})


def saved(folder, array):
    path = folder / f"{next(numbers)}.npy"
    np.save(path, array)
    return ArrayRef(path=str(path), dtype=str(array.dtype), shape=array.shape)


def read_volume(reader, folder, name, hu, grid, *, shape=None, missing=()):
    array = saved(folder, np.ascontiguousarray(hu))
    if shape is not None:
        array = msgspec.structs.replace(array, shape=shape)
    grid = msgspec.structs.replace(grid, shape=tuple(array.shape))
    source = Input(
        series_instance_uid="1.2", array=array, grid=grid, missing=missing, meta={"Modality": "CT"}
    )
    reader.say(asked(name, folder, inputs=(source,)))
    return reader.hear_until(Done, Failed)


def floats(hu, value):
    """The volume as 32-bit numbers with a value in it that is none."""
    out = hu.astype(np.float32)
    out[0, 0, 0] = value
    return out


def eight_bit(hu):
    """A window of 1,400 HU as grey levels 0 to 255, as an exported picture has them."""
    return np.clip((hu.astype(np.float32) + 1000) / 1400 * 255, 0, 255)


NOT_READ = {
    "not a number": (lambda hu: floats(hu, np.nan), {}, "float32 found, int16"),
    "infinite": (lambda hu: floats(hu, np.inf), {}, "float32 found, int16"),
    "bytes": (lambda hu: eight_bit(hu).astype(np.uint8), {}, "uint8 found, int16"),
    "empty": (lambda hu: hu[:0], {}, "voxels found, three sides of 1 or more"),
    "one slice": (lambda hu: hu[:1], {}, "1 slices found, at least 5"),
    "one pixel": (lambda hu: hu[:, :1, :1], {}, "no "),
    "grey levels": (lambda hu: eight_bit(hu).astype(np.int16), {}, "no "),
    "stored values": (lambda hu: hu + 1024, {}, "no "),
    "negated": (lambda hu: -hu, {}, "no "),
    "one value": (lambda hu: np.zeros_like(hu), {}, "no "),
    "extremes": (lambda hu: np.where(hu > 0, 32767, -32768).astype(np.int16), {}, "no "),
    "huge matrix": (lambda hu: hu[:5, :5, :5], {"shape": (5, 60_000, 60_000)}, "too large"),
    "no slice there": (lambda hu: hu, {"missing": range(32)}, "0 slices found"),
    "no spacing": (lambda hu: hu, {"spacing_mm": (2.0, 0.0, 0.0)}, "spacing 2 x 0 x 0 mm found"),
    "unknown spacing": (lambda hu: hu, {"spacing_mm": (2.0, float("nan"), 1.0)}, "2 x nan x 1 mm found"),
    "spacing in metres": (lambda hu: hu, {"spacing_mm": (2.0, 0.0015, 0.0015)}, "0.01 to 50 mm allowed"),
}


@pytest.mark.parametrize("name", [CHEST, HEAD])
def test_a_volume_that_is_none_of_the_models_is_told_and_not_read(reader, cases, tmp_path, name):
    whole, wrong = cases[name], {}
    for case, (bend, more, words) in NOT_READ.items():
        grid = msgspec.structs.replace(whole.grid, **{k: v for k, v in more.items() if k == "spacing_mm"})
        missing = tuple(more.get("missing", ()))[: len(whole.hu)]
        said = read_volume(
            reader, tmp_path, name, bend(np.asarray(whole.hu)), grid, shape=more.get("shape"), missing=missing
        )
        if not told(said, words):
            wrong[case] = said
    assert not wrong


def told(said, words):
    """One clear sentence with these words, and nothing else."""
    if isinstance(said, Failed):
        return words in said.error and "broke off" not in said.error and "\n" not in said.error
    return (said.status, said.candidates, said.scores) == ("not_run", (), ()) and words in said.reason


def test_a_series_of_5000_slices_is_read_or_told(reader, cases, tmp_path):
    for name in (CHEST, HEAD):
        small = np.asarray(cases[name].hu)[:, ::11, ::11]
        hu = np.resize(small, (5000, *small.shape[1:]))
        grid = msgspec.structs.replace(cases[name].grid, spacing_mm=(0.5, 2.0, 2.0))
        said = read_volume(reader, tmp_path, name, hu, grid)
        assert isinstance(said, Done), said
        assert said.status == "done" or said.reason


def mirrored(case):
    """The same body from a scanner that stores columns to the right and slices to the feet."""
    (slices, _, columns), grid = case.hu.shape, case.grid
    start = grid.index_to_patient((slices - 1, 0, columns - 1))
    down, rows, across = (np.array(axis) for axis in grid.axes)
    axes = tuple(tuple(axis.tolist()) for axis in (-down, rows, -across))
    turned = Grid(tuple(start.tolist()), axes, grid.spacing_mm, case.hu.shape, grid.frame_of_reference_uid)
    return np.asarray(case.hu)[::-1, :, ::-1], turned


def test_pixels_that_are_not_square_and_a_mirrored_series_give_marks_on_the_right_side(
    reader, cases, tmp_path
):
    for name, truth, near in ((CHEST, bodies.NODULE_MM, 2.0), (HEAD, heads.BLEED_MM, heads.BLEED_RADIUS_MM)):
        said = read_volume(reader, tmp_path, name, *mirrored(cases[name]))
        assert isinstance(said, Done), said
        assert said.status == "done"
        best = max(said.candidates, key=lambda c: c.probability)
        assert np.linalg.norm(np.subtract(best.center_lps_mm, truth)) < near, (name, best.center_lps_mm)


def test_a_chest_of_exchanged_black_and_white_is_outside_of_what_was_learnt(reader, cases, tmp_path):
    """Air as dense as tissue, tissue as thin as lung: something like lung is found, and is none."""
    whole = cases[CHEST]
    hu = (-624 - np.clip(np.asarray(whole.hu), -1024, 400)).astype(np.int16)
    said = read_volume(reader, tmp_path, CHEST, hu, whole.grid)
    assert isinstance(said, Done), said
    assert said.status == "not_run" or said.domain.verdict == "outside"
    if said.status == "done":
        assert any("mean density of the lung" in reason for reason in said.domain.reasons)


# --- mammograms


def read_view(reader, folder, bend, mm=(breasts.MM, breasts.MM), *, side="L", known=True):
    drawn = breasts.view(side, "CC")
    pixels = np.ascontiguousarray(bend(drawn.pixels))
    image = ImageInput(
        sop_instance_uid="1.2",
        array=saved(folder, pixels),
        plane=Plane(mm, pixels.shape[:2]),
        laterality=side,
        view="CC",
        patient_orientation=drawn.patient_orientation if known else (),
        meta={"Modality": "MG"},
    )
    reader.say(asked(BREAST, folder, images=(image,)))
    return reader.hear_until(Done, Failed)


NO_MAMMOGRAM = {
    "not a number": (lambda p: np.full(p.shape, np.nan, np.float32), "float32 found, uint16"),
    "bytes": (lambda p: (p >> 8).astype(np.uint8), "uint8 found, uint16"),
    "empty": (lambda p: p[:0], "two sides of 1 or more"),
    "a stack": (lambda p: p[None], "two sides of 1 or more"),
    "one pixel": (lambda p: p[:1, :1], "no breast"),
    "one value": (lambda p: np.full_like(p, 30_000), "no breast"),
    "exchanged black and white": (lambda p: 65535 - p, "black and white are exchanged"),
    "mirrored beside its header": (lambda p: p[:, ::-1], "does not lie at the chest wall"),
}


def test_a_mammogram_that_is_none_is_told_and_not_read(reader, tmp_path):
    wrong = {}
    for case, (bend, words) in NO_MAMMOGRAM.items():
        said = read_view(reader, tmp_path, bend)
        skipped = said.skipped_images[0].reason if isinstance(said, Done) and said.skipped_images else ""
        if words not in skipped or (said.status, said.candidates, said.scores) != ("not_run", (), ()):
            wrong[case] = said
    assert not wrong


def test_exchanged_black_and_white_is_seen_without_a_header_that_says_how_the_breast_lies(reader, tmp_path):
    said = read_view(reader, tmp_path, lambda p: 65535 - p, known=False)
    assert "black and white are exchanged" in said.skipped_images[0].reason


def test_grey_levels_of_8_bits_and_pixels_that_are_not_square_are_read(reader, tmp_path):
    """A mark lies on the mass, whatever the levels and the pixels."""
    row, column = breasts.MASSES["L", "CC"]
    for bend, mm, scale in (
        (lambda p: p // 257, (breasts.MM, breasts.MM), 1.0),
        (lambda p: p[::2], (2 * breasts.MM, breasts.MM), 0.5),
    ):
        said = read_view(reader, tmp_path, bend, mm)
        assert isinstance(said, Done), said
        assert said.status == "done"
        far = [np.hypot(p.row / scale - row, p.column - column) for c in said.candidates for p in c.places]
        assert min(far, default=np.inf) < breasts.RADIUS
