from hypothesis import given
from hypothesis import strategies as st

from viewer.core.report.inert import inert, one_line, person_name


@given(st.text(st.characters()))
def test_no_character_is_left_that_steers_anything(text):
    out = inert(text)
    assert all(c == "\n" or (ord(c) >= 0x20 and ord(c) != 0x7F and not 0x80 <= ord(c) < 0xA0) for c in out)
    assert not any(0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069 for c in out)
    out.encode("utf-8")  # no half of a surrogate pair is left


@given(st.text(st.characters()), st.integers(8, 64))
def test_one_line_is_one_line_and_no_longer_than_it_may_be(text, most):
    out = one_line(text, most)
    assert "\n" not in out
    assert len(out) <= most


@given(st.text(st.characters()))
def test_a_person_name_is_one_that_dicom_takes(name):
    out = person_name(name)
    assert not out or "^" in out
    assert "=" not in out
    assert "\\" not in out
    assert len(out) <= 64


def test_plain_text_stays_as_it_is():
    assert inert("Größe 5 µm³, 中文\nnext") == "Größe 5 µm³, 中文\nnext"
    assert person_name("Doe^Jane") == "Doe^Jane"
    assert person_name("A. Example, MD") == "A. Example, MD^"
