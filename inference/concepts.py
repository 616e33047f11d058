"""A bottleneck of concepts: what a nodule is said to look like, and the score that rests on that and on size.

Pure numbers from `model.toml`. Ratings come from linear regressions on measured features, or from a reader.
After Koh et al. 2020, Concept Bottleneck Models.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = tuple[float, ...]
_REACH = 4.0
"""A feature further than this many deviations from its mean counts as if it were there."""
_Z95 = 1.959964


class Concept(msgspec.Struct, frozen=True, kw_only=True):
    """One rating of a nodule on the scale of LIDC-IDRI, 1 upwards.

    words    what each point of the scale means, from 1 on
    error    mean distance of the model's rating from the readers' median, measured on patients left out
    weight   what one point more adds to the log odds of the score
    """

    name: str
    words: tuple[str, ...]
    error: float
    weight: float

    @property
    def highest(self) -> int:
        """The last point of the scale; the first is 1."""
        return len(self.words)


class Bottleneck(msgspec.Struct, frozen=True, kw_only=True):
    """Concepts and what they add up to. It stands in the record of a reading, too.

    offset, size_weight  log odds = offset + size_weight x ln(diameter, mm) + sum of weight x rating
    residuals            covariance of (readers' rating - model's rating) by concept, on patients left out
    """

    concepts: tuple[Concept, ...]
    offset: float
    size_weight: float
    residuals: tuple[Floats, ...]

    def concept(self, name: str) -> Concept | None:
        """By its name."""
        return next((concept for concept in self.concepts if concept.name == name), None)

    def probability(self, ratings: Mapping[str, float], diameter_mm: float) -> float:
        """The score, 0 to 1; `diameter_mm` of the sphere with the nodule's volume."""
        sum_ = sum(concept.weight * ratings[concept.name] for concept in self.concepts)
        return _logistic(self.offset + self.size_weight * float(np.log(diameter_mm)) + sum_)

    def corrected(self, score: float, ratings: Mapping[str, float], said: Mapping[str, float]) -> float:
        """The score after a reader `said` other ratings than the model's, of any of the concepts."""
        moved = sum(c.weight * (said[c.name] - ratings[c.name]) for c in self.concepts if c.name in said)
        return _logistic(_log_odds(score) + moved)

    def interval(self, score: float, said: Collection[str] = ()) -> tuple[float, float]:
        """Where the score lies in 95 % of cases once readers rate what they have not `said` yet."""
        open_ones = [k for k, concept in enumerate(self.concepts) if concept.name not in said]
        weights = np.array([self.concepts[k].weight for k in open_ones])
        spread = np.array(self.residuals)[np.ix_(open_ones, open_ones)]
        reach = _Z95 * float(np.sqrt(max(float(weights @ spread @ weights), 0.0)))
        return _logistic(_log_odds(score) - reach), _logistic(_log_odds(score) + reach)


class Characteristics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From measured features to a type and to ratings.

    features    their names; mean, sd: of the training nodules
    types       by name: coefficients of the features for a logistic regression over balanced classes,
                the offset last
    frequency   by name: what is added to them for how common the type is, before a probability is told
    sharpness   of that probability: 1 as fitted
    ratings     by concept: coefficients of the features for a linear regression, the offset last
    """

    features: tuple[str, ...]
    mean: Floats
    sd: Floats
    types: dict[str, Floats]
    frequency: dict[str, float]
    sharpness: Annotated[float, msgspec.Meta(gt=0)]
    ratings: dict[str, Floats]
    bottleneck: Bottleneck

    def type_of(self, measured: Mapping[str, float]) -> tuple[str, float]:
        """The type that balanced classes favour, and its probability among nodules as they come."""
        row = self._row(measured)
        balanced = {name: float(row @ np.array(own)) for name, own in self.types.items()}
        chosen = max(balanced, key=lambda name: balanced[name])
        odds = {name: self.sharpness * (value + self.frequency[name]) for name, value in balanced.items()}
        top = max(odds.values())
        shares = {name: float(np.exp(value - top)) for name, value in odds.items()}
        return chosen, shares[chosen] / sum(shares.values())

    def rate(self, measured: Mapping[str, float]) -> dict[str, float]:
        """The model's rating of each concept, within its scale."""
        row = self._row(measured)
        return {
            concept.name: float(np.clip(row @ np.array(self.ratings[concept.name]), 1, concept.highest))
            for concept in self.bottleneck.concepts
        }

    def _row(self, measured: Mapping[str, float]) -> NDArray[np.float64]:
        values = np.array([measured[name] for name in self.features])
        return np.append(standard(values, self.mean, self.sd), 1.0)


def standard(values: NDArray[np.float64], mean: Floats, sd: Floats) -> NDArray[np.float64]:
    """Deviations from the mean, (..., features), cut at both ends."""
    out: NDArray[np.float64] = np.clip((values - np.array(mean)) / np.array(sd), -_REACH, _REACH)
    return out


def characteristics_faults(said: Characteristics) -> Iterator[str]:
    """What is wrong with them, one sentence each."""
    count, concepts = len(said.features), said.bottleneck.concepts
    if len(said.mean) != count or len(said.sd) != count or min(said.sd, default=1.0) <= 0:
        yield "the characteristics need a mean and a deviation above 0 for each feature"
    for name, own in (*said.types.items(), *said.ratings.items()):
        if len(own) != count + 1:
            yield f"'{name}' has {len(own)} coefficients, {count + 1} are needed"
    if set(said.ratings) != {concept.name for concept in concepts}:
        yield "each concept needs its rating"
    if set(said.types) != set(said.frequency):
        yield "each type needs its frequency"
    if {len(said.bottleneck.residuals), *map(len, said.bottleneck.residuals)} != {len(concepts)}:
        yield "the residuals need a row and a column for each concept"


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-12), 1 - 1e-12)
    return float(np.log(p / (1 - p)))


def _logistic(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))
