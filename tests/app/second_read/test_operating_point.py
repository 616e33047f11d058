"""The site's choice of the operating point: what is above it changes, what is kept does not."""

import msgspec
import pytest

from inference.bundle import load_bundle, save_bundle
from inference.protocol import OperatingPoint
from tests.app.second_read.studies import Volumes, display_set, study
from tests.inference.worker.jobs import bundle
from viewer.app import settings
from viewer.app.second_read.operating_point import with_choice
from viewer.app.second_read.study_read import read_study


@pytest.fixture
def two_points(tmp_path):
    """The tiny model (whose only candidate has .9) with a point that its candidate does not reach."""
    folder, made = bundle(tmp_path / "tiny")
    strict = OperatingPoint("strict", 0.95, 0.1, "false marks per litre")
    made = msgspec.structs.replace(made, operating_points=(*made.operating_points, strict))
    return [(folder, save_bundle(made, folder, card="# Tiny\n"))]


@pytest.fixture
def read(warm_pool, home, tmp_path, two_points):
    def at(points):
        bundles = with_choice(two_points, points)
        said = read_study(study(display_set()), Volumes(), bundles, warm_pool, out=tmp_path / "reads")
        return said.reads[0]

    return at


def test_a_stricter_point_keeps_the_candidate_below_it(read):
    before, after = read({}), read({"tiny": "strict", "other": "x"})
    assert [f.above_operating_point for f in before.findings] == [True]
    assert [f.above_operating_point for f in after.findings] == [False]
    assert (before.operating_point.name, after.operating_point.name) == ("balanced", "strict")
    assert after.findings[0].probability == before.findings[0].probability
    assert read({}).findings == before.findings


def test_a_point_that_the_model_does_not_have_is_not_run_and_says_which_it_has(read):
    said = read({"tiny": "loud"})
    assert said.status == "not_run"
    assert said.reason == "settings.toml chooses the operating point 'loud', this model has balanced, strict"


def test_the_choice_stands_in_the_settings(home):
    chosen = settings.Settings(reader="R", operating_points={"ct_lung_nodule": "sensitive"})
    settings.save(home, chosen)
    assert settings.load(home) == (chosen, "")
    (home / settings.NAME).write_text("operating_points = 3\n", encoding="utf-8")
    assert settings.load(home)[0].operating_points == {}


def test_a_bundle_on_disk_keeps_its_own_default(two_points):
    with_choice(two_points, {"tiny": "strict"})
    assert load_bundle(two_points[0][0]).default_operating_point == "balanced"
