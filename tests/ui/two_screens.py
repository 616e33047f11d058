"""The real window on two monitors of Qt's offscreen platform; says in JSON what stands where.

`python -m tests.ui.two_screens STUDY HOME`; run by `test_screens.py`: Qt reads its monitors at the start.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

MONITORS = (("Left", 0, 1600, 1000), ("Right", 1600, 1200, 1000))


def configured(folder: Path) -> str:
    """The platform with these monitors side by side."""
    path = folder / "screens.json"
    shown = [
        {"name": name, "x": left, "y": 0, "width": width, "height": height, "dpr": 1, "logicalDpi": 96}
        for name, left, width, height in MONITORS
    ]
    path.write_text(json.dumps({"screens": shown}), encoding="utf-8")
    return f"offscreen:configfile={path}"


def main() -> None:
    """Hang a study on both monitors, go on by key, and pull the second one out."""
    from PySide6.QtWidgets import QApplication

    from tests.ui.windows import Hand

    application = QApplication(["tandem"])
    hand = Hand(Path(sys.argv[2]), (1500, 900))
    hand.open(Path(sys.argv[1]))
    told = {"one": placed(hand), "spread at first": hand.desk.screen.spread}
    if not hand.desk.screen.spread:
        hand.press("Shift+F11")
    hand.until(lambda: hand.desk.views.screens == 2)
    hand.rest(0.2)
    told["two"] = placed(hand)
    told["said"] = hand.desk.screen.status
    hand.press("Space")
    told["next"] = placed(hand)
    hand.press("Tab")
    told["keyboard"] = hand.keyboard.window() is hand.window.beside.windows[0]
    hand.press("+")
    told["zoom"] = hand.state.viewports[1].zoom
    screens = hand.window.beside.there
    hand.window.beside.there = lambda: screens()[:1]  # pulled out
    hand.window.beside.monitors_changed()
    hand.rest(0.2)
    told["pulled"] = placed(hand)
    told["zoom after"] = hand.state.viewports[1].zoom
    hand.window.beside.there = screens
    hand.window.beside.monitors_changed()
    hand.until(lambda: hand.desk.views.screens == 2)
    hand.rest(0.2)
    told["back"] = placed(hand)
    hand.close()
    print(json.dumps(told))
    del application


def placed(hand) -> dict[str, list]:
    """(monitor, width of the viewport, side and view, mean grey) of each viewport on screen, by its id."""
    out = {}
    for area in (hand.window.images, *(window.images for window in hand.window.beside.windows)):
        for name, viewport in area.viewports.items():
            if viewport.isVisible() and viewport.state is not None:
                grey = float(viewport.grab_rgb().mean())
                label = viewport.state.corners.label
                out[name] = [viewport.screen().name(), viewport.width(), label, round(grey, 1)]
    return dict(sorted(out.items()))


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = configured(Path(tempfile.mkdtemp()))
    main()
