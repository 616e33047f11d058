"""The types of finding that marks on mammograms tell apart; what else there is has no type."""

from enum import StrEnum

from viewer.core.reading.birads import kind_words
from viewer.core.reading.finding import Finding


class LesionType(StrEnum):
    """A type, by the words that a legend uses."""

    MASS = "mass"
    CALCIFICATIONS = "calcifications"
    DISTORTION = "architectural distortion"
    ASYMMETRY = "asymmetry"


_WORDS = {
    "calcif": LesionType.CALCIFICATIONS,
    "cluster": LesionType.CALCIFICATIONS,
    "distortion": LesionType.DISTORTION,
    "asymmetr": LesionType.ASYMMETRY,
    "mass": LesionType.MASS,
}
"""The first of these that stands in its kind or label decides."""


def lesion_type(finding: Finding) -> LesionType | None:
    """The type of a finding on images; None for any other, and for one that nobody has named."""
    if not finding.places:
        return None
    said = kind_words(finding).lower()
    return next((kind for word, kind in _WORDS.items() if word in said), None)
