"""What a report of another program says, as values: marks with their places, and how its work went."""

from dataclasses import dataclass
from enum import IntEnum

from viewer.core.cad.shapes import Box
from viewer.core.dicom.geometry import Vector


class Intent(IntEnum):
    """Rendering Intent (CID 6034), the more hidden the higher. What is withheld becomes no mark."""

    REQUIRED = 0
    OPTIONAL = 1
    WITHHELD = 2


@dataclass(frozen=True, slots=True)
class OnImage:
    """A place on an image: 0-based pixel indices, the centre of the first pixel at 0.

    frame   from 0; None = the only one
    box     (left, top, right, bottom) edges; None where only a point is given
    """

    sop_instance_uid: str
    frame: int | None
    column: float
    row: float
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class InPatient:
    """A place in the patient: mm (LPS) in a frame of reference; `diameter_mm` None = a point."""

    frame_of_reference_uid: str
    center_lps_mm: Vector
    diameter_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CadMark:
    """One lesion as another program marks it.

    places     on each image where it was found, or in the patient
    certainty  0..1, that it is what `label` says (Certainty of Finding); as stated, calibrated by no one here
    malignancy 0..1, Probability of cancer, likewise
    by         algorithm and version
    """

    label: str
    places: tuple[OnImage | InPatient, ...]
    by: str
    intent: Intent = Intent.REQUIRED
    certainty: float | None = None
    malignancy: float | None = None
    tracking_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CadReport:
    """One document of another program.

    maker    manufacturer and model of the program, `version` its version
    status   done, partial, failed or not_run, as `SecondRead` has them
    marks    in document order, none of them withheld
    refused  one sentence for each mark that cannot be used
    withheld how many marks are not for presentation
    """

    sop_instance_uid: str
    maker: str
    version: str
    status: str
    marks: tuple[CadMark, ...] = ()
    refused: tuple[str, ...] = ()
    withheld: int = 0
