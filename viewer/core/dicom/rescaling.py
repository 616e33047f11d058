"""Whether the images of one stack share one grey scale, or can be brought to a common one exactly."""

from collections.abc import Sequence
from enum import StrEnum

from viewer.core.dicom.instance import Instance


class Scale(StrEnum):
    """How the modality values of a stack's images compare."""

    SAME = "same"
    """One grey pipeline for all."""
    WHOLE = "whole"
    """Different ones, but all in whole Hounsfield units: a volume of HU holds them exactly."""
    MIXED = "mixed"
    """Different ones: each image is right alone, but no plane may cut across them."""


def scale_of(instances: Sequence[Instance]) -> Scale:
    """Compare the grey pipelines (without VOI) of `instances`."""
    greys = {instance.grey for instance in instances}
    if len(greys) == 1 or not instances:
        return Scale.SAME
    if len({grey.invert for grey in greys}) > 1:
        return Scale.MIXED
    return Scale.WHOLE if all(_whole(instance) for instance in instances) else Scale.MIXED


def _whole(instance: Instance) -> bool:
    if instance.modality_lut is not None or instance.units != "HU":
        return False
    return instance.slope.is_integer() and instance.intercept.is_integer()
