"""The findings of the readable report as cards: mark, title, sizes, place, verdict, who saw it. No markup."""

from dataclasses import dataclass

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.reading.concepts import rating_of
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Reading
from viewer.core.report import breast_page
from viewer.core.report.breast_terms import in_breast
from viewer.core.report.place import place_words
from viewer.core.report.selection import SeenBy, own_mark, reported, seen_by
from viewer.core.report.words import concept_words, probability_words, reject_words, size_words, verdict_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One finding on the page.

    kind      reader, model or joined: colour and shape of the mark
    state     accepted, own, rejected, undecided or proposed (no reader yet)
    finding   as it is reported; its Tracking UID is the key of the key image
    lines     sizes and place, then what the reader wrote
    origin    who saw it first, how probable the model holds it, and what its malignancy rests on
    """

    kind: str
    state: str
    name: str
    title: str
    verdict: str
    finding: Finding
    lines: tuple[str, ...] = ()
    origin: str = ""

    @property
    def pictures(self) -> tuple[str, ...]:
        """The keys of its key images: one for each image that it lies on, the first its Tracking UID."""
        uid, count = self.finding.tracking_uid, max(1, len(self.finding.places))
        return (uid, *(f"{uid}/{n}" for n in range(2, count + 1)))


@dataclass(frozen=True, slots=True)
class Cards:
    """Makes the cards of a report."""

    display_sets: tuple[DisplaySet, ...]

    def kept(self, reading: Reading, finding: Finding) -> Card:
        """A finding that the reader reports."""
        shown, mark, seen = reported(reading, finding), own_mark(reading, finding), seen_by(reading, finding)
        of_reader = seen not in (SeenBy.BOTH, SeenBy.MODEL)
        return Card(
            kind="reader" if of_reader else "joined" if mark else "model",
            state="own" if of_reader else "accepted",
            name=f"{mark.name} = {finding.name}" if mark else finding.name,
            title=_title(shown),
            verdict=_VERDICTS.get(seen, "Accepted"),
            finding=shown,
            lines=self._lines(shown),
            origin=_origin(seen, finding, "" if of_reader else _said_by_model(reading, finding)),
        )

    def rejected(self, reading: Reading, finding: Finding) -> Card:
        """One of the model's that the reader rejected."""
        reason = reject_words(reading.judgement(finding.tracking_uid))
        return self._models(finding, "rejected", f"Rejected: {reason}", reading)

    def undecided(self, reading: Reading, finding: Finding) -> Card:
        """One of the model's that was left open."""
        said = verdict_words(reading.judgement(finding.tracking_uid))
        said += "; signed without it" if finding.name in reading.signed_without else ""
        return self._models(finding, "undecided", said, reading)

    def proposed(self, finding: Finding) -> Card:
        """One of the model's that no reader saw."""
        return self._models(finding, "proposed", "Not read by a human")

    def _models(self, finding: Finding, state: str, verdict: str, reading: Reading | None = None) -> Card:
        return Card(
            kind="model",
            state=state,
            name=finding.name,
            title=_title(finding),
            verdict=verdict,
            finding=finding,
            lines=self._lines(finding)[:1],
            origin=_said_by_model(reading, finding),
        )

    def _lines(self, finding: Finding) -> tuple[str, ...]:
        if in_breast(finding):
            return breast_page.lines(self.display_sets, finding)
        return tuple(line for line in (self._sizes(finding), _texture(finding), finding.note) if line)

    def _sizes(self, finding: Finding) -> str:
        if finding.whole:
            return place_words(self.display_sets, finding).capitalize()
        return f"{size_words(finding)} · {place_words(self.display_sets, finding)}"


_SEEN = {
    SeenBy.READER: "Marked by the reader alone, before any reveal.",
    SeenBy.READER_AFTER: "Marked by the reader after the model was revealed.",
    SeenBy.BOTH: "Marked by the reader before the reveal; the model marked the same place.",
    SeenBy.MODEL: "Marked by the model alone; accepted by the reader.",
    SeenBy.TWO: "Marked by both readers, each without the other.",
    SeenBy.THIRD: "Marked by the reader who arbitrated.",
}


_VERDICTS = {
    SeenBy.READER: "Reader's own",
    SeenBy.READER_AFTER: "Reader's own",
    SeenBy.TWO: "Both readers",
    SeenBy.ONE: "Kept by arbitration",
    SeenBy.THIRD: "Arbitrating reader's own",
}


def _origin(seen: SeenBy, finding: Finding, said: str) -> str:
    if seen is SeenBy.ONE:
        return f"Marked by {finding.by} alone; kept by arbitration."
    return f"{_SEEN[seen]} {said}".rstrip()


def _said_by_model(reading: Reading | None, finding: Finding) -> str:
    rating = None if reading is None else rating_of(reading, finding)
    return " ".join(filter(None, (probability_words(finding), concept_words(rating))))


def _title(finding: Finding) -> str:
    if in_breast(finding):
        return breast_page.title(finding)
    return finding.label[:1].upper() + finding.label[1:] or "Finding"


def _texture(finding: Finding) -> str:
    if "nodule" not in finding.label.lower() or finding.texture.value in finding.label.lower():
        return ""
    return f"{finding.texture.value.capitalize()}."
