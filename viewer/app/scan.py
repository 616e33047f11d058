"""From paths to studies: finds files, parses or recalls headers, groups; step by step. Reads no pixels."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from viewer.app.contents import Contents, read_contents
from viewer.app.duplicates import Duplicates
from viewer.app.index import Index
from viewer.app.sources import Candidate, Sources, find
from viewer.core.dicom.grouping import Study, group
from viewer.core.dicom.problem import Problem

Progress = Callable[[int, int], None]
"""Called with the number of files that were looked at and the number that were found."""
Cancelled = Callable[[], bool]

_SAME_REASON_AT_MOST = 20
"""So many problems of one kind in one folder or archive are listed one by one, the rest in one line."""
_FIRST_RESULT_S = 0.4


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What is known so far.

    not_loaded  one problem for each thing that could not be shown
    files       number of files that were looked at
    complete    False while there is more to come
    generation  rises whenever anything changed
    notes       sentences about the scan itself (a damaged index)
    """

    studies: tuple[Study, ...] = ()
    not_loaded: tuple[Problem, ...] = ()
    files: int = 0
    complete: bool = False
    generation: int = 0
    notes: tuple[str, ...] = ()


def scan(
    paths: Sequence[Path],
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    home: Path | None = None,
) -> ScanResult:
    """Everything at and below `paths`, with what is remembered in `home`, if given."""
    results = list(Scanner(paths, home).results(progress, cancelled, first_s=float("inf")))
    return results[-1] if results else ScanResult()


class Scanner:
    """Scans the same paths as often as asked; after the first time only what is new or changed is read."""

    def __init__(self, paths: Sequence[Path], home: Path | None = None) -> None:
        self._paths = tuple(paths)
        self._home = home
        self._held: dict[str, tuple[Candidate, Contents]] = {}
        self._elsewhere: list[Problem] = []
        self._duplicates = Duplicates()
        self._generation = 0

    def results(
        self,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
        first_s: float = _FIRST_RESULT_S,
    ) -> Iterator[ScanResult]:
        """Ever more complete results: one after `first_s`, more at growing intervals; the last is complete.

        Ends early, without a complete result, once `cancelled` says so.
        """
        index = Index(self._home) if self._home is not None else None
        sources = Sources()
        try:
            yield from self._pass(index, sources, progress, cancelled or (lambda: False), first_s)
        finally:
            sources.close()
            if index is not None:
                index.close()

    def _pass(
        self,
        index: Index | None,
        sources: Sources,
        progress: Progress | None,
        cancelled: Cancelled,
        interval: float,
    ) -> Iterator[ScanResult]:
        candidates = self._find()
        notes = (index.note,) if index is not None and index.note else ()
        news: list[tuple[Candidate, Contents]] = []
        due = time.monotonic() + interval
        try:
            for number, candidate in enumerate(candidates, 1):
                if cancelled():
                    return
                self._look_at(candidate, index, sources, news)
                if progress is not None:
                    progress(number, len(candidates))
                if time.monotonic() >= due and number < len(candidates):
                    yield self._result(sources, number, False, notes)
                    interval *= 2
                    due = time.monotonic() + interval
            yield self._result(sources, len(candidates), True, notes)
        finally:  # after the result: whoever waits for it does not wait for the disk
            if index is not None and news:
                index.remember(news)

    def _find(self) -> list[Candidate]:
        """All candidates, each once; forgets what is gone."""
        found = list(find(self._paths))
        candidates = {c.path: c for c in found if isinstance(c, Candidate)}
        problems = [p for p in found if isinstance(p, Problem)]
        gone = self._held.keys() - candidates.keys()
        if gone or problems != self._elsewhere:
            self._generation += 1
        for path in gone:
            del self._held[path]
        self._elsewhere = problems
        return list(candidates.values())

    def _look_at(
        self,
        candidate: Candidate,
        index: Index | None,
        sources: Sources,
        news: list[tuple[Candidate, Contents]],
    ) -> None:
        held = self._held.get(candidate.path)
        if held is not None and held[0] == candidate:
            return
        self._generation += 1
        contents = index.recall(candidate) if index is not None else None
        if contents is None:
            contents = read_contents(candidate, sources)
            news.append((candidate, contents))
        self._held[candidate.path] = (candidate, contents)

    def _result(self, sources: Sources, files: int, complete: bool, notes: tuple[str, ...]) -> ScanResult:
        held = [contents for _, contents in self._held.values()]
        instances = [instance for contents in held for instance in contents.instances]
        problems = self._elsewhere + [problem for contents in held for problem in contents.problems]
        problems += [instance.broken for instance in instances if instance.broken is not None]
        studies = group(self._duplicates.told_apart(instances, sources))
        return ScanResult(studies, summarised(problems), files, complete, self._generation, notes)


def summarised(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems, with one line for the rest where many files of one place have the same one."""
    counts: dict[tuple[str, str], int] = {}
    out: list[Problem] = []
    for problem in problems:
        place, mark, _ = problem.file.rpartition("!")
        key = (place if mark else problem.file.rpartition("/")[0], problem.message)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= _SAME_REASON_AT_MOST:
            out.append(problem)
    for (place, message), count in counts.items():
        if count > _SAME_REASON_AT_MOST:
            rest = f"{count - _SAME_REASON_AT_MOST} more files"
            out.append(Problem(place or ".", "", rest, "", message))
    return tuple(out)
