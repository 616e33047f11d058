"""A regular CT series of the real images as HU and geometry, without the program's own reader."""

from functools import cache
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from pydicom.encaps import generate_frames

from viewer.core.dicom.geometry import Geometry


@cache
def read_series(folder: Path):
    """(slices, rows, columns) int16 HU, feet first, and where they lie."""
    images = sorted(
        (pydicom.dcmread(f) for f in folder.glob("*.dcm")), key=lambda d: d.ImagePositionPatient[2]
    )
    hu = np.stack([_hu(image) for image in images])
    first, last = (np.array(images[k].ImagePositionPatient, float) for k in (0, -1))
    step = (last - first) / (len(images) - 1)
    between = float(np.linalg.norm(step))
    orientation = [float(v) for v in images[0].ImageOrientationPatient]
    spacing = (between, *(float(v) for v in images[0].PixelSpacing))
    axes = (tuple((step / between).tolist()), tuple(orientation[3:]), tuple(orientation[:3]))
    return hu, Geometry(tuple(first.tolist()), *axes, spacing, hu.shape, images[0].FrameOfReferenceUID)


def _hu(image):
    frame = next(generate_frames(image.PixelData, number_of_frames=1))
    jpegls = image.file_meta.TransferSyntaxUID in ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
    stored = imagecodecs.jpegls_decode(frame) if jpegls else imagecodecs.jpeg2k_decode(frame)
    return np.rint(stored * float(image.RescaleSlope) + float(image.RescaleIntercept)).astype(np.int16)
