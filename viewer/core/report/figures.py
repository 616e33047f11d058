"""What the reader drew and chose, as the page tells it: measurements, key images, snapshots. No markup."""

from collections.abc import Sequence
from dataclasses import dataclass

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.measure.lengths import words_of
from viewer.core.reading.pictures import STACK, Shown
from viewer.core.reading.reading import Distance, Reading
from viewer.core.report.place import display_set_under, measurement_place, picture_place, picture_words
from viewer.core.report.words import grey_words, measure_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture that the reader put into the report; its `key` is that of the picture.

    name   K1, K2 of key images, S1, S2 of snapshots
    title  what it shows; lines: in which grey levels, and what else must be known
    """

    key: str
    name: str
    title: str
    lines: tuple[str, ...] = ()


def measurement_rows(display_sets: Sequence[DisplaySet], reading: Reading) -> tuple[tuple[str, str], ...]:
    """(what it is, its length, where it lies and to which finding it belongs)."""
    return tuple(
        (measure_name(number, drawn), _measured(display_sets, reading, drawn))
        for number, drawn in enumerate(reading.distances, 1)
    )


def key_figures(display_sets: Sequence[DisplaySet], reading: Reading) -> tuple[Figure, ...]:
    """The reader's key images."""
    return tuple(
        Figure(
            key=chosen.key,
            name=f"K{number}",
            title=_title(display_sets, chosen.shows),
            lines=(grey_words(chosen.shows),),
        )
        for number, chosen in enumerate(reading.key_images, 1)
    )


def snapshot_figures(display_sets: Sequence[DisplaySet], reading: Reading) -> tuple[Figure, ...]:
    """The viewports that the reader put into the report."""
    return tuple(
        Figure(
            key=taken.key,
            name=f"S{number}",
            title=_title(display_sets, taken.shows),
            lines=(
                f"{grey_words(taken.shows)} · zoom {taken.zoom:.3g}",
                *_made_here(display_sets, taken.shows),
                f"Taken {'after' if taken.revealed else 'before'} the second reader was revealed.",
            ),
        )
        for number, taken in enumerate(reading.snapshots, 1)
    )


def _measured(display_sets: Sequence[DisplaySet], reading: Reading, drawn: Distance) -> str:
    where = display_set_under(display_sets, drawn)
    said = drawn.text if where is None else words_of(where, drawn.axes)
    finding = reading.finding(drawn.finding)
    parts = [said, measurement_place(display_sets, drawn), f"belongs to {finding.name}" if finding else ""]
    return " · ".join(filter(None, parts))


def _title(display_sets: Sequence[DisplaySet], shows: Shown) -> str:
    words = picture_words(display_sets, shows)
    return words[:1].upper() + words[1:]


def _made_here(display_sets: Sequence[DisplaySet], shows: Shown) -> list[str]:
    """A picture that the scanner did not make says so."""
    place = picture_place(display_sets, shows)
    return (
        [] if shows.plane == STACK or place is None else [f"Made here from the slices of {place[0].title}."]
    )
