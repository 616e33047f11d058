"""Which words a code stands for. Codes of old and new SNOMED are the same to it."""

from collections.abc import Iterable

from pydicom.sr.coding import Code

from viewer.core.cad.tree import Item
from viewer.core.report.terms import Term, cad, lesions, no_lesions


def is_a(found: Term, wanted: Term) -> bool:
    """True for the same concept; SNOMED RT and CT are compared by pydicom's table."""
    return bool(Code(*found) == Code(*wanted))


def named(items: Iterable[Item], *names: str) -> list[Item]:
    """Those whose concept name is one of the table's."""
    wanted = [cad(name) for name in names]
    return [item for item in items if any(is_a(item.name, term) for term in wanted)]


def one(item: Item, name: str) -> Item | None:
    """The first child of that concept name."""
    return next(iter(named(item.children, name)), None)


def label_of(code: Term) -> str:
    """What the screen calls it; the meaning that stands beside an unknown code; "" for what is no lesion."""
    if any(is_a(code, term) for term in no_lesions()):
        return ""
    fitting = [row.label for row in lesions() if is_a(code, row.code) or is_a(code, row.both)]
    known = fitting[-1] if fitting else ""  # a density is a mass to most programs, an asymmetry to few
    return known or code.meaning.lower() or "finding without a name"


def share(item: Item | None) -> float | None:
    """A number in per cent, or as a share where its unit is 1, as 0..1; None for what is none."""
    if item is None or item.number is None:
        return None
    value = item.number / 100 if item.unit in ("%", "") else item.number
    return value if 0 <= value <= 1 else None
