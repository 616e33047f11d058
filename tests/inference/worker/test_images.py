"""Mammograms through the project's own worker, process and all: what it reads, and what it refuses."""

import itertools
import math
import sys

import numpy as np
import pytest

from inference.cases import Plane
from inference.protocol import Analyse, ArrayRef, Done, Failed, ImageInput
from tests.inference import breasts
from tests.inference.worker.conftest import Pipes
from tests.inference.worker.jobs import job as volume_job

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder, bundle = breasts.bundle(tmp_path_factory.mktemp("bundle"))
    pipes = Pipes((sys.executable, "-m", "inference.worker", "--device", "cpu"))
    pipes.hear()
    pipes.bundle = (str(folder), bundle.sha256)
    yield pipes
    pipes.close()


def image(folder, view, *, pixels=None, dtype=None, shape=None, plane="own"):
    """An `ImageInput`; keywords bend it out of shape."""
    pixels = view.pixels if pixels is None else pixels
    path = folder / f"{next(numbers)}.npy"
    np.save(path, pixels)
    shape = tuple(pixels.shape) if shape is None else shape
    own = Plane((breasts.MM, breasts.MM), (*shape, 1)[:2])
    return ImageInput(
        sop_instance_uid=view.image,
        array=ArrayRef(path=str(path), dtype=dtype or str(pixels.dtype), shape=shape),
        plane=own if plane == "own" else plane,
        laterality=view.laterality,
        view=view.view,
        patient_orientation=view.patient_orientation,
    )


def job(reader, folder, *images):
    out = folder / f"out{next(numbers)}"
    out.mkdir()
    path, sha256 = reader.bundle
    return Analyse(job=out.name, bundle=path, bundle_sha256=sha256, inputs=(), images=images, out=str(out))


def read(reader, request):
    reader.say(request)
    return reader.hear_until(Done, Failed)


def test_four_views_are_read(reader, tmp_path):
    views = breasts.exam().views
    done = read(reader, job(reader, tmp_path, *(image(tmp_path, v) for v in views)))
    assert (done.status, done.reason, done.skipped_images) == ("done", None, ())
    assert {p.sop_instance_uid for c in done.candidates for p in c.places} == {v.image for v in views}
    assert all(c.center_lps_mm is None for c in done.candidates)


HUGE = (200_000, 200_000)
BAD = {
    "empty": ({"pixels": np.empty((0, 5), np.uint16)}, "0 x 5 pixels"),
    "not a number": ({"pixels": np.full((300, 300), np.nan, np.float32)}, "float32 found, uint16"),
    "8 bits": ({"pixels": np.zeros((300, 300), np.uint8)}, "uint8 found, uint16"),
    "a volume": ({"pixels": np.zeros((2, 300, 300), np.uint16)}, "two sides"),
    "other shape": ({"shape": (600, 361)}, "holds uint16"),
    "other type": ({"pixels": np.zeros((300, 300), np.int32), "dtype": "uint16"}, "holds int32"),
    "huge": ({"shape": HUGE}, "too large"),
    "no size": ({"plane": None}, "size of its pixels is unknown"),
    "other plane": ({"plane": Plane((0.3, 0.3), (5, 5))}, "its plane says 5 x 5"),
    "metres": ({"plane": Plane((300.0, 0.3), breasts.SHAPE)}, "pixels of 300 x 0.3 mm"),
    "one pixel": ({"pixels": np.ones((1, 1), np.uint16)}, "no breast"),
}


def test_an_image_that_cannot_be_read_costs_only_itself(reader, tmp_path):
    good, bad = breasts.view("L", "MLO"), breasts.view("L", "CC")
    for name, (bent, words) in BAD.items():
        done = read(reader, job(reader, tmp_path, image(tmp_path, bad, **bent), image(tmp_path, good)))
        assert isinstance(done, Done), (name, done)
        assert done.status == "partial", name
        assert [s.sop_instance_uid for s in done.skipped_images] == [bad.image], name
        assert words in done.skipped_images[0].reason, name
        assert done.candidates, name


def test_a_pixel_size_that_is_no_number_gets_a_sentence_for_the_reader(reader, tmp_path):
    view = breasts.view("L", "CC")
    bent = image(tmp_path, view, plane=Plane((0.3, math.nan), breasts.SHAPE))
    assert read(reader, job(reader, tmp_path, bent)).error == (
        f"image {view.image}: pixels of 0.3 x nan mm found, 0.005 to 2 mm allowed; "
        "correct its header, then read it again"
    )


def test_where_no_image_can_be_read_nothing_was_run(reader, tmp_path):
    done = read(reader, job(reader, tmp_path, image(tmp_path, breasts.view("L", "CC"), plane=None)))
    assert (done.status, len(done.skipped_images)) == ("not_run", 1)
    assert done.candidates == ()


def test_a_volume_is_refused_by_a_model_of_images(reader, tmp_path):
    path, sha256 = reader.bundle
    one = volume_job(tmp_path)
    bent = Analyse(job="v", bundle=path, bundle_sha256=sha256, inputs=one.inputs, out=one.out)
    done = read(reader, bent)
    assert (done.status, done.reason) == ("not_run", "a volume found, this model reads mammograms")
    both = job(reader, tmp_path, image(tmp_path, breasts.view("L", "CC")))
    both = Analyse(
        job="b", bundle=path, bundle_sha256=sha256, inputs=one.inputs, images=both.images, out=one.out
    )
    assert "1 series and 1 images found" in read(reader, both).error
