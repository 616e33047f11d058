"""Which images of one series belong into one stack. Knows no order and no grid."""

from collections.abc import Sequence
from dataclasses import dataclass

from viewer.core.dicom.instance import Instance

_PROJECTIONS = frozenset(("CR", "DX", "MG", "IO", "PX", "RG"))
_ANGLE = 2e-3
"""Largest difference of a direction cosine inside one stack: 0.1 degrees."""


@dataclass(frozen=True, slots=True)
class Trait:
    """Something that all images of a stack share. `kind` names the warning where a series has several."""

    kind: str
    says: str


TRAITS = (
    Trait("two_orientations", "orientations"),
    Trait("sizes_differ", "image sizes"),
    Trait("spacing_differs", "pixel sizes"),
    Trait("two_thicknesses", "slice thicknesses"),
    Trait("kinds_of_image", "kinds of image"),
    Trait("same_uid_conflict", "images with one UID"),
)

Key = tuple[object, ...]


def key_of(instance: Instance) -> Key:
    """What must be equal inside one stack; the first entries in the order of `TRAITS`."""
    i = instance
    orientation = None if i.orientation is None else tuple(round(x, 6) for x in i.orientation)
    alone = i.frames > 1 or (i.modality in _PROJECTIONS and i.orientation is None)
    return (
        orientation,
        (i.rows, i.columns),
        None if i.spacing_mm is None else (round(i.spacing_mm[0], 4), round(i.spacing_mm[1], 4)),
        None if i.slice_thickness_mm is None else round(i.slice_thickness_mm, 2),
        (i.modality, i.colour, "LOCALIZER" in i.image_type, i.position_mm is None, i.is_projection),
        i.copy,
        i.sop_instance_uid if alone else "",
    )


def stacks(instances: Sequence[Instance]) -> list[tuple[Key, list[Instance]]]:
    """The images of one series, in stacks of one kind each."""
    parts: dict[Key, list[Instance]] = {}
    for instance in instances:
        parts.setdefault(key_of(instance), []).append(instance)
    merged: list[tuple[Key, list[Instance]]] = []
    for key, members in parts.items():
        same = next((old for other, old in merged if _alike(key, other)), None)
        if same is None:
            merged.append((key, list(members)))
        else:
            same.extend(members)
    return merged


def differing(keys: Sequence[Key]) -> list[Trait]:
    """The traits in which stacks of one series differ."""
    return [trait for k, trait in enumerate(TRAITS) if any(not _same(k, key, keys[0]) for key in keys[1:])]


def phases(instances: Sequence[Instance]) -> list[list[Instance]]:
    """Images that lie several times at the same places, told apart by what an acquisition changes.

    One list, the same, where nothing tells them apart.
    """
    for name in ("echo_number", "temporal_position", "acquisition_number", "image_type"):
        parts: dict[object, list[Instance]] = {}
        for instance in instances:
            parts.setdefault(getattr(instance, name), []).append(instance)
        if len(parts) > 1 and all(len(part) > 1 and _apart(part) for part in parts.values()):
            return list(parts.values())
    return [list(instances)]


def _apart(instances: Sequence[Instance]) -> bool:
    places = {instance.position_mm for instance in instances}
    return len(places) == len(instances)


def _alike(a: Key, b: Key) -> bool:
    return all(_same(k, a, b) for k in range(len(a)))


def _same(k: int, a: Key, b: Key) -> bool:
    if k or a[0] is None or b[0] is None:
        return a[k] == b[k]
    first, second = a[0], b[0]
    assert isinstance(first, tuple) and isinstance(second, tuple)
    return all(abs(x - y) <= _ANGLE for x, y in zip(first, second, strict=True))
