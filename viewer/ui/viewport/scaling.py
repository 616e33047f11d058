"""Grey levels or colours at another size: means where it shrinks, linear where it grows.

The weights are a triangle that reaches over one old or one new pixel, whichever is larger (as Pillow has
it, and as `gl_scene` does the same): nothing between two samples is ever skipped.
"""

import importlib
import threading

import numpy as np
from numpy.typing import NDArray

REACH = 2
"""Old pixels on each side that weigh in a new one, at most: levels are shrunk to no less than a half."""
_loaded = threading.Event()
_starting = threading.Lock()


def ready() -> bool:
    """True once Pillow is loaded."""
    return _loaded.is_set()


def warm() -> None:
    """Load Pillow in a thread (once, some 25 ms): not on the way to the first image."""
    if _starting.acquire(blocking=False):
        threading.Thread(target=_load, name="load Pillow", daemon=True).start()


def _load() -> None:
    importlib.import_module("PIL.Image")
    _loaded.set()


def scaled(
    pixels: NDArray[np.uint8], box: tuple[float, float, float, float], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The part `box` (left, top, right, bottom) of pixels (h, w) or (h, w, 3) as (height, width[, 3])."""
    from PIL import Image  # late: see `warm`

    mode = "RGB" if pixels.ndim == 3 else "L"
    whole = Image.frombuffer(mode, (pixels.shape[1], pixels.shape[0]), pixels, "raw", mode, 0, 1)
    part = whole.resize(size, Image.Resampling.BILINEAR, box=box)
    out: NDArray[np.uint8] = np.frombuffer(part.tobytes(), np.uint8)
    return out.reshape(size[1], size[0], *pixels.shape[2:])
