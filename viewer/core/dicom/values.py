"""Values out of raw elements: text, numbers and items, each checked, none trusted."""

import math
import struct
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from viewer.core.dicom.elements import Element, items_of
from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.dicom.text import clean

_NAME_DELIMITERS = {0x5E, 0x3D}  # ^ =
_TEXT_DELIMITERS = {0x5C, 0x0A, 0x0C, 0x0D}


def tag_text(tag: int) -> str:
    """``(gggg,eeee)`` of a tag."""
    return f"({tag >> 16:04x},{tag & 0xFFFF:04x})"


class Values:
    """Read access to one data set; what is wrong is collected in `problems` (shared with its items)."""

    def __init__(self, elements: Mapping[int, Element], file: str, big_endian: bool = False) -> None:
        self.elements = elements
        self.file = file
        self.problems: list[Problem] = []
        self._end = ">" if big_endian else "<"
        self._charset = self.ascii(0x00080005)

    def problem(self, tag: int, found: str, allowed: str, message: str) -> Problem:
        """A problem with one element of this data set (made, not yet noted)."""
        return Problem(self.file, tag_text(tag), clean(found, 64), allowed, message)

    def note(self, tag: int, found: str, allowed: str, message: str) -> None:
        """Note something that is wrong but leaves the image usable."""
        self.problems.append(self.problem(tag, found, allowed, message))

    def has(self, tag: int) -> bool:
        """True where the element is there with a value."""
        element = self.elements.get(tag)
        return element is not None and bool(element.value)

    def raw(self, tag: int) -> bytes:
        """The bytes of the value; b"" where there are none."""
        element = self.elements.get(tag)
        return element.value if element is not None else b""

    def ascii(self, tag: int) -> str:
        """A value that the standard keeps to ASCII: codes, UIDs, numbers as text."""
        return _ascii(self.raw(tag))

    def codes(self, tag: int) -> tuple[str, ...]:
        """The values of a code string, cleaned, in upper case."""
        return _codes(self.raw(tag))

    def code(self, tag: int) -> str:
        """The first value of a code string, or ""."""
        codes = self.codes(tag)
        return codes[0] if codes else ""

    def text(self, tag: int) -> str:
        """A text in the character set of the data set, cleaned."""
        raw = self.raw(tag)
        if raw.isascii() and 0x1B not in raw:
            return _clean_ascii(raw)
        return clean(self._decoded(raw, _TEXT_DELIMITERS))

    def name(self, tag: int) -> str:
        """A person name as ``family^given^...``: the first component group that is there, cleaned."""
        groups = self._decoded(self.raw(tag), _NAME_DELIMITERS).split("=")
        return clean(next((group.rstrip("^ \0") for group in groups if group.strip("^ \0")), ""))

    def numbers(self, tag: int) -> tuple[float, ...]:
        """All numbers written as text (DS, IS); NaN for one that is none."""
        return _numbers(self.raw(tag))

    def number(self, tag: int) -> float | None:
        """The first of the numbers written as text; None where there is none that is finite."""
        numbers = self.numbers(tag)
        return numbers[0] if numbers and math.isfinite(numbers[0]) else None

    def integer(self, tag: int) -> int | None:
        """An integer written as text (IS); None where it is absent, no integer, or over 31 bits."""
        number = self.number(tag)
        return int(number) if number is not None and number == int(number) and abs(number) < 2**31 else None

    def shorts(self, tag: int, signed: bool = False) -> tuple[int, ...]:
        """The values of a US or SS element; () where it does not hold a whole number of them."""
        raw = self.raw(tag)
        if len(raw) % 2:
            return ()
        return struct.unpack(f"{self._end}{len(raw) // 2}{'h' if signed else 'H'}", raw)

    def short(self, tag: int) -> int | None:
        """The one value of a US element, or None."""
        values = self.shorts(tag)
        return values[0] if len(values) == 1 else None

    def doubles(self, tag: int) -> tuple[float, ...]:
        """The values of an FD element; () where it does not hold a whole number of them."""
        raw = self.raw(tag)
        return struct.unpack(f"{self._end}{len(raw) // 8}d", raw) if len(raw) % 8 == 0 else ()

    def floats(self, tag: int) -> tuple[float, ...]:
        """The values of an FL element; () where it does not hold a whole number of them."""
        return self._fours(tag, "f")

    def longs(self, tag: int) -> tuple[int, ...]:
        """The values of an SL element; () where it does not hold a whole number of them."""
        return self._fours(tag, "i")

    def _fours(self, tag: int, kind: str) -> tuple[Any, ...]:
        raw = self.raw(tag)
        return struct.unpack(f"{self._end}{len(raw) // 4}{kind}", raw) if len(raw) % 4 == 0 else ()

    def little_endian_words(self, tag: int) -> bytes:
        """The value of an OW or US element as little-endian 16-bit words."""
        raw = self.raw(tag)
        if self._end == "<" or len(raw) % 2:
            return raw
        return struct.pack(f"<{len(raw) // 2}H", *struct.unpack(f">{len(raw) // 2}H", raw))

    def vr(self, tag: int) -> str:
        """The value representation as written; "" where it is implicit."""
        element = self.elements.get(tag)
        return element.vr.decode() if element is not None else ""

    def items(self, tag: int) -> tuple["Values", ...]:
        """The items of a sequence; () where it is absent or cannot be read (then noted)."""
        element = self.elements.get(tag)
        if element is None or not element.value:
            return ()
        try:
            return tuple(self._item(item) for item in items_of(element, self._end == ">", self.file))
        except (DicomError, struct.error) as error:
            found = error.problem.found if isinstance(error, DicomError) else "a damaged element"
            self.note(tag, found, "a sequence of items", "it cannot be read and is left out")
            return ()

    def item(self, tag: int) -> "Values":
        """The first item of a sequence; an empty data set where there is none."""
        items = self.items(tag)
        return items[0] if items else Values({}, self.file)

    def _item(self, elements: dict[int, Element]) -> "Values":
        values = Values(elements, self.file, self._end == ">")
        values._charset = values._charset or self._charset
        values.problems = self.problems
        return values

    def _decoded(self, raw: bytes, delimiters: set[int]) -> str:
        if raw.isascii() and 0x1B not in raw:
            return raw.decode("ascii")
        from pydicom.charset import convert_encodings, decode_bytes  # few files need it

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown character set reads as ASCII with replacements
            try:
                encodings = convert_encodings(self._charset.split("\\") or [""])
                return decode_bytes(raw, encodings, delimiters)
            except Exception:  # codecs raise what they like
                return raw.decode("latin-1")


# Most values are the same in all images of a series: what was made of the same bytes is remembered.


@lru_cache(4096)
def _ascii(raw: bytes) -> str:
    return raw.decode("ascii", "replace").strip(" \0")


@lru_cache(4096)
def _clean_ascii(raw: bytes) -> str:
    return clean(raw.decode("ascii"))


@lru_cache(4096)
def _codes(raw: bytes) -> tuple[str, ...]:
    text = _ascii(raw)
    return tuple(clean(part, 64).upper() for part in text.split("\\")) if text else ()


@lru_cache(4096)
def _numbers(raw: bytes) -> tuple[float, ...]:
    text = _ascii(raw)
    return tuple(_number(part) for part in text.split("\\")) if text else ()


def _number(text: str) -> float:
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
