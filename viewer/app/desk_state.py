"""What the desk holds, put together from its parts (`desk_parts`), and who is told when it changes.

It changes only through the functions of `viewing`, `marking`, `reviewing`, `opening`, `signing` and `asking`.
Whoever draws subscribes, and reads it through `resolve`.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viewer.app.desk_parts import (
    Case,
    Hanging,
    Listing,
    Pixels,
    ReportState,
    Review,
    Screen,
    Search,
    SecondReader,
)
from viewer.app.display import Plane, Severity
from viewer.app.jobs import Jobs, Post, later
from viewer.app.session import ReadingSession, Refused
from viewer.app.settings import Settings
from viewer.app.stack import Stack
from viewer.app.store import EventLog, StoreError
from viewer.app.views import Pointer, View, Views
from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.hanging.protocol import Protocol, shipped
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Reading, Stage

if TYPE_CHECKING:  # made by `opening` and `revealing`; the second reader's parts load after the first image
    from viewer.app.loader import Loader
    from viewer.app.report_material import Press
    from viewer.app.second_read.model_read import StudyRead
    from viewer.app.second_read.pool import WorkerPool
    from viewer.core.report.second_read import SecondRead

SAVE_VIEWS_S = 0.3
"""How soon a changed view is noted in the log, which has it on disk half a second later."""


class DeskState:
    """The desk's data, and who is told of a change. One thread only; others use `post`.

    post   runs a function in the desk's thread, later; may be called from any thread
    clock  seconds, never going back
    """

    def __init__(self, home: Path, post: Post, clock: Callable[[], float] = time.monotonic) -> None:
        self.home = home
        self.post = post
        self.clock = clock
        self.later = later(post)
        self.jobs = Jobs(post, self.changed)
        self.settings = Settings()
        self.log: EventLog | None = None
        self.printer: Press | None = None
        self.loader: Loader | None = None
        self.workers: WorkerPool | None = None
        self.reduce: Callable[[Stack], None] = lambda stack: None  # the window's; any thread
        self.reopen: Callable[[Sequence[Path]], None] = lambda paths: None
        self.first_image_seen = threading.Event()

        self.search = Search()
        self.listing = Listing()
        self.case = Case()
        self.pixels = Pixels()
        self.views = Views()
        self.protocols: tuple[Protocol, ...] = shipped()
        self.hanging = Hanging()
        self.session: ReadingSession | None = None
        self.review = Review()
        self.second = SecondReader()
        self.report = ReportState()
        self.screen = Screen()

        self._report_reads: tuple[StudyRead | None, tuple[SecondRead, ...]] | None = None
        self._subscribers: list[Callable[[], None]] = []
        self._telling = False
        self._views_dirty = False

    # --- what is at hand

    @property
    def first_image_shown(self) -> bool:
        """True once an image was painted: from then on other things may load."""
        return self.first_image_seen.is_set()

    @property
    def study(self) -> Study | None:
        """The study that is being read."""
        return next((s for s in self.listing.studies if study_key(s) == self.case.key), None)

    @property
    def display_sets(self) -> tuple[DisplaySet, ...]:
        """What of the study can be shown in a viewport."""
        study = self.study
        return () if study is None else tuple(d for d in study.display_sets if d.kind == "image")

    @property
    def patient_sets(self) -> tuple[DisplaySet, ...]:
        """What may be shown beside the study: the images of all studies of the same patient that are here."""
        study = self.study
        same = [s for s in self.listing.studies if study is not None and s.patient.key == study.patient.key]
        return tuple(d for s in same for d in s.display_sets if d.kind == "image")

    def is_prior(self, shown: DisplaySet) -> bool:
        """True for images of another study than the one that is being read."""
        return all(d.id != shown.id for d in self.display_sets)

    @property
    def main(self) -> DisplaySet | None:
        """The display set that the hanging steps are about."""
        return self.views.sets.get(self.case.main_id)

    @property
    def reading(self) -> Reading | None:
        """The reading as it stands; None before it is opened."""
        return None if self.session is None else self.session.reading

    @property
    def stage(self) -> Stage | None:
        """Where the reading stands."""
        return None if self.session is None else self.session.reading.stage

    @property
    def revealed(self) -> bool:
        """True once the second reader's findings may be on screen."""
        return self.stage in (Stage.REVEALED, Stage.SIGNED)

    @property
    def focused(self) -> Finding | None:
        """The finding in focus, as it stands now."""
        reading = self.reading
        return None if reading is None or not self.review.focus else reading.finding(self.review.focus)

    def report_reads(self) -> "tuple[SecondRead, ...]":
        """The revealed reads as the report takes them; made once, since masks are loaded for it."""
        if self._report_reads is None or self._report_reads[0] is not self.second.read:
            from viewer.app.report_material import second_read_of  # the report's parts, when it is asked for

            reads = () if self.second.read is None else self.second.read.reads
            self._report_reads = (self.second.read, tuple(map(second_read_of, reads)))
        return self._report_reads[1]

    def value_at(self, view: View, at: Pointer) -> float | None:
        """The modality value under the pointer; None where there is none to claim."""
        stack, shown = self.pixels.stacks.get(view.display_set), self.views.display_set(view)
        if stack is None or shown is None:
            return None
        if view.plane is Plane.STACK:
            column, row = at.pixel
            return stack.modality_value(self.views.place(view)[0], int(row), int(column))
        if shown.geometry is None or at.position_mm is None:
            return None
        index = np.rint(shown.geometry.patient_to_index(at.position_mm)).astype(int)
        if any(not 0 <= i < n for i, n in zip(index, shown.geometry.shape, strict=True)):
            return None
        return stack.modality_value(*(int(i) for i in index))

    def acted(self, views: dict[str, View] | None = None) -> None:
        """Something undoable was done: an event of the reading, or (with how they were) of the viewports."""
        self.review.undo_order.append(views)
        self.report.armed = False
        self.changed()

    # --- telling

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call `listener` after changes; several changes in a row are one call."""
        self._subscribers.append(listener)

    @property
    def settled(self) -> bool:
        """True while nobody waits to be told of a change."""
        return not self._telling

    def fall_silent(self) -> None:
        """Nobody is told any more: the window is going."""
        self._subscribers.clear()

    def changed(self) -> None:
        """Something changed: tell the subscribers soon."""
        if not self._telling:
            self._telling = True
            self.post(self._tell)

    def show_now(self) -> None:
        """Tell of what changed at once, before whatever else waits: a scroll passes over no slice."""
        self._tell()

    def _tell(self) -> None:
        if not self._telling:
            return
        self._telling = False
        for listener in tuple(self._subscribers):
            listener()

    def say(self, text: str, severity: Severity = Severity.INFO) -> None:
        """One sentence in the status line; it stays until the next one."""
        self.screen.status, self.screen.severity = text, severity
        self.changed()

    @contextmanager
    def telling_refusals(self) -> Iterator[None]:
        """What the reading refuses, or the disk, becomes a sentence in the status line."""
        try:
            yield
        except Refused as refused:
            self.say(str(refused), Severity.WARNING)
        except StoreError as error:
            self.say(str(error), Severity.DANGER)

    # --- where the reader looks, for the record

    def looked(self) -> None:
        """A viewport shows something else now: tell, and note it in the log within a second."""
        self.changed()
        if not self._views_dirty:
            self._views_dirty = True
            self.later(SAVE_VIEWS_S, self.note_views)

    def note_views(self) -> None:
        """Note where all viewports stand, so that a resumed reading looks as it did."""
        self._views_dirty = False
        if self.session is None:
            return
        noted = self.session.reading.views
        with self.telling_refusals():
            for name, place in self.places().items():
                if {k: v for k, v in noted.get(name, {}).items() if k != "viewport"} != place:
                    self.session.note_view(name, place)

    def places(self) -> dict[str, dict[str, object]]:
        """Where every viewport stands, and the desk itself, as JSON values."""
        out: dict[str, dict[str, object]] = {view.id: _place(view) for view in self.views.hung}
        out["desk"] = {
            "step": self.hanging.now.id,
            "layout": self.views.layout.id,
            "focused": self.views.focused,
            "points": {frame: list(point) for frame, point in self.views.points.items()},
            "page": self.screen.page,
            "chance": self.review.chance,
        }
        return out


def _place(view: View) -> dict[str, object]:
    window = view.window
    return {
        "display_set": view.display_set,
        "plane": view.plane.value,
        "index": view.index,
        "window": None if window is None else [window.centre, window.width, window.name, window.function],
        "choice": view.choice,
        "presentation": view.presentation,
        "invert": view.invert,
        "zoom": view.zoom,
        "pan": list(view.pan),
        "pixels": view.pixels,
        "slab": [view.slab, view.slab_mm],
    }


def study_key(study: Study) -> str:
    """What names a study on the desk: two patients may carry the same Study Instance UID."""
    return f"{study.patient.key}/{study.study_instance_uid}"
