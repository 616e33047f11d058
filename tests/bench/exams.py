"""Mammography examinations in the real window: the first pictures, the next step, many exams, a stack."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

FOUR = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
SLICES = 50
STACK = (2457, 1890)
MANY_EXAMS = 50
SETTLED_S = 1.0
"""What is loaded and reduced for the next step has its time; then nothing is at work."""


def _row(name: str, value: float, unit: str) -> dict:
    return {"name": name, "value": value, "unit": unit, "peer": None, "peer_name": ""}


def mg_first_ms() -> dict:
    """From opening an uncompressed examination of 4 x 4096 x 5120 to its first painted mammogram."""
    return _row("mg_first_ms", _measured("open")["first"], "ms")


def mg_four_ms() -> dict:
    """...to all four."""
    return _row("mg_four_ms", _measured("open")["four"], "ms")


def mg_first_j2k_ms() -> dict:
    """The same of JPEG 2000 lossless."""
    return _row("mg_first_j2k_ms", _measured("open_j2k")["first"], "ms")


def mg_four_j2k_ms() -> dict:
    """The same of JPEG 2000 lossless."""
    return _row("mg_four_j2k_ms", _measured("open_j2k")["four"], "ms")


def mg_step_median_ms() -> dict:
    """From the key to the last painted viewport of the next step, which was loaded before."""
    return _row("mg_step_median_ms", _measured("step")["median"], "ms")


def mg_step_max_ms() -> dict:
    """The slowest step change."""
    return _row("mg_step_max_ms", _measured("step")["max"], "ms")


def tomo_scroll_fps() -> dict:
    """Slices of 2457 x 1890 a second, each one drawn, on half of 1920 x 1080; 1 / the 95th percentile."""
    return _row("tomo_scroll_fps", _measured("stack")["fps"], "fps")


def mg_memory_after_50_exams() -> dict:
    """Resident memory after opening and closing 50 examinations, over that after the third."""
    return _row("mg_memory_after_50_exams", _measured("memory")["ratio"], "ratio")


ROWS: tuple[Callable[[], dict], ...] = (
    mg_first_ms,
    mg_four_ms,
    mg_first_j2k_ms,
    mg_four_j2k_ms,
    mg_step_median_ms,
    mg_step_max_ms,
    tomo_scroll_fps,
    mg_memory_after_50_exams,
)


@cache
def _measured(what: str) -> dict[str, float]:
    """Measured once, in a window of its own process."""
    with tempfile.TemporaryDirectory() as home:
        environment = dict(os.environ, TANDEM_HOME=home, TANDEM_READER="Bench")
        command = [sys.executable, "-m", "tests.bench.exams", what]
        answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(answer.stdout.strip().splitlines()[-1])


def main() -> int:
    """Measure what the command line names and print it as JSON."""
    from viewer.ui.run import SWITCH_INTERVAL_S

    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as the program has it
    with tempfile.TemporaryDirectory() as folder:
        measure = {"step": steps, "stack": scrolling, "memory": memory}.get(sys.argv[1])
        found = measure(Path(folder)) if measure else opening(Path(folder), sys.argv[1].endswith("j2k"))
    print(json.dumps(found))
    return 0


# --- in the window's process


def opening(folder: Path, compressed: bool) -> dict[str, float]:
    """The best of three examinations, after one that is not counted."""
    for n in range(4):
        _exam(folder / str(n), n, compressed)
    window = _Window()
    found = [_opened(window, folder / str(n)) for n in range(4)]
    return {name: min(one[name] for one in found[1:]) for name in found[0]}


def _opened(window: "_Window", folder: Path) -> dict[str, float]:
    window.states.clear()
    start = time.perf_counter()
    window.desk.open_paths([folder])
    first = window.until(lambda: bool(window.states))
    four = window.until(lambda: window.painted() == 4)
    window.rest(SETTLED_S)
    window.close_study()
    return {"first": 1000 * (first - start), "four": 1000 * (four - start)}


def steps(folder: Path) -> dict[str, float]:
    """Through the whole examination, with a prior, and back."""
    _exam(folder / "now", 1)
    _exam(folder / "before", 2, patient=1, date="20240101")
    window = _Window()
    window.desk.open_paths([folder])
    window.until(lambda: window.painted() == 4)
    times = []
    count = len(window.desk.hanging.steps) - 1  # not the last one, which is sealed
    for key in ["Space"] * (count - 1) + ["Shift+Space"] * (count - 1):
        window.rest(SETTLED_S)
        start = time.perf_counter()
        window.desk.press(key)
        wanted = len({view.id for view in window.desk.views.visible})
        times.append(1000 * (window.until(lambda wanted=wanted: window.painted() == wanted) - start))
    return {"median": float(np.median(times)), "max": max(times)}


def scrolling(folder: Path) -> dict[str, float]:
    """Up and down a stack, a slice a time."""
    _stack_exam(folder / "stack")
    window = _Window()
    window.desk.open_paths([folder])
    window.until(lambda: window.painted() >= 1)
    window.until(lambda: all(stack.complete for stack in window.desk.pixels.stacks.values()))
    window.rest(SETTLED_S)
    times = []
    for k in range(160):
        start = time.perf_counter()
        window.desk.press("Up" if k // 20 % 2 else "Down")
        window.until(lambda: window.painted() >= 1)
        times.append(time.perf_counter() - start)
    return {"fps": 1 / float(np.percentile(times[10:], 95))}


def memory(folder: Path) -> dict[str, float]:
    """Three examinations, over and over."""
    import psutil

    for n in range(3):
        _exam(folder / str(n), n)
    window, used = _Window(), []
    for k in range(MANY_EXAMS):
        _opened(window, folder / str(k % 3))
        used.append(psutil.Process().memory_info().rss)
    return {"ratio": used[-1] / used[2]}


class _Window:
    """The real window, worked until something is painted."""

    def __init__(self) -> None:
        from PySide6.QtWidgets import QApplication

        from tests.ui.windows import Hand

        self.application = QApplication.instance() or QApplication(["tandem"])
        self.hand = Hand(Path(os.environ["TANDEM_HOME"]))
        self.desk = self.hand.desk
        self.states: dict[str, object] = {}
        """What each viewport has painted last, by its id."""
        _watch(self.states)

    def painted(self) -> int:
        """How many visible viewports have painted what they are to show now."""
        state = self.hand.window.state
        if state is None or not self.desk.settled:
            return 0
        return sum(bool(v.display_set) and self.states.get(v.id) == v for v in state.viewports)

    def until(self, true: Callable[[], bool]) -> float:
        """Work until something is true; when that was."""
        from PySide6.QtWidgets import QApplication

        deadline = time.perf_counter() + 60
        while not true():
            QApplication.processEvents()
            if time.perf_counter() > deadline:
                raise TimeoutError("waited in vain")
            time.sleep(0.0005)
        return time.perf_counter()

    def rest(self, seconds: float) -> None:
        """Work for a while."""
        end = time.perf_counter() + seconds
        self.until(lambda: time.perf_counter() >= end)

    def close_study(self) -> None:
        """Leave the study."""
        self.desk.run("studies.close")
        self.rest(0.1)


def _watch(states: dict[str, object]) -> None:
    from viewer.ui.viewport.viewport import Viewport

    told = Viewport.painted

    def painted(self, frame):
        told(self, frame)
        if frame is not None and frame.picture is not None:
            states[frame.state.id] = frame.state

    Viewport.painted = painted  # the backends call it after each paint


# --- what is opened


def _exam(folder: Path, number: int, compressed: bool = False, patient: int | None = None, **more) -> None:
    """Four views; every examination has the same pixels and UIDs of its own."""
    from tests.bench.made_mammograms import breast
    from tests.core.hanging.files import mammogram, write

    images = []
    for n, (side, view) in enumerate(FOUR, 1):
        pixels = breast(side, n)
        one = mammogram(n, side, view, study=f"1.2.7.{number + 1}", pixels=pixels, **more)
        one.ImagerPixelSpacing, one.PixelPaddingValue = [0.05, 0.05], 0
        one.PatientID = f"B{number if patient is None else patient}"
        images.append(_compressed(one, pixels) if compressed else one)
    write(folder, *images)


def _compressed(image: Dataset, pixels: np.ndarray) -> Dataset:
    import imagecodecs
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEG2000Lossless

    frame = imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True, level=0)
    image.PixelData = encapsulate([frame])
    image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
    image.file_meta.TransferSyntaxUID = JPEG2000Lossless
    return image


def _stack_exam(folder: Path) -> None:
    """Slices of a right CC."""
    from tests.bench.made_mammograms import breast
    from tests.core.hanging.files import mammogram, write

    rows, columns = STACK
    whole = breast("R", 1)
    images = []
    for number in range(SLICES):
        pixels = np.ascontiguousarray(whole[40 * number : 40 * number + rows, -columns:])
        one = mammogram(1, "R", "CC", pixels=pixels, PatientOrientation=None, PixelPaddingValue=0)
        one.SOPInstanceUID, one.InstanceNumber = f"1.2.7.1.1.{number + 1}", number + 1
        one.ImageOrientationPatient, one.PixelSpacing = [0, 1, 0, 1, 0, 0], [0.1, 0.1]
        one.ImagePositionPatient, one.FrameOfReferenceUID = [0, 0, 1.0 * number], "1.2.7.9"
        images.append(one)
    write(folder, *images)


if __name__ == "__main__":
    sys.exit(main())
