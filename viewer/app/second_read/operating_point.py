"""The site's choice among the operating points that a bundle names: which candidates are above. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from inference.bundle import Bundle
from inference.protocol import Candidate, Done
from viewer.app.second_read.asking import InstalledBundle


def with_choice(bundles: Sequence[InstalledBundle], points: Mapping[str, str]) -> tuple[InstalledBundle, ...]:
    """The bundles with the operating point that the site chose; `points`: name by id of the bundle."""
    return tuple((folder, _chosen(bundle, points.get(bundle.id, ""))) for folder, bundle in bundles)


def _chosen(bundle: Bundle, name: str) -> Bundle:
    return msgspec.structs.replace(bundle, default_operating_point=name) if name else bundle


def why_no_point(bundle: Bundle) -> str:
    """Why a bundle cannot be read at the point that was chosen, in a sentence; "" where it can."""
    names = [point.name for point in bundle.operating_points]
    if bundle.default_operating_point in names:
        return ""
    return (
        f"settings.toml chooses the operating point '{bundle.default_operating_point}', "
        f"this model has {', '.join(names)}"
    )


def at_point(answer: Done, bundle: Bundle) -> Done:
    """The same answer at the operating point in force: nothing is dropped, what is below stays below it."""
    moved = tuple(_moved(candidate, bundle) for candidate in answer.candidates)
    point = None if answer.operating_point is None else bundle.operating_point
    return msgspec.structs.replace(answer, candidates=moved, operating_point=point)


def _moved(candidate: Candidate, bundle: Bundle) -> Candidate:
    above = candidate.probability >= bundle.operating_point_of(candidate.label).threshold
    return msgspec.structs.replace(candidate, above_operating_point=above)
