"""What is wrong with an input, said in one sentence that a radiologist and an engineer can both use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one file or series.

    file     path as the user gave it (a ZIP member as ``archive.zip!member``)
    tag      ``(gggg,eeee)`` in lower-case hex, or "" where no single element is to blame
    found    what stands there; allowed: what may stand there
    message  one sentence: what, where, and what follows from it
    """

    file: str
    tag: str
    found: str
    allowed: str
    message: str

    def line(self) -> str:
        """The one line of the 'not loaded' list: file, tag, found, allowed, message."""
        parts = [self.file]
        if self.tag:
            parts.append(self.tag)
        if self.found or self.allowed:
            parts.append(f"found {self.found or 'nothing'}, allowed {self.allowed or 'see message'}")
        return ": ".join([" ".join(parts), self.message])


class DicomError(Exception):
    """A file, frame or series that cannot be used; carries the `Problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.line())
        self.problem = problem
