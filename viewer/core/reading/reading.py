"""The state of one reading: what the fold over its events gives. Knows no database and no screen."""

from dataclasses import dataclass, field
from enum import StrEnum

from inference.concepts import Bottleneck
from inference.protocol import Accuracy, Measurement
from viewer.core.reading.arbitration import Arbitration
from viewer.core.reading.finding import Axis, Finding
from viewer.core.reading.pictures import KeyImage, Shown, Snapshot
from viewer.core.reading.scores import StatedScore


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
    COMMITTED = "committed"
    """The unaided read is sealed; the second reader's findings are not on screen yet (it may still run)."""
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
class Assessment:
    """What is said of a mammography as a whole, by the ids of resources/codes/birads.toml; "" = not said yet.

    categories  by breast, "R" and "L"
    recall      "yes" or "no"
    """

    density: str = ""
    categories: dict[str, str] = field(default_factory=dict)
    recall: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """A length that the reader drew, or two across each other. `text` is what the screen says of it.

    axis           its ends, patient mm, or image pixels (column, row, slice) where there is no geometry
    short_axis     the second one of a bidirectional measurement, the shorter
    bidirectional  drawn with the tool for two; the second one may not be drawn yet
    finding        tracking UID of the finding that it belongs to; "" = none
    on             the picture on which it was drawn; None in records of older programs
    """

    key: str
    axis: Axis
    series_instance_uid: str
    text: str = ""
    short_axis: Axis | None = None
    bidirectional: bool = False
    finding: str = ""
    on: Shown | None = None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The lines of it, the long one first."""
        return (self.axis,) if self.short_axis is None else (self.axis, self.short_axis)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRun:
    """Which model spoke at the reveal, and how its read went. `status`: done, partial, not_run, failed.

    findings  tracking UIDs of what it said; () in records of older programs, where one model said all
    document  of another program: SOP Instance UID of its report; remarks: what of that cannot be shown
    other_kind  it is for images of another kind than the study's, and was not asked
    densities   (BI-RADS density, on how many images it was suggested), the likeliest first
    accuracies  how often what it suggests is a reader's, as measured: density, shape, margin
    scores    what it says of the study, its series, breasts and images
    measurements  lengths of the whole study
    bottleneck  concepts that its malignancy rests on, and how
    """

    model_id: str
    model_version: str
    model_sha256: str
    status: str
    reason: str = ""
    device: str = ""
    seconds: float = 0.0
    operating_point: str = ""
    threshold: float | None = None
    rate: float | None = None
    unit: str = ""
    domain: str = ""
    domain_score: float | None = None
    domain_reasons: tuple[str, ...] = ()
    title: str = ""
    findings: tuple[str, ...] = ()
    document: str = ""
    remarks: tuple[str, ...] = ()
    other_kind: bool = False
    densities: tuple[tuple[str, int], ...] = ()
    accuracies: dict[str, Accuracy] = field(default_factory=dict)
    scores: tuple[StatedScore, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    bottleneck: Bottleneck | None = None

    @property
    def name(self) -> str:
        """What screen and report call it."""
        return f"{self.title or self.model_id} {self.model_version}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that is in force in one reading of one study by one reader.

    own                 the reader's findings, oldest first
    unaided             the same as they stood at the commit (empty before it)
    model               the model's findings, highest probability first; EMPTY until the reveal
    edited              by tracking UID of a model finding: the finding as the reader corrected it
    judgements          by tracking UID of a model finding; a missing key means undecided
    joined              tracking UID of a model finding -> tracking UID of the own mark at the same place
    category            in force, by `scheme`; unaided_category as committed
    assessment          of a mammography; unaided_assessment as committed
    nipples             by SOP Instance UID: (column, row) where the reader says that the nipple is
    sides               by SOP Instance UID: the breast that the reader says an image shows, "R" or "L"
    signed_without      names of the findings that were undecided at the signature
    second_read_status  done, partial, not_run or failed, with second_read_reason; "" until the reveal
    verdict             what the reader committed beside marks and category (recall, probability ...)
    runs                the models behind the reveal
    scheme              of the category; "" where none is given to this kind of study
    slices_seen         by series (the key that the desk counts by): indices that were on screen
    parts_seen          by display set: runs (row, first, past the last) of squares of `hanging.tiles`
                        that were on screen at full resolution
    key_images          images that the reader chose; snapshots: viewports that go into the report
    corrections         by tracking UID of a model finding: concepts as the reader rates them
    arbitration         the two readings that this one decides between; None in any other
    views               by viewport id: the last place that it showed; focus: the finding in focus
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
    assessment: Assessment = Assessment()
    unaided_assessment: Assessment | None = None
    nipples: dict[str, tuple[float, float]] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)
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
    parts_seen: dict[str, frozenset[tuple[int, int, int]]] = field(default_factory=dict)
    arm: str = ""
    scheme: str = ""
    edited: dict[str, Finding] = field(default_factory=dict)
    distances: tuple[Distance, ...] = ()
    verdict: dict[str, object] = field(default_factory=dict)
    runs: tuple[ModelRun, ...] = ()
    views: dict[str, dict[str, object]] = field(default_factory=dict)
    focus: str = ""
    amended_at: tuple[str, ...] = ()
    key_images: tuple[KeyImage, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    corrections: dict[str, dict[str, float]] = field(default_factory=dict)
    arbitration: Arbitration | None = None

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

    def left_open(self) -> tuple[str, ...]:
        """Names of all that waits for a decision: findings of the model, or differences of two readers."""
        between = () if self.arbitration is None else self.arbitration.open_ones()
        return (*(f.name for f in self.undecided()), *(d.name for d in between))

    def finding(self, tracking_uid: str) -> Finding | None:
        """A finding as it stands now: an own mark, or one of the model with the reader's corrections."""
        for own in self.own:
            if own.tracking_uid == tracking_uid:
                return own
        if self.arbitration is not None and (differing := self.arbitration.finding(tracking_uid)):
            return differing
        proposed = next((f for f in self.model if f.tracking_uid == tracking_uid), None)
        return self.edited.get(tracking_uid, proposed)

    def accepted(self) -> tuple[Finding, ...]:
        """The model's findings that the reader accepted, with the reader's corrections."""
        return tuple(
            self.edited.get(f.tracking_uid, f)
            for f in self.model
            if self.judgement(f.tracking_uid).verdict is Verdict.ACCEPTED
        )

    def in_force(self) -> tuple[Finding, ...]:
        """What the reader says is there: own marks, then accepted findings of the model.

        A joined pair counts once, as the reader measured it.
        """
        return self.own + tuple(f for f in self.accepted() if f.tracking_uid not in self.joined)
