"""Match rules: what a protocol asks of a display set, weighted and joined by any, all and not."""

from collections.abc import Mapping
from dataclasses import dataclass

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.mammogram import Mammogram

Fact = str | float | bool | tuple[str, ...]
MIN_VOLUME = 5
"""Fewer slices than this are a localiser, not a volume to open with."""


class ProtocolError(ValueError):
    """A hanging protocol cannot be used; the text says where, what was found, and what is allowed."""


def facts(shown: DisplaySet) -> dict[str, Fact]:
    """What rules may ask about a display set, by name; texts in upper case."""
    first = shown.instances[0]
    breast = first.mammogram or Mammogram()
    return {
        "modality": shown.modality,
        "body_part": first.body_part.upper(),
        "description": first.series_description.upper(),
        "study_description": first.study_description.upper(),
        "protocol": first.protocol.upper(),
        "kernel": first.kernel.upper(),
        "image_type": first.image_type,
        "intent": first.presentation_intent,
        "images": float(shown.count),
        "thickness_mm": first.slice_thickness_mm or 0.0,
        "volume": shown.geometry is not None and shown.count >= MIN_VOLUME,
        "plane": _plane(shown),
        "contrast": bool(first.contrast),
        "side": breast.side,
        "view": "" if first.is_projection else breast.view,  # tilted: no CC, MLO, ... of the protocol
        "modifiers": breast.modifiers,
        "partial": bool(breast.partial),
        "implant": breast.implant,
    }


_PLANES = ("SAGITTAL", "CORONAL", "TRANSVERSE")
"""Of slices across x, y and z, as the image plane of a filter says it (PS3.3 C.23.4.3)."""
_STRAIGHT = 0.9
"""Least cosine between a slice's normal and its axis: a gantry tilted by 25 degrees still counts."""


def _plane(shown: DisplaySet) -> str:
    """The image plane; OBLIQUE between them, "" where slices have no place."""
    if shown.geometry is None:
        return ""
    along = [abs(part) for part in shown.geometry.normal]
    return _PLANES[along.index(max(along))] if max(along) >= _STRAIGHT else "OBLIQUE"


FACTS = (
    "modality", "body_part", "description", "study_description", "protocol", "kernel", "image_type", "intent",
    "images", "thickness_mm", "volume", "plane", "contrast", "side", "view", "modifiers", "partial",
    "implant",
)  # fmt: skip
"""The names that a rule may use."""


@dataclass(frozen=True, slots=True)
class Compare:
    """One fact against values.

    how     is (equal to one of them), contains (a text holds one of them, a list has one), above, below
    """

    fact: str
    how: str
    values: tuple[Fact, ...]

    def holds(self, known: Mapping[str, Fact]) -> bool:
        """True where the fact is so."""
        found = known[self.fact]
        match self.how:
            case "is":
                return found in self.values
            case "contains":
                return isinstance(found, str | tuple) and any(
                    value in found for value in map(str, self.values)
                )
            case "above":
                return isinstance(found, float) and found > float(str(self.values[0]))
        return isinstance(found, float) and found < float(str(self.values[0]))


@dataclass(frozen=True, slots=True)
class Joined:
    """Several tests as one: how = all, any, or not (none of them holds)."""

    how: str
    parts: tuple["Compare | Joined", ...]

    def holds(self, known: Mapping[str, Fact]) -> bool:
        """True where all, any or none of the parts hold."""
        found = [part.holds(known) for part in self.parts]
        return all(found) if self.how == "all" else any(found) == (self.how == "any")


@dataclass(frozen=True, slots=True)
class Rule:
    """A test with the weight that it adds where it holds; a required one rules out where it does not."""

    test: Compare | Joined
    weight: float = 1.0
    required: bool = False


def score(rules: tuple[Rule, ...], known: Mapping[str, Fact]) -> float | None:
    """The weights of the rules that hold, summed; None where a required one does not."""
    total = 0.0
    for rule in rules:
        if rule.test.holds(known):
            total += rule.weight
        elif rule.required:
            return None
    return total


# --- from TOML

_JOINS, _COMPARES = ("all", "any", "not"), ("is", "contains", "above", "below")


def read_rules(raw: object, where: str) -> tuple[Rule, ...]:
    """Rules out of an array of tables; `ProtocolError` names the place in `where`."""
    if not isinstance(raw, list) or not raw:
        raise ProtocolError(f"{where}: found no rules, allowed is an array of tables with one or more.")
    return tuple(_rule(one, f"{where}, rule {n}") for n, one in enumerate(raw, 1))


def _rule(raw: object, where: str) -> Rule:
    if not isinstance(raw, dict):
        raise ProtocolError(f"{where}: found {raw!r}, allowed is a table with a test.")
    test = {key: value for key, value in raw.items() if key not in ("weight", "required")}
    weight, required = raw.get("weight", 1.0), raw.get("required", False)
    if not isinstance(weight, int | float) or not isinstance(required, bool):
        raise ProtocolError(f"{where}: weight is a number, required is true or false.")
    return Rule(_test(test, where), float(weight), required)


def _test(raw: object, where: str) -> Compare | Joined:
    if not isinstance(raw, dict):
        raise ProtocolError(f"{where}: found {raw!r}, allowed is a table.")
    if len(raw) == 1 and (how := next(iter(raw))) in _JOINS:
        parts = raw[how] if isinstance(raw[how], list) else [raw[how]]
        return Joined(how, tuple(_test(part, f"{where}, {how}") for part in parts))
    hows = [how for how in _COMPARES if how in raw]
    if len(hows) != 1 or set(raw) != {"fact", hows[0]}:
        allowed = f"all, any or not, or fact with one of {', '.join(_COMPARES)}"
        raise ProtocolError(f"{where}: found {raw!r}, allowed is {allowed}.")
    if raw["fact"] not in FACTS:
        raise ProtocolError(f"{where}: found the fact {raw['fact']!r}, allowed are {', '.join(FACTS)}.")
    return Compare(raw["fact"], hows[0], _values(raw[hows[0]], hows[0], where))


def _values(raw: object, how: str, where: str) -> tuple[Fact, ...]:
    values = tuple(raw) if isinstance(raw, list) else (raw,)
    number = how in ("above", "below")
    if not values or any(
        isinstance(v, dict | list) or (number and not isinstance(v, int | float)) for v in values
    ):
        raise ProtocolError(f"{where}: {how} takes {'a number' if number else 'values'}, found {raw!r}.")
    return tuple(v.upper() if isinstance(v, str) else v if isinstance(v, bool) else float(v) for v in values)
