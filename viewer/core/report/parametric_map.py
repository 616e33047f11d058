"""A heat map of a finding as a DICOM Parametric Map, pixel by pixel on the slices that it was made of.

Not of mammograms: a Parametric Map must say where in the patient its frames lie (PS3.3 A.75), and a
projection lies nowhere (docs/mammography-conformance.md).
"""

import highdicom as hd
import numpy as np
from highdicom.pm import ParametricMap, RealWorldValueMapping
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import RLELossless, generate_uid

from viewer.core.reading.finding import Finding
from viewer.core.report.document import equipment, refusing
from viewer.core.report.inert import one_line
from viewer.core.report.second_read import HeatPatch, SecondRead
from viewer.core.report.source import Source

PM_SERIES = 9004
STEPS = 65535
"""0..1 in 16 bits: half as large as floats, and almost all zeros, which compress."""
SALIENCY = Code("130404", "DCM", "Saliency map")
"""CID 7180; HiResCAM has no code of its own."""
NO_UNITS = Code("1", "UCUM", "no units")

Frames = tuple[list[Dataset], NDArray[np.uint16]]


def heat_map_object(where: Source, finding: Finding, heat: HeatPatch, read: SecondRead) -> Dataset | None:
    """The map of a finding on the images of `where`; None where it lies on none. Raises `ReportError`.

    0 = nothing, 1 = what raised the model's answer most. Frames are as large as the images and lie where they
    lie; slices that the map does not reach, or that are missing, get none.
    """
    frames = _on_slices(where, heat)
    if frames is None:
        return None
    images, pixels = frames
    what = f"Heat map of {one_line(finding.name, 16)}, {one_line(read.name, 40)}"
    with refusing(what):
        made = ParametricMap(
            source_images=images,
            pixel_array=pixels,
            series_instance_uid=generate_uid(),
            series_number=PM_SERIES,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            contains_recognizable_visual_features=False,
            real_world_value_mappings=[_meaning()],
            voi_lut_transformations=[hd.VOILUTTransformation(STEPS / 2, STEPS)],
            transfer_syntax_uid=RLELossless,
            content_label="HIRESCAM",
            content_description=one_line(f"HiResCAM of '{finding.label}'. Not an outline, and no proof."),
            series_description=one_line(what),
            specific_character_set="ISO_IR 192",
            **equipment(),
        )
        _describe(made, finding, read)
    made.PatientName = where.patient_name
    if "Laterality" not in made:
        made.Laterality = ""  # type 2C: dciodvfy takes a missing one for an error
    return made


def _meaning() -> RealWorldValueMapping:
    return RealWorldValueMapping(
        lut_label="HIRESCAM",
        lut_explanation="0 = nothing, 1 = raised the answer most",
        unit=NO_UNITS,
        value_range=(0, STEPS),
        slope=1 / STEPS,
        intercept=0.0,
        quantity_definition=SALIENCY,
    )


def _describe(made: Dataset, finding: Finding, read: SecondRead) -> None:
    """Method, answer and weights, in every reference to a source image."""
    said = (
        f"HiResCAM of the answer '{finding.label}' of {read.model_id} {read.version}, SHA-256 {read.sha256}"
    )
    for group in made.PerFrameFunctionalGroupsSequence:
        for item in group.DerivationImageSequence:
            item.DerivationDescription = one_line(said, 500)


def _on_slices(where: Source, heat: HeatPatch) -> Frames | None:
    """Of a series of single images; a multi-frame object would need all of its frames."""
    k0, i0, j0 = heat.start
    depth, height, width = heat.values.shape
    there = [k for k in range(k0, k0 + depth) if k in where.places and heat.values[k - k0].any()]
    if not there or any(where.places[k][1] is not None for k in there):
        return None
    images = [where.images[where.places[k][0]] for k in there]
    pixels = np.zeros((len(there), images[0].Rows, images[0].Columns), np.uint16)
    for plane, k in zip(pixels, there, strict=True):
        plane[i0 : i0 + height, j0 : j0 + width] = _steps(heat.values[k - k0])
    return images, pixels


def _steps(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.rint(np.clip(values, 0, 1) * STEPS).astype(np.uint16)
