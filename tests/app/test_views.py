from dataclasses import replace

import numpy as np
import pytest

from tests.app.second_read.studies import display_set
from viewer.app.display import Plane
from viewer.app.views import Views
from viewer.core.hanging.layout import LAYOUTS, layout
from viewer.core.hanging.protocol import Step, main_display_set

THREE = Step("lung", "Lung", "three", ("stack", "coronal", "sagittal"), "", pictures=("1", "1", "1"))


@pytest.fixture
def views():
    thick = display_set("1", shape=(24, 64, 64), between=2.0)
    thin = display_set("2", shape=(48, 64, 64), between=1.0)
    flat = display_set("3", shape=(1, 40, 50), geometry=False, modality="CR")
    out = Views()
    out.sets = {d.id: d for d in (thick, thin, flat)}
    out.hang(THREE, (None, None, None))
    return out


def shown(views):
    return [(v.display_set, v.plane, views.place(v)) for v in views.visible]


@pytest.mark.parametrize("one", LAYOUTS, ids=lambda one: one.id)
def test_a_layout_covers_the_area_once(one):
    area = np.zeros((240, 1376), int)
    for box in one.boxes:
        left, top = round(box.left * 1376), round(box.top * 240)
        right, bottom = round((box.left + box.width) * 1376), round((box.top + box.height) * 240)
        area[top:bottom, left:right] += 1
    assert (area == 1).all()


def test_a_display_set_opens_in_the_middle(views):
    assert shown(views)[0] == ("1", Plane.STACK, (12, 24))
    assert views.place(views.view("2"))[1] == 64


def test_another_series_of_the_same_frame_of_reference_opens_at_the_same_place(views):
    views.go_to("1", 3)
    views.set_layout(layout("1x2"), views.sets.values())
    views.drop("2", views.sets["2"], None)
    assert views.place(views.view("2")) == (6, 48)
    views.scroll("2", 4)
    assert views.place(views.view("1"))[0] == 5


def test_unlinked_series_scroll_by_themselves(views):
    views.set_layout(layout("1x2"), views.sets.values())
    views.drop("2", views.sets["2"], None)
    views.linked = False
    views.go_to("1", 3)
    assert views.place(views.view("2"))[0] == 24


def test_a_series_without_geometry_is_shown_as_a_stack_everywhere(views):
    views.drop("1", views.sets["3"], None)
    assert {(v.display_set, v.plane) for v in views.visible} == {("3", Plane.STACK)}
    assert views.point(views.view("1")) is None


def test_a_series_that_grows_stays_at_its_image(views):
    views.go_to("1", 20)
    old = views.sets["1"]
    origin = old.geometry.index_to_patient((-6, 0, 0)).tolist()
    grown = display_set("1", shape=(40, 64, 64), between=2.0)
    grown = replace(grown, geometry=replace(grown.geometry, origin_mm=tuple(origin)))
    views.renew(views.sets | {"1": grown})
    assert views.place(views.view("1")) == (26, 40)


def test_a_series_that_is_gone_leaves_its_viewports_empty(views):
    views.renew({"2": views.sets["2"]})
    assert {v.display_set for v in views.visible} == {""}


def test_maximising_keeps_the_hidden_viewports_in_step(views):
    views.maximise("1")
    assert [v.id for v in views.visible] == ["1"]
    views.go_to("1", 2)
    views.maximise("1")
    assert views.point(views.view("2"))[2] == pytest.approx(104)


def test_what_a_study_opens_with():
    from tests.app.second_read.studies import study

    localizer = display_set("1", shape=(2, 64, 64))
    volume = display_set("2", shape=(30, 64, 64))
    assert main_display_set(study(localizer, volume)).id == "2"
