"""What programs of others say of the objects: dciodvfy, dsrdump and PixelMed's check of the SR templates."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from inference.protocol import Measurement
from tests.core.report import made
from tests.core.report import made_breasts as breasts
from tests.validators import PIXELMED, dciodvfy_errors, needs, pixelmed_faults
from viewer.core.reading.description import Description
from viewer.core.reading.mask import pack
from viewer.core.reading.reading import Assessment, Stage
from viewer.core.report.cad_report import mammography_cad_sr
from viewer.core.report.key_objects import key_objects
from viewer.core.report.parametric_map import heat_map_object
from viewer.core.report.second_read import HeatPatch
from viewer.core.report.segmentation import nodule_seg, reader_seg
from viewer.core.report.source import source
from viewer.core.report.structured import model_sr, reader_sr

HEAT = HeatPatch(np.full((3, 5, 6), 0.7, np.float32), (2, 7, 9))


def _all_kinds():
    """One object of every kind, on the made series and on pydicom's own CT."""
    where = made.display_set(missing=(5,))
    there = [source(where)]
    read = made.second_read(where)
    model = model_sr(there, read)
    reader = reader_sr(there, made.reading(), [read], [model])
    silent = made.second_read(where, findings=(), masks={})
    nothing = made.reading(own=(), unaided=(), model=(), judgements={}, joined={}, signed_without=())
    small = made.ct_small()
    on_small = made.finding("R1", small.geometry.index_to_patient((0, 60, 60)), 9.0)
    moved = {
        "series_instance_uid": small.series_instance_uid,
        "frame_of_reference_uid": small.geometry.frame_of_reference_uid,
        "center_lps_mm": tuple(float(v) for v in small.geometry.index_to_patient((0, 60, 60))),
    }
    on_small = made.finding(
        "R1", moved["center_lps_mm"], 9.0, **{k: v for k, v in moved.items() if k != "center_lps_mm"}
    )
    of_model = replace(made.M1, **moved, long_axis=None, short_axis=None)
    mask = {of_model.tracking_uid: made.ball(small, of_model.center_lps_mm, 4.0)}
    read_small = made.second_read(small, findings=(of_model,), masks=mask)
    lossy = [source(made.display_set(lossy=True, transfer_syntax_uid="1.2.840.10008.1.2.4.91"))]
    return {
        "model": model,
        "reader": reader,
        "seg": nodule_seg(there[0], [made.M1, made.M3], read.masks, read, "Nodules accepted by the reader"),
        "heat_map": heat_map_object(there[0], made.M1, HEAT, read),
        "model_silent": model_sr(there, silent),
        "model_shift": model_sr(
            there, replace(read, measurements=(Measurement("midline shift", 6.75, 2.0, "R"),))
        ),
        "model_not_run": model_sr(there, replace(silent, status="not_run", reason="slices of 10 mm")),
        "reader_nothing": reader_sr(there, nothing, [silent]),
        "reader_draft": reader_sr(there, made.reading(stage=Stage.REVEALED, signed_at=""), [read]),
        "reader_amended": reader_sr(there, made.reading(amendments=("side",)), [read], [model], [reader]),
        "reader_short": reader_sr(
            there, made.reading(own=(made.R1,), model=(made.M1, made.M3)), [read], [model], [reader]
        ),
        "small_model": model_sr([source(small)], read_small),
        "small_reader": reader_sr(
            [source(small)], made.reading(own=(on_small,), model=(), judgements={}, joined={})
        ),
        "small_seg": nodule_seg(source(small), [of_model], mask, read_small, "Nodules"),
        "poor": model_sr(
            [source(made.display_set(patient_name="X", birth_date="00000000", patient_id=""))], silent
        ),
        "lossy_seg": nodule_seg(lossy[0], [made.M1], read.masks, read, "Nodules"),
    }


def _cad():
    """The same for workstations that only know CAD reports: every way in which a read may end."""
    views = [source(shown) for shown in breasts.exam()]
    silent = breasts.read(findings=())
    unread = frozenset((breasts.uid("LMLO"),))
    return {
        "cad": mammography_cad_sr(views, breasts.read(), [breasts.FAINT.tracking_uid]),
        "cad_silent": mammography_cad_sr(views, silent),
        "cad_not_run": mammography_cad_sr(views, replace(silent, status="not_run", reason="no breast")),
        "cad_failed": mammography_cad_sr(views, replace(silent, status="failed", reason="no memory")),
        "cad_partial": mammography_cad_sr(views, breasts.read(status="partial", lost=unread)),
    }


def _mammography():
    """Both reports of four views: as read, with nothing found, not run, unsure of a side, born on no day."""
    there = [source(d) for d in made.mammograms()]
    read = made.breast_read()
    model = model_sr(there, read)
    silent = made.breast_read(findings=(), suggestions={})
    clear = Assessment(density="a", categories={"R": "1", "L": "1"}, recall="no")
    nothing = made.breast_reading(
        own=(), unaided=(), model=(), judgements={}, joined={}, assessment=clear, category=None
    )
    unsure = made.on_views("R1", made.in_view(1, 50, 60), description=Description())
    born = [source(replace(d, instances=tuple(replace(i, birth_date="00000000") for i in d.instances)))
            for d in made.mammograms()]  # fmt: skip
    own_codes = Description(answers=(("kind", ("asymmetry",)), ("region", ("central",))))
    developing = made.on_views("R1", made.in_view(2, 5, 6), laterality="L", description=own_codes)
    return {
        "mg_model": model,
        "mg_reader": reader_sr(there, made.breast_reading(), [read], [model]),
        "mg_draft": reader_sr(there, made.breast_reading(stage=Stage.REVEALED, signed_at=""), [read]),
        "mg_model_silent": model_sr(there, silent),
        "mg_model_not_run": model_sr(there, replace(silent, status="not_run", reason="no bundle")),
        "mg_reader_nothing": reader_sr(there, nothing, [silent]),
        "mg_unsure": reader_sr(
            born,
            made.breast_reading(
                own=(unsure, replace(developing, name="R2", tracking_uid="2.25.4")), unaided=(), model=(),
                judgements={}, joined={}, sides={f"{made.MG}.1.1": "R"},
                assessment=Assessment(density="d", categories={"R": "6", "L": "4C"}, recall="no"),
            ),
        ),
    }  # fmt: skip


def _drawn_and_chosen():
    """What a reader drew, chose and outlined: in the patient, on an image without geometry, on frames."""
    where = made.display_set(missing=(5,))
    grid = where.geometry
    ball = made.ball(where, made.R2.center_lps_mm, 4.0)
    outlined = replace(made.R2, mask=pack(ball.voxels, ball.start, grid))
    lines = made.reading(**(made.PICTURED | {"own": (made.R1, outlined)}))
    flat = replace(made.display_set(spacing_mm=None), geometry=None)
    on_image = replace(made.D1, axis=((10.0, 10.0, 5.0), (13.0, 14.0, 5.0)))
    enhanced = {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2.1", "sop_instance_uid": "1.2.3.20", "frames": 12}
    frames = tuple(made.instance(k, frame=k, **enhanced) for k in range(12))
    on_frames = replace(made.display_set(), instances=frames)
    chosen = replace(made.K1, shows=made.shown(0, sop_instance_uid="1.2.3.20", frame=7))
    draft = {"stage": Stage.REVEALED, "signed_at": "", "signed_without": ()}
    return {
        "reader_drawn": reader_sr([source(where)], lines, [made.second_read(where)]),
        "reader_flat": reader_sr([source(flat)], made.reading(distances=(on_image,))),
        "ko": key_objects([source(made.display_set())], lines),
        "ko_draft": key_objects([source(where)], made.reading(key_images=(made.K2,), **draft)),
        "ko_frames": key_objects([source(on_frames)], made.reading(key_images=(chosen,))),
        "reader_seg": reader_seg(
            source(where), [outlined], {outlined.tracking_uid: ball}, "Nodules that the reader marked"
        ),
    }


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objects")
    for name, made_one in (_all_kinds() | _drawn_and_chosen() | _cad() | _mammography()).items():
        made_one.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    return sorted(folder.glob("*.dcm"))


def test_dciodvfy_finds_no_error(objects):
    needs("dciodvfy")
    for path in objects:
        assert dciodvfy_errors(path) == [], path.stem


def test_dsrdump_reads_every_report(objects):
    needs("dsrdump")
    for path in objects:
        if "seg" in path.stem or path.stem == "heat_map":
            continue  # no structured reports
        done = subprocess.run(["dsrdump", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{path.stem}: {done.stderr}"
        kind = "Key Object Selection Document" if "ko" in path.stem else "Comprehensive 3D SR Document"
        kind = "Mammography CAD SR Document" if "cad" in path.stem else kind
        assert kind in done.stdout
        assert "E:" not in done.stderr


@pytest.mark.timeout(600)  # its XPath takes 4 to 8 s of CPU a file, and the machine may be busy
def test_pixelmed_finds_no_fault_in_the_templates(objects):
    needs("java")
    if not PIXELMED.exists():
        pytest.skip("PixelMed's validator is not installed")
    for path in objects:
        template = {"small_model": "1500", "reader_short": "1500", "model_silent": "1500"}
        template |= {"model_shift": "1500"}
        template |= {"reader_drawn": "1500", "ko": "2010", "cad": "4000", "cad_failed": "4000"}
        template |= {"mg_model": "1500", "mg_reader": "1500"}
        if path.stem not in template:
            continue
        assert pixelmed_faults(path, template[path.stem]) == [], path.stem
