"""Marks of a CAD report: Mammography CAD SR (PS3.16 TID 4000), and Chest CAD SR, which is built alike."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from viewer.core.cad.marks import CadMark, Intent, OnImage
from viewer.core.cad.regions import BadMark, Index, followed, index_of, on_image
from viewer.core.cad.tree import Item
from viewer.core.cad.vocabulary import is_a, label_of, named, one, share
from viewer.core.report.terms import cad

_INTENTS = {"required": Intent.REQUIRED, "optional": Intent.OPTIONAL, "withheld": Intent.WITHHELD}
_STATES = ("done", "partial", "failed", "not_run")


@dataclass(slots=True)
class Read:
    """What has been read of a document so far; see `CadReport`."""

    marks: list[CadMark] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    withheld: int = 0


def read_lesions(root: Item) -> Read:
    """The marks of a CAD report, a lesion on several images as one."""
    out, index = Read(), index_of(root)
    for summary in named(root.children, "summary"):
        _descend(summary, Intent.REQUIRED, index, out)
    return out


def status_of(root: Item, words: dict[str, str]) -> str:
    """How the detections went: done where the report does not say. `words`: status -> code value."""
    said = one(root, "detections")
    return next((s for s in _STATES if said is not None and said.code.value == words[s]), "done")


def algorithm_of(item: Item) -> str:
    """Name and version of the algorithm that a finding names; "" where it names none."""
    name, version = one(item, "algorithm"), one(item, "version")
    return " ".join(part.text for part in (name, version) if part is not None and part.text)


def _descend(parent: Item, intent: Intent, index: Index, out: Read) -> None:
    """What is withheld hides all below it (PS3.4 O.2.2.1)."""
    for item in parent.children:
        if named([item], "impression"):
            _descend(item, max(intent, _intent(item)), index, out)
        elif named([item], "composite", "single"):
            _take(item, max(intent, _intent(item)), index, out)


def _intent(item: Item) -> Intent:
    said = one(item, "intent")
    stated = (i for name, i in _INTENTS.items() if said is not None and is_a(said.code, cad(name)))
    return next(stated, Intent.REQUIRED)


def _take(item: Item, intent: Intent, index: Index, out: Read) -> None:
    """One lesion: a single image finding, or a feature composed of several."""
    label = label_of(item.code)
    if not label:
        return
    if intent is Intent.WITHHELD:
        out.withheld += 1
        return
    try:
        parts = [p for p in _singles(item, index, set()) if _intent(p) is not Intent.WITHHELD]
        places = tuple(_place(part, index) for part in parts)
        if not places:
            raise BadMark("it has no place that is for presentation")
    except BadMark as error:
        out.refused.append(f"A mark '{label}' is not used: {error}.")
        return
    out.marks.append(
        CadMark(
            label=label,
            places=places,
            by=algorithm_of(item) or next(filter(None, map(algorithm_of, parts)), ""),
            intent=max([intent, *map(_intent, parts)]) if len(parts) == 1 else intent,
            certainty=_highest(item, parts, "feature_certainty", "certainty"),
            malignancy=_highest(item, parts, "cancer"),
        )
    )


def _singles(item: Item, index: Index, seen: set[tuple[int, ...]]) -> list[Item]:
    """The single image findings that a feature is composed of, each once; references may run in a circle."""
    if item.path in seen:
        return []
    seen.add(item.path)
    if named([item], "single"):
        return [item]
    targets = [target for child in item.children if (target := followed(child, index)) is not None]
    return [s for t in named(targets, "composite", "single") for s in _singles(t, index, seen)]


def _place(single: Item, index: Index) -> OnImage:
    return on_image(one(single, "centre"), one(single, "outline"), index)


def _highest(item: Item, parts: Iterable[Item], *names: str) -> float | None:
    """What is said of the lesion itself, else the highest of what is said of it on its images."""
    for group in ([item], list(parts)):
        stated = [share(number) for each in group for number in named(each.children, *names)]
        said = [value for value in stated if value is not None]
        if said:
            return max(said)
    return None
