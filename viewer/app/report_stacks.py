"""The pixels that a report draws from: those in memory, and others loaded while they are drawn."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from viewer.app.stack import Stack
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.problem import DicomError

Load = Callable[[DisplaySet], Stack]
"""Waits for all slices of a display set; raises DicomError where memory would not do."""


class Stacks(Mapping[str, Stack]):
    """Stacks by display set id. One that is not at hand is loaded when it is asked for, and only the last
    such is kept: a report of many stacks needs the memory of one. For one thread.
    """

    def __init__(self, at_hand: Mapping[str, Stack], display_sets: Iterable[DisplaySet], load: Load) -> None:
        self._at_hand = dict(at_hand)
        self._others = {d.id: d for d in display_sets if d.kind == "image" and d.id not in self._at_hand}
        self._load = load
        self._last: Stack | None = None
        self.refused: list[str] = []
        """A sentence for each that could not be loaded."""

    def __getitem__(self, name: str) -> Stack:
        if name in self._at_hand:
            return self._at_hand[name]
        if self._last is None or self._last.display_set.id != name:
            self._last = None  # before the next one needs its memory
            self._last = self._loaded(self._others[name])
        return self._last

    def _loaded(self, wanted: DisplaySet) -> Stack:
        try:
            return self._load(wanted)
        except DicomError as error:
            del self._others[wanted.id]
            self.refused.append(f"No picture of {wanted.title}: {error.problem.message}.")
            raise KeyError(wanted.id) from error

    def __iter__(self) -> Iterator[str]:
        yield from self._at_hand
        yield from self._others

    def __len__(self) -> int:
        return len(self._at_hand) + len(self._others)
