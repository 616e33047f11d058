"""From raw samples to codes: width, place and sign of the pixel in its word."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from viewer.core.pixels.samples import codes_in_place


@given(
    st.integers(1, 16).flatmap(
        lambda width: st.tuples(
            st.just(width), st.integers(0, 16 - width), st.lists(st.integers(0, 65535), min_size=1)
        )
    ),
    st.booleans(),
)
def test_codes(layout, signed):
    width, shift, words = layout
    codes = np.array(words, np.uint16)
    codes_in_place(codes, width, shift, signed)
    for word, code in zip(words, codes.tolist(), strict=True):
        stored = (word >> shift) & ((1 << width) - 1)
        if signed and stored >= 1 << (width - 1):
            stored -= 1 << width
        assert code == stored + (0x8000 if signed else 0)
