"""What the undoable events change: marks, judgements, impression, category, measurements, pictures. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from viewer.core.reading import birads, lung_rads
from viewer.core.reading.arbitration import Arbitration, Choice, Difference
from viewer.core.reading.codec import from_json
from viewer.core.reading.events import Event, Kind
from viewer.core.reading.finding import Author, Finding
from viewer.core.reading.pictures import KeyImage, Snapshot
from viewer.core.reading.reading import Assessment, Category, Distance, Judgement, Reading, Verdict


class Refused(Exception):
    """Something that cannot be done now; the message is one sentence for the screen."""


@dataclass(frozen=True, slots=True)
class Content:
    """The part of a reading that undo and redo work on."""

    own: tuple[Finding, ...]
    edited: dict[str, Finding]
    judgements: dict[str, Judgement]
    joined: dict[str, str]
    impression: str
    category: Category | None
    assessment: Assessment
    nipples: dict[str, tuple[float, float]]
    sides: dict[str, str]
    distances: tuple[Distance, ...]
    key_images: tuple[KeyImage, ...]
    snapshots: tuple[Snapshot, ...]
    corrections: dict[str, dict[str, float]]
    arbitration: Arbitration | None = None


def content_of(reading: Reading) -> Content:
    """The undoable part of a reading; a category that the rules gave is not part of it."""
    return Content(
        own=reading.own,
        edited=reading.edited,
        judgements=reading.judgements,
        joined=reading.joined,
        impression=reading.impression,
        category=reading.category if reading.category and reading.category.edited else None,
        assessment=reading.assessment,
        nipples=reading.nipples,
        sides=reading.sides,
        distances=reading.distances,
        key_images=reading.key_images,
        snapshots=reading.snapshots,
        corrections=reading.corrections,
        arbitration=reading.arbitration,
    )


def with_content(reading: Reading, content: Content) -> Reading:
    """The reading with another undoable part, and the category that follows from it."""
    changed = replace(
        reading,
        own=content.own,
        edited=content.edited,
        judgements=content.judgements,
        joined=content.joined,
        impression=content.impression,
        assessment=content.assessment,
        nipples=content.nipples,
        sides=content.sides,
        distances=content.distances,
        key_images=content.key_images,
        snapshots=content.snapshots,
        corrections=content.corrections,
        arbitration=content.arbitration,
    )
    if reading.scheme == birads.scheme():
        return replace(changed, category=birads.category(content.assessment))
    if content.category is not None or reading.scheme != lung_rads.SCHEME:
        return replace(changed, category=content.category)
    return replace(changed, category=lung_rads.category(changed.in_force()))


def _mark(content: Content, event: Event) -> tuple[Content, str]:
    mark = finding_of(event)
    if any(mark.tracking_uid == own.tracking_uid for own in content.own):
        raise Refused(f"{mark.name} is marked already.")
    if mark.author is not Author.READER:
        raise Refused("Only the reader marks; findings of the model come with the reveal.")
    return replace(content, own=(*content.own, mark)), f"mark {mark.name}"


def _mark_change(content: Content, event: Event) -> tuple[Content, str]:
    changed = finding_of(event)
    title = f"change of {changed.name}"
    if changed.author is Author.MODEL:
        return replace(content, edited=content.edited | {changed.tracking_uid: changed}), title
    _own(content, changed.tracking_uid)
    own = tuple(changed if f.tracking_uid == changed.tracking_uid else f for f in content.own)
    return replace(content, own=own), title


def _mark_delete(content: Content, event: Event) -> tuple[Content, str]:
    gone = _own(content, text_of(event, "tracking_uid"))
    own = tuple(f for f in content.own if f is not gone)
    joined = {model: mark for model, mark in content.joined.items() if mark != gone.tracking_uid}
    return replace(content, own=own, joined=joined), f"deletion of {gone.name}"


def _mark_join(content: Content, event: Event) -> tuple[Content, str]:
    joined, gone = finding_of(event), _own(content, text_of(event, "gone"))
    _own(content, joined.tracking_uid)
    if joined.tracking_uid == gone.tracking_uid:
        raise Refused("A mark cannot be joined to itself.")
    own = tuple(joined if f.tracking_uid == joined.tracking_uid else f for f in content.own if f is not gone)
    kept = {model: mark for model, mark in content.joined.items() if mark != gone.tracking_uid}
    return replace(content, own=own, joined=kept), f"{gone.name} as {joined.name} in another view"


def _measure(content: Content, event: Event) -> tuple[Content, str]:
    drawn = from_json(event.payload["distance"], Distance)
    others = tuple(d for d in content.distances if d.key != drawn.key)
    what = "bidirectional measurement" if drawn.bidirectional else "distance"
    title = f"change of a {what}" if len(others) < len(content.distances) else what
    return replace(content, distances=(*others, drawn)), title


def _measure_delete(content: Content, event: Event) -> tuple[Content, str]:
    kept = tuple(d for d in content.distances if d.key != text_of(event, "key"))
    if len(kept) == len(content.distances):
        raise Refused("There is no such distance any more.")
    return replace(content, distances=kept), "deletion of a distance"


def _key_image(content: Content, event: Event) -> tuple[Content, str]:
    chosen = from_json(event.payload["key_image"], KeyImage)
    shows = chosen.shows
    if any(k.is_of(shows.display_set, shows.sop_instance_uid, shows.frame) for k in content.key_images):
        raise Refused("This image is a key image already.")
    return replace(content, key_images=(*content.key_images, chosen)), "key image"


def _key_image_delete(content: Content, event: Event) -> tuple[Content, str]:
    kept = tuple(k for k in content.key_images if k.key != text_of(event, "key"))
    if len(kept) == len(content.key_images):
        raise Refused("There is no such key image any more.")
    return replace(content, key_images=kept), "removal of a key image"


def _snapshot(content: Content, event: Event) -> tuple[Content, str]:
    taken = from_json(event.payload["snapshot"], Snapshot)
    return replace(content, snapshots=(*content.snapshots, taken)), "snapshot"


def _snapshot_delete(content: Content, event: Event) -> tuple[Content, str]:
    kept = tuple(s for s in content.snapshots if s.key != text_of(event, "key"))
    if len(kept) == len(content.snapshots):
        raise Refused("There is no such snapshot any more.")
    return replace(content, snapshots=kept), "removal of a snapshot"


def _impression(content: Content, event: Event) -> tuple[Content, str]:
    return replace(content, impression=text_of(event, "text")), "impression"


def _category(content: Content, event: Event) -> tuple[Content, str]:
    given = event.payload["category"]
    value = None if given is None else from_json(given, Category)
    return replace(content, category=value), "category"


def _assessment(content: Content, event: Event) -> tuple[Content, str]:
    given = from_json(event.payload["assessment"], Assessment)
    return replace(content, assessment=given), text_of(event, "name") or "assessment"


def _nipple(content: Content, event: Event) -> tuple[Content, str]:
    at = from_json(event.payload["at"], tuple[float, float])
    return replace(content, nipples=content.nipples | {text_of(event, "sop_instance_uid"): at}), "nipple"


def _side(content: Content, event: Event) -> tuple[Content, str]:
    """The side of an image, and of the own findings that were marked on it without one."""
    uid, side = text_of(event, "sop_instance_uid"), text_of(event, "side")
    if side not in ("R", "L"):
        raise Refused("An image shows the right or the left breast: R or L.")
    own = tuple(
        replace(f, laterality=side)
        if any(p.sop_instance_uid == uid for p in f.places) and f.laterality in ("", content.sides.get(uid))
        else f
        for f in content.own
    )
    return replace(content, own=own, sides=content.sides | {uid: side}), "side of an image"


def _accept(content: Content, event: Event) -> tuple[Content, str]:
    judgement = Judgement(Verdict.ACCEPTED, at=event.at_utc)
    return _judge(content, event, judgement), f"accept {text_of(event, 'name')}"


def _reject(content: Content, event: Event) -> tuple[Content, str]:
    judgement = Judgement(Verdict.REJECTED, text_of(event, "reason"), text_of(event, "text"), event.at_utc)
    return _judge(content, event, judgement), f"reject {text_of(event, 'name')}"


def _undecided(content: Content, event: Event) -> tuple[Content, str]:
    judgement = Judgement(Verdict.UNDECIDED, at=event.at_utc)
    return _judge(content, event, judgement), f"{text_of(event, 'name')} undecided"


def _concept(content: Content, event: Event) -> tuple[Content, str]:
    uid, concept, rating = text_of(event, "tracking_uid"), text_of(event, "concept"), event.payload["rating"]
    others = {name: said for name, said in content.corrections.get(uid, {}).items() if name != concept}
    if rating is not None:
        others[concept] = from_json(rating, float)
    corrections = {key: said for key, said in content.corrections.items() if key != uid}
    corrections |= {uid: others} if others else {}
    return replace(content, corrections=corrections), f"{concept} of {text_of(event, 'name')}"


def _decide(content: Content, event: Event) -> tuple[Content, str]:
    """Whose word holds: a finding that one reader marked becomes part of the reading, or is no part of it."""
    between, choice = content.arbitration, Choice(text_of(event, "choice"))
    difference = None if between is None else between.difference(text_of(event, "key"))
    if between is None or difference is None:
        raise Refused("There is no such difference between two readers here.")
    content = replace(content, arbitration=between.decided(difference, choice))
    if difference.finding is not None:
        own = tuple(f for f in content.own if f.tracking_uid != difference.finding.tracking_uid)
        kept = (difference.finding,) if difference.value_of(choice) else ()
        content = replace(content, own=own + kept)
    else:
        content = _with_word(content, between, difference, choice)
    return content, f"decision on {difference.name}"


def _with_word(content: Content, between: Arbitration, difference: Difference, choice: Choice) -> Content:
    """With what one of the readers says of the whole; with neither's, it is for the third to say."""
    value, said = difference.value_of(choice), content.assessment
    match difference.about:
        case "R" | "L":
            categories = {side: v for side, v in said.categories.items() if side != difference.about}
            categories |= {difference.about: value} if value else {}
            return replace(content, assessment=replace(said, categories=categories))
        case "recall":
            return replace(content, assessment=replace(said, recall=value))
        case _ if choice is Choice.NEITHER:
            return replace(content, category=None)
        case _:
            rule = f"as {between.reader(choice)} gave it, by arbitration"
            return replace(content, category=Category(difference.about, value, rule, edited=True))


def _judge(content: Content, event: Event, judgement: Judgement) -> Content:
    return replace(content, judgements=content.judgements | {text_of(event, "tracking_uid"): judgement})


def _own(content: Content, tracking_uid: str) -> Finding:
    mark = next((f for f in content.own if f.tracking_uid == tracking_uid), None)
    if mark is None:
        raise Refused("There is no such mark of yours; a finding of the model is rejected, not deleted.")
    return mark


Change = Callable[[Content, Event], tuple[Content, str]]

CHANGES: dict[Kind, Change] = {
    Kind.MARK: _mark,
    Kind.MARK_CHANGE: _mark_change,
    Kind.MARK_DELETE: _mark_delete,
    Kind.MARK_JOIN: _mark_join,
    Kind.MEASURE: _measure,
    Kind.MEASURE_DELETE: _measure_delete,
    Kind.KEY_IMAGE: _key_image,
    Kind.KEY_IMAGE_DELETE: _key_image_delete,
    Kind.SNAPSHOT: _snapshot,
    Kind.SNAPSHOT_DELETE: _snapshot_delete,
    Kind.IMPRESSION: _impression,
    Kind.CATEGORY: _category,
    Kind.ASSESSMENT: _assessment,
    Kind.NIPPLE: _nipple,
    Kind.SIDE: _side,
    Kind.ACCEPT: _accept,
    Kind.REJECT: _reject,
    Kind.UNDECIDED: _undecided,
    Kind.CONCEPT: _concept,
    Kind.DECIDE: _decide,
}


def finding_of(event: Event) -> Finding:
    """The finding in an event's payload."""
    return from_json(event.payload["finding"], Finding)


def text_of(event: Event, key: str) -> str:
    """A text in an event's payload; "" where there is none."""
    return str(event.payload.get(key, ""))
