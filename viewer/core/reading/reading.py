"""The state of one reading: what the fold over its events gives. Knows no database and no screen."""

from dataclasses import dataclass, field
from enum import StrEnum

from viewer.core.reading.finding import Finding


class Paradigm(StrEnum):
    """How human and model read together (DESIGN 3.4)."""

    SECOND_READER = "second reader"
    INDEPENDENT = "independent double reading"
    CONCURRENT = "concurrent"
    TRIAGE = "triage"
    SHADOW = "shadow"
    NONE = "none"


class Stage(StrEnum):
    """Where the reading stands; it only moves forward."""

    UNAIDED = "unaided"
    REVEALED = "revealed"
    SIGNED = "signed"


class Verdict(StrEnum):
    """What the reader decided about a finding of the model."""

    UNDECIDED = "undecided"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason and time (UTC, ISO).

    `reason` is a key of resources/codes/reject_reasons.toml; "" means that none was given.
    """

    verdict: Verdict
    reason: str = ""
    text: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads."""

    name: str
    experience: str = ""


@dataclass(frozen=True, slots=True)
class Category:
    """A category with the rule that gave it; `edited` when the reader set it by hand."""

    scheme: str
    value: str
    rule: str
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that is in force in one reading of one study by one reader.

    own                 the reader's findings, oldest first
    unaided             the same as they stood at the commit (empty before it)
    model               the model's findings, highest probability first; EMPTY until the reveal
    judgements          by tracking UID of a model finding; a missing key means undecided
    joined              tracking UID of a model finding -> tracking UID of the own mark at the same place
    category            Lung-RADS in force; unaided_category as committed
    signed_without      names of the findings that were undecided at the signature
    second_read_status  done, partial, not_run or failed, with second_read_reason; "" until the reveal
    """

    reading_id: str
    study_instance_uid: str
    reader: Reader
    paradigm: Paradigm = Paradigm.SECOND_READER
    stage: Stage = Stage.UNAIDED
    own: tuple[Finding, ...] = ()
    unaided: tuple[Finding, ...] = ()
    model: tuple[Finding, ...] = ()
    judgements: dict[str, Judgement] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    impression: str = ""
    category: Category | None = None
    unaided_category: Category | None = None
    opened_at: str = ""
    committed_at: str = ""
    revealed_at: str = ""
    signed_at: str = ""
    signed_without: tuple[str, ...] = ()
    amendments: tuple[str, ...] = ()
    seal: str = ""
    second_read_status: str = ""
    second_read_reason: str = ""
    slices_seen: dict[str, frozenset[int]] = field(default_factory=dict)

    def judgement(self, tracking_uid: str) -> Judgement:
        """The judgement in force for a finding of the model."""
        return self.judgements.get(tracking_uid, Judgement(Verdict.UNDECIDED))

    def undecided(self) -> tuple[Finding, ...]:
        """Findings of the model above the operating point that the reader has not decided."""
        return tuple(
            f
            for f in self.model
            if f.above_operating_point and self.judgement(f.tracking_uid).verdict is Verdict.UNDECIDED
        )
