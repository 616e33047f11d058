"""What is shown together: the display set, and the series, study and patient that hold it. Values only."""

from dataclasses import dataclass, field

from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.instance import Instance


@dataclass(frozen=True, slots=True)
class SeriesWarning:
    """Something the reader must know about a display set.

    kind      a word for programs: missing_slices, irregular_spacing, gantry_tilt, two_patients, ...
    message   one sentence
    severity  "info", "warning" or "danger" (danger: identity or side may be wrong)
    """

    kind: str
    message: str
    severity: str = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplaySet:
    """Images that are scrolled as one stack, or one object that is no image.

    id          stable while the series grows
    instances   one per image or frame. With geometry: sorted along the normal, growing slice index; without:
                by position where there is one, else by instance number
    kind        "image", or the kind of the one instance that is no image
    slots       slice index of each instance on the regular grid; 0, 1, 2, ... without geometry
    count       slices of the stack: `geometry.shape[0]`, or the number of instances
    missing     slice indices without an instance: shown as missing, never interpolated
    geometry    None where the images make no volume (then no MPR, and a warning says why)
    generation  rises as instances arrive
    """

    id: str
    series_instance_uid: str
    study_instance_uid: str
    title: str
    modality: str
    kind: str = "image"
    instances: tuple[Instance, ...] = field(repr=False)
    slots: tuple[int, ...] = field(default=(), repr=False)
    count: int = 0
    geometry: Geometry | None = None
    missing: tuple[int, ...] = ()
    warnings: tuple[SeriesWarning, ...] = ()
    generation: int = 0

    def instance_at(self, slice_index: int) -> Instance | None:
        """The image at a slice index; None where it is missing."""
        if not self.missing:
            return self.instances[slice_index] if 0 <= slice_index < len(self.instances) else None
        try:
            return self.instances[self.slots.index(slice_index)]
        except ValueError:
            return None

    @property
    def has_hu(self) -> bool:
        """True where every image can be read in Hounsfield units."""
        return self.kind == "image" and all(i.rescaled and i.units == "HU" for i in self.instances)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of one patient and study; `display_sets` in the order of the panel."""

    series_instance_uid: str
    study_instance_uid: str
    number: int | None
    description: str
    modality: str
    display_sets: tuple[DisplaySet, ...]
    warnings: tuple[SeriesWarning, ...] = ()
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Patient:
    """Who it is. `key` joins studies of one patient; unknown patients never share one."""

    key: str
    id: str
    name: str
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One study; series in the order of the panel (images first, by number).

    fingerprint  SHA-256 over the SOP Instance UIDs: what a cached second read is keyed by
    """

    study_instance_uid: str
    patient: Patient
    date: str
    time: str
    description: str
    accession_number: str
    series: tuple[Series, ...]
    warnings: tuple[SeriesWarning, ...] = ()
    generation: int = 0
    fingerprint: str = ""

    @property
    def display_sets(self) -> tuple[DisplaySet, ...]:
        """All display sets of all series."""
        return tuple(d for s in self.series for d in s.display_sets)
