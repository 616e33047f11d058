"""From decoded or native samples to codes. Knows no file and no codec."""

import numpy as np
from numpy.typing import NDArray


def codes_in_place(samples: NDArray[np.uint16], width: int, shift: int, signed: bool) -> None:
    """Turn raw 16-bit samples (any shape) into codes, where they stand.

    The pixel is `width` bits wide and begins `shift` bits up (High Bit + 1 - Bits Stored); what lies beside
    it is dropped (PS3.5 8.1.1: retired overlays). Signed pixels are extended from their own sign bit.
    """
    if shift:
        np.right_shift(samples, shift, out=samples)
    if width < 16:
        np.bitwise_and(samples, (1 << width) - 1, out=samples)
    if signed:
        # two's complement of `width` bits, plus 32768: flip the sign bit, then move 0 up to the middle
        np.bitwise_xor(samples, 1 << (width - 1), out=samples)
        if width < 16:
            np.add(samples, 0x8000 - (1 << (width - 1)), out=samples)
