"""Malignancy as it stands after the reader's corrections of the concepts that it rests on. Pure."""

from dataclasses import dataclass

from inference.concepts import Bottleneck, Concept
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Reading


@dataclass(frozen=True, slots=True)
class Rated:
    """One concept of a finding: the model's rating, and the reader's (None: not corrected)."""

    concept: Concept
    model: float
    reader: float | None


@dataclass(frozen=True, slots=True)
class Rating:
    """What a score rests on. `score` and `interval` follow the corrections; `model` is without them."""

    concepts: tuple[Rated, ...]
    model: float
    score: float
    interval: tuple[float, float]

    @property
    def corrected(self) -> tuple[Rated, ...]:
        """Those that the reader rated."""
        return tuple(rated for rated in self.concepts if rated.reader is not None)


def bottleneck_of(reading: Reading, finding: Finding) -> Bottleneck | None:
    """How the model that proposed a finding weighs its concepts; None where it says nothing of them."""
    return next((run.bottleneck for run in reading.runs if finding.tracking_uid in run.findings), None)


def rating_of(reading: Reading, finding: Finding) -> Rating | None:
    """The concepts of a model's finding and what follows; None where its malignancy rests on none."""
    weighs, ratings = bottleneck_of(reading, finding), dict(finding.concepts)
    if weighs is None or finding.malignancy is None or not all(c.name in ratings for c in weighs.concepts):
        return None
    said = reading.corrections.get(finding.tracking_uid, {})
    score = weighs.corrected(finding.malignancy, ratings, said)
    concepts = tuple(Rated(c, ratings[c.name], said.get(c.name)) for c in weighs.concepts)
    return Rating(concepts, finding.malignancy, score, weighs.interval(score, said))
