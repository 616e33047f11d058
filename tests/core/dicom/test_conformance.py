"""Public objects of all encodings: stored, modality and display values, against independent decoders."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut, pixel_array

from tests.conftest import shared_data
from viewer.app.loader import Loader
from viewer.app.scan import scan
from viewer.app.stack import Stack
from viewer.core.dicom.instance import Instance
from viewer.core.pixels.table import modality_table, presentation_table

pytestmark = pytest.mark.timeout(60)

LOSSY_12_BIT = {"ct_jpeg_extended_12bit.dcm", "CT0012.fragmented_no_bot_jpeg_baseline.51.dcm"}
"""Decoders may round differently by one."""


@pytest.fixture(scope="module")
def loader():
    loader = Loader()
    yield loader
    loader.close()


def entries():
    default = Path(__file__).resolve().parents[4] / "shared" / "data"
    path = Path(os.environ.get("TANDEM_DATA", default)) / "conformance" / "manifest.json"
    objects = json.loads(path.read_text())["objects"] if path.exists() else []
    return [e for e in objects if any("array_sha256_16" in o for o in e.get("objects", ()))]


def frames(path: Path, loader: Loader) -> dict[str, list[tuple[Instance, Stack, int]]]:
    """The frames of each member (or file) of `path`, in order."""
    out: dict[str, list[tuple[Instance, Stack, int]]] = {}
    for study in scan([path]).studies:
        for display_set in study.display_sets:
            if display_set.kind != "image":
                continue
            stack = loader.complete(display_set)
            assert not stack.problems
            for instance, slot in zip(display_set.instances, display_set.slots, strict=True):
                out.setdefault(instance.location.member or path.name, []).append((instance, stack, slot))
    return {name: sorted(found, key=lambda f: f[0].frame) for name, found in out.items()}


def stored(found: list[tuple[Instance, Stack, int]]) -> np.ndarray:
    codes = np.stack([stack.codes[slot] for _, stack, slot in found])
    values = codes.astype(np.int32) - (0x8000 if found[0][0].signed else 0)
    return values if len(found) > 1 else values[0]


@pytest.mark.parametrize("entry", entries() or [None], ids=lambda e: e["path"] if e else "absent")
def test_every_object_has_the_values_of_its_manifest(entry, loader):
    found = frames(shared_data("conformance", entry["path"] if entry else "manifest.json"), loader)
    for wanted in entry["objects"]:
        name = wanted["member"]
        if "array_sha256_16" not in wanted or name not in found:
            continue
        if found[name][0][1].rgb is None:
            check_hash(wanted, stored(found[name]))
            check_probes(wanted, found[name])
        elif wanted["array_shape"][-1] == 3 and wanted["PhotometricInterpretation"] == "RGB":
            check_hash(wanted, np.squeeze(np.stack([s.rgb[k] for _, s, k in found[name]])))


def test_one_colour_picture_is_the_same_in_all_its_encodings(loader):
    folder = shared_data("conformance", "encodings", "colour")
    found = {}
    for path in sorted(folder.glob("pattern_*")):
        found |= {name: stack.rgb[k].astype(int) for name, ((_, stack, k),) in frames(path, loader).items()}
    reference = found["TestPattern_RGB.dcm"]
    away = {name: np.abs(rgb - reference) for name, rgb in found.items()}
    assert away["pattern_JPEG-LS-Lossless.dcm"].max() == 0
    assert away["pattern_JPEG-LS-NearLossless.dcm"].max() <= 10
    assert max(a.mean() for a in away.values()) < 4  # lossy JPEG, and palettes of 256 colours
    assert np.array_equal(found["TestPattern_Palette.dcm"], found["TestPattern_Palette_16.dcm"])


def check_hash(wanted, values):
    if wanted["member"] in LOSSY_12_BIT:
        assert (
            wanted.get("stored_max", values.max()) - 1
            <= values.max()
            <= wanted.get("stored_max", values.max()) + 1
        )
        return
    array = np.ascontiguousarray(values.astype(np.dtype(wanted["array_dtype"]).newbyteorder("<")))
    assert hashlib.sha256(array.tobytes()).hexdigest()[:16] == wanted["array_sha256_16"]


def check_probes(wanted, found):
    instance, stack, slot = found[0]
    grey = stack.grey(slot)
    modality, display = modality_table(grey), presentation_table(grey)
    for row, column, value, modality_value, shown in wanted.get(
        "probes_row_col_stored_modality_display01", ()
    ):
        code = int(stack.codes[slot, row, column])
        assert code - (0x8000 if instance.signed else 0) == value
        assert modality[code] == pytest.approx(modality_value, rel=1e-6)
        assert display[code] == pytest.approx(shown, abs=1e-4)


def test_edge_letters_follow_from_the_orientation(loader):
    from viewer.core.dicom.planes import letters

    for entry in entries():
        found = frames(shared_data("conformance", entry["path"]), loader)
        for wanted in entry["objects"]:
            edges = wanted.get("edge_letters")
            instance = found.get(wanted["member"], [(None,)])[0][0]
            if not edges or instance is None or instance.orientation is None:
                continue
            o = instance.orientation
            assert letters(o[:3])[0] == edges["right"][0]
            assert letters(o[3:])[0] == edges["bottom"][0]


GREY = (
    "CT_small.dcm", "MR_small.dcm", "MR_small_implicit.dcm", "MR_small_expb.dcm", "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "image_dfl.dcm", "JPEG2000.dcm",
    "J2K_pixelrep_mismatch.dcm", "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "693_J2KI.dcm",
    "693_J2KR.dcm", "693_UNCR.dcm", "JPEG-LL.dcm", "JPGLosslessP14SV1_1s_1f_8b.dcm", "RG1_UNCR.dcm",
    "RG3_J2KR.dcm", "MR2_J2KR.dcm", "mlut_18.dcm", "vlut_04.dcm", "examples_overlay.dcm",
    "MR-SIEMENS-DICOM-WithOverlays.dcm", "eCT_Supplemental.dcm", "emri_small.dcm", "emri_small_RLE.dcm",
    "emri_small_big_endian.dcm", "emri_small_jpeg_2k_lossless.dcm", "emri_small_jpeg_ls_lossless.dcm",
    "explicit_VR-UN.dcm",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", GREY)
def test_grey_files_of_pydicom(name, loader):
    path = get_testdata_file(name, download=False)
    dataset = dcmread(path, force=True)
    (found,) = frames(Path(path), loader).values()
    reference = dataset.pixel_array
    assert np.array_equal(stored(found), reference.astype(np.int32))


COLOUR = (
    "SC_rgb.dcm", "SC_rgb_2frame.dcm", "SC_rgb_16bit.dcm", "SC_rgb_expb.dcm", "SC_rgb_rle.dcm",
    "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_2frame.dcm", "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_big_endian.dcm", "SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm",
    "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_gdcm_KY.dcm", "SC_rgb_jpeg_app14_dcmd.dcm", "SC_jpeg_no_color_transform.dcm",
    "SC_jpeg_no_color_transform_2.dcm", "SC_ybr_full_uncompressed.dcm", "SC_ybr_full_422_uncompressed.dcm",
    "examples_jpeg2k.dcm", "examples_rgb_color.dcm", "examples_ybr_color.dcm", "US1_UNCR.dcm", "US1_J2KR.dcm",
    "color-pl.dcm", "color-px.dcm",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", COLOUR)
def test_colour_files_of_pydicom(name, loader):
    path = get_testdata_file(name, download=False)
    (found,) = frames(Path(path), loader).values()
    rgb = np.squeeze(np.stack([stack.rgb[slot] for _, stack, slot in found]))
    reference = pixel_array(path)  # converts to RGB
    if reference.dtype == np.uint16:
        reference = np.rint(reference * (255 / 65535))
    assert np.abs(rgb.astype(int) - reference).max() <= 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["examples_palette.dcm", "OBXXXX1A.dcm", "gdcm-US-ALOKA-16.dcm"])
def test_palettes_of_pydicom(name, loader):
    path = get_testdata_file(name, download=False)
    dataset = dcmread(path)
    (found,) = frames(Path(path), loader).values()
    reference = apply_color_lut(dataset.pixel_array, dataset)
    reference = reference >> 8 if reference.max() > 255 else reference
    assert np.array_equal(found[0][1].rgb[found[0][2]], reference)


def test_big_endian_words_hold_the_same_picture(loader):
    for little, big in (("OBXXXX1A.dcm", "OBXXXX1A_expb.dcm"), ("SC_rgb_16bit.dcm", "SC_rgb_expb_16bit.dcm")):
        pictures = [
            stack.rgb[slot]
            for name in (little, big)
            for found in frames(Path(get_testdata_file(name, download=False)), loader).values()
            for _, stack, slot in found
        ]
        assert np.array_equal(*pictures)
