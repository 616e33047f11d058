"""The parts of what the desk holds, one idea each: the search, the list, the case, pixels, hanging, review,
second reader, report page and screen. Plain data; `DeskState` puts them together.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from inference.protocol import Faithfulness, Method
from viewer.app.display import Plane, Question, Severity
from viewer.app.reading_list import ReadingLine
from viewer.app.stack import Stack
from viewer.app.views import View
from viewer.core.dicom.display_set import Study
from viewer.core.dicom.problem import Problem
from viewer.core.hanging.fill import EMPTY, Hung
from viewer.core.hanging.pose import Box, Point
from viewer.core.hanging.protocol import Step
from viewer.core.hanging.tiles import Run, Seen

if TYPE_CHECKING:  # cine needs the desk; the second reader's parts load after the first image
    from viewer.app.cine import Film
    from viewer.app.report_folder import Written
    from viewer.app.second_read.model_read import HeatMaps, StudyRead
    from viewer.app.second_read.sealed import SealedRead


@dataclass(slots=True)
class Search:
    """The search for studies in files and folders.

    paths           all places that were searched, in order
    number          counts searches: an older one does not say when the search is over
    opened          a study was opened by it, so that a late answer opens no other
    resuming        the reading that the search is for, and its study; "" = none
    """

    paths: tuple[Path, ...] = ()
    running: bool = False
    number: int = 0
    job: str = ""
    opened: bool = False
    not_loaded: tuple[Problem, ...] = ()
    resuming: str = ""
    resuming_study: str = ""


@dataclass(frozen=True, slots=True)
class Triaged:
    """What the second reader says of a study of the list, in the triage paradigm; see `second_read.triage`.

    sealed  its read, for when the study is opened; None where it failed
    """

    fingerprint: str
    kind: str
    reason: str
    rank: tuple[bool, float] = (False, 0.0)
    sealed: "SealedRead | None" = None


@dataclass(slots=True)
class Listing:
    """The study list: studies that were found, readings of the log, and the row that is chosen.

    triaged  by study key: what the second reader says of it, in the triage paradigm
    sealed   what was read in this session, by the study's fingerprint and the models with their thresholds
    reading  the job that reads a study of the list, and the key of that study; "" = none
    doubles  by Study Instance UID: how far its independent double reading is (kind, words)
    """

    studies: tuple[Study, ...] = ()
    readings: tuple[ReadingLine, ...] = ()
    doubles: dict[str, tuple[str, str]] = field(default_factory=dict)
    chosen: str = ""
    triaged: dict[str, Triaged] = field(default_factory=dict)
    sealed: "dict[Hashable, SealedRead]" = field(default_factory=dict)
    reading: str = ""
    reading_study: str = ""


@dataclass(slots=True)
class Case:
    """The study that is being read.

    key         see `study_key`; "" = none
    main_id     the display set that the hanging steps are about
    generation  grows with each study that is opened or closed: late answers carry it and are dropped
    shown       its first image has been painted, or none will be: other things may begin
    """

    key: str = ""
    main_id: str = ""
    generation: int = 0
    shown: bool = False


@dataclass(slots=True)
class Pixels:
    """The pixels in memory, by display set.

    refused    (display set, generation) whose pixels cannot be read: not tried again
    breasts    where the breast lies in a mammogram; None = not found
    found      the same, from loaders' threads: nobody has been told yet
    looking    stacks in which the breast is being looked for
    nipples    (column, row) of its foremost point; None = not found
    on_screen  (display set, slice; None = all of it) that the viewports show
    settled_at  when other pictures came on screen, plus `SETTLE_S`; monotonic seconds
    """

    stacks: dict[str, Stack] = field(default_factory=dict)
    thumbnails: dict[str, Stack] = field(default_factory=dict)
    breasts: dict[str, Box | None] = field(default_factory=dict)
    found: dict[str, Box | None] = field(default_factory=dict)
    looking: set[str] = field(default_factory=set)
    nipples: dict[str, Point | None] = field(default_factory=dict)
    refused: set[tuple[str, int]] = field(default_factory=set)
    on_screen: set[tuple[str, int | None]] = field(default_factory=set)
    settled_at: float = 0.0


@dataclass(slots=True)
class Hanging:
    """The hanging steps of the case, and the number of the one that hangs.

    prior  UID of the earlier study that was asked for; "" = the one that the protocol prefers
    """

    hung: Hung = EMPTY
    step: int = 0
    prior: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, all of them filled."""
        return self.hung.steps

    @property
    def now(self) -> Step:
        """The step that hangs."""
        return self.steps[self.step]


@dataclass(slots=True)
class Review:
    """Which finding is in focus, what of the findings is on screen, and what can be undone.

    focus       tracking UID; "" = none
    editing     tracking UID of the finding whose editor is open
    strip       the reject strip is open: digits are reasons
    asked       the questions that are open: "finding", "exam", or "" = none; `question`: which one, from 0
    alike_on    cases like the finding in focus are on its card
    looked      model findings whose slice has been on screen long enough
    on_screen   by viewport: (display set, plane, index) that was really painted, and since when
    full        what of each mammogram was on screen at full resolution, by display set; `unnoted`: runs of
                it that are not in the log yet
    chance      the reader's own probability of cancer, per cent
    undo_order  what was done, oldest first: None = an event of the reading, else the views before it
    """

    focus: str = ""
    editing: str = ""
    strip: bool = False
    asked: str = ""
    question: int = 0
    marks_on: bool = True
    below_on: bool = False
    heat_held: bool = False
    heat_pinned: bool = False
    alike_on: bool = False
    looked: set[str] = field(default_factory=set)
    on_screen: dict[str, tuple[tuple[str, Plane, int], float]] = field(default_factory=dict)
    full: dict[str, Seen] = field(default_factory=dict)
    unnoted: dict[str, list[Run]] = field(default_factory=dict)
    chance: int | None = None
    undo_order: list[dict[str, View] | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MapKey:
    """One heat map: of a finding, of an answer of the model about it, made by a method."""

    tracking_uid: str
    target: str
    method: Method


@dataclass(frozen=True, slots=True)
class Evidence:
    """A heat map with how faithful it is.

    maps          None where it lies beside the series
    faithfulness  of each of its images (or the one volume); None there where the map shows nothing, None here
                  while nobody has measured it
    """

    maps: "HeatMaps | None"
    faithfulness: tuple[Faithfulness | None, ...] | None


@dataclass(slots=True)
class SecondReader:
    """How far the second reader is, its sealed answer, and after the reveal what it found.

    kind    none (no study), waiting, ready, not_run or failed; `reason` for the last two
    job     the read that is at work; "" = none
    sealed  what it found, unreadable before the commit
    read    what it found, after the reveal
    heat    heat maps of revealed findings, by tracking UID, as the read brought them
    method, target  which other heat maps are meant; `target` "" = that it is a finding
    evidence  heat maps that were asked for; wanted: those that are on their way
    failed    those that could not be made: the key asks for them again
    """

    kind: str = "none"
    reason: str = ""
    job: str = ""
    sealed: "SealedRead | None" = None
    read: "StudyRead | None" = None
    heat: "dict[str, HeatMaps]" = field(default_factory=dict)
    method: Method = Method.HIRESCAM
    target: str = ""
    evidence: dict[MapKey, Evidence] = field(default_factory=dict)
    wanted: set[MapKey] = field(default_factory=set)
    failed: set[MapKey] = field(default_factory=set)

    def stands(self, kind: str, reason: str = "") -> None:
        """It is waiting, ready, not_run or failed from now on."""
        self.kind, self.reason = kind, reason


@dataclass(slots=True)
class ReportState:
    """The report page: its section, its editor, the first press of the signature, and its files.

    armed        the next press of the signature signs without what is undecided
    not_written  why objects were not written
    """

    section: int = 0
    editing: bool = False
    armed: bool = False
    written: "tuple[Written, ...]" = ()
    not_written: tuple[str, ...] = ()


@dataclass(slots=True)
class Screen:
    """What of the window is open, asked and said.

    page        reading, report or studies
    overlay     palette, keys, not_loaded, card or folder; "" = none
    card        lines of the model card, while it is the overlay; card_job: what puts them together;
                examples_job: what looks for mistakes of a model
    answer      gets the answer to `question`
    panel       the findings panel has the keyboard
    monitor     name of the monitor that the window stands on; "" = not known
    pitch_mm  mm from pixel to pixel of the monitor; 0 = not known
    calibration  driving level of each P-value there; b"" = it was not measured
    spread     images on all monitors, not only in the window
    monitors   which monitors there are, as `screens` names them
    film       the stack that plays; `film_speed` slices a second
    flicker    the viewport that shows the other examination for now, as it was before
    """

    page: str = "reading"
    overlay: str = ""
    card: tuple[str, ...] = ()
    card_job: str = ""
    examples_job: str = ""
    question: Question | None = None
    answer: Callable[[dict[str, str] | None], None] = lambda values: None
    panel: bool = False
    monitor: str = ""
    pitch_mm: float = 0.0
    calibration: bytes = b""
    series_open: bool = True
    full_screen: bool = False
    spread: bool = False
    monitors: tuple[str, ...] = ()
    quitting: bool = False
    film: "Film | None" = None
    film_speed: int = 15
    flicker: View | None = None
    status: str = ""
    severity: Severity = Severity.INFO
