"""The display state of what is not an image: report page, study list, and what lies over the window."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # made by the report page only, long after the first image
    from viewer.core.report.page import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """The report before and after the signature.

    page      what stands on it: the same values as the written report
    line      below the title: who, when, which models
    editing   the impression is being written
    section   title of the section in view
    sections  left column: (title, count or "", warning)
    """

    page: "Page"
    line: str
    editing: bool
    section: str
    sections: tuple[tuple[str, str, bool], ...]
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """A study of the list, by its `key` on the desk. `reader_state` and `reading_state` are (kind, words)."""

    key: str
    patient: str
    patient_id: str
    study: str
    date: str
    images: int
    reader_state: tuple[str, str]
    reading_state: tuple[str, str]
    reader: str
    selected: bool
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyList:
    """The study list: rows in their order, and what is known of the selected study.

    order  why the rows stand as they do, in words
    flag  of it, in the triage paradigm: (kind, what the second reader says)
    """

    rows: tuple[StudyRow, ...]
    title: tuple[str, str]
    series: tuple[tuple[str, str], ...]
    thumbnail: str
    warnings: tuple[str, ...]
    foot: str
    order: str = ""
    flag: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command as the palette and the key card show it. `why_not` is "" when it can be done now.

    card  its words on the key card; commands with the same words share a line
    """

    id: str
    title: str
    card: str
    group: str
    keys: tuple[str, ...]
    icon: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """What lies over the window: `kind` palette, keys, not_loaded, card (a text such as the model card),
    folder, pattern_qc or pattern_ln (a test pattern of TG18).

    go_to  (argument, title, text right of it) of the palette's 'Go to' part
    """

    kind: str
    title: str
    entries: tuple[CommandEntry, ...] = ()
    go_to: tuple[tuple[str, str, str], ...] = ()
    lines: tuple[str, ...] = ()
