"""Hostile input: every case of the shared set, and good files cut at ten places, from file to picture."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import shared_data
from viewer.app.loader import Loader
from viewer.app.render import picture
from viewer.app.resolve.mammograms import warnings as warnings_of_mammograms
from viewer.app.scan import ScanResult, scan
from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet

pytestmark = pytest.mark.timeout(30)

JUDGED_ELSEWHERE = {"sr", "pr", "documents"}
"""What these ask for comes with the parts that show them; here they must only end."""
HARMLESS = {"lengths/meta_group_length_wrong.dcm", "media/offset_beyond/DICOMDIR"}
"""Read rightly without a word: the length is advisory, and the offsets of a DICOMDIR are not used."""


def manifest() -> list[dict[str, str]]:
    default = Path(__file__).resolve().parents[4] / "shared" / "data"
    path = Path(os.environ.get("TANDEM_DATA", default)) / "hostile" / "manifest.json"
    return json.loads(path.read_text())["cases"] if path.exists() else []


@dataclass
class Outcome:
    """What a reader would see of a path."""

    result: ScanResult
    stacks: list[Stack]
    pictures: list[np.ndarray]

    @property
    def sets(self) -> list[DisplaySet]:
        return [s for study in self.result.studies for s in study.display_sets]

    @property
    def messages(self) -> list[str]:
        problems = [p for stack in self.stacks for p in stack.problems.values()]
        return [p.line() for p in (*self.result.not_loaded, *problems)]

    @property
    def warnings(self) -> set[str]:
        own = {w.kind for study in self.result.studies for w in study.warnings}
        mammograms = {w.kind for s in self.sets for w in warnings_of_mammograms(s)}
        return own | mammograms | {w.kind for s in self.sets for w in s.warnings}


@pytest.fixture(scope="module")
def loader():
    loader = Loader()
    yield loader
    loader.close()


def look_at(path: Path, loader: Loader) -> Outcome:
    result = scan([path])
    images = [s for study in result.studies for s in study.display_sets if s.kind == "image"]
    stacks = [loader.complete(s) for s in images]
    pictures = [picture(stack, int(k)) for stack in stacks for k in np.flatnonzero(stack.ready)]
    return Outcome(result, stacks, pictures)


@pytest.mark.parametrize("case", manifest() or [None], ids=lambda case: case["path"] if case else "absent")
def test_each_case_ends_as_its_manifest_says(case, loader, tmp_path):
    path = shared_data("hostile", case["path"] if case else "manifest.json")
    if path.suffix == ".tar":
        subprocess.run(["tar", "xf", str(path), "-C", str(tmp_path)], check=True)
        path = tmp_path
    seen = look_at(path, loader)
    judged_elsewhere = case["path"].split("/")[0] in JUDGED_ELSEWHERE
    if judged_elsewhere or case["class"] == "safe" or case["path"] in HARMLESS:
        return
    if case["class"] == "show":
        assert seen.pictures
    elif case["class"] == "refuse":
        assert not seen.pictures
        assert seen.messages
    else:
        assert seen.warnings or seen.messages
    for message in seen.messages:
        assert message.isprintable()


def outcome(name: str, loader: Loader) -> Outcome:
    return look_at(shared_data("hostile", name), loader)


@pytest.mark.parametrize(
    "name", ["zero", "negative", "tiny", "huge", "nan", "inf", "text", "one_value", "comma", "empty"]
)
def test_a_bad_pixel_size_leaves_the_image_without_millimetres(name, loader):
    seen = outcome(f"numbers/spacing_{name}.dcm", loader)
    (display_set,) = seen.sets
    assert display_set.geometry is None
    assert display_set.instances[0].spacing_mm is None
    assert seen.warnings


@pytest.mark.parametrize(
    "name", ["iop_zero", "iop_not_orthogonal", "iop_not_unit", "iop_nan", "iop_five", "ipp_two", "ipp_huge"]
)
def test_a_bad_place_leaves_the_image_without_planes(name, loader):
    seen = outcome(f"numbers/{name}.dcm", loader)
    (display_set,) = seen.sets
    assert display_set.geometry is None
    assert seen.pictures and seen.warnings


@pytest.mark.parametrize(
    "name", ["numbers/slope_zero", "numbers/slope_nan", "numbers/slope_huge", "numbers/slope_text",
             "missing/rescale"]
)  # fmt: skip
def test_without_a_believable_rescale_no_hu_is_claimed(name, loader):
    seen = outcome(f"{name}.dcm", loader)
    (display_set,) = seen.sets
    assert not display_set.has_hu
    assert seen.pictures and seen.warnings


@pytest.mark.parametrize(
    "name", ["width_0", "width_negative", "width_nan", "centre_only", "centre_inf", "width_huge"]
)
def test_an_unusable_window_gives_way_to_the_default_with_a_note(name, loader):
    seen = outcome(f"numbers/window_{name}.dcm", loader)
    assert (seen.stacks[0].own_voi(0).centre, seen.stacks[0].own_voi(0).width) == (40, 400)
    assert len(np.unique(seen.pictures[0])) > 2
    assert seen.warnings == {"header", "default_window"}


def test_a_window_of_width_one_is_a_threshold(loader):
    seen = outcome("numbers/window_width_1.dcm", loader)
    assert set(np.unique(seen.pictures[0])) == {0, 255}
    assert not seen.warnings


@pytest.mark.parametrize(
    ("name", "counts", "kinds"),
    [
        ("missing_slice", [7], {"missing_slices"}),
        ("irregular", [6], {"irregular_spacing"}),
        ("overlapping", [6], set()),
        ("two_thicknesses", [4, 2], {"two_thicknesses"}),
        ("duplicate_positions", [6], {"duplicate_positions"}),
        ("all_same_position", [6], {"duplicate_positions"}),
        ("descending", [6], set()),
        ("same_instance_number", [6], set()),
        ("instance_number_shuffled", [6], set()),
        ("tilt_15", [6], {"gantry_tilt"}),
        ("tilt_tag_contradicts", [6], {"tilt_tag"}),
        ("rows_differ", [3, 3], {"sizes_differ"}),
        ("spacing_differs", [3, 3], {"spacing_differs"}),
        ("slope_differs", [6], {"rescale_differs"}),
        ("mono1_mixed", [6], {"polarity_mixed"}),
        ("frame_of_reference_differs", [6], {"frame_of_reference_differs"}),
        ("orientation_flips", [3, 3], {"two_orientations"}),
        ("feet_first_prone", [6], set()),
        ("one_bad_slice", [6], {"missing_slices", "header"}),
    ],
)
def test_a_series_becomes_the_stacks_that_its_geometry_allows(name, counts, kinds, loader):
    seen = outcome(f"series/{name}.zip", loader)
    assert [s.count for s in seen.sets] == counts
    assert seen.warnings == kinds


@pytest.mark.parametrize(
    "name",
    ["irregular", "duplicate_positions", "all_same_position", "mono1_mixed", "frame_of_reference_differs"],
)
def test_what_is_no_volume_has_no_geometry(name, loader):
    assert [s.geometry for s in outcome(f"series/{name}.zip", loader).sets] == [None]


def test_a_bad_slice_is_missing_and_the_rest_stays(loader):
    seen = outcome("series/one_bad_slice.zip", loader)
    (stack,) = seen.stacks
    assert stack.display_set.missing == (3,)  # the third from the feet
    assert stack.ready.tolist() == [True, True, True, False, True, True]
    assert (stack.hu()[3] == -1024).all()


def test_each_slice_keeps_its_own_rescale(loader):
    stack = outcome("series/slope_differs.zip", loader).stacks[0]
    assert stack.modality_value(0, 0, 0) == stack.hu()[0, 0, 0]
    intercepts = {stack.instance(k).intercept for k in range(6)}
    assert intercepts == {-1024, 0}
    for k in range(6):
        stored = int(stack.codes[k, 3, 5])
        assert stack.hu()[k, 3, 5] == stored + stack.instance(k).intercept


def test_feet_first_prone_goes_by_orientation(loader):
    geometry = outcome("series/feet_first_prone.zip", loader).sets[0].geometry
    assert geometry.along_columns == (1, 0, 0) and geometry.along_rows == (0, -1, 0)
    assert np.allclose(geometry.along_slices, (0, 0, -1))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("same_sop_uid_different_pixels", {"same_uid_conflict", "header"}),
        ("same_sop_uid_same_file", set()),
        ("one_series_two_patients", {"two_patients"}),
        ("one_id_two_names", {"name_mismatch"}),
        ("same_series_uid_two_studies", {"series_in_two_studies"}),
    ],
)
def test_identities_are_never_mixed(name, kinds, loader):
    seen = outcome(f"identity/{name}.zip", loader)
    assert seen.warnings == kinds
    assert len(seen.sets) == (1 if name == "same_sop_uid_same_file" else 2)
    if "patients" in name or "names" in name:
        assert len({study.patient.key for study in seen.result.studies}) == 2


def test_texts_are_inert(loader):
    for path in sorted(shared_data("hostile", "text").glob("*.dcm")):
        for study in look_at(path, loader).result.studies:
            texts = [study.description, study.patient.name, study.patient.id]
            texts += [s.title for s in study.display_sets]
            assert all(text.isprintable() and len(text) <= 256 for text in texts)
            assert not any("\u202a" <= char <= "\u202e" for text in texts for char in text)


def test_nothing_is_written_outside_the_folder(loader):
    outcome("archives/path_traversal.zip", loader)
    assert not any(Path(p).exists() for p in ("/tmp/evil.dcm", "/tmp/evil_abs.dcm"))


def test_links_are_not_followed_and_odd_names_load(loader, tmp_path):
    archive = shared_data("hostile", "archives", "links_and_names.tar")
    subprocess.run(["tar", "xf", str(archive), "-C", str(tmp_path)], check=True)
    seen = look_at(tmp_path, loader)
    assert seen.result.files == 17
    assert len(seen.pictures) == 17
    assert sum("leads out" in message for message in seen.messages) >= 2
    assert all(message.isprintable() for message in seen.messages)


BOUNDED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from viewer.app.resolve.mammograms import warnings as warnings_of_mammograms
from viewer.app.scan import scan
for path in sys.argv[1:]:
    scan([Path(path)])
"""


def test_bombs_stay_below_a_gigabyte():
    paths = [str(shared_data("hostile", name)) for name in ("bombs", "archives", "luts", "lengths")]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", BOUNDED, *paths], check=True, timeout=25, env=environment)


GOOD = (
    "hostile/control/good_ct.dcm",
    "conformance/encodings/ct/ct_deflated.dcm",
    "conformance/encodings/ct/ct_rle.dcm",
    "conformance/encodings/ct/ct_j2k_lossless.dcm",
    "conformance/encodings/ct/ct_jpegls_lossless.dcm",
    "conformance/encodings/ct/ct_jpeg_lossless_sv1.dcm",
    "conformance/encodings/fragments/CT0012.not_fragmented_bot_jpeg_ls.80.dcm",
)


@pytest.mark.parametrize("name", GOOD)
def test_a_file_cut_anywhere_is_refused_or_whole(name, loader, tmp_path):
    whole = shared_data(*name.split("/"))
    expected = look_at(whole, loader).pictures
    data = whole.read_bytes()
    for tenth in range(10):
        cut = tmp_path / f"{tenth}.dcm"
        cut.write_bytes(data[: len(data) * tenth // 10 + (len(data) // 10 - 1)])
        seen = look_at(cut, loader)
        whole_frames = [any(np.array_equal(p, e) for e in expected) for p in seen.pictures]
        assert all(whole_frames)
        assert seen.messages or len(seen.pictures) == len(expected)
