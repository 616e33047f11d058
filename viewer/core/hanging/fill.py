"""From protocols and studies to steps with images in them. A step that cannot be filled is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from viewer.core.dicom.display_set import DisplaySet, Study
from viewer.core.hanging.layout import free_layout
from viewer.core.hanging.mosaic import mosaic
from viewer.core.hanging.protocol import OTHERS, Image, Protocol, Step
from viewer.core.hanging.rules import facts, score


@dataclass(frozen=True, slots=True)
class Hung:
    """What a study is read in.

    protocol  None where no protocol fits
    steps     those that could be filled; `pictures` says with what
    prior     the study that it is compared with
    named     (image name, display set id) of the images that were found
    left      display sets of the study that no step shows
    main      id of the display set that the reading is about: the image "main", else the first one that hangs
    extra     display sets that only a step of leftovers shows, each with the index of that step
    """

    protocol: Protocol | None
    steps: tuple[Step, ...]
    main: str = ""
    prior: Study | None = None
    named: tuple[tuple[str, str], ...] = ()
    left: tuple[DisplaySet, ...] = ()
    extra: tuple[tuple[DisplaySet, int], ...] = ()


Found = Mapping[str, tuple[DisplaySet, ...]]
"""By the name of an image what fits it, the best one first."""
EMPTY = Hung(None, (Step("images", "Images", "1x1", ("stack",), "", images=("",), pictures=("",)),))
"""What a desk with nothing on it has: one step, with nothing in it."""


def images_of(study: Study) -> tuple[DisplaySet, ...]:
    """What of a study can be hung."""
    return tuple(d for d in study.display_sets if d.kind == "image")


def is_for_reading(shown: DisplaySet) -> bool:
    """False for raw detector images (Presentation Intent Type FOR PROCESSING): nobody reads from those."""
    return shown.instances[0].presentation_intent != "FOR PROCESSING"


def hang(protocols: Sequence[Protocol], study: Study, studies: Sequence[Study], prior: str = "") -> Hung:
    """The steps of the protocol that fits best, with the prior of that UID, else the one it prefers.

    Where that protocol has nothing to show, the next best one is taken.
    """
    rest = list(protocols)
    while (protocol := choose(rest, study)) is not None:
        priors = priors_of(protocol, study, studies)
        wanted = next((p for p in priors if p.study_instance_uid == prior), None)
        hung = fill(protocol, study, wanted or preferred(protocol, study, priors))
        if hung.steps:
            return hung
        rest.remove(protocol)
    return EMPTY


def choose(protocols: Sequence[Protocol], study: Study) -> Protocol | None:
    """The protocol with the highest score over the images of a study, then rank, then the first."""
    scored = [(best, p.rank, -n, p) for n, p in enumerate(protocols) if (best := _fits(p, study)) is not None]
    return max(scored, key=lambda one: one[:3])[3] if scored else None


def _fits(protocol: Protocol, study: Study) -> float | None:
    found = (score(protocol.match, facts(d)) for d in images_of(study))
    return max((value for value in found if value is not None), default=None)


def priors_of(protocol: Protocol, study: Study, studies: Sequence[Study]) -> tuple[Study, ...]:
    """Earlier studies of the same patient that the protocol fits, from recent to old.

    Studies without a date are no priors: nobody knows that they are earlier.
    """
    earlier = (
        other
        for other in studies
        if other.patient.key == study.patient.key
        and (_days_before(study, other) or 0) > 0
        and _fits(protocol, other) is not None
    )
    return tuple(sorted(earlier, key=lambda other: other.date, reverse=True))


def preferred(protocol: Protocol, study: Study, priors: Sequence[Study]) -> Study | None:
    """The most recent prior at least `prior_days` older than the study, else the most recent."""
    old_enough = (p for p in priors if (_days_before(study, p) or 0) >= protocol.prior_days)
    return next(old_enough, priors[0] if priors else None)


def _days_before(study: Study, other: Study) -> int | None:
    taken, before = _day(study.date), _day(other.date)
    return None if taken is None or before is None else (taken - before).days


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def fill(protocol: Protocol, study: Study, prior: Study | None) -> Hung:
    """The steps of a protocol with the images of a study and of its prior in them."""
    found = {image.name: _ranked(image, prior if image.prior else study) for image in protocol.images}
    pairs = tuple((name, ranked[0].id) for name, ranked in found.items() if ranked)
    hung = {picture for step in _steps(protocol, found, ()) for picture in step.pictures}
    others = [d for d in images_of(study) if d.id not in hung and is_for_reading(d)]
    steps = _steps(protocol, found, others)
    main = found.get("main") or next((ranked for ranked in found.values() if ranked), ())
    return Hung(protocol, steps, main[0].id if main else "", prior, pairs, *_left(study, steps))


def _ranked(image: Image, study: Study | None) -> tuple[DisplaySet, ...]:
    """From its place on the display sets by score; of equal ones that with most images, then the first."""
    candidates = () if study is None else images_of(study)
    scored = [
        (value, d.count, -n, d)
        for n, d in enumerate(candidates)
        if (value := score(image.rules, facts(d))) is not None
    ]
    order = sorted(scored, key=lambda one: one[:3], reverse=True)
    return tuple(one[3] for one in order[image.place - 1 :])


def _steps(protocol: Protocol, found: Found, others: Sequence[DisplaySet]) -> tuple[Step, ...]:
    """The steps that can be filled with the images that were found and with what is left."""
    filled = (_filled(step, found, others) for step in protocol.steps)
    return tuple(step for step in filled if len(set(filter(None, step.pictures))) >= step.needs)


def _filled(step: Step, found: Found, others: Sequence[DisplaySet]) -> Step:
    if step.mosaic:
        return _filled_mosaic(step, found.get(step.images[0], ()))
    rest = iter(others)
    pictures = []
    for name in step.images:
        shown = next(rest if name == OTHERS else iter(found.get(name, ())), None)
        pictures.append("" if shown is None else shown.id)
    return _no_larger_than_needed(replace(step, pictures=tuple(pictures)))


def _filled_mosaic(step: Step, parts: Sequence[DisplaySet]) -> Step:
    """As many boxes as there are parts; as it is without any."""
    if not parts:
        return replace(step, pictures=("",) * len(step.images))
    placed = mosaic(parts)
    count = len(placed)
    return replace(
        step,
        layout=free_layout(tuple(box for _, box in placed)),
        images=step.images[:1] * count,
        planes=step.planes[:1] * count,
        pictures=tuple(part.id for part, _ in placed),
    )


def _no_larger_than_needed(step: Step) -> Step:
    """A step of leftovers with one or two of them has a layout with one or two boxes."""
    layout = {1: "1x1", 2: "1x2"}.get(len([picture for picture in step.pictures if picture]))
    if layout is None or set(step.images) != {OTHERS}:
        return step
    boxes = 1 if layout == "1x1" else 2
    return replace(
        step,
        layout=layout,
        images=step.images[:boxes],
        planes=step.planes[:boxes],
        pictures=step.pictures[:boxes],
    )


def _left(
    study: Study, steps: tuple[Step, ...]
) -> tuple[tuple[DisplaySet, ...], tuple[tuple[DisplaySet, int], ...]]:
    """(display sets in no step, those in steps of leftovers only)."""
    where: dict[str, int] = {}
    plain = set()
    for number, step in enumerate(steps):
        for name, picture in zip(step.images, step.pictures, strict=True):
            where.setdefault(picture, number)
            if name != OTHERS:
                plain.add(picture)
    images = images_of(study)
    extra = tuple((d, where[d.id]) for d in images if d.id in where and d.id not in plain)
    return tuple(d for d in images if d.id not in where), extra
