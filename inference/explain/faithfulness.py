"""Deletion and insertion (Petsiuk 2018): the answer rests on what a heat map shows, more than on chance.

The areas are Petsiuk's; the share of the answer that is left is counted in logits, as told below.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from inference.explain.asked import Asked, answers, full_and_empty
from inference.protocol import Faithfulness

SHARES = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0])
"""Of the input, hottest first, that are taken away or put back. A lesion fills a few per cent of it."""
SMOOTH = 1 / 16
"""Of a random map: sigma over the longest side, so that its spots are as wide as those of a real one."""
RANDOM_MAPS = 2

Map = NDArray[np.float32]


def faithfulness(asked: Sequence[Asked], heat: Map) -> Faithfulness | None:
    """Areas under both curves, by the mean answer of the networks `asked`, which share their input.

    The answer counts as a share: 1 that of the input, 0 that of the baseline, between them in proportion to
    the logits. None where the answer does not rest on the picture, and for a map that shows nothing: it has
    no hottest part to take away.
    """
    ends = full_and_empty(asked)
    if ends is None or not heat.any():
        return None
    rng = np.random.default_rng(0)
    maps = [heat, *(_random(rng, heat.shape) for _ in range(RANDOM_MAPS))]
    areas = np.array([_areas(asked, m, *ends) for m in maps])
    chance = areas[1:].mean(axis=0)
    return Faithfulness(*(round(float(v), 3) for v in (*areas[0], *chance)))


def _areas(asked: Sequence[Asked], heat: Map, full: float, empty: float) -> tuple[float, float]:
    """Under the curve of deletion, and of insertion; how both begin and end is known."""
    inputs, baseline = asked[0].inputs, asked[0].baseline
    rank = np.empty(heat.size, np.int64)
    rank[np.argsort(-heat, axis=None, kind="stable")] = np.arange(heat.size)
    hottest = np.stack([(rank < share * heat.size).reshape(heat.shape) for share in SHARES[1:-1]])
    gone = torch.from_numpy(hottest[:, None]).to(inputs.device)
    changed = [torch.where(gone, baseline, inputs), torch.where(gone, inputs, baseline)]
    said = (answers(asked, torch.cat(changed)) - empty) / (full - empty)
    deletion, insertion = np.clip(said, 0.0, 1.0).reshape(2, -1)
    curves = ([1.0, *deletion, 0.0], [0.0, *insertion, 1.0])
    return float(np.trapezoid(curves[0], SHARES)), float(np.trapezoid(curves[1], SHARES))


def _random(rng: np.random.Generator, shape: tuple[int, ...]) -> Map:
    noise = rng.normal(size=shape).astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(noise, SMOOTH * max(shape)), np.float32)
