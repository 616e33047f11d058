"""What the second reader suggests beside its marks, and how often such a suggestion is a reader's.

It stands in the record of the reveal, so that there is nothing to say of it before.
"""

from viewer.core.reading.chance import percent
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import ModelRun, Reading

DENSITY = "density"
PROPERTIES = ("shape", "margin")


def density(reading: Reading) -> str:
    """The breast density that the images suggest together, "a" to "d"; "" where nothing suggests one."""
    run = _says_density(reading)
    return "" if run is None else run.densities[0][0]


def density_words(reading: Reading) -> str:
    """The same in a sentence, on how many images, with its measured accuracy; "" where there is none."""
    run = _says_density(reading)
    if run is None:
        return ""
    images = sum(count for _, count in run.densities)
    (first, count), *others = run.densities
    said = [f"{first} on {count} of {images} images", *(f"{value} on {n}" for value, n in others)]
    measured = accuracy(reading, DENSITY) or "accuracy not measured"
    return f"Second reader: {', '.join(said)}. One image: {measured}."


def property_words(reading: Reading, finding: Finding) -> str:
    """How often the shape and the margin that its model names of a finding are a reader's."""
    told = ((name, accuracy(reading, name, finding)) for name in PROPERTIES)
    return "; ".join(f"{name} {words}" for name, words in told if words)


def accuracy(reading: Reading, name: str, finding: Finding | None = None) -> str:
    """How often what is suggested for that question is a reader's; "" where nobody measured it.

    finding  whose shape or margin is asked for; None for the density
    """
    run = _says_density(reading) if finding is None else _run_of(reading, finding)
    known = None if run is None else run.accuracies.get(name)
    if known is None:
        return ""
    beside = "" if known.commonest is None else f" (the commonest answer: {percent(known.commonest)})"
    return f"right in {percent(known.share)} of {known.cases}{beside}"


def _says_density(reading: Reading) -> ModelRun | None:
    return next((run for run in reading.runs if run.densities), None)


def _run_of(reading: Reading, finding: Finding) -> ModelRun | None:
    return next((run for run in reading.runs if finding.tracking_uid in run.findings), None)
