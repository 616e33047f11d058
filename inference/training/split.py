"""Who learns, who calibrates, who measures. Nothing of one patient is ever on two sides."""

import hashlib
from enum import StrEnum


class Part(StrEnum):
    """On which side of the split a patient stands."""

    TRAINING = "training"
    CALIBRATION = "calibration"
    TEST = "test"
    """Only measured, once everything is frozen."""


CALIBRATION_TENTHS, TEST_TENTHS = 2, 3
"""Of a site's patients."""


def site_part(patient: str) -> Part:
    """Of a patient of a site's own cases: by the MD5 of the name, so that new patients move no old one."""
    tenth = hashlib.md5(patient.encode(), usedforsecurity=False).digest()[0] % 10
    if tenth < TEST_TENTHS:
        return Part.TEST
    return Part.CALIBRATION if tenth < TEST_TENTHS + CALIBRATION_TENTHS else Part.TRAINING
