"""The probes of public objects on screen, in both backends: the whole way from file to pixel."""

import json

import numpy as np
import pytest

from tests.conftest import shared_data
from tests.ui.viewport.scenes import state
from viewer.app.loader import Loader
from viewer.app.scan import scan
from viewer.app.views import View
from viewer.app.windows import in_force

PROBES = "probes_row_col_stored_modality_display01"
SMALLEST, LARGEST = 200, 600
"""Rows and columns: nothing lies over the probes, and it fits on a small screen."""


@pytest.fixture(scope="module")
def loader():
    loader = Loader()
    yield loader
    loader.close()


def probed():
    """(path, object) of each object with probes of a handy size."""
    objects = json.loads(shared_data("conformance", "manifest.json").read_text())["objects"]
    for entry in objects:
        for one in entry["objects"]:
            if PROBES in one and SMALLEST <= min(one["rows"], one["columns"]) <= LARGEST:
                yield entry["path"], one


def first_frame(path, member, loader):
    for study in scan([path]).studies:
        for display_set in study.display_sets:
            if display_set.kind != "image":
                continue
            for instance, slot in zip(display_set.instances, display_set.slots, strict=True):
                if (instance.location.member or path.name) == member and instance.frame == 0:
                    return loader.complete(display_set), slot
    return None


def test_every_probe_is_the_grey_of_its_manifest_on_screen(make, loader):
    viewport, seen = make(), 0
    for path, wanted in probed():
        found = first_frame(shared_data("conformance", path), wanted["member"], loader)
        if found is None:
            continue
        stack, slot = found
        viewport.resize(wanted["columns"], wanted["rows"])
        window = in_force(View("1"), stack, slot)
        shown = state(
            display_set=stack.display_set.id, index=slot, count=stack.display_set.count, window=window
        )
        viewport.show_state(shown, stack)
        if not viewport.placement().exact:
            continue
        picture = viewport.grab_rgb().astype(int)
        for row, column, *_, display in wanted[PROBES]:
            assert np.abs(picture[row, column] - display * 255).max() <= 1, (path, row, column)
            seen += 1
    assert seen > 100
