"""How well a score tells two kinds apart."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def auc(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Area under the ROC curve (Mann and Whitney); NaN where one of the kinds is missing."""
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))
