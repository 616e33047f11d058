"""Which breast an image shows, where its nipple is, and what follows for the place of a finding."""

from viewer.app import posing
from viewer.app.desk_state import DeskState
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.hanging.fill import is_for_reading
from viewer.core.hanging.pose import Point
from viewer.core.pixels.table import grey_table
from viewer.core.reading import breasts
from viewer.core.reading.description import Description
from viewer.core.reading.finding import Author, Finding, ImagePlace
from viewer.core.report.place import slice_on

# --- which breast


def examined(desk: DeskState) -> tuple[str, ...]:
    """The breasts that are read here, R before L."""
    shown = (posing.breast_of(d) for d in desk.display_sets if is_for_reading(d))
    stated = () if desk.reading is None else desk.reading.sides.values()
    return breasts.examined((b for b in shown if b is not None), stated)


def side_of(desk: DeskState, instance: Instance) -> str:
    """The breast of an image: as the reader stated, else by its header; "" where nothing is certain."""
    stated = "" if desk.reading is None else desk.reading.sides.get(instance.sop_instance_uid, "")
    by_header = instance.mammogram.side if instance.mammogram is not None else ""
    return stated or (by_header if by_header in ("R", "L") else "")


def unstated(desk: DeskState) -> tuple[DisplaySet, ...]:
    """The mammograms that are read here without a side: neither the header nor the reader says it."""
    here = (d for d in desk.display_sets if posing.breast_of(d) is not None and is_for_reading(d))
    return tuple(d for d in here if not side_of(desk, d.instances[0]))


def state_side(desk: DeskState, side: str) -> None:
    """The image of the viewport that has the keyboard shows this breast: the reader says so."""
    shown = desk.views.display_set(desk.views.active)
    if shown is None or desk.session is None or why_not_state_side(desk):
        return
    breast = posing.breast_of(shown)
    header = "" if breast is None else breast.contradiction or breast.side or "no side"
    with desk.telling_refusals():
        desk.session.state_side(shown.instances[0].sop_instance_uid, side, header)
        desk.acted()
        desk.say(f"This image shows the {_NAMES[side]} breast, stated by you. Ctrl+Z takes it back.")


_NAMES = {"R": "right", "L": "left"}


def why_not_state_side(desk: DeskState) -> str:
    """Why no side can be stated of what has the keyboard; "" where one can."""
    shown = desk.views.display_set(desk.views.active)
    if shown is None or posing.breast_of(shown) is None or desk.is_prior(shown):
        return "Choose a mammogram of this study first (Tab)."
    breast = posing.breast_of(shown)
    known = breast is not None and breast.side in ("R", "L")
    return "The header says which breast this is, without a contradiction." if known else ""


# --- the nipple


def nipple_of(desk: DeskState, shown: DisplaySet) -> Point | None:
    """(column, row) of the nipple: as the reader said, else the foremost point of the breast."""
    instance = shown.instances[0]
    said = None if desk.reading is None else desk.reading.nipples.get(instance.sop_instance_uid)
    if said is not None:
        return said
    stack, where = desk.pixels.stacks.get(shown.id), _axes(desk, instance)
    if shown.id not in desk.pixels.nipples and stack is not None and stack.complete and where is not None:
        from viewer.core.hanging.breast import foremost  # scipy, when a finding is located

        middle = len(stack.ready) // 2
        table = grey_table(stack.grey(middle))
        desk.pixels.nipples[shown.id] = foremost(stack.codes[middle], table, where.front)
    return desk.pixels.nipples.get(shown.id)


def set_nipple(desk: DeskState) -> None:
    """The nipple is at the pointer: places that were computed from it are computed again."""
    at, session, reading = desk.views.pointer, desk.session, desk.reading
    shown = None if at is None else desk.views.display_set(desk.views.view(at.viewport))
    if at is None or shown is None or session is None or reading is None:
        return
    uid = shown.instances[0].sop_instance_uid
    with desk.telling_refusals():
        session.set_nipple(uid, (at.pixel[0] - 0.5, at.pixel[1] - 0.5))
        desk.acted()
        for finding in reading.own:
            if any(p.sop_instance_uid == uid for p in finding.places):
                after = session.change(finding.tracking_uid, description=described(desk, finding))
                if after != finding:
                    desk.acted()
        desk.say("The nipple is here. Distances from it are measured anew.")


def why_no_nipple(desk: DeskState) -> str:
    """Why no nipple can be placed; "" where one can."""
    at = desk.views.pointer
    shown = None if at is None else desk.views.display_set(desk.views.view(at.viewport))
    if shown is None or posing.breast_of(shown) is None or desk.is_prior(shown):
        return "Point at the nipple in a mammogram of this study first."
    return ""


# --- the place of a finding


def described(desk: DeskState, finding: Finding) -> Description:
    """What is said of a finding, with what follows from its places as far as the reader has not said it."""
    found = location(desk, finding)
    before = finding.description or Description()
    return before.placed(found.answers, found.nipple_mm, found.nipple_in, found.behind_mm)


def location(desk: DeskState, finding: Finding) -> breasts.Location:
    """Where a finding lies in the breast, as far as its views, their sides and nipples are known."""
    views = [s for place in finding.places if (s := _seen(desk, place)) is not None]
    return breasts.location(views, finding.laterality)


def suggested(desk: DeskState, finding: Finding | None) -> dict[str, str]:
    """By question: what the second reader names of its own finding, in the terms of BI-RADS."""
    if finding is None or finding.author is not Author.MODEL or desk.second.read is None:
        return {}
    candidates = (read.candidates.get(finding.tracking_uid) for read in desk.second.read.reads)
    named = next((c.characteristics for c in candidates if c is not None), {})
    words = {question: said.value.lower() for question, said in named.items()}
    kinds = {word: kind for word, kind in _KINDS if word in (words.get("shape", ""), finding.label.lower())}
    return {name: _TERMS.get(said, said) for name, said in words.items()} | {
        "kind": next(iter(kinds.values()), "")
    }


_KINDS = (
    ("architectural distortion", "distortion"),
    ("asymmetry", "asymmetry"),
    ("mass", "mass"),
    ("calcification cluster", "calcifications"),
)
"""What models call a finding (or, as older lexicons do, its shape), and what it is in the fifth edition."""
_TERMS = {"ill defined": "indistinct"}
"""Older words for the same."""


def _seen(desk: DeskState, place: ImagePlace) -> breasts.Seen | None:
    shown = next((d for d in desk.display_sets if slice_on(d, place) is not None), None)
    instance = None if shown is None else shown.instances[0]
    if shown is None or instance is None or instance.mammogram is None or instance.spacing_mm is None:
        return None
    where, nipple = _axes(desk, instance), nipple_of(desk, shown)
    if where is None or nipple is None:
        return None
    shape = (instance.rows, instance.columns)
    at = (place.column, place.row)
    return breasts.seen(at, nipple, where, instance.mammogram.view, shape, instance.spacing_mm)


def _axes(desk: DeskState, instance: Instance) -> breasts.Axes | None:
    breast = instance.mammogram
    if breast is None:
        return None
    return breasts.axes(breast, posing.orientation_of(instance), side_of(desk, instance))


def warn_of_sides(desk: DeskState) -> str:
    """What is said of images whose side nobody has stated; "" where all sides are known."""
    count = len(unstated(desk))
    if not count:
        return ""
    images = "1 image has" if count == 1 else f"{count} images have"
    return f'{images} no certain side: state it (Ctrl+K, "This image shows").'
