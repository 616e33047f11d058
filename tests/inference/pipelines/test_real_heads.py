"""The shipped haemorrhage bundle on real head CT that it never learnt from, and was never tuned on."""

import json
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import pydicom

from inference.bundle import load_bundle
from inference.cases import Case, Grid
from inference.pipelines import load
from inference.pipelines.bleeds import HOT, cell_centre, find_bleeds
from inference.pipelines.haemorrhage import HaemorrhageReader
from inference.training.head.out_of_fold import fold_of
from tests.conftest import shared_data

FOLD_OF_91 = 0
BLEEDING_SLICES_OF_91 = range(15, 22)


@cache
def reader() -> HaemorrhageReader:
    with as_file(files("resources") / "models" / "ct_head_haemorrhage") as folder:
        return load(load_bundle(folder), folder, "cpu")


def volume(folder, keep=lambda _instance: True):
    """The slices of a folder, by position, as a case; those of another distance left to another case."""
    found = [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    found = sorted((d for d in found if keep(d)), key=lambda d: float(d.ImagePositionPatient[2]))
    hu = [d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in found]
    first, orientation = found[0], np.array(found[0].ImageOrientationPatient, float)
    start = np.array(first.ImagePositionPatient, float)
    along, step = np.cross(orientation[:3], orientation[3:]), 5.0
    if len(found) > 1:
        along = np.array(found[1].ImagePositionPatient, float) - start
        step = float(np.linalg.norm(along))
        along = along / step
    axes = tuple(tuple(axis.tolist()) for axis in (along, orientation[3:], orientation[:3]))
    spacing = (step, *(float(v) for v in first.PixelSpacing))
    grid = Grid(tuple(start.tolist()), axes, spacing, (len(hu), first.Rows, first.Columns))
    return Case(np.stack(hu).clip(-1024, 3000).astype(np.int16), grid, meta={"Modality": "CT"})


def test_the_large_bleed_of_cq500_is_sure_and_the_heat_lies_in_its_boxes():
    folder = shared_data("ct_head", "dicom", "cq500_ct1_slice21_ich")
    looked = reader().look(volume(folder), lambda _done, _doing: None)
    assert reader().bundle.calibration(looked.scores[0]) >= 0.9
    boxes = json.loads((folder / "bhx_boxes.json").read_text())["boxes"]
    peak = find_bleeds(looked.heat)[0].peak[1:]
    assert inside(looked, [peak], [b for b in boxes if b["label"] == "Intraparenchymal"]).all()
    hot = np.argwhere(looked.heat[0] > HOT)
    assert inside(looked, hot, boxes).mean() >= 0.8


def inside(looked, cells, boxes):
    at = np.array([cell_centre(row, column) for row, column in cells])
    rows, columns = looked.stack.to_volume(looked.head.upright.to_picture(at)).T
    return np.any(
        [
            (columns >= b["x"])
            & (columns <= b["x"] + b["width"])
            & (rows >= b["y"])
            & (rows <= b["y"] + b["height"])
            for b in boxes
        ],
        axis=0,
    )


def test_the_networks_that_did_not_see_patient_91_peak_on_a_slice_that_bleeds():
    case = volume(shared_data("ct_head", "dicom", "ctich091_ich_derived"))
    whole = reader()
    names = [name for name in whole.bundle.architecture if fold_of(name) == FOLD_OF_91]
    unseen = [whole.networks[list(whole.bundle.architecture).index(name)] for name in names]
    looked = HaemorrhageReader(whole.bundle, unseen, "cpu").look(case, lambda _done, _doing: None)
    assert int(looked.scores.argmax()) + 1 in BLEEDING_SLICES_OF_91


def test_a_tilted_head_with_an_old_infarct_is_not_flagged_and_its_7_mm_slices_are_not_read(tmp_path):
    folder = shared_data("ct_head", "dicom", "ge_tilt_variable_spacing")
    thick = volume(folder, lambda d: float(d.SliceThickness) > 5)
    found = reader().read(thick, tmp_path, lambda _done, _doing: None)
    assert found.status == "not_run" and "7.38 mm" in found.reason
    case = volume(folder, lambda d: float(d.SliceThickness) < 5)
    found = reader().read(case, tmp_path, lambda _done, _doing: None)
    (study,) = (s.probability for s in found.scores if s.level == "study")
    assert study < reader().bundle.operating_point.threshold
    assert not any(c.above_operating_point for c in found.candidates)
