"""Text of strangers made harmless: nothing in it can steer a terminal, a page or a DICOM reader any more."""

import unicodedata

_STEERING = frozenset(range(0x202A, 0x202F)) | frozenset(range(0x2066, 0x206A)) | {0x200E, 0x200F, 0xFEFF}
"""Marks that change the direction of the text after them, and the byte order mark."""


def inert(text: str, *, lines: bool = True) -> str:
    """`text` with control characters as visible symbols; line ends stay, or become "␊" without `lines`."""
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    return "".join(_visible(c, lines) for c in text)


def one_line(text: str, most: int = 64) -> str:
    """`inert` text without line ends, at most `most` characters (64 is what DICOM's long strings hold)."""
    flat = inert(" ".join(text.split("\n")), lines=False).strip()
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def person_name(name: str) -> str:
    """A name as DICOM writes one: one component group, and a caret where there was none.

    A single component is written as family name: no guess is made which word is the given name.
    """
    safe = one_line(name.replace("\\", "/").replace("=", "-"), 60)
    return safe if "^" in safe or not safe else safe + "^"


def _visible(c: str, lines: bool) -> str:
    code = ord(c)
    if c == "\n" and lines:
        return c
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code in _STEERING or unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn"):
        return f"⟨U+{code:04X}⟩"
    return c
