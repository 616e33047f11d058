"""Transfer syntaxes: how each encodes the data set and the pixels, and which ones can be shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syntax:
    """One transfer syntax.

    codec  "" = native pixels; else "jpeg", "jpegls", "j2k", "rle"; "video" and "unknown" cannot be shown
    lossy  the encoding itself may lose information
    """

    uid: str
    name: str
    codec: str = ""
    implicit: bool = False
    big_endian: bool = False
    deflated: bool = False
    lossy: bool = False


IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"

_JPEG = "1.2.840.10008.1.2.4."

SYNTAXES = {
    s.uid: s
    for s in (
        Syntax(IMPLICIT, "implicit VR little endian", implicit=True),
        Syntax(EXPLICIT, "explicit VR little endian"),
        Syntax("1.2.840.10008.1.2.1.99", "deflated explicit VR little endian", deflated=True),
        Syntax("1.2.840.10008.1.2.2", "explicit VR big endian", big_endian=True),
        Syntax("1.2.840.10008.1.2.5", "RLE lossless", "rle"),
        Syntax(_JPEG + "50", "JPEG baseline", "jpeg", lossy=True),
        Syntax(_JPEG + "51", "JPEG extended", "jpeg", lossy=True),
        Syntax(_JPEG + "53", "JPEG spectral selection (retired)", "jpeg", lossy=True),
        Syntax(_JPEG + "55", "JPEG full progression (retired)", "jpeg", lossy=True),
        Syntax(_JPEG + "57", "JPEG lossless", "jpeg"),
        Syntax(_JPEG + "70", "JPEG lossless, first-order prediction", "jpeg"),
        Syntax(_JPEG + "80", "JPEG-LS lossless", "jpegls"),
        Syntax(_JPEG + "81", "JPEG-LS near-lossless", "jpegls", lossy=True),
        Syntax(_JPEG + "90", "JPEG 2000 lossless", "j2k"),
        Syntax(_JPEG + "91", "JPEG 2000", "j2k", lossy=True),
        Syntax(_JPEG + "92", "JPEG 2000 part 2 lossless", "j2k"),
        Syntax(_JPEG + "93", "JPEG 2000 part 2", "j2k", lossy=True),
        Syntax(_JPEG + "201", "high-throughput JPEG 2000 lossless", "j2k"),
        Syntax(_JPEG + "202", "high-throughput JPEG 2000 lossless (RPCL)", "j2k"),
        Syntax(_JPEG + "203", "high-throughput JPEG 2000", "j2k", lossy=True),
    )
}
_VIDEO = frozenset(_JPEG + f"{n}" for n in (*range(100, 109), "100.1", "101.1", "102.1", "103.1", "104.1"))


def syntax_of(uid: str) -> Syntax:
    """The transfer syntax of a UID; an unknown one reads as explicit VR little endian, with no codec."""
    if uid in SYNTAXES:
        return SYNTAXES[uid]
    return Syntax(uid, "video", "video") if uid in _VIDEO else Syntax(uid, "unknown", "unknown")
