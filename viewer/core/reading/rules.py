"""What may happen when in a reading: a table (paradigm, stage) -> kinds of event, and why not, in words."""

from viewer.core.reading.events import VIEWING, Kind
from viewer.core.reading.reading import Paradigm, Stage

_ALWAYS = VIEWING | {Kind.RESUMED, Kind.CLOSED}
_SAYING = frozenset(
    {
        Kind.MARK,
        Kind.MARK_CHANGE,
        Kind.MARK_DELETE,
        Kind.MARK_JOIN,
        Kind.MEASURE,
        Kind.MEASURE_DELETE,
        Kind.KEY_IMAGE,
        Kind.KEY_IMAGE_DELETE,
        Kind.SNAPSHOT,
        Kind.SNAPSHOT_DELETE,
        Kind.IMPRESSION,
        Kind.CATEGORY,
        Kind.ASSESSMENT,
        Kind.NIPPLE,
        Kind.SIDE,
        Kind.UNDO,
        Kind.REDO,
    }
)
_JUDGING = frozenset({Kind.ACCEPT, Kind.REJECT, Kind.UNDECIDED, Kind.CONCEPT})

UNDOABLE = (_SAYING | _JUDGING | {Kind.DECIDE}) - {Kind.UNDO, Kind.REDO}
"""What undo takes back, one event a step, within a stage."""

_BASE = {
    Stage.UNAIDED: _ALWAYS | _SAYING | {Kind.COMMIT},
    Stage.COMMITTED: _ALWAYS | _SAYING | {Kind.REPORT},
    Stage.REVEALED: _ALWAYS | _SAYING | _JUDGING | {Kind.REVEAL, Kind.REPORT, Kind.SIGN},
    Stage.SIGNED: _ALWAYS | {Kind.REPORT, Kind.AMEND},
}
_SEALED = {Stage.COMMITTED: frozenset({Kind.REVEAL})}
_OPEN = {Stage.UNAIDED: frozenset({Kind.REVEAL}), Stage.COMMITTED: frozenset({Kind.REVEAL})}
_BETWEEN = {Stage.UNAIDED: frozenset({Kind.ARBITRATE}), Stage.REVEALED: frozenset({Kind.DECIDE})}
_NEVER = {Stage.COMMITTED: frozenset({Kind.SIGN})}

_EXTRA = {
    Paradigm.SECOND_READER: _SEALED,
    Paradigm.CONCURRENT: _OPEN,
    Paradigm.TRIAGE: _OPEN,
    Paradigm.INDEPENDENT: _NEVER | _BETWEEN,
    Paradigm.SHADOW: _NEVER,
    Paradigm.NONE: _NEVER,
}
"""When the model may be revealed: after the commit, at any time, or never (then the commit is signed)."""


def reveals(paradigm: Paradigm) -> bool:
    """True where a model is shown to the reader at some point."""
    return any(Kind.REVEAL in kinds for kinds in _EXTRA[paradigm].values())


def allowed(paradigm: Paradigm, stage: Stage) -> frozenset[Kind]:
    """The kinds of event that may be appended; `opened` only ever stands first."""
    return _BASE[stage] | _EXTRA[paradigm].get(stage, frozenset())


def why_not(kind: Kind, stage: Stage) -> str:
    """One sentence for a pair that is not allowed: what is so, and what to do."""
    if kind is Kind.OPENED:
        return "This reading is open already."
    if stage is Stage.SIGNED:
        return "This reading is signed and cannot be changed; it can be amended."
    if kind is Kind.AMEND:
        return "This reading is not signed yet: change it instead of amending it."
    if kind is Kind.COMMIT:
        return "The unaided read is committed already."
    if kind is Kind.ARBITRATE:
        return "Readings of others are laid before a reader at the beginning of an arbitration alone."
    if kind is Kind.DECIDE:
        return "There are no two readings of others to decide between."
    if kind is Kind.REVEAL and stage is Stage.UNAIDED:
        return "The second reader is sealed until you commit your own read (Shift+Enter)."
    if kind is Kind.REVEAL:
        return "In this paradigm the second reader is not shown."
    if stage is Stage.UNAIDED:
        return "Commit your own read first (Shift+Enter)."
    return "The second reader's findings are not on screen yet."
