"""Two independent readings before a third reader, and what is decided. How they differ: `discordance`."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from viewer.core.reading.finding import Finding


class Choice(StrEnum):
    """Whose word holds."""

    FIRST = "first"
    SECOND = "second"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One of two readings, as its difference to the other is told.

    findings  all that it reports, named A1, A2 ... of the first reader, B1, B2 ... of the second
    """

    reading_id: str
    reader: str
    signed_at: str
    impression: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing on which two readers differ.

    key       names it in the record
    title     what the screen calls it: "Nodule", "Lung-RADS v2022", "BI-RADS, right breast", "Recall"
    first, second    what each says, in words; of a finding that one did not mark: "not marked"
    values    the same as the record has it, of the first and the second; "" = nothing
    finding   the finding that only one of them marked
    about     of a word on the whole: "R", "L" (BI-RADS of a breast), "recall", or the scheme of a category
    """

    key: str
    title: str
    first: str
    second: str
    values: tuple[str, str]
    finding: Finding | None = None
    about: str = ""

    @property
    def name(self) -> str:
        """How the screen calls it where it has to be short."""
        return self.title if self.finding is None else self.finding.name

    @property
    def row(self) -> str:
        """What the screen's focus is called on it: the Tracking UID of a finding, else the key."""
        return self.key if self.finding is None else self.finding.tracking_uid

    def value_of(self, choice: Choice) -> str:
        """What holds after a choice, as the record has it; "" for nothing."""
        return {Choice.FIRST: self.values[0], Choice.SECOND: self.values[1]}.get(choice, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arbitration:
    """Two signed readings before a third reader.

    agreed     findings of the first that the second marked too, both names in one: "A1+B2"
    decisions  by key of a difference
    """

    first: Opinion
    second: Opinion
    agreed: tuple[Finding, ...] = ()
    differences: tuple[Difference, ...] = ()
    decisions: dict[str, Choice] = field(default_factory=dict)

    def difference(self, key: str) -> Difference | None:
        """The difference of that key."""
        return next((d for d in self.differences if d.key == key), None)

    def finding(self, tracking_uid: str) -> Finding | None:
        """A finding on which the two differ."""
        found = (d.finding for d in self.differences if d.finding is not None)
        return next((f for f in found if f.tracking_uid == tracking_uid), None)

    def open_ones(self) -> tuple[Difference, ...]:
        """What is not decided yet."""
        return tuple(d for d in self.differences if d.key not in self.decisions)

    def decided(self, difference: Difference, choice: Choice) -> "Arbitration":
        """The same with one more decision, or another one."""
        return replace(self, decisions=self.decisions | {difference.key: choice})

    def reader(self, choice: Choice) -> str:
        """The name of one of the readers; "" for neither."""
        return {Choice.FIRST: self.first.reader, Choice.SECOND: self.second.reader}.get(choice, "")

    def chosen(self, difference: Difference) -> str:
        """The decision in words: "A. Lee: not marked"; "" where there is none."""
        choice = self.decisions.get(difference.key)
        if choice is None:
            return ""
        said = {Choice.FIRST: difference.first, Choice.SECOND: difference.second}.get(choice, "")
        return f"{self.reader(choice)}: {said}" if said else "neither"
