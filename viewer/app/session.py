"""One reading by one reader: every act becomes an event in the log first, then the reading changes.

Knows the log and the rules; knows no window, no pixels and no model. What may not happen raises `Refused`,
a log that cannot be written raises `viewer.app.store.StoreError`; after either, nothing has changed.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypedDict, Unpack

from viewer.app.reveal import reveal_payload
from viewer.app.second_read.model_read import StudyRead
from viewer.app.store import EventLog, Stamp, now_utc
from viewer.core.dicom.geometry import Vector
from viewer.core.reading import birads, lung_rads
from viewer.core.reading.arbitration import Choice
from viewer.core.reading.changes import Refused
from viewer.core.reading.codec import to_json
from viewer.core.reading.description import Description
from viewer.core.reading.discordance import agreed_words, arbitration
from viewer.core.reading.events import VIEWING, Event, Kind, Payload
from viewer.core.reading.finding import Author, Axis, Finding, ImagePlace, Texture
from viewer.core.reading.fold import Progress, apply, replay, undecided_sentence
from viewer.core.reading.mask import PackedMask
from viewer.core.reading.pictures import KeyImage, Shown, Snapshot
from viewer.core.reading.reading import Assessment, Category, Distance, Paradigm, Reader, Reading

__all__ = ["Changes", "ReadingSession", "Refused"]


class Changes(TypedDict, total=False):
    """What `ReadingSession.change` may change of a finding."""

    label: str
    note: str
    texture: Texture
    solid_part_mm: float | None
    center_lps_mm: Vector
    places: tuple[ImagePlace, ...]
    laterality: str
    description: Description | None
    long_axis: Axis | None
    short_axis: Axis | None
    volume_mm3: float | None
    mask: PackedMask | None


class ReadingSession:
    """One reading while it is open; make it with `start` or `resume`. Used from one thread."""

    def __init__(self, log: EventLog, stamp: Stamp, progress: Progress, events: Sequence[Event]) -> None:
        self._log = log
        self._stamp = stamp
        self._progress = progress
        self._opened = events[0]
        self._last = events[-1]

    @classmethod
    def start(
        cls,
        log: EventLog,
        study_instance_uid: str,
        reader: Reader,
        *,
        paradigm: Paradigm = Paradigm.SECOND_READER,
        arm: str = "",
        scheme: str = lung_rads.SCHEME,
        title: str = "",
        sources: Iterable[str] = (),
    ) -> "ReadingSession":
        """A new reading. `sources` are the paths to open at a resume, `title` names it in the question."""
        reading_id, stamp = uuid.uuid4().hex, _stamp(reader, paradigm, arm)
        payload = {
            "study_instance_uid": study_instance_uid,
            "title": title,
            "scheme": scheme,
            "sources": list(sources),
        }
        opened = log.append(reading_id, Kind.OPENED, payload, stamp)
        return cls(log, stamp, apply(None, opened), (opened,))

    @classmethod
    def resume(cls, log: EventLog, reading_id: str, reader: Reader | None = None) -> "ReadingSession":
        """A reading exactly as it was left, in a new sitting. Raises `Refused` for another reader's."""
        events = log.events(reading_id)
        progress = replay(events)
        owner = progress.reading.reader
        if reader is not None and reader.name != owner.name:
            raise Refused(f"This reading is {owner.name}'s: only {owner.name} can go on with it.")
        session = cls(log, _stamp(owner, progress.reading.paradigm, progress.reading.arm), progress, events)
        session._do(Kind.RESUMED, {})
        return session

    # --- what stands

    @property
    def reading(self) -> Reading:
        """Everything in force now."""
        return self._progress.reading

    @property
    def opened(self) -> Payload:
        """What the reading was opened with: study_instance_uid, title, sources, scheme."""
        return self._opened.payload

    @property
    def undo_title(self) -> str:
        """What undo would take back, such as "mark R2"; "" where there is nothing in this stage."""
        return self._progress.done[-1].title if self._progress.done else ""

    @property
    def redo_title(self) -> str:
        """What redo would do again; "" where there is nothing."""
        return self._progress.undone[-1].title if self._progress.undone else ""

    @property
    def saved_at(self) -> str:
        """Wall clock (UTC, ISO) of the last event."""
        return self._last.at_utc

    # --- own findings

    def mark(
        self,
        center_lps_mm: Vector,
        *,
        series_instance_uid: str,
        frame_of_reference_uid: str,
        label: str = "nodule",
        long_axis: Axis | None = None,
        short_axis: Axis | None = None,
        volume_mm3: float | None = None,
        texture: Texture = Texture.SOLID,
        note: str = "",
        mask: PackedMask | None = None,
    ) -> Finding:
        """A new finding of the reader; axes are None where it could not be measured."""
        finding = Finding(
            name=_next_name(self.reading),
            tracking_uid=new_uid(),
            author=Author.READER,
            label=label,
            series_instance_uid=series_instance_uid,
            frame_of_reference_uid=frame_of_reference_uid,
            center_lps_mm=center_lps_mm,
            long_axis=long_axis,
            short_axis=short_axis,
            volume_mm3=volume_mm3,
            texture=texture,
            note=note,
            mask=mask,
        )
        self._do(Kind.MARK, {"finding": to_json(finding)})
        return self._required(finding.tracking_uid)

    def mark_on_image(
        self,
        place: ImagePlace,
        *,
        label: str,
        laterality: str = "",
        description: Description | None = None,
    ) -> Finding:
        """A new finding of the reader on an image that has no place in the patient."""
        finding = Finding(
            name=_next_name(self.reading),
            tracking_uid=new_uid(),
            author=Author.READER,
            label=label,
            places=(place,),
            laterality=laterality,
            description=description,
        )
        self._do(Kind.MARK, {"finding": to_json(finding)})
        return self._required(finding.tracking_uid)

    def join_marks(self, kept: str, gone: str) -> Finding:
        """Two own findings on images are one, seen in two views: the first takes over the other's places."""
        one, other = self._required(kept), self._required(gone)
        taken = {(p.sop_instance_uid, p.frame) for p in one.places}
        more = tuple(p for p in other.places if (p.sop_instance_uid, p.frame) not in taken)
        joined = replace(one, places=(*one.places, *more))
        self._do(Kind.MARK_JOIN, {"finding": to_json(joined), "gone": gone, "name": other.name})
        return self._required(kept)

    def change(self, tracking_uid: str, **changes: Unpack[Changes]) -> Finding:
        """Correct an own finding, or one of the model (whose original stays as it was).

        New axes without a new volume take the old volume and mask away: they belonged to another outline.
        """
        before = self._required(tracking_uid)
        if ("long_axis" in changes or "short_axis" in changes) and "volume_mm3" not in changes:
            changes["volume_mm3"], changes["mask"] = None, None
        after = replace(before, **changes)
        if after != before:
            self._do(Kind.MARK_CHANGE, {"finding": to_json(after)})
        return self._required(tracking_uid)

    def delete(self, tracking_uid: str) -> None:
        """Delete an own finding."""
        name = self._required(tracking_uid).name
        self._do(Kind.MARK_DELETE, {"tracking_uid": tracking_uid, "name": name})

    def draw_distance(
        self,
        axis: Axis,
        series_instance_uid: str,
        *,
        text: str = "",
        key: str = "",
        short_axis: Axis | None = None,
        bidirectional: bool = False,
        finding: str = "",
        on: Shown | None = None,
    ) -> Distance:
        """Keep a measurement that was drawn (see `Distance`); with the `key` of an old one, in its place."""
        drawn = Distance(
            key=key or uuid.uuid4().hex,
            axis=axis,
            series_instance_uid=series_instance_uid,
            text=text,
            short_axis=short_axis,
            bidirectional=bidirectional,
            finding=finding,
            on=on,
        )
        self._do(Kind.MEASURE, {"distance": to_json(drawn)})
        return drawn

    def delete_distance(self, key: str) -> None:
        """Delete a distance."""
        self._do(Kind.MEASURE_DELETE, {"key": key})

    # --- pictures for the report

    def add_key_image(self, shows: Shown) -> KeyImage:
        """Make an image a key image of the reading."""
        chosen = KeyImage(key=uuid.uuid4().hex, shows=shows)
        self._do(Kind.KEY_IMAGE, {"key_image": to_json(chosen)})
        return chosen

    def remove_key_image(self, key: str) -> None:
        """It is no key image any more."""
        self._do(Kind.KEY_IMAGE_DELETE, {"key": key})

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Put a viewport into the report. Raises `Refused` for what the reader may not see yet."""
        self._do(Kind.SNAPSHOT, {"snapshot": to_json(snapshot)})

    def remove_snapshot(self, key: str) -> None:
        """Take a snapshot out of the report."""
        self._do(Kind.SNAPSHOT_DELETE, {"key": key})

    # --- what is said of the whole

    def set_impression(self, text: str) -> None:
        """The free-text impression."""
        if text != self.reading.impression:
            self._do(Kind.IMPRESSION, {"text": text})

    def set_category(self, value: str | None) -> None:
        """A category by hand; None goes back to the one that the rules give."""
        if value is None:
            self._do(Kind.CATEGORY, {"category": None})
            return
        if self.reading.scheme != lung_rads.SCHEME or value not in lung_rads.CATEGORIES:
            allowed = ", ".join(lung_rads.CATEGORIES) if self.reading.scheme else "none"
            raise Refused(f"There is no category {value} for this study; allowed: {allowed}.")
        given = Category(self.reading.scheme, value, "set by the reader", edited=True)
        self._do(Kind.CATEGORY, {"category": to_json(given)})

    def assess(self, assessment: Assessment, title: str) -> None:
        """What is said of a mammography as a whole; `title` names the change for undo."""
        if self.reading.scheme != birads.scheme():
            raise Refused("Density and BI-RADS categories are for mammographies.")
        if assessment != self.reading.assessment:
            self._do(Kind.ASSESSMENT, {"assessment": to_json(assessment), "name": title})

    def set_nipple(self, sop_instance_uid: str, at: tuple[float, float]) -> None:
        """The nipple of an image is at that (column, row)."""
        self._do(Kind.NIPPLE, {"sop_instance_uid": sop_instance_uid, "at": list(at)})

    def state_side(self, sop_instance_uid: str, side: str, header: str) -> None:
        """An image shows the breast "R" or "L", whatever its `header` says; that is kept beside it."""
        self._do(Kind.SIDE, {"sop_instance_uid": sop_instance_uid, "side": side, "header": header})

    # --- the unaided read, the reveal, the verdicts

    def commit(self, verdict: Mapping[str, object] | None = None) -> str:
        """Seal the unaided read; returns the seal (hash of the event) that opens the second reader's."""
        marks = [f.name for f in self.reading.own]
        self._do(Kind.COMMIT, self._said() | {"verdict": dict(verdict or {}), "marks": marks})
        return self.reading.seal

    def reveal(self, study_read: StudyRead) -> None:
        """Load the second reader's findings into the record; from here on they are part of the reading."""
        self._do(Kind.REVEAL, reveal_payload(self.reading, study_read))

    def accept(self, tracking_uid: str) -> None:
        """Accept a finding of the model."""
        self._do(Kind.ACCEPT, self._named(tracking_uid))

    def reject(self, tracking_uid: str, reason: str = "", text: str = "") -> None:
        """Reject a finding of the model; `reason` is an id of resources/codes/reject_reasons.toml or ""."""
        self._do(Kind.REJECT, self._named(tracking_uid) | {"reason": reason, "text": text})

    def undecided(self, tracking_uid: str) -> None:
        """Take a verdict back to open."""
        self._do(Kind.UNDECIDED, self._named(tracking_uid))

    def rate(self, tracking_uid: str, concept: str, rating: float | None) -> None:
        """The reader's rating of a concept of a model's finding; None goes back to the model's."""
        said = self.reading.corrections.get(tracking_uid, {}).get(concept)
        if rating != said:
            self._do(Kind.CONCEPT, self._named(tracking_uid) | {"concept": concept, "rating": rating})

    def undo(self) -> str:
        """Take the last step of this stage back; returns its title. Raises `Refused` where there is none."""
        title, done = self.undo_title, self._progress.done
        self._do(Kind.UNDO, {"of": done[-1].seq if done else 0, "title": title})
        return title

    def redo(self) -> str:
        """Do the last undone step again; returns its title. Raises `Refused` where there is none."""
        title, undone = self.redo_title, self._progress.undone
        self._do(Kind.REDO, {"of": undone[-1].seq if undone else 0, "title": title})
        return title

    # --- two readings of others

    def arbitrate(self, first: Reading, second: Reading) -> None:
        """Lay two signed readings before this reader; nothing of them was shown until then."""
        category, assessment = agreed_words(first, second)
        payload = {
            "arbitration": to_json(arbitration(first, second)),
            "assessment": to_json(assessment),
            "category": None if category is None else to_json(category),
        }
        self._do(Kind.ARBITRATE, payload)

    def decide(self, key: str, choice: Choice) -> None:
        """Whose word holds on one difference."""
        self._do(Kind.DECIDE, {"key": key, "choice": choice.value})

    # --- the end

    def sign(self, *, force: bool = False) -> None:
        """Sign. Raises `Refused` naming undecided findings; `force` signs without them and records so."""
        undecided = self.reading.left_open()
        if undecided and not force:
            self._try(Kind.SIGN, self._said() | {"without": list(undecided)})
            raise Refused(undecided_sentence(undecided))
        self._do(Kind.SIGN, self._said() | {"without": list(undecided)})

    def amend(self, text: str) -> None:
        """Add text to a signed reading; what was signed stays as it is."""
        self._do(Kind.AMEND, {"text": text})

    def reported(self, objects: Iterable[Mapping[str, object]]) -> None:
        """Record which objects were written (path, kind, sop_instance_uid ... of each)."""
        self._do(Kind.REPORT, {"objects": [dict(o) for o in objects]})

    def close(self) -> None:
        """The reader left this reading; without this the next start offers to resume."""
        self._do(Kind.CLOSED, {})

    # --- viewing: batched, on disk within a second

    def note_shown(self, series: str, slice_index: int, viewport: str = "") -> None:
        """A slice was really painted. `series` is the key by which slices seen are counted."""
        self._do(Kind.SHOWN, {"series": series, "slice": int(slice_index), "viewport": viewport})

    def note_part(self, series: str, runs: Sequence[tuple[int, int, int]]) -> None:
        """Parts of an image were on screen at full resolution: `Reading.parts_seen` says what runs are."""
        self._do(Kind.PART, {"series": series, "runs": [list(run) for run in runs]})

    def note_view(self, viewport: str, place: Mapping[str, object]) -> None:
        """Where a viewport stands now (JSON values: display set, slice, window, zoom ...), for the resume."""
        self._do(Kind.VIEW, dict(place) | {"viewport": viewport})

    def note_focus(self, tracking_uid: str) -> None:
        """A finding came into focus; "" for none."""
        self._do(Kind.FOCUS, {"tracking_uid": tracking_uid})

    def note_marks(self, on: bool) -> None:
        """The model's marks were switched on or off."""
        self._do(Kind.MARKS, {"on": on})

    def note_heat(self, tracking_uid: str, on: bool, method: str, target: str) -> None:
        """The heat map of a finding was switched on or off, or another one was chosen."""
        said: Payload = {"tracking_uid": tracking_uid, "on": on, "method": method, "target": target}
        self._do(Kind.HEAT, said)

    def note_alike(self, tracking_uid: str, on: bool) -> None:
        """Cases like a finding were switched on or off."""
        self._do(Kind.ALIKE, {"tracking_uid": tracking_uid, "on": on})

    # --- inside

    def _do(self, kind: Kind, payload: Payload) -> None:
        """Try it on the reading, write it, let it count; in this order."""
        self._try(kind, payload)
        write = self._log.note if kind in VIEWING else self._log.append
        event = write(self.reading.reading_id, kind, payload, self._stamp, self._last.hash)
        self._progress = apply(self._progress, event)
        self._last = event

    def _try(self, kind: Kind, payload: Payload) -> None:
        """Raise `Refused` if this event may not happen now."""
        stamp = self._stamp
        draft = Event(
            seq=self._last.seq + 1,
            kind=kind,
            at_utc=now_utc(),
            monotonic_ns=self._last.monotonic_ns,
            reading=self.reading.reading_id,
            reader=stamp.reader,
            experience=stamp.experience,
            sitting=stamp.sitting,
            paradigm=stamp.paradigm,
            arm=stamp.arm,
            payload=payload,
        )
        apply(self._progress, draft)

    def _required(self, tracking_uid: str) -> Finding:
        finding = self.reading.finding(tracking_uid)
        if finding is None:
            raise Refused("There is no such finding: select one first.")
        return finding

    def _named(self, tracking_uid: str) -> dict[str, object]:
        """Payload of a verdict: the UID, and the name for those who read the log."""
        finding = self.reading.finding(tracking_uid)
        return {"tracking_uid": tracking_uid, "name": finding.name if finding else ""}

    def _said(self) -> dict[str, object]:
        """What commit and signature fix: the category, and of a mammography the assessment."""
        reading = self.reading
        said: dict[str, object] = {
            "category": None if reading.category is None else to_json(reading.category)
        }
        if reading.scheme == birads.scheme():
            said["assessment"] = to_json(reading.assessment)
        return said


def new_uid() -> str:
    """A DICOM UID without a registered root (PS3.5 B.2: 2.25 and a UUID)."""
    return f"2.25.{uuid.uuid4().int}"


def _stamp(reader: Reader, paradigm: Paradigm, arm: str) -> Stamp:
    return Stamp(reader.name, reader.experience, uuid.uuid4().hex[:12], paradigm.value, arm)


def _next_name(reading: Reading) -> str:
    """R and the next number; a name that was committed is never given to another mark."""
    names = [f.name for f in (*reading.own, *reading.unaided)]
    return f"R{1 + max((int(name[1:]) for name in names if name[1:].isdecimal()), default=0)}"
