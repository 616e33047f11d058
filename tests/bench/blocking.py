"""How long the window's thread is ever blocked while a second read runs in its own process."""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from viewer.app.demo.chest import write_demo

HEARTBEAT_MS = 1


def gui_block_during_read_p99_ms() -> dict:
    """99th percentile of how late a 1 ms heartbeat of the window's thread comes while a read runs."""
    return _row("gui_block_during_read_p99_ms", _lateness()["p99"])


def gui_block_during_read_max_ms() -> dict:
    """The longest that the window's thread was blocked while a read ran."""
    return _row("gui_block_during_read_max_ms", _lateness()["max"])


ROWS = (gui_block_during_read_p99_ms, gui_block_during_read_max_ms)


def _row(name: str, value: float) -> dict:
    return {"name": name, "value": value, "unit": "ms", "peer": None, "peer_name": ""}


@cache
def _lateness() -> dict[str, float]:
    """Measured once for both rows, in a window of its own process."""
    with tempfile.TemporaryDirectory() as home:
        environment = dict(os.environ, TANDEM_HOME=home, TANDEM_READER="Bench")
        study = write_demo(Path(home))
        command = [sys.executable, "-m", "tests.bench.blocking", str(study)]
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout.strip().splitlines()[-1])


def main() -> int:
    """Open the study of the command line, scroll while the second read runs, print what the heartbeat saw."""
    import time

    import numpy as np
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from viewer.ui import run
    from viewer.ui.main_window import MainWindow

    application = QApplication(["tandem"])
    gaps, last = [], [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        gaps.append((now - last[0]) * 1000 - HEARTBEAT_MS)
        last[0] = now

    def scroll() -> None:
        window = next(w for w in application.topLevelWidgets() if isinstance(w, MainWindow))
        chips = " ".join(chip.text for chip in window.state.chips) if window.state else ""
        if "ready" in chips or "not run" in chips.lower() or time.perf_counter() - started > 180:
            application.quit()
        window.desk.run("image.next")

    def begin() -> None:
        gaps.clear()
        last[0] = time.perf_counter()
        heart.start(HEARTBEAT_MS)
        scroller.start(60)

    heart, scroller = QTimer(), QTimer()
    heart.timeout.connect(beat)
    scroller.timeout.connect(scroll)
    started = time.perf_counter()
    QTimer.singleShot(3000, begin)  # the first image and the volume are in; the read runs
    run.run([Path(sys.argv[1])], backend="cpu")
    late = np.clip(gaps, 0, None)
    print(json.dumps({"p99": float(np.percentile(late, 99)), "max": float(late.max()), "beats": len(gaps)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
