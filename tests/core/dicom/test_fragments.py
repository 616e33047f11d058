"""Compressed frames in their fragments, and what they say of themselves."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.core.dicom.codestream import inspect
from viewer.core.dicom.fragments import frame_fragments, read_fragments
from viewer.core.dicom.problem import DicomError

JPEG = b"\xff\xd8"


def encapsulated(fragments, table=(), end=True):
    items = [struct.pack(f"<{len(table)}I", *table), *fragments]
    out = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(item)) + item for item in items)
    return out + (struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) if end else b"")


def frames(data, count):
    stream = io.BytesIO(data)
    return [read_fragments(stream, f) for f in frame_fragments(stream, 0, len(data), count, "/made")]


PIECES = [JPEG + b"ab", b"cd", JPEG + b"efgh", JPEG + b"ij", b"kl", b"mn"]
WHOLE = [b"".join(PIECES[:2]), PIECES[2], b"".join(PIECES[3:])]


def test_one_frame_may_have_many_fragments():
    assert frames(encapsulated(PIECES), 1) == [b"".join(PIECES)]


def test_one_fragment_a_frame_without_a_table():
    assert frames(encapsulated(PIECES), 6) == PIECES


def test_a_table_tells_the_frames_apart():
    starts = (0, 22, 36)  # an item header takes 8 bytes
    assert frames(encapsulated(PIECES, starts), 3) == WHOLE


def test_without_a_table_frames_begin_at_markers():
    assert frames(encapsulated(PIECES, end=False), 3) == WHOLE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encapsulated([]),
        encapsulated(PIECES, (0, 1, 2)),
        encapsulated(PIECES, (0, 22, 0x7FFFFFF0)),
        encapsulated(PIECES, (22, 0, 36)),
        encapsulated(PIECES)[:-20],
        encapsulated(PIECES[:2]),
        encapsulated(PIECES)[:10] + b"garbage" + encapsulated(PIECES)[10:],
    ],
)
def test_damaged_encapsulation_is_refused(data):
    with pytest.raises(DicomError) as caught:
        frames(data, 3)
    assert caught.value.problem.tag == "(7fe0,0010)"


PICTURE = np.arange(15 * 9, dtype=np.uint16).reshape(9, 15)


@pytest.mark.parametrize(
    ("codec", "data", "precision", "signed"),
    [
        ("jpegls", imagecodecs.jpegls_encode(PICTURE), 16, False),
        ("j2k", imagecodecs.jpeg2k_encode(PICTURE, codecformat="j2k", bitspersample=12), 12, False),
        ("j2k", imagecodecs.jpeg2k_encode(PICTURE.view(np.int16), codecformat="j2k"), 16, True),
        ("j2k", imagecodecs.jpeg2k_encode(PICTURE, codecformat="jp2"), 16, False),
        ("jpeg", imagecodecs.jpeg8_encode(PICTURE.astype(np.uint8)), 8, False),
    ],
)
def test_a_codestream_tells_its_size(codec, data, precision, signed):
    said = inspect(data, codec)
    assert (said.rows, said.columns, said.components) == (9, 15, 1)
    assert (said.precision, said.signed) == (precision, signed)


@given(st.binary(max_size=200), st.sampled_from(["jpeg", "jpegls", "j2k"]))
def test_no_noise_crashes_the_look(noise, codec):
    for head in (b"", JPEG, b"\xff\x4f\xff\x51", JPEG + b"\xff\xc3"):
        inspect(head + noise, codec)
