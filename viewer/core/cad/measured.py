"""Marks of a measurement report (PS3.16 TID 1500) that a program wrote: one for each group with a region."""

from dataclasses import replace

from viewer.core.cad.lesions import Read, algorithm_of
from viewer.core.cad.marks import CadMark, InPatient, OnImage
from viewer.core.cad.regions import BadMark, Index, in_patient, index_of, on_image
from viewer.core.cad.tree import Item
from viewer.core.cad.vocabulary import is_a, label_of, named, one, share
from viewer.core.report.terms import cad

_DRAWN = ("SCOORD", "SCOORD3D")


def by_program(root: Item) -> bool:
    """True where a device, or an algorithm, stands behind the report: a reader's report is no second read."""
    observer = one(root, "observer_type")
    if observer is not None and is_a(observer.code, cad("device")):
        return True
    return any(one(group, "algorithm") is not None for group in _groups(root))


def read_measured(root: Item) -> Read:
    """The marks of a measurement report; groups without a region (a density, a score) are no marks."""
    out, index = Read(), index_of(root)
    for group in _groups(root):
        said = one(group, "finding")
        label = label_of(said.code) if said is not None else "finding without a name"
        drawn = [item for item in group.children if item.kind in _DRAWN]
        if not label or not drawn:
            continue
        try:
            places = _places(drawn, index)
        except BadMark as error:
            out.refused.append(f"A mark '{label}' is not used: {error}.")
            continue
        tracking = one(group, "tracking_uid")
        out.marks.append(
            CadMark(
                label=label,
                places=places,
                by=algorithm_of(group) or algorithm_of(root),
                certainty=share(one(group, "certainty")),
                malignancy=share(one(group, "cancer")),
                tracking_uid=tracking.text if tracking is not None else "",
            )
        )
    out.marks = _joined(out.marks)
    return out


def _joined(marks: list[CadMark]) -> list[CadMark]:
    """Groups of one Tracking Unique Identifier are one lesion, on several images."""
    joined: dict[str, CadMark] = {}
    for number, mark in enumerate(marks):
        key = mark.tracking_uid or f"group {number}"
        known = joined.get(key)
        joined[key] = mark if known is None else replace(known, places=known.places + mark.places)
    return list(joined.values())


def _groups(root: Item) -> list[Item]:
    return [g for box in named(root.children, "measurements") for g in named(box.children, "group")]


def _places(drawn: list[Item], index: Index) -> tuple[OnImage | InPatient, ...]:
    in_space = [item for item in drawn if item.kind == "SCOORD3D"]
    if in_space:
        return (in_patient(in_space),)
    return tuple(on_image(None, item, index) for item in drawn)
