"""Findings and chains of events made in memory, for tests of rules and folds."""

from dataclasses import replace

from inference.concepts import Bottleneck, Concept
from viewer.core.pixels.grey import Window
from viewer.core.reading.codec import to_json
from viewer.core.reading.events import GENESIS, Event, Kind, digest
from viewer.core.reading.finding import Author, Finding, ImagePlace
from viewer.core.reading.fold import replay
from viewer.core.reading.pictures import KeyImage, Shown, Snapshot
from viewer.core.reading.reading import Category, Distance, ModelRun, Paradigm, Reading, Stage

SHOWN = Shown(
    display_set="set", series_instance_uid="1.5", sop_instance_uid="1.5.4", window=Window(40.0, 400.0, "Lung")
)
"""An image as acquired, in a window."""


def finding(name="R1", *, at=(0.0, 0.0, 0.0), mm=8.0, author=Author.READER, frame="1.9", **more):
    """A round nodule `mm` across; its tracking UID follows from its name."""
    x, y, z = at
    half = mm / 2
    return Finding(
        name=name,
        tracking_uid=f"2.25.{int.from_bytes(name.encode())}",
        author=author,
        label=more.pop("label", "nodule"),
        series_instance_uid="1.5",
        frame_of_reference_uid=frame,
        center_lps_mm=at,
        long_axis=more.pop("long_axis", ((x - half, y, z), (x + half, y, z))),
        short_axis=more.pop("short_axis", ((x, y - half, z), (x, y + half, z))),
        **more,
    )


def on_images(name="R1", *places, author=Author.READER, **more):
    """A finding on mammograms; each place is (SOP Instance UID, column, row) and, where known, a box."""
    return Finding(
        name=name,
        tracking_uid=f"2.25.{int.from_bytes(name.encode())}",
        author=author,
        label=more.pop("label", "mass"),
        places=tuple(
            ImagePlace(
                sop_instance_uid=uid,
                series_instance_uid=f"{uid}.0",
                column=column,
                row=row,
                box=box[0] if box else None,
            )
            for uid, column, row, *box in places
        ),
        **more,
    )


def proposed(name="M1", *, probability=0.8, **more):
    """A finding of the model."""
    return finding(name, author=Author.MODEL, probability=probability, **more)


BOTTLENECK = Bottleneck(
    concepts=(
        Concept(
            name="spiculation", words=("none", "slight", "medium", "much", "marked"), error=0.5, weight=0.8
        ),
        Concept(
            name="margin", words=("poor", "poorish", "medium", "sharpish", "sharp"), error=0.6, weight=-0.4
        ),
    ),
    offset=-6.0,
    size_weight=2.0,
    residuals=((0.5, 0.1), (0.1, 0.6)),
)
"""Two concepts: one point of spiculation adds 0.8 to the log odds of malignancy."""


def rated(name="M1", *, malignancy=0.3, **more):
    """A finding of the model whose malignancy rests on `BOTTLENECK`."""
    concepts = (("spiculation", 2.3), ("margin", 3.6))
    return proposed(name, malignancy=malignancy, concepts=concepts, **more)


def run_of(*names):
    """The model that said so."""
    return ModelRun(
        model_id="m",
        model_version="1",
        model_sha256="ab" * 32,
        status="done",
        findings=tuple(proposed(name).tracking_uid for name in names),
        bottleneck=BOTTLENECK,
    )


class Chain:
    """Events of one reading as they would stand in the log."""

    def __init__(self, paradigm=Paradigm.SECOND_READER, scheme="Lung-RADS v2022"):
        self.paradigm = paradigm
        self.events: list[Event] = []
        self.add(Kind.OPENED, study_instance_uid="1.2.3", scheme=scheme)

    def draft(self, kind, **payload) -> Event:
        last = self.events[-1] if self.events else None
        event = Event(
            seq=len(self.events) + 1,
            kind=kind,
            at_utc=f"2026-01-02T03:04:{len(self.events) % 60:02}.000Z",
            monotonic_ns=len(self.events),
            reading="r",
            reader="A",
            experience="5 years",
            sitting="s1",
            paradigm=self.paradigm.value,
            arm="",
            payload=payload,
            prev_hash=last.hash if last else GENESIS,
        )
        return replace(event, hash=digest(event))

    def add(self, kind, **payload) -> "Chain":
        """Append without asking the rules."""
        self.events.append(self.draft(kind, **payload))
        return self

    def mark(self, finding_) -> "Chain":
        return self.add(Kind.MARK, finding=to_json(finding_))

    def commit(self) -> "Chain":
        category = self.reading.category
        return self.add(Kind.COMMIT, category=None if category is None else to_json(category))

    def reveal(self, *findings, joined=None, status="done", runs=()) -> "Chain":
        return self.add(
            Kind.REVEAL,
            seal=self.reading.seal,
            status=status,
            reason="",
            runs=[to_json(run) for run in runs],
            findings=[to_json(f) for f in findings],
            joined=joined or {},
        )

    def sign(self, *without) -> "Chain":
        category = self.reading.category
        return self.add(
            Kind.SIGN, without=list(without), category=None if category is None else to_json(category)
        )

    @property
    def progress(self):
        return replay(self.events)

    @property
    def reading(self) -> Reading:
        return self.progress.reading


def at_stage(paradigm, stage) -> Chain | None:
    """A reading with the own mark R1 and, once revealed, M1; None where the paradigm never gets there."""
    chain = Chain(paradigm).mark(finding("R1"))
    reveals = paradigm in (Paradigm.SECOND_READER, Paradigm.CONCURRENT, Paradigm.TRIAGE)
    if stage is Stage.UNAIDED:
        return chain
    chain.commit()
    if stage is Stage.COMMITTED:
        return chain
    if stage is Stage.REVEALED and not reveals:
        return None
    if reveals:
        chain.reveal(rated("M1", at=(50.0, 0.0, 0.0)), runs=(run_of("M1"),))
    if stage is Stage.SIGNED:
        chain.sign(*(("M1",) if reveals else ()))
    return chain


def payload_for(kind, chain) -> dict:
    """What a well-formed event of that kind holds at this point."""
    reading, progress = chain.reading, chain.progress
    own = reading.own[0]
    category = to_json(Category("Lung-RADS v2022", "4B", "set by the reader", edited=True))
    distance = to_json(Distance(key="d", axis=((0, 0, 0), (1, 0, 0)), series_instance_uid="1.5"))
    judged = {"tracking_uid": proposed("M1").tracking_uid, "name": "M1", "reason": "duplicate", "text": ""}
    top = {"of": progress.done[-1].seq if progress.done else 0}
    return {
        Kind.OPENED: {"study_instance_uid": "1.2.3"},
        Kind.SHOWN: {"series": "1.5", "slice": 3},
        Kind.PART: {"series": "1.5", "runs": [[3, 0, 7]]},
        Kind.VIEW: {"viewport": "main", "index": 3},
        Kind.FOCUS: {"tracking_uid": own.tracking_uid},
        Kind.MARK: {"finding": to_json(finding("R7"))},
        Kind.MARK_CHANGE: {"finding": to_json(replace(own, label="scar"))},
        Kind.MARK_DELETE: {"tracking_uid": own.tracking_uid, "name": own.name},
        Kind.MARK_JOIN: {"finding": to_json(own), "gone": own.tracking_uid, "name": own.name},
        Kind.MEASURE: {"distance": distance},
        Kind.MEASURE_DELETE: {"key": "d"},
        Kind.KEY_IMAGE: {"key_image": to_json(KeyImage(key="k", shows=SHOWN))},
        Kind.KEY_IMAGE_DELETE: {"key": "k"},
        Kind.SNAPSHOT: {
            "snapshot": to_json(
                Snapshot(key="s", shows=SHOWN, marks=(own.tracking_uid,), revealed=bool(reading.revealed_at))
            )
        },
        Kind.SNAPSHOT_DELETE: {"key": "s"},
        Kind.CONCEPT: judged | {"concept": "spiculation", "rating": 4.0},
        Kind.IMPRESSION: {"text": "clear"},
        Kind.CATEGORY: {"category": category},
        Kind.ASSESSMENT: {"assessment": {"density": "b"}, "name": "density b"},
        Kind.NIPPLE: {"sop_instance_uid": "cc", "at": [3.0, 4.0]},
        Kind.SIDE: {"sop_instance_uid": "cc", "side": "R", "header": "R and L"},
        Kind.COMMIT: {"category": category, "verdict": {"probability": 0.2}},
        Kind.REVEAL: {
            "seal": reading.seal,
            "status": "done",
            "reason": "",
            "runs": [],
            "findings": [],
            "joined": {},
        },
        Kind.ACCEPT: judged,
        Kind.REJECT: judged,
        Kind.UNDECIDED: judged,
        Kind.UNDO: top,
        Kind.REDO: {"of": progress.undone[-1].seq if progress.undone else 0},
        Kind.SIGN: {"without": [f.name for f in reading.undecided()], "category": category},
        Kind.AMEND: {"text": "seen again"},
    }.get(kind, {})
