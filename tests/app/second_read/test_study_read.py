"""`read_study` with a real worker: what is read, what is said, what is kept."""

import os
import threading

import numpy as np
import pytest

from inference.cases import Vector
from tests.app.second_read.studies import (
    LESION,
    Volumes,
    body,
    display_set,
    stack_of,
    study,
    unreadable,
)
from tests.inference.worker.jobs import bundle
from viewer.app.second_read.asking import ReadCancelled, header_fields
from viewer.app.second_read.handover import MEMORY, PREFIX
from viewer.app.second_read.model_read import voxels
from viewer.app.second_read.study_read import read_study
from viewer.core.reading.finding import Author, Texture


def center(images) -> Vector:
    return tuple(images.geometry.index_to_patient(LESION).tolist())


@pytest.fixture
def tiny(tmp_path):
    return [bundle(tmp_path / "tiny")]


@pytest.fixture
def read(warm_pool, tiny, home, tmp_path):
    """`read_study` on some series with the tiny model."""

    def run(*sets, volumes=None, **more):
        volumes = volumes or Volumes()
        return read_study(study(*sets), volumes, tiny, warm_pool, out=tmp_path / "reads", **more)

    return run


def test_a_finding_lies_where_the_lesion_is(read):
    images = display_set()
    said = read(images)
    assert (said.study_instance_uid, said.patient_id) == ("1.2.9", "P-1")
    (model,) = said.reads
    assert (model.status, model.device, model.operating_point.name) == ("done", "cpu", "balanced")
    (finding,) = model.findings
    assert finding.center_lps_mm == center(images)
    assert (finding.name, finding.author, finding.label) == ("M1", Author.MODEL, "lung nodule")
    assert finding.frame_of_reference_uid == images.geometry.frame_of_reference_uid
    assert finding.long_axis_mm == pytest.approx(10)
    assert finding.texture is Texture.SOLID and finding.suggested == (Texture.PART_SOLID, 0.7)
    assert model.laterality == {finding.tracking_uid: "L"}
    assert model.scores == ()  # it speaks of places alone
    assert voxels(model.candidates[finding.tracking_uid].mask).shape == (2, 2, 2)


def test_a_second_read_of_the_same_images_is_the_first_one(read):
    volumes = Volumes()
    first, second = (read(display_set(), volumes=volumes) for _ in range(2))
    assert second == first
    assert volumes.asked == ["1"]


def test_other_images_are_read_anew(warm_pool, tiny, home, tmp_path):
    volumes = Volumes()
    for fingerprint in ("one", "two"):
        grown = study(display_set(), fingerprint=fingerprint)
        read_study(grown, volumes, tiny, warm_pool, out=tmp_path / "reads")
    assert len(volumes.asked) == 2


def test_a_changed_threshold_is_read_anew(read, tiny):
    volumes = Volumes()
    read(display_set(), volumes=volumes)
    (tiny[0][0] / "model.toml").write_text("id = 'tiny' # another threshold")
    read(display_set(), volumes=volumes)
    assert len(volumes.asked) == 2


def test_a_damaged_file_of_an_earlier_read_is_read_anew(read, tmp_path):
    first = read(display_set())
    (kept,) = (tmp_path / "reads").iterdir()
    (kept / "read.json").write_text('{"status": "do')
    second = read(display_set())
    assert second.reads[0].findings == first.reads[0].findings


def test_series_that_are_not_read_are_named_with_the_reason(read):
    sets = (
        display_set("1", image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")),
        display_set("2", between=5, thickness=5),
        display_set("3"),
    )
    said = read(*sets).reads[0].inputs
    assert [(i.series_instance_uid, i.status, i.reason) for i in said] == [
        ("1.2.9.1", "skipped", "a localizer"),
        ("1.2.9.2", "skipped", "not needed: series 3 was read"),
        ("1.2.9.3", "read", None),
    ]


def test_nothing_that_suits_is_not_run_with_the_reason(read):
    model = read(display_set("1", modality="MR")).reads[0]
    assert model.status == "not_run"
    assert model.reason == "no model reads this study: its images are MR, the models read CT"
    assert model.other_kind
    assert read().reads[0].reason == "there are no images in this study"


def test_a_series_that_cannot_be_decoded_is_not_run(read):
    model = read(display_set(), volumes=unreadable).reads[0]
    assert (model.status, model.reason) == ("not_run", "no series suits this model: the image has no rows")


def test_a_broken_slice_makes_the_read_partial(read):
    images = display_set()
    model = read(images, volumes=Volumes(s1=stack_of(images, broken=(4,)))).reads[0]
    assert (model.status, model.reason) == ("partial", "without 1 of 24 slices of series 1")
    assert len(model.findings) == 1


def test_too_many_broken_slices_are_not_read(read):
    images = display_set()
    model = read(images, volumes=Volumes(s1=stack_of(images, broken=range(8)))).reads[0]
    assert model.status == "not_run"
    assert "8 of 24 slices cannot be read: it is truncated" in model.reason


def misbehave(do, **more):
    """Header fields reach the tiny model: the manufacturer tells it what to do."""
    return display_set(contrast=do, **more)


@pytest.fixture
def told(monkeypatch):
    """The contrast agent tells the tiny model what to do, the body part how many candidates to name."""

    def fields(instance):
        return header_fields(instance) | {
            "do": instance.contrast,
            "candidates": instance.body_part or "1",
            "marker": instance.protocol,
        }

    monkeypatch.setattr("viewer.app.second_read.series_read.header_fields", fields)


def test_a_model_that_breaks_is_failed_with_one_line_and_not_kept(read, told):
    volumes = Volumes()
    for _ in range(2):
        model = read(display_set(contrast="break"), volumes=volumes).reads[0]
        assert (model.status, model.findings) == ("failed", ())
        assert model.reason == "the model broke off: ValueError: a surprise"
    assert len(volumes.asked) == 2


def test_a_series_without_lung_gives_way_to_the_next(read, told):
    sets = (display_set("1", contrast="not run"), display_set("2", between=3, thickness=3))
    model = read(*sets).reads[0]
    assert model.status == "done"
    assert model.inputs[0].reason == "no lung found in this series"
    assert model.inputs[1].status == "read"


def test_a_worker_that_dies_is_retried(read, told, tmp_path):
    model = read(display_set(contrast="die once", protocol=str(tmp_path / "died"))).reads[0]
    assert model.status == "done"


def test_all_candidates_are_kept_most_probable_first(read, told):
    model = read(display_set(body_part="120")).reads[0]
    assert len(model.findings) == 120
    assert model.findings[0].probability > model.findings[-1].probability
    assert [f.above_operating_point for f in model.findings[:3]] == [True, False, False]
    assert [f.name for f in model.findings[:2]] == ["M1", "M2"]


def test_a_read_can_be_cancelled_and_leaves_nothing(read, told, tmp_path):
    begun = threading.Event()

    def progress(done, doing):
        if doing == "still looking":
            begun.set()

    with pytest.raises(ReadCancelled):
        read(display_set(contrast="long"), progress=progress, cancelled=begun.is_set)
    assert list((tmp_path / "reads").iterdir()) == []


def test_what_a_report_raises_ends_the_read(read, told, warm_pool):
    class Stopped(Exception):
        pass

    def progress(done, doing):
        if doing == "still looking":
            raise Stopped

    with pytest.raises(Stopped):
        read(display_set(contrast="long"), progress=progress)
    assert read(display_set("2")).reads[0].status == "done"


def test_progress_is_told_on_the_callers_thread_and_grows(read):
    told = []
    read(display_set(), progress=lambda done, doing: told.append((threading.current_thread(), done)))
    assert {thread for thread, _ in told} == {threading.current_thread()}
    shares = [done for _, done in told]
    assert shares == sorted(shares)


def test_pixels_are_handed_over_in_private_and_removed(read, tmp_path):
    read(display_set())
    own = f"{PREFIX}{os.getpid()}-*"
    assert not [*MEMORY.glob(own), *(tmp_path / "reads").glob(own)]


def test_no_name_of_a_patient_reaches_a_model():
    sent = header_fields(display_set(patient_id="P-1", institution="Ward").instances[0])
    assert sent["ConvolutionKernel"] == "B30f"
    assert not {"Doe^Jane", "P-1", "Ward"} & set(sent.values())


def test_warnings_of_the_study_come_along(read):
    assert [w.kind for w in read(display_set()).warnings] == ["two_patients"]


def test_every_model_reads(warm_pool, home, tmp_path):
    bundles = [bundle(tmp_path / "one"), bundle(tmp_path / "two", max_slice_mm=1.0)]
    said = read_study(study(display_set()), Volumes(), bundles, warm_pool, out=tmp_path / "reads")
    assert [model.status for model in said.reads] == ["done", "not_run"]


def test_the_volume_that_the_model_sees_is_the_one_on_screen(read, monkeypatch):
    """Feet-first, with a gap: the brightest voxel still lies where the geometry says."""
    axes = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    images = display_set(axes=axes, missing=(3, 4))
    hu = body()
    hu[[3, 4]] = 3000
    model = read(images, volumes=Volumes(s1=stack_of(images, hu))).reads[0]
    assert model.findings[0].center_lps_mm == center(images)
    assert model.status == "partial"
    assert np.array(model.findings[0].center_lps_mm)[2] < images.geometry.origin_mm[2]
