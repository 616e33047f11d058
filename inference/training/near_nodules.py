"""The nodules that a model for chest CT compares new ones with: crops of LIDC-IDRI, by measured features."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from inference.bundle import Bundle, BundleError
from inference.training.near_bank import Material, Rows
from inference.training.outlined import KINDS, Outlined, by_network, by_readers


def nodules_of(
    bundle: Bundle, folder: Path, data: Path, out: Path, device: str, say: Callable[[str], None]
) -> Material:
    """All crops by their readers' outline; asked for are those that the bundle finds, by its own outline.

    The features are those from which types and concepts are told: measured, not learnt, so that a nodule's
    own rating is in none of them.
    """
    if bundle.characteristics is None:
        raise BundleError(f"{folder}: it measures no features of nodules; run the characterise stage first")
    say("nodules by their readers' outlines")
    known = by_readers(data)

    def report(chest: int, chests: int, _losses: dict[str, float]) -> None:
        say(f"implants in chest {chest} of {chests}")

    found = by_network(bundle, folder, data, out, device, report)
    if known.names != bundle.characteristics.features:
        raise BundleError(f"{folder}: its features are not those of this program; characterise it again")
    return nodule_material(known, found)


def nodule_material(known: Outlined, found: Outlined) -> Material:
    """Of nodules as rows of features; every feature counts the same."""
    return Material(
        rows=_rows(known),
        asked=_rows(found.only(found.clear)),
        axes=np.eye(len(known.names)),
        kind="nodules",
        outcome="rated suspicious",
        source="malignancy above 3 of 5 in the median of the readers of LIDC-IDRI, no pathology",
        measured_on="nodules implanted into procedural chests, by the model's outline; rated 3: left out",
    )


def _rows(nodules: Outlined) -> Rows:
    return Rows(
        features=nodules.features,
        patient=nodules.patient,
        lesion=tuple(f"{patient} {n}" for n, patient in enumerate(nodules.patient)),
        size_mm=nodules.diameter_mm,
        outcome=nodules.suspicious,
        words=tuple(
            f"{KINDS[kind]}, malignancy rated {rating:g} of 5"
            for kind, rating in zip(nodules.kind.tolist(), nodules.malignancy.tolist(), strict=True)
        ),
    )
