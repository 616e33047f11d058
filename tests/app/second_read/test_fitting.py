"""Which models a study is offered to: by modality and part of the body, as the shipped models name theirs."""

import pytest

from inference.bundle import installed_bundles
from inference.input_contract import WORDS, parts_named
from tests.app.second_read.studies import Volumes, display_set, study
from tests.inference.worker.jobs import bundle
from viewer.app.second_read.fitting import fits
from viewer.app.second_read.study_read import read_study

HEAD, LUNG, BREAST = "ct_head_haemorrhage", "ct_lung_nodule", "mg_lesion"


def asked(*sets):
    return {model.id for _, model in installed_bundles() if fits(model, study(*sets))}


@pytest.mark.parametrize(
    ("examined", "models"),
    [
        ("CHEST", {LUNG}),
        ("Thorax", {LUNG}),
        ("ABDOMENPELVIS", {LUNG}),
        ("HEAD", {HEAD}),
        ("SKULL ", {HEAD}),
        ("HEADNECK", {HEAD, LUNG}),
        ("WHOLEBODY", {HEAD, LUNG}),
        ("FOOT", set()),
        ("PELVIS", set()),
        ("", {HEAD, LUNG}),
        ("SPECIAL", {HEAD, LUNG}),
    ],
)
def test_a_model_of_another_part_of_the_body_is_not_asked(examined, models):
    assert asked(display_set(body_part=examined)) == models


@pytest.mark.parametrize("part", WORDS)
def test_every_part_is_told_by_its_own_words(part):
    assert all(part in parts_named(word) for word in WORDS[part])


def test_parts_are_told_apart_where_one_word_lies_in_another():
    assert parts_named("HEART") == {"chest"}
    assert parts_named("HUMERUS") == parts_named("FOREARM") == {"limbs"}
    assert parts_named("C-SPINE") == {"neck"}
    assert parts_named("UNKNOWN") == frozenset()


def test_a_study_of_two_parts_is_for_both_models():
    assert asked(display_set("1", body_part="CHEST"), display_set("2", body_part="HEAD")) == {HEAD, LUNG}


def test_a_page_of_doses_beside_a_chest_is_no_head():
    page = display_set("2", shape=(1, 64, 64), geometry=False)
    assert asked(display_set("1", body_part="CHEST"), page) == {LUNG}
    assert asked(display_set("1", body_part="CHEST"), display_set("2")) == {HEAD, LUNG}


def test_a_head_of_thick_slices_is_for_the_head_model_which_then_says_why_not():
    assert asked(display_set(body_part="HEAD", thickness=9.0)) == {HEAD}
    assert HEAD in asked(display_set(thickness=9.0))


@pytest.fixture
def read(warm_pool, home, tmp_path):
    """`read_study` with a model for heads and one for chests."""
    tiny = [bundle(tmp_path / part, body_parts=(part,)) for part in ("head", "chest")]

    def run(*sets):
        return read_study(study(*sets), Volumes(), tiny, warm_pool, out=tmp_path / "reads").reads

    return run


def test_only_the_model_of_the_part_speaks(read):
    (only,) = read(display_set(body_part="CHEST"))
    assert only.status == "done" and not only.other_kind


def test_where_no_model_reads_the_part_it_is_said(read):
    said = read(display_set(body_part="FOOT"))
    assert {(model.status, model.other_kind) for model in said} == {("not_run", True)}
    assert {model.reason for model in said} == {
        "no model reads this study: its images are CT of FOOT, the models read CT of chest; CT of head"
    }


def test_a_series_of_another_part_is_named_with_the_reason(read):
    said = read(display_set("1", body_part="CHEST"), display_set("2", body_part="FOOT"))
    reasons = [(i.series_instance_uid, i.status, i.reason) for model in said for i in model.inputs]
    assert reasons == [
        ("1.2.9.1", "read", None),
        ("1.2.9.2", "skipped", "body part FOOT, the model reads chest"),
    ]
