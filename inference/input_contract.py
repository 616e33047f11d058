"""What a model may be given: modality, part of the body, how slices lie. Headers alone; no pixels here."""

import re
from typing import Literal

import msgspec

BodyPart = Literal["head", "face", "neck", "chest", "abdomen", "pelvis", "limbs"]

WORDS: dict[BodyPart, tuple[str, ...]] = {
    "head": ("HEAD", "BRAIN", "SKULL", "CRANI", "CEREB", "NEURO", "WILLIS"),
    "face": ("FACE", "FACIAL", "SINUS", "ORBIT", "MAXILLA", "MANDIBLE", "JAW", "DENTAL", "TEMPORALBONE"),
    "neck": ("NECK", "CERVIC", "CSPINE", "CAROTID", "LARYNX", "PHARYNX", "THYROID"),
    "chest": (
        "CHEST", "THORA", "LUNG", "PULM", "HEART", "CARDI", "CORONARY", "AORTA", "MEDIAST", "RIB", "STERN",
        "CLAVIC", "SCAPULA", "SHOULDER", "BREAST", "TSPINE", "TORSO", "TRUNK",
    ),
    "abdomen": ("ABDO", "LIVER", "KIDNEY", "PANCREAS", "SPLEEN", "RENAL", "LUMBAR", "LSPINE"),
    "pelvis": ("PELVI", "HIP", "SACR", "SSPINE", "BLADDER", "PROSTATE", "UTERUS"),
    "limbs": (
        "EXTREMITY", "KNEE", "ANKLE", "FOOT", "HAND", "WRIST", "ELBOW", "FINGER", "THUMB", "TOE",
        "HUMERUS", "FOREARM", "FEMUR", "THIGH", "TIBIA", "FIBULA", "PATELLA", "CALCANEUS", "LEG",
        "ARM", "CALF",
    ),
}  # fmt: skip
"""By part, what Body Part Examined holds of its Defined Terms (PS3.16, Annex L) and what scanners write."""
WHOLE_BODY = "WHOLEBODY"


def parts_named(examined: str) -> frozenset[BodyPart]:
    """Parts of the body that a Body Part Examined names; empty where it is empty or says nothing known."""
    letters = re.sub("[^A-Z]", "", examined.upper())
    if WHOLE_BODY in letters:
        return frozenset(WORDS)
    return frozenset(part for part, words in WORDS.items() if any(word in letters for word in words))


class InputContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the model may be given. Anything else is not read, and the answer says why.

    body_parts     that may show what the model looks for; () all. A series that names none may be any
    spacing_mm     the grid that the networks work on (slice, row, column)
    clip_hu        HU range scaled to -1..1
    max_slice_mm   thickest slice and widest slice distance that is read
    min_slices     fewest slices; min_extent_mm: shortest stack
    tilted         stacks of a tilted gantry are read too
    """

    modality: str
    body_parts: tuple[BodyPart, ...] = ()
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    clip_hu: tuple[float, float] = (-1000.0, 400.0)
    max_slice_mm: float = 5.0
    min_slices: int = 5
    min_extent_mm: float = 12.0
    tilted: bool = False

    def other_kind(self, modality: str, examined: str) -> str:
        """Why a series of this modality and Body Part Examined is not for the model, in a clause; else ""."""
        if modality != self.modality:
            return f"modality {modality or 'unknown'}, the model reads {self.modality}"
        named = parts_named(examined)
        if self.body_parts and named and named.isdisjoint(self.body_parts):
            return f"body part {examined.strip().upper()}, the model reads {', '.join(self.body_parts)}"
        return ""

    @property
    def kind(self) -> str:
        """What it reads, in words: "CT of head"."""
        return " of ".join(filter(None, (self.modality, ", ".join(self.body_parts))))
