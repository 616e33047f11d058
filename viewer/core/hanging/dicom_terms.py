"""What our rules and steps are called in a DICOM Hanging Protocol object (PS3.3 C.23), and the other way."""

from dataclasses import dataclass

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"
"""Hanging Protocol Storage."""
CREATOR = "TANDEM HANGING"
GROUP, TEXT, DIGEST = 0x0073, 0x01, 0x02
"""Our private block: the TOML text of the protocol, and SHA-256 of the standard elements that go with it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """The attribute behind a fact.

    within  tag of the sequence that it is in, 0 = at the top
    """

    tag: int
    vr: str
    within: int = 0


VIEW_CODE = 0x00540220
ATTRIBUTES = {
    "modality": Attribute(0x00080060, "CS"),
    "body_part": Attribute(0x00180015, "CS"),
    "description": Attribute(0x0008103E, "LO"),
    "study_description": Attribute(0x00081030, "LO"),
    "protocol": Attribute(0x00181030, "LO"),
    "kernel": Attribute(0x00181210, "SH"),
    "image_type": Attribute(0x00080008, "CS"),
    "intent": Attribute(0x00080068, "CS"),
    "thickness_mm": Attribute(0x00180050, "DS"),
    "side": Attribute(0x00200062, "CS"),
    "view": Attribute(VIEW_CODE, "SQ"),
    "modifiers": Attribute(0x00540222, "SQ", VIEW_CODE),
    "partial": Attribute(0x00281350, "CS"),
    "implant": Attribute(0x00281300, "CS"),
}
"""Facts that DICOM can ask for; it knows nothing of volumes and numbers of images."""
SERIES_SIDE = 0x00200060
FACT_OF = {one.tag: fact for fact, one in ATTRIBUTES.items()} | {SERIES_SIDE: "side"}
FLAGS = ("partial", "implant")
"""Facts that are true or false here, and YES or NO there."""

VOI_TYPES = {
    "LUNG": "Lung",
    "MEDIASTINUM": "Mediastinum",
    "ABDO_PELVIS": "Soft tissue",
    "LIVER": "Liver",
    "SOFT_TISSUE": "Soft tissue",
    "BONE": "Bone",
    "BRAIN": "Brain",
    "POST_FOSSA": "Brain",
}
"""VOI Type (0072,0702) and the window preset of that name; of two for one preset the later goes out."""
VOI_TYPE_OF = {"Lung": "LUNG", "Mediastinum": "MEDIASTINUM", "Liver": "LIVER"} | {
    "Soft tissue": "SOFT_TISSUE",
    "Bone": "BONE",
    "Brain": "BRAIN",
}

DIRECTION_OF = {"axial": "TRANSVERSE", "coronal": "CORONAL", "sagittal": "SAGITTAL"}
"""Planes and Reformatting Operation Initial View Direction; PS3.17 mistypes one: three letters are read."""
ORIENTATION_OF = {"axial": ["L", "P"], "coronal": ["L", "F"], "sagittal": ["P", "F"]}


REGIONS = {
    "69536005": ("HEAD", "BRAIN", "SKULL", "CRANI"),
    "T-D1100": ("HEAD", "BRAIN", "SKULL", "CRANI"),
    "51185008": ("CHEST", "THORAX", "LUNG", "TORSO", "TRUNK"),
    "T-D3000": ("CHEST", "THORAX", "LUNG", "TORSO", "TRUNK"),
}
"""Codes of regions (SNOMED CT and RT) that Body Part Examined has more words for than their name."""
