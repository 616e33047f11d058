"""A screening examination in the real window with a real worker: sealed, revealed on its views, judged."""

import numpy as np
import pytest

from tests.app.second_read.mammograms import write_exam
from tests.inference import breasts
from tests.ui.windows import Hand
from viewer.app.second_read import sealed
from viewer.core.reading.reading import Stage, Verdict
from viewer.ui import theme

READ_SEALED = sealed.read_sealed
"""The real one: for other windows of these tests another stands in its place."""

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def hand(home, tmp_path, monkeypatch):
    model = breasts.bundle(home / "models" / "tiny_mg")
    monkeypatch.setattr(sealed, "read_sealed", READ_SEALED)
    monkeypatch.setattr("inference.bundle.installed_bundles", lambda extra: (model,))
    made = Hand(home)
    made.desk.open_paths([write_exam(tmp_path / "exam")])
    made.until(lambda: made.desk.first_image_shown)
    made.until(lambda: made.desk.second.kind != "waiting", seconds=120)
    yield made
    made.close()


def model_colour(hand):
    """Pixels in the colour of the model on each visible viewport, by the title of its image."""
    colour = theme.colour("model")
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    out = {}
    for view in hand.desk.views.visible:
        pixels = hand.viewport(view.id).grab_rgb().astype(int)
        shown = hand.desk.views.display_set(view)
        out[shown.instances[0].mammogram.name] = int((np.abs(pixels - wanted).max(axis=-1) < 24).sum())
    return out


def test_the_marks_of_the_second_reader_appear_on_their_views_after_the_commit(hand):
    assert hand.desk.second.kind == "ready", hand.desk.second.reason
    assert not any(model_colour(hand).values())
    hand.press("Shift+Return")
    hand.until(lambda: hand.desk.stage is Stage.REVEALED)
    hand.rest(0.2)
    seen = model_colour(hand)
    assert set(seen) == {"R CC", "L CC", "R MLO", "L MLO"}
    assert all(count > 50 for count in seen.values())

    hand.press("N")
    first = hand.desk.focused
    hand.rest(0.4)
    hand.press("Return")
    assert hand.desk.reading.judgement(first.tracking_uid).verdict is Verdict.ACCEPTED

    hand.press("N")
    second = hand.desk.focused
    assert second.tracking_uid != first.tracking_uid
    hand.press("Shift+N")
    assert hand.desk.focused.tracking_uid == first.tracking_uid
    plain = {view.id: hand.viewport(view.id).grab_rgb() for view in hand.desk.views.visible}
    hand.hold("H")
    on = {p.sop_instance_uid for p in first.places}
    for view in hand.desk.views.visible:
        shown = hand.desk.views.display_set(view)
        changed = np.abs(hand.viewport(view.id).grab_rgb().astype(int) - plain[view.id]).max(axis=-1) > 40
        assert bool(changed.sum() > 200) is (shown.instances[0].sop_instance_uid in on)
    hand.let_go("H")
