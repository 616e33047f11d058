"""What is believed of a header, and what is said about the rest."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.dicom.files import ct
from viewer.core.dicom.header import parse
from viewer.core.dicom.instance import Location
from viewer.core.dicom.problem import DicomError
from viewer.core.dicom.text import clean, clean_date, clean_time, is_uid


def parsed(dataset, cut=None):
    data = io.BytesIO()
    dataset.save_as(data, enforce_file_format=True)
    data = io.BytesIO(data.getvalue()[:cut])
    return parse(data, Location("file", "/made/x.dcm"), data.getbuffer().nbytes)


def refused(dataset):
    with pytest.raises(DicomError) as caught:
        parsed(dataset)
    return caught.value.problem


def test_a_good_header_has_no_problems():
    instance = parsed(ct(1))
    assert instance.problems == () and instance.broken is None
    assert (instance.rows, instance.columns, instance.units, instance.rescaled) == (8, 8, "HU", True)
    assert instance.patient_name == "Doe^Jane"


@pytest.mark.parametrize(
    ("changes", "tag"),
    [
        ({"BitsAllocated": 32}, "(0028,0100)"),
        ({"BitsStored": 17}, "(0028,0101)"),
        ({"HighBit": 3}, "(0028,0102)"),
        ({"PixelRepresentation": 2}, "(0028,0103)"),
        ({"PhotometricInterpretation": "HSV"}, "(0028,0004)"),
        ({"SamplesPerPixel": 3}, "(0028,0002)"),
        ({"NumberOfFrames": "9"}, "(0028,0008)"),
        ({"StudyInstanceUID": None}, "(0020,000d)"),
        ({"PixelData": None}, "(7fe0,0010)"),
    ],
)
def test_what_cannot_be_shown_right_is_refused_by_its_tag(changes, tag):
    assert refused(ct(1, **changes)).tag == tag


def test_a_single_picture_without_uids_stands_alone():
    one = parsed(ct(1, Modality="US", StudyInstanceUID=None, ImageComments="a"))
    other = parsed(ct(2, Modality="US", StudyInstanceUID=None))
    assert one.study_instance_uid != other.study_instance_uid
    assert not is_uid(one.study_instance_uid)
    assert one.problems


def test_an_incomplete_image_keeps_its_place():
    instance = parsed(ct(3), cut=-10)
    assert instance.broken is not None and instance.broken.tag == "(7fe0,0010)"
    assert instance.position_mm == (-10, -10, 6)


def test_padding_is_read_by_the_sign_of_the_pixels():
    dataset = ct(1)
    dataset.add_new(0x00280120, "US", 63536)
    assert parsed(dataset).padding == (-2000, -2000)


def test_upper_bits_hold_the_pixel_where_high_bit_says_so():
    instance = parsed(ct(1, BitsStored=12, HighBit=15))
    assert (instance.bits_stored, instance.high_bit) == (12, 15)
    assert instance.problems[0].tag == "(0028,0102)"


def test_a_scout_has_no_hounsfield_units():
    assert parsed(ct(1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])).units == ""


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, while it writes the bad ones
@pytest.mark.parametrize(
    ("charset", "raw", "name"),
    [
        ("ISO_IR 192", "Müller^Jörg".encode(), "Müller^Jörg"),
        ("ISO_IR 100", "Buc^Jérôme".encode("latin-1"), "Buc^Jérôme"),
        ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou"),
        ("ISO_IR 999", b"Plain^Name", "Plain^Name"),
        ("", b"=\xc4^A", None),
    ],
)
def test_names_in_their_character_set(charset, raw, name):
    dataset = ct(1, PatientName=None)
    dataset.add_new(0x00080005, "CS", charset)
    dataset.add_new(0x00100010, "UN", raw)
    found = parsed(dataset).patient_name
    assert found.isprintable()
    assert name is None or found == name


@given(st.text())
def test_no_text_can_hurt(text):
    out = clean(text)
    assert out.isprintable() or "\u3000" in out or any(c.isspace() or ord(c) > 0x7F for c in out)
    assert len(out) <= 256
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E for c in out)


@given(st.binary(max_size=600))
def test_no_bytes_crash_the_parser(noise):
    for head in (b"", b"\0" * 128 + b"DICM"):
        data = io.BytesIO(head + noise)
        try:
            parse(data, Location("file", "/made/noise"), data.getbuffer().nbytes)
        except DicomError as error:
            assert error.problem.line().isprintable()


@given(st.integers(132, 1100), st.integers(0, 255))
def test_no_single_byte_crashes_the_parser(place, value):
    data = io.BytesIO()
    ct(1).save_as(data, enforce_file_format=True)
    raw = bytearray(data.getvalue())
    raw[place % len(raw)] = value
    try:
        parse(io.BytesIO(raw), Location("file", "/made/flip"), len(raw))
    except DicomError as error:
        assert error.problem.message


def test_zeros_where_data_should_be_end_at_once():
    data = io.BytesIO()
    ct(1).save_as(data, enforce_file_format=True)
    for keep in (132, 700):
        zeros = data.getvalue()[:keep] + bytes(50_000_000)
        with pytest.raises(DicomError):
            parse(io.BytesIO(zeros), Location("file", "/made/zeros"), len(zeros))


def test_a_flood_of_empty_elements_is_cut_short():
    data = io.BytesIO()
    ct(1).save_as(data, enforce_file_format=True)
    flood = data.getvalue()[:700] + b"\x29\x00\x01\x00LO\x00\x00" * 3_000_000
    with pytest.raises(DicomError):
        parse(io.BytesIO(flood), Location("file", "/made/flood"), len(flood))


def test_dates_times_and_uids():
    assert clean_date("20260230") == "" and clean_date("2026.02.28") == "20260228"
    assert clean_time("256199") == "" and clean_time("12:30:59") == "123059" and clean_time("12") == "12"
    assert is_uid("1.2.840.10008.1.2") and not is_uid("1.2.03") and not is_uid("1." + "2" * 70)
