"""Texts, dates and UIDs from files, made harmless before anyone shows, logs or compares them."""

import re
import unicodedata
from datetime import date
from functools import lru_cache

LIMIT = 256
"""Longest text that is kept: four times what a DICOM LO may hold."""

_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKS_IN_A_ROW = 3
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_AGE = re.compile(r"[0-9]{3}[DWMY]")
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9](([0-5][0-9]|60)(\.[0-9]{1,6})?)?)?")


def clean(text: str, limit: int = LIMIT) -> str:
    """`text` without control and direction characters (each becomes U+FFFD), towers of accents, or excess."""
    text = text.strip(" \0")
    if text.isascii() and text.isprintable():
        return text if len(text) <= limit else text[: limit - 1] + "…"
    out: list[str] = []
    marks = 0
    for char in text[: limit * 8]:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks > _MARKS_IN_A_ROW:
            continue
        unsafe = char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
        out.append("\ufffd" if unsafe else char)
    return "".join(out) if len(out) <= limit else "".join(out[: limit - 1]) + "…"


@lru_cache(4096)
def is_uid(text: str) -> bool:
    """True where `text` is a valid DICOM UID (PS3.5 9.1): what an object may refer to."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


@lru_cache(1024)
def clean_date(text: str, latest: date | None = None) -> str:
    """`text` as YYYYMMDD (the old form YYYY.MM.DD too), or "" where that is no day before `latest`."""
    digits = text.replace(".", "") if len(text) == 10 else text
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return ""
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return ""
    return "" if latest is not None and day > latest else digits


@lru_cache(1024)
def clean_time(text: str) -> str:
    """`text` as HHMMSS with an optional fraction (the old form HH:MM:SS too), or ""."""
    digits = text.replace(":", "")
    return digits if _TIME.fullmatch(digits) else ""


def clean_age(text: str) -> str:
    """`text` as nnnD, nnnW, nnnM or nnnY, or ""."""
    return text if _AGE.fullmatch(text) else ""
