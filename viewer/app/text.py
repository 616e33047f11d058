"""How numbers, names, dates and times are written on screen. Plain values in, text out."""

from collections.abc import Sequence
from datetime import datetime

MINUS = "−"
DOT = "  ·  "
"""Between facts on one line."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def person(name: str) -> str:
    """A DICOM person name (PS3.5 6.2.1) as "Family, Given"; "" for none."""
    parts = [part.strip() for part in name.split("=")[0].split("^")]
    family, rest = parts[0] if parts else "", " ".join(part for part in parts[1:3] if part)
    return f"{family}, {rest}" if family and rest else family or rest


def date(value: str) -> str:
    """A DICOM date as "2 Jan 1999"; what is no date stays as it is."""
    if len(value) != 8 or not value.isdecimal() or not 1 <= int(value[4:6]) <= 12:
        return value
    return f"{int(value[6:])} {_MONTHS[int(value[4:6]) - 1]} {value[:4]}"


def clock(at_utc: str) -> str:
    """The local time of day of an ISO time, "09:41:07"; "" for what is none."""
    try:
        return datetime.fromisoformat(at_utc).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return ""


def number(value: float) -> str:
    """Without needless decimals, with a true minus sign."""
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace("-", MINUS)


def window(centre: float, width: float, name: str = "") -> str:
    """W and L as radiologists write them, with the preset's name."""
    return f"{name}  W {number(width)}  L {number(centre)}".strip()


def millimetres(value: float) -> str:
    """One decimal, with a true minus sign."""
    return f"{value:.1f} mm".replace("-", MINUS)


def spans(indices: Sequence[int], most: int = 5) -> str:
    """Slice numbers (from 0) as people count them: "115 to 118 and 121"; at most so many parts."""
    parts: list[tuple[int, int]] = []
    for index in sorted(indices):
        if parts and index == parts[-1][1] + 1:
            parts[-1] = (parts[-1][0], index)
        else:
            parts.append((index, index))
    words = [f"{a + 1}" if a == b else f"{a + 1} to {b + 1}" for a, b in parts[:most]]
    if len(parts) > most:
        words.append("more")
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def shortened(words: str, most: int) -> str:
    """At most so many letters, cut between words and then ended by '…'."""
    if len(words) <= most:
        return words
    return words[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + " …"


def company(name: str) -> str:
    """A maker's name without shouting: "GE Medical Systems", "Toshiba"."""
    if not name.isupper():
        return name
    return " ".join(word if len(word) <= 3 else word.capitalize() for word in name.split())
