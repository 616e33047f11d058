import json
import shutil
import subprocess
from dataclasses import replace

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.uid import BreastTomosynthesisImageStorage, DigitalMammographyXRayImageStorageForPresentation

from inference.phantom.breast.exam import DEMO_SEED, GENERATOR
from viewer.app.demo.breast.vendors import CURRENT, PRIOR
from viewer.app.demo.breast.write import Plan, write_mammography
from viewer.app.exit_codes import ExitCode
from viewer.app.render import render
from viewer.cli import main

SMALL = Plan(
    replace(CURRENT, shape=(460, 384), imager_mm=0.52, noise=0.0),
    replace(PRIOR, shape=(512, 410), imager_mm=0.5, noise=0.0),
    ((230, 140), 1.0),
)
VIEWS = ("RCC", "LCC", "RMLO", "LMLO")
STACK, SYNTHETIC = "current/LMLO_tomosynthesis", "current/LMLO_synthetic"


NOT_KNOWN_TO_IT = ("Error - </ImageType(0008,0008)[3]> - Unrecognized enumerated value = <TOMOSYNTHESIS>",)
"""Its table is older than PS3.3 C.8.11.7.1.4, which asks for this value in a generated picture."""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    told = []
    folder = write_mammography(
        tmp_path_factory.mktemp("home"), DEMO_SEED, lambda done, doing: told.append(done), SMALL
    )
    assert told == sorted(told)
    assert told[-1] == 1
    return folder


@pytest.fixture(scope="module")
def images(written):
    return {
        path.relative_to(written).with_suffix("").as_posix(): pydicom.dcmread(path)
        for path in written.glob("*/*")
    }


@pytest.fixture(scope="module")
def truth(written):
    found = json.loads((written.parent / "truth.json").read_text())
    assert found["generator"] == GENERATOR
    return {made["file"].removeprefix("dicom/").removesuffix(".dcm"): made for made in found["images"]}


@pytest.fixture(scope="module")
def shown(written, images, tmp_path_factory):
    """What the display pipeline makes of each file, with its own window."""
    from imagecodecs import png_decode

    out = {}
    for name in images:
        paths, _ = render(written / f"{name}.dcm", tmp_path_factory.mktemp("png"))
        out[name] = np.stack([png_decode(path.read_bytes()) for path in paths])
    return out


def test_two_studies_of_one_woman_a_year_apart(images):
    assert set(images) == {f"{e}/{v}" for e in ("current", "prior") for v in VIEWS} | {STACK, SYNTHETIC}
    assert {str(image.PatientName) for image in images.values()} == {"Phantom^Breast"}
    assert len({image.StudyInstanceUID for image in images.values()}) == 2
    assert len({image.SOPInstanceUID for image in images.values()}) == 10
    days = {name.split("/")[0]: int(image.StudyDate) for name, image in images.items()}
    assert days["current"] - days["prior"] == 9_999  # 6 January to 5 January of the next year


def test_side_view_and_orientation_are_told_the_standard_way(images):
    """PS3.3 C.7.6.1.1.1: the letters of columns, then of rows; view codes of CID 4014."""
    expected = {
        "current/RCC": ["P", "L"], "current/LCC": ["A", "R"],
        "current/RMLO": ["P", "FL"], "current/LMLO": ["A", "FR"],
        "prior/RCC": ["A", "L"], "prior/LCC": ["A", "R"],
        "prior/RMLO": ["A", "FL"], "prior/LMLO": ["A", "FR"],
    }  # fmt: skip
    for name, letters in expected.items():
        image = images[name]
        assert list(image.PatientOrientation) == letters
        assert image.ImageLaterality == name.split("/")[1][0]
        (code,) = image.ViewCodeSequence
        assert code.CodeValue == ("399162004" if name.endswith("CC") else "399368009")
        assert list(code.ViewModifierCodeSequence) == []
        assert image.SOPClassUID == DigitalMammographyXRayImageStorageForPresentation
        assert image.PresentationIntentType == "FOR PRESENTATION"


def test_the_chest_wall_is_where_the_orientation_says(images, shown):
    for name, image in images.items():
        if "tomo" in name:
            continue
        picture = shown[name][0]
        middle = picture[picture.shape[0] // 3 : 2 * picture.shape[0] // 3]
        wall = middle[:, -4:] if image.PatientOrientation[0] == "P" else middle[:, :4]
        air = middle[:, :4] if image.PatientOrientation[0] == "P" else middle[:, -4:]
        assert wall.mean() > 30
        assert air.max() <= 4


def test_both_vendors_show_the_same_breast(images, shown):
    """One inverted with a sigmoid, one linear with padding: the display makes the same greys of both."""
    for view in VIEWS:
        now, then = shown[f"current/{view}"][0], shown[f"prior/{view}"][0]
        assert abs(float(np.median(now[now > 20])) - float(np.median(then[then > 20]))) < 12


def test_the_vendors_differ_as_real_ones_do(images):
    one, other = images["current/RCC"], images["prior/RCC"]
    assert one.PhotometricInterpretation == "MONOCHROME1"
    assert one.PresentationLUTShape == "INVERSE"
    assert one.VOILUTFunction == "SIGMOID"
    assert [lut.LUTExplanation for lut in one.VOILUTSequence] == ["NORMAL", "HARDER", "SOFTER"]
    x = np.arange(4096)
    for lut, centre, width in zip(one.VOILUTSequence, one.WindowCenter, one.WindowWidth, strict=True):
        assert list(lut.LUTDescriptor) == [4096, 0, 12]
        curve = 4095 / (1 + np.exp(-4 * (x - float(centre)) / float(width)))
        np.testing.assert_allclose(lut.LUTData, curve, atol=0.51)
    assert other.PhotometricInterpretation == "MONOCHROME2"
    padded = other.pixel_array == other.PixelPaddingValue
    assert 0.2 < padded.mean() < 0.8
    assert PRIOR.shape == (5120, 4096)


def test_sizes_in_the_breast_follow_from_spacing_and_magnification(images):
    for name, image in images.items():
        if name in (STACK, SYNTHETIC):
            continue
        vendor = SMALL.current if name.startswith("current") else SMALL.prior
        factor = float(image.EstimatedRadiographicMagnificationFactor)
        assert factor == pytest.approx(
            float(image.DistanceSourceToDetector) / float(image.DistanceSourceToPatient), rel=1e-3
        )
        assert float(image.ImagerPixelSpacing[0]) / factor == pytest.approx(vendor.detector.pixel_mm)
        assert "PixelSpacing" not in image


def test_every_lesion_is_where_the_truth_says(images, truth, shown):
    assert set(truth) == set(images)
    for name, made in truth.items():
        assert made["sop_instance_uid"] == images[name].SOPInstanceUID
        for lesion in made["lesions"]:
            picture = shown[name][max(lesion["frame"] - 1, 0)].astype(float)
            row, column = round(lesion["row"]), round(lesion["column"])
            far = round(lesion["box"][2] - lesion["box"][0])
            ring = picture[row - far : row + far + 1, column - far : column + far + 1].mean()
            least = 8 if name.startswith("current") else 3  # a year before it was subtle
            if lesion["kind"] != "calcification cluster":  # its specks are smaller than these pixels
                assert picture[row - 1 : row + 2, column - 1 : column + 2].mean() > ring + least, (
                    name,
                    lesion,
                )
    kinds = {
        epoch: {
            (x["id"], x["kind"])
            for name, made in truth.items()
            if name.startswith(epoch)
            for x in made["lesions"]
        }
        for epoch in ("current", "prior")
    }
    assert kinds["current"] - kinds["prior"] == {("L3", "calcification cluster")}


def test_the_stack_lies_in_the_breast(images, truth, shown):
    image = images[STACK]
    assert image.SOPClassUID == BreastTomosynthesisImageStorage
    frames = image.PerFrameFunctionalGroupsSequence
    assert image.NumberOfFrames == len(frames) == len(shown[STACK]) > 40
    shared = image.SharedFunctionalGroupsSequence[0]
    assert shared.FrameAnatomySequence[0].FrameLaterality == "L"
    rows = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    forward, down = rows[:3], rows[3:]
    np.testing.assert_allclose(forward, [0, -1, 0])  # to the nipple
    assert down[0] < 0 and down[2] < 0  # towards the breastbone and the foot
    corners = np.array([f.PlanePositionSequence[0].ImagePositionPatient for f in frames], float)
    steps = np.diff(corners, axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-3)
    np.testing.assert_allclose(steps[0] / np.linalg.norm(steps[0]), np.cross(forward, down), atol=1e-3)
    thickness = float(shared.PixelMeasuresSequence[0].SpacingBetweenSlices)
    assert np.linalg.norm(steps[0]) == pytest.approx(thickness, abs=0.02)
    (mass,) = truth[STACK]["lesions"]
    row, column = round(mass["row"]), round(mass["column"])
    brightness = shown[STACK][:, row, column].astype(float)
    assert abs(int(brightness.argmax()) + 1 - mass["frame"]) < mass["diameter_mm"] / 2 + 1


def test_the_synthetic_picture_shows_the_stack_in_one(images, truth, shown):
    image, stack = images[SYNTHETIC], images[STACK]
    assert image.SOPClassUID == DigitalMammographyXRayImageStorageForPresentation
    assert list(image.ImageType) == ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]
    assert image.SourceImageSequence[0].ReferencedSOPInstanceUID == stack.SOPInstanceUID
    assert (image.Rows, image.Columns) == (stack.Rows, stack.Columns)
    size = float(image.ImagerPixelSpacing[0]) / float(image.EstimatedRadiographicMagnificationFactor)
    assert size == pytest.approx(SMALL.stack[1])
    assert image.PatientOrientation == images["current/LMLO"].PatientOrientation
    (flat,), slices = shown[SYNTHETIC].astype(float), shown[STACK].astype(float)
    assert np.corrcoef(flat.ravel(), slices.mean(axis=0).ravel())[0, 1] > 0.97
    ((mass,), (sharp,)) = (truth[name]["lesions"] for name in (SYNTHETIC, STACK))
    assert mass["frame"] == 0
    assert (mass["row"], mass["column"]) == (sharp["row"], sharp["column"])


def test_highdicom_reads_them_back(written, images, tmp_path):
    for name, image in images.items():
        read = highdicom.imread(written / f"{name}.dcm")
        frame = read.get_frame(1, apply_voi_transform=False, apply_presentation_lut=False, dtype=np.float64)
        stored = image.pixel_array if image.pixel_array.ndim == 2 else image.pixel_array[0]
        np.testing.assert_array_equal(frame, stored)
    volume = highdicom.imread(written / "current" / "LMLO_tomosynthesis.dcm").get_volume()
    assert volume.shape[1:] == SMALL.stack[0]


@pytest.mark.parametrize(
    "name", [f"{e}/{v}" for e in ("current", "prior") for v in VIEWS] + [STACK, SYNTHETIC]
)
def test_dciodvfy_finds_no_error(written, name):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    said = subprocess.run(
        ["dciodvfy", "-new", written / f"{name}.dcm"], capture_output=True, text=True, check=False
    )
    errors = [line for line in said.stderr.splitlines() if line.startswith("Error")]
    assert [line for line in errors if line not in NOT_KNOWN_TO_IT] == [], said.stderr


def test_it_is_made_once(written):
    home = written.parents[2]
    before = {path: path.stat().st_mtime_ns for path in written.glob("*/*")}
    assert write_mammography(home, plan=SMALL) == written
    assert {path: path.stat().st_mtime_ns for path in written.glob("*/*")} == before


def test_the_command_reads_both_studies_without_a_window(written, monkeypatch, capsys):
    monkeypatch.setenv("TANDEM_HOME", str(written.parents[2]))
    code = main(["demo", "--mammography", "--no-window"])
    assert code in (ExitCode.DONE, ExitCode.NOTHING_READ)  # as models for mammograms are installed or not
    said = capsys.readouterr().out
    assert "TANDEM-DEMO-MG 20260105" in said
    assert "TANDEM-DEMO-MG 20250106" in said
    assert (written.parents[1] / "read" / "findings.json").exists()


@pytest.mark.parametrize("epoch", ["current", "prior"])
def test_two_marks_tell_where_a_lesion_lies_in_the_breast_as_the_phantom_knows(hand, written, truth, epoch):
    hand.open(written / epoch)
    hand.turn(lambda: all(stack.complete for stack in hand.desk.pixels.stacks.values()))
    hand.paint()
    views = {hand.desk.views.display_set(v).instances[0].mammogram.name: v.id for v in hand.desk.views.hung}
    lesions = {m["id"]: m for m in truth[f"{epoch}/RCC"]["lesions"] + truth[f"{epoch}/LCC"]["lesions"]}
    for name, known in lesions.items():
        side = known["side"]
        for view in ("CC", "MLO"):
            at = next(m for m in truth[f"{epoch}/{side}{view}"]["lesions"] if m["id"] == name)
            hand.desk.pointer(views[f"{side} {view}"], None, (at["column"] + 0.5, at["row"] + 0.5))
            hand.press("M")
            if hand.state.question is not None:
                hand.desk.accept({})
        said = hand.desk.reading.own[-1].description
        assert said.of("region") == known["quadrant"].replace(" ", "_")
        assert abs(int(said.of("clock")) - known["clock"]) % 12 in (0, 1, 11)
        assert said.nipple_mm == pytest.approx(known["nipple_mm"], abs=6)  # the nipple is found to 4 mm here
