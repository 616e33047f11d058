"""Radiographs of noise with a bright disc: as a labelled set to learn from, and as a study to read."""

import csv
import io
import zipfile

import imagecodecs
import numpy as np
import tomli_w
from pydicom import dcmread

from tests.app.second_read.test_models_of_others import chest

SIDE, RADIUS = 64, 6
DISC = (40, 22)
"""Row and column of the disc in the study."""
GROUP = ["group", {"num_groups": 4}]
NETWORKS = {
    "boxes2d": {
        "network": "boxes",
        "stride": 2,
        "width": 16,
        "backbone": {
            "network": "resnet",
            "spatial_dims": 2,
            "n_input_channels": 1,
            "block": "basic",
            "layers": [1, 1, 1, 1],
            "block_inplanes": [8, 8, 16, 16],
            "conv1_t_size": 3,
            "no_max_pool": True,
            "norm": GROUP,
        },
    },
    "segment2d": {
        "network": "unet",
        "spatial_dims": 2,
        "in_channels": 1,
        "out_channels": 1,
        "channels": [8, 16],
        "strides": [2],
        "norm": GROUP,
    },
}


def drawn(rng, disc):
    """(grey 0 to 255, mask); `disc`: its row and column, or None."""
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = np.zeros((SIDE, SIDE), bool)
    if disc is not None:
        mask = (y - disc[0]) ** 2 + (x - disc[1]) ** 2 <= RADIUS**2
    return np.clip(rng.normal(70, 12, mask.shape) + 110 * mask, 0, 255).astype(np.uint8), mask


def labelled(folder):
    """A hundred and twenty pictures, every second with a disc, and their masks, in `folder`."""
    folder.mkdir()
    rng, rows = np.random.default_rng(8), [("image", "split")]
    with zipfile.ZipFile(folder / "discs.zip", "w") as archive:
        for k in range(120):
            grey, mask = drawn(rng, rng.integers(RADIUS, SIDE - RADIUS, 2) if k % 2 else None)
            for place, array in (("images", grey), ("masks", mask.astype(np.uint8) * 255)):
                archive.writestr(f"{place}/p{k:03d}.png", imagecodecs.png_encode(array))
            rows.append((f"p{k:03d}", "train" if k < 110 else "test"))
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    (folder / "discs.csv").write_text(text.getvalue(), encoding="utf-8")
    return folder


def configuration(path, task):
    """A `train.toml` that learns the discs within seconds."""
    detects = task == "boxes2d"
    said = {
        "seed": 3,
        "id": f"site_{task}",
        "title": "Discs by boxes" if detects else "Discs by outlines",
        "task": task,
        "labels": ["disc" if detects else "outlined disc"],
        "data": {"name": "discs"},
        "input": {"modality": "DX"},
        "contract": {
            "axes": "RC",
            "size": [SIDE, SIDE],
            "activation": "sigmoid",
            "parts": not detects,
            "multiple": 16,
            "intensity": [{"step": "z_score"}],
        },
        "architecture": NETWORKS[task],
        "training": {
            "steps": 200 if detects else 80,
            "batch": 8,
            "learning_rate": 0.01,
            "weight_decay": 0.01,
            "warmup": 5,
            "ema": 0.9,
            "save_every": 40,
        },
    }
    path.write_text(tomli_w.dumps(said), encoding="utf-8")
    return path


def radiograph(folder):
    """A digital radiograph with a disc at `DISC`."""
    file = chest(folder, bright=False) / "dx.dcm"
    image = dcmread(file)
    grey, _ = drawn(np.random.default_rng(77), DISC)
    image.PixelData = (grey.astype(np.uint16) * 16).tobytes()
    image.save_as(file, enforce_file_format=True)
    return folder
