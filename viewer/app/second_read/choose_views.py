"""Which mammograms of a study a model is given, and why not the others. Looks at headers only."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inference.input_contract import InputContract
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.mammogram import Mammogram, table

VIEWS = ("CC", "MLO")
"""The views of a screening examination: what the models have learnt from."""
PARTS = frozenset(("M", "S", "TAN", "AT", "CV", "AX", "IMF"))
"""View modifiers of a picture of a part, or enlarged; the others show the whole breast, laid otherwise."""

SHARED = "another image has the same UID: a mark could not be told to be on this one"

Where = tuple[str, str]
"""Side and view of a mammogram: ("R", "MLO"); "" for what is not known."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Display sets to be read, by side and view, and by id why each of the others is not.

    missed  of the others those that show what no chosen one shows: without them a read is not whole
    """

    chosen: tuple[DisplaySet, ...]
    skipped: dict[str, str]
    missed: tuple[DisplaySet, ...]


def choose_views(study: Study, contract: InputContract) -> Choice:
    """One image of each side and view: the latest whole one, else all the partial ones."""
    images = [d for d in study.display_sets if d.kind == "image"]
    named = Counter(d.instances[0].sop_instance_uid for d in images)
    shared = {d.id: SHARED for d in images if named[d.instances[0].sop_instance_uid] > 1}
    skipped = shared | {d.id: reason for d in images if (reason := unsuitable(d, contract))}
    groups: dict[Where, list[DisplaySet]] = {}
    for display_set in images:
        if display_set.id not in skipped:
            groups.setdefault(where(display_set), []).append(display_set)
    chosen = [best for at in sorted(groups) for best in _best(groups[at])]
    for display_set in images:
        if display_set.id not in skipped and display_set not in chosen:
            skipped[display_set.id] = f"another {name(display_set)} was chosen"
    missed = tuple(d for d in images if d.modality == contract.modality and not _is_shown(d, groups))
    return Choice(tuple(chosen), _told(images, skipped, groups), missed)


def unsuitable(display_set: DisplaySet, contract: InputContract) -> str:
    """Why a model of this contract cannot read an image, in a clause; "" where it can."""
    first = display_set.instances[0]
    if other := contract.other_kind(display_set.modality, first.body_part):
        return other
    if first.presentation_intent == "FOR PROCESSING":
        return "raw detector image (For Processing)"
    if display_set.count > 1:
        return "not read: tomosynthesis"
    if first.broken is not None:
        return first.broken.message
    if first.colour:
        return "a colour picture"
    return _of_the_view(first)


def _of_the_view(first: Instance) -> str:
    shown = first.mammogram or Mammogram()
    parts = [row["title"] for row in table("modifier") if row["name"] in PARTS.intersection(shown.modifiers)]
    if shown.contradiction:
        return "its side contradicts itself"
    if shown.side not in ("R", "L"):
        return "its side is not known"
    if parts:
        return f"{parts[0].lower()}: the model reads whole breasts"
    if shown.view not in VIEWS:
        return f"view {shown.view or 'unknown'}: the model reads {' and '.join(VIEWS)}"
    if first.spacing_mm is None:
        return "its pixel size is not known, and the model needs millimetres"
    return ""


def where(display_set: DisplaySet) -> Where:
    """The side and view that an image shows; an enlarged or partial one shows those of the whole one."""
    shown = display_set.instances[0].mammogram or Mammogram()
    return shown.side, shown.view


def name(display_set: DisplaySet) -> str:
    """What a reader calls it: "R MLO"; its title where the header says neither."""
    shown = display_set.instances[0].mammogram
    return shown.name if shown is not None and shown.name else display_set.title


def _best(group: Sequence[DisplaySet]) -> list[DisplaySet]:
    """The whole image that ranks first; where there is none, every partial one."""
    ranked = sorted(group, key=_rank, reverse=True)
    whole = [d for d in ranked if not _mammogram(d).partial]
    return whole[:1] or ranked


def _rank(display_set: DisplaySet) -> tuple[object, ...]:
    """Laid as usual over laid otherwise, acquired over made of a stack, late over early."""
    first, shown = display_set.instances[0], _mammogram(display_set)
    at = (first.series_date, first.series_time, first.acquisition_number or 0, first.instance_number or 0)
    return -len(shown.modifiers), not first.is_synthetic, at, display_set.id


def _mammogram(display_set: DisplaySet) -> Mammogram:
    return display_set.instances[0].mammogram or Mammogram()


def _is_shown(display_set: DisplaySet, groups: dict[Where, list[DisplaySet]]) -> bool:
    return where(display_set) in groups


def _told(
    images: Iterable[DisplaySet], skipped: dict[str, str], groups: dict[Where, list[DisplaySet]]
) -> dict[str, str]:
    """The reasons; a stack beside a picture of the same view says that the view was read."""
    return {
        d.id: f"tomosynthesis: {name(d)} was read in 2-D" if d.count > 1 and _is_shown(d, groups) else reason
        for d in images
        if (reason := skipped.get(d.id))
    }
