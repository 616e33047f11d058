"""Why stage 2 took a candidate of a CT for a lesion: the crop that it was given, kept, and explained."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference.cases import Grid
from inference.explain.asked import Asked, Scored
from inference.explain.explanation import shown
from inference.pipelines.candidates import MASK_AT
from inference.pipelines.measure import OnInput, to_input
from inference.pipelines.tiles import scaled
from inference.protocol import ArrayRef, VolumeLook

LAYER = "blocks.0"
SIGMA = 1.0
LUNG_HU = -850.0
"""Where there is nothing to be seen, all in the lung and in the outline is lung, or thinner. The chest wall
stays: without it nothing looks like a chest.
"""

Array = NDArray[np.float32]


def candidate_look(
    crop: Array, centre: tuple[float, float, float], working: Grid, series: Grid, label: str, path: Path
) -> VolumeLook:
    """Keep the crop (3, side, side, side) of a candidate at `centre` (z, y, x) of the working grid."""
    np.save(path, crop, allow_pickle=False)
    shape = (crop.shape[1], crop.shape[2], crop.shape[3])
    first = working.index_to_patient([round(c) - n // 2 for c, n in zip(centre, shape, strict=True)])
    origin = (float(first[0]), float(first[1]), float(first[2]))
    return VolumeLook(
        array=ArrayRef(path=str(path), dtype="float32", shape=crop.shape),
        grid=Grid(origin, working.axes, working.spacing_mm, shape, working.frame_of_reference_uid),
        series=series,
        targets=(label,),
    )


def asked_of(classifier: nn.Module, crop: Array, clip_hu: tuple[float, float], device: str) -> list[Asked]:
    """Is it a lesion: the answer of stage 2 about a crop."""
    lung = scaled(np.full(1, LUNG_HU, np.float32), clip_hu)
    baseline = crop.copy()
    within = (crop[1] > MASK_AT) | (crop[2] > 0)
    baseline[0] = np.where(within, np.minimum(crop[0], lung), crop[0])
    baseline[1] = 0.0
    inputs, nothing = (torch.from_numpy(np.array(a[None], np.float32)).to(device) for a in (crop, baseline))
    return [Asked(Scored(classifier, lambda logits: logits[:, 0]), LAYER, inputs, nothing)]


def on_series(heat: Array, look: VolumeLook) -> OnInput | None:
    """The map of the crop on the grid of the series; None where they do not meet."""
    return to_input(shown(heat), (0, 0, 0), look.grid, look.series)
