"""BI-RADS, 5th edition: the questions about findings and examination, in words, and what follows by rule.

The terms are data (resources/codes/birads.toml). Only names of the atlas are used, none of its prose.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from viewer.core.reading.description import Description
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Assessment, Category

KEYS = "123456789ABCDEFGHIJ"
"""The key of each answer, in their order."""
SIDES = {"R": "Right breast", "L": "Left breast"}
LOCATION = ("region", "clock", "depth")
"""Questions whose answer follows from the marks where the nipple is known."""
ORDER = ("1", "2", "3", "6", "0", "4A", "4B", "4C", "5")
"""Least to most to be done: the category of the examination is that of the breast with more.

A known malignancy (6) says nothing of what is new, so that an incomplete examination (0) outweighs it. A
rule of ours: PS3.16 gives the categories (CID 6027) without an order.
"""
CALLS = frozenset({"0", "4A", "4B", "4C", "5"})
"""Categories after which something is to be done before the next screening."""

Code = tuple[str, ...]
"""Value, coding scheme, meaning, and the version of the scheme where the standard gives one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `code` is None where no public scheme has a verified one."""

    id: str
    title: str
    key: str
    code: Code | None


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `kinds`: the kinds of finding it is asked for, all where empty."""

    id: str
    title: str
    answers: tuple[Answer, ...]
    many: bool = False
    kinds: tuple[str, ...] = ()
    concept: Code | None = None

    def answer(self, id_: str) -> Answer | None:
        """The answer with that id."""
        return next((a for a in self.answers if a.id == id_), None)

    def title_of(self, id_: str) -> str:
        """An answer in words; the id itself where a newer table gave it."""
        found = self.answer(id_)
        return found.title if found is not None else id_


@cache
def scheme() -> str:
    """What the categories are called."""
    return str(_table()["scheme"])


@cache
def finding_questions() -> tuple[Question, ...]:
    """Every question about a finding, in the order in which they are asked."""
    return tuple(map(_question, _table()["finding"]))


@cache
def exam_questions() -> dict[str, Question]:
    """The questions about an examination: density, category (of a breast) and recall."""
    return {q.id: q for q in map(_question, _table()["exam"])}


def asked(description: Description) -> tuple[Question, ...]:
    """The questions about a finding of its kind; only what it is, as long as that is open."""
    kind = description.of("kind")
    every = finding_questions()
    return tuple(q for q in every if not q.kinds or kind in q.kinds) if kind else every[:1]


# --- in words


def kind_words(finding: Finding) -> str:
    """What a finding is: "Mass"; the label where the reader has not said."""
    kind = finding.description.of("kind") if finding.description is not None else ""
    if kind:
        return finding_questions()[0].title_of(kind)
    label = finding.label.strip() or "finding"
    return label[:1].upper() + label[1:]


def descriptor_words(description: Description) -> str:
    """Its descriptors: "irregular, spiculated, high density"."""
    questions = (q for q in asked(description) if q.id != "kind" and q.id not in LOCATION)
    said = [q.title_of(given) for q in questions for given in description.all_of(q.id)]
    return ", ".join(words.lower() for words in said)


def location_words(description: Description) -> str:
    """Where it lies: "upper outer quadrant, 10 o'clock, middle depth, 43 mm from the nipple (CC)"."""
    by_id = {q.id: q for q in finding_questions()}
    said = [by_id[name].title_of(description.of(name)).lower() for name in LOCATION if description.of(name)]
    if description.of("depth"):
        said[-1] += " depth"
    if description.nipple_mm is not None:
        where = f" ({description.nipple_in})" if description.nipple_in else ""
        said.append(f"{description.nipple_mm:.0f} mm from the nipple{where}")
    return ", ".join(said)


def computed_words(description: Description) -> str:
    """What of the place nobody has confirmed; "" where all was."""
    return "computed from the marks, not confirmed" if description.computed else ""


# --- the examination


def category(assessment: Assessment) -> Category:
    """The category of the examination: of both breasts the one with more reason for concern (`ORDER`)."""
    given = {side: value for side, value in assessment.categories.items() if value in ORDER}
    if not given:
        return Category(scheme(), "", "no category by breast yet")
    side = max(given, key=lambda s: ORDER.index(given[s]))
    said = ", ".join(f"{SIDES[s].lower()} {given[s]}" for s in SIDES if s in given)
    return Category(scheme(), given[side], said, edited=False)


def assessment_words(assessment: Assessment) -> str:
    """All of it in one line: "density b, right breast 1, left breast 4A, recall yes"."""
    said = [f"{SIDES[s].lower()} {assessment.categories[s]}" for s in SIDES if assessment.categories.get(s)]
    density = [f"density {assessment.density}"] if assessment.density else []
    recall = [f"recall {assessment.recall}"] if assessment.recall else []
    return ", ".join([*density, *said, *recall]) or "nothing was given"


def headline(value: str) -> str:
    """The name of a category: "highly suggestive of malignancy"; "" for one that the table does not hold."""
    answer = exam_questions()["category"].answer(value)
    return "" if answer is None else answer.title.partition(": ")[2]


def missing(assessment: Assessment, breasts: Iterable[str]) -> tuple[str, ...]:
    """What is still open, in words: density, a category for each breast that was examined, recall."""
    by_breast = [f"category of the {SIDES[s].lower()}" for s in breasts if not assessment.categories.get(s)]
    density = [] if assessment.density else ["breast density"]
    return (*density, *by_breast, *([] if assessment.recall else ["recall"]))


def contradictions(assessment: Assessment, findings: Iterable[Finding]) -> tuple[str, ...]:
    """What does not go together, one sentence each."""
    told = []
    worst = category(assessment).value
    if assessment.recall == "no" and worst in CALLS:
        told.append(f"Category {worst} without a recall.")
    if assessment.recall == "yes" and worst in ("1", "2"):
        told.append(f"A recall with category {worst}.")
    marked = {f.laterality for f in findings}
    told += [
        f"{SIDES[side]}: category 1 (negative) with a finding."
        for side, value in assessment.categories.items()
        if value == "1" and side in marked
    ]
    return tuple(told)


def _question(raw: Mapping[str, Any]) -> Question:
    answers = tuple(
        Answer(one["id"], one["title"], key, tuple(one["code"]) if "code" in one else None)
        for one, key in zip(raw["answers"], KEYS, strict=False)
    )
    concept = tuple(raw["concept"]) if "concept" in raw else None
    return Question(
        raw["id"], raw["title"], answers, raw.get("many", False), tuple(raw.get("kinds", ())), concept
    )


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("resources").joinpath("codes", "birads.toml").read_text(encoding="utf-8"))
