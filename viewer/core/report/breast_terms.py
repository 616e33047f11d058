"""Findings and assessment of a mammography as coded terms: kind, side, descriptors, density, category.

Where no public scheme has a verified code for a term, ours begins with BR- (codes/report_terms.toml).
"""

from viewer.core.reading import birads
from viewer.core.reading.birads import Answer, Question
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Assessment
from viewer.core.report.terms import Term, own, standard

QUADRANTS = ("upper_outer", "upper_inner", "lower_outer", "lower_inner")
_NAMED_BY = {"associated": "BR-ASSOCIATED", "recall": "BR-RECALL"}
"""Questions whose name no public scheme has."""


def in_breast(finding: Finding) -> bool:
    """True for a finding on mammograms."""
    return finding.description is not None or (bool(finding.places) and finding.in_breast)


def kind(finding: Finding) -> Term:
    """What it is: as the reader said, else as the label of the model says."""
    said = "" if finding.description is None else finding.description.of("kind")
    if said == "calcifications" and finding.description is not None:
        grouped = finding.description.of("distribution") == "grouped"
        return standard("calcification_cluster") if grouped else _answer("kind", said)
    if said:
        return _answer("kind", said)
    label = finding.label.lower()
    if "calcification" in label:
        return standard("calcification_cluster")
    return _answer("kind", "mass") if "mass" in label else standard("abnormal")


def side(laterality: str) -> Term | None:
    """Left or right; None where it was not stated."""
    return {"L": standard("left"), "R": standard("right")}.get(laterality)


def descriptors(finding: Finding) -> list[tuple[Term, Term]]:
    """(question, answer) of everything that was said of a finding, in the order in which it is asked."""
    said = finding.description
    if said is None:
        return []
    return [
        (_concept(q, given), _term(q, q.answer(given)))
        for q in birads.asked(said)
        if q.id != "kind"
        for given in said.all_of(q.id)
        if q.answer(given) is not None
    ]


def density(assessment: Assessment) -> tuple[Term, Term] | None:
    """Breast composition; None where it was not given."""
    return _exam("density", assessment.density)


def recall(assessment: Assessment) -> tuple[Term, Term] | None:
    """Recalled or not; None where it was not given."""
    return _exam("recall", assessment.recall)


def category(value: str) -> tuple[Term, Term] | None:
    """Assessment category; None where it was not given."""
    return _exam("category", value)


def _exam(question: str, given: str) -> tuple[Term, Term] | None:
    asked = birads.exam_questions()[question]
    answer = asked.answer(given)
    return None if answer is None else (_concept(asked, given), _term(asked, answer))


def _answer(question: str, given: str) -> Term:
    asked = next(q for q in birads.finding_questions() if q.id == question)
    return _term(asked, asked.answer(given))


def _concept(question: Question, given: str) -> Term:
    if question.id == "region" and given in QUADRANTS:
        return standard("quadrant")
    if question.concept is None:
        return own(_NAMED_BY[question.id])
    return Term(*question.concept)


def _term(question: Question, answer: Answer | None) -> Term:
    """The code of an answer; one of ours where there is none."""
    if answer is None:
        return standard("abnormal")
    return Term(*answer.code) if answer.code is not None else own(f"BR-{answer.id.upper()}")
