"""How long the second read of a head CT takes, network and preparation, on the threads that torch has."""

import time
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

from inference.bundle import load_bundle
from inference.pipelines import load
from tests.inference.pipelines.heads import case


def read_head_s() -> dict:
    """A head of 300 slices of 512 x 512 (drawn, one bleed) through the pipeline, warm, without decoding."""
    head = case(slice_mm=0.5, pixel_mm=200 / 512)
    with as_file(files("resources") / "models" / "ct_head_haemorrhage") as folder:
        reader = load(load_bundle(folder), folder, "cpu")
    with TemporaryDirectory() as out:
        start = time.perf_counter()
        read = reader.read(head, Path(out), lambda _done, _doing: None)
        value = time.perf_counter() - start
    assert read.status == "done"
    return {"name": "read_head_s", "value": value, "unit": "s", "peer": None, "peer_name": ""}


ROWS = (read_head_s,)
