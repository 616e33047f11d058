"""What a reader says of one finding in a breast: answers to the questions of resources/codes/birads.toml."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Answers about one finding, and where it lies in the breast.

    answers    (question, its answers), by the ids of the table; a question without an answer is left out
    nipple_mm  distance from the nipple; None where it is not known
    nipple_in  the view in which it was measured: "CC", "MLO"; "" where the reader typed it
    behind_mm  (view, how far behind the nipple) of its marks, mm
    computed   questions whose answer follows from the marks alone: the reader has not confirmed it
    """

    answers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    nipple_mm: float | None = None
    nipple_in: str = ""
    computed: tuple[str, ...] = ()
    behind_mm: tuple[tuple[str, float], ...] = ()

    def all_of(self, question: str) -> tuple[str, ...]:
        """The answers to a question."""
        return dict(self.answers).get(question, ())

    def of(self, question: str) -> str:
        """The (first) answer to a question; "" for none."""
        return next(iter(self.all_of(question)), "")

    def saying(self, question: str, *given: str) -> "Description":
        """The same with another answer of the reader; without one the question is open again."""
        kept = tuple((name, said) for name, said in self.answers if name != question)
        answers = (*kept, (question, given)) if given else kept
        return replace(self, answers=answers, computed=tuple(q for q in self.computed if q != question))

    def placed(
        self,
        answers: dict[str, str],
        nipple_mm: float | None,
        nipple_in: str,
        behind_mm: tuple[tuple[str, float], ...] = (),
    ) -> "Description":
        """The same with what follows from the marks; what the reader has said of a place stays."""
        kept = {name: said for name, said in self.answers if name not in self.computed}
        new = {name: (said,) for name, said in answers.items() if said and name not in kept}
        return Description(
            answers=tuple((kept | new).items()),
            nipple_mm=self.nipple_mm if self.nipple_mm is not None and not self.nipple_in else nipple_mm,
            nipple_in=self.nipple_in if self.nipple_mm is not None and not self.nipple_in else nipple_in,
            computed=tuple(new),
            behind_mm=behind_mm,
        )
