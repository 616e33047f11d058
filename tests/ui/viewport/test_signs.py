"""Each type of lesion has a sign of its own at its mark, in both backends, whoever made the mark."""

from itertools import combinations

import numpy as np
import pytest

from tests.ui.viewport.scenes import ct, flat, mark, state
from viewer.core.reading.lesions import LesionType

CENTRE = (100.0, 80.0, 0.0)
KINDS = (None, *LesionType)


def shown(make, author):
    """What is drawn over a black image for a mark of each type, (rows, columns) of brightness."""
    viewport = make(400, 320)
    stack, out = ct(flat(1, 160, 200, hu=-1000), spacing=(2.0, 1.0, 1.0)), {}
    for kind in KINDS:
        marks = (mark(CENTRE, author=author, name="", lesion=kind),)
        viewport.show_state(state(marks=marks), stack)
        out[kind] = viewport.grab_rgb().max(axis=-1).astype(int)
    return out


@pytest.mark.parametrize("author", ["reader", "model", "joined"])
def test_types_are_told_apart_by_shape(make, author):
    drawn = shown(make, author)
    for one, other in combinations(KINDS, 2):
        differing = (np.abs(drawn[one] - drawn[other]) > 60).sum()
        assert differing > 12, f"{one} looks like {other}"


@pytest.mark.parametrize("kind", LesionType)
def test_the_sign_stands_at_the_upper_edge_and_off_the_lesion(make, kind):
    drawn = shown(make, "model")
    rows, columns = np.nonzero(np.abs(drawn[kind] - drawn[None]) > 60)
    assert np.median(columns) == pytest.approx(200, abs=2)  # the lesion: radius 10 round (200, 160)
    assert rows.max() < 160 - 10
    assert rows.min() > 160 - 10 - 40
