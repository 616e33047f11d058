"""One finding as a card of the panel: name, place, size, verdict, and in focus why and what can be done."""

from dataclasses import replace

from viewer.app import likening, marking, outlining, picturing, rating, reviewing, suggesting, text
from viewer.app.desk_state import DeskState
from viewer.app.display import Action, Field, FindingRow, MarkState
from viewer.app.naming import series_name
from viewer.app.resolve.overlays import name_of, size_text, state_of
from viewer.app.resolve.scores import slice_lines
from viewer.core.reading import lung_rads
from viewer.core.reading.birads import SIDES, computed_words, descriptor_words, kind_words, location_words
from viewer.core.reading.chance import chance, one_in, percent
from viewer.core.reading.concepts import rating_of
from viewer.core.reading.description import Description
from viewer.core.reading.finding import Author, Finding, Texture
from viewer.core.reading.reading import Category, Judgement, Reading, Verdict
from viewer.core.report.place import display_set_of, place_words, slice_in

_OWN_ACTIONS = (Action("finding.edit", "Describe", "E"), Action("finding.delete", "Delete", "Del"))


_BREAST_ACTIONS = (
    Action("finding.edit", "Describe", "E"),
    Action("finding.same", "Here too", "Shift+M"),
)


def own_row(desk: DeskState, reading: Reading, finding: Finding) -> FindingRow:
    """An own mark before the reveal."""
    focused = finding.tracking_uid == desk.review.focus
    if finding.description is not None:
        return _breast_row(desk, finding, finding.description)
    mean = lung_rads.rounded_mean_mm(finding)
    size = size_text(finding)
    return FindingRow(
        tracking_uid=finding.tracking_uid,
        kind="reader",
        name=finding.name,
        title=title_of(finding),
        detail=_where(desk, finding)[0],
        place=_where(desk, finding)[1],
        measure=f"{size}   mean {mean:.1f} mm" if size and mean is not None else size or "not measured",
        note=finding.note,
        state=MarkState.ACCEPTED,
        verdict="",
        focused=focused,
        actions=_OWN_ACTIONS if focused else (),
        editing=_fields(desk, finding),
        key_image=picturing.on_key_image(desk, finding),
    )


def _breast_row(desk: DeskState, finding: Finding, said: Description) -> FindingRow:
    """An own mark on mammograms: what it is, in which views, where in the breast, what it looks like."""
    focused = finding.tracking_uid == desk.review.focus
    looks, where = descriptor_words(said), location_words(said) or "not known"
    lines = (("Looks", looks or "not described"), ("Place", _place_words(said)), ("Note", finding.note))
    return FindingRow(
        tracking_uid=finding.tracking_uid,
        kind="reader",
        name=finding.name,
        title=kind_words(finding),
        detail=_where(desk, finding)[0],
        measure=outlining.sizes(desk, finding),
        note="" if focused else text.DOT.join(filter(None, (looks, where, finding.note))),
        lines=tuple(line for line in lines if line[1]) if focused else (),
        state=MarkState.ACCEPTED,
        verdict="",
        focused=focused,
        actions=_BREAST_ACTIONS if focused else (),
        key_image=picturing.on_key_image(desk, finding),
    )


def _place_words(said: Description) -> str:
    unsure = f" ({computed_words(said)})" if said.computed else ""
    return f"{location_words(said) or 'not known'}{unsure}"


def _kept_row(desk: DeskState, reading: Reading, finding: Finding) -> FindingRow:
    before = any(f.tracking_uid == finding.tracking_uid for f in reading.unaided)
    focused = finding.tracking_uid == desk.review.focus
    if finding.description is not None:
        return replace(
            _breast_row(desk, finding, finding.description),
            verdict="Yours, kept" if before else "Yours, after the reveal",
            missed="no model mark here" if reading.second_read_status in ("done", "partial") else "",
        )
    return FindingRow(
        tracking_uid=finding.tracking_uid,
        kind="reader",
        name=finding.name,
        title=title_of(finding),
        detail=text.DOT.join(filter(None, (_where(desk, finding)[1], size_text(finding) or "not measured"))),
        note=finding.note,
        state=MarkState.ACCEPTED,
        verdict="Yours, kept" if before else "Yours, after the reveal",
        focused=focused,
        missed="no model mark here" if reading.second_read_status in ("done", "partial") else "",
        actions=_OWN_ACTIONS if focused else (),
        editing=_fields(desk, finding),
        key_image=picturing.on_key_image(desk, finding),
    )


def row_of(desk: DeskState, reading: Reading, finding: Finding) -> FindingRow:
    """A finding of the model, or an own mark that stands alone, after the reveal."""
    if finding.author is Author.READER:
        return _kept_row(desk, reading, finding)
    uid = finding.tracking_uid
    focused = uid == desk.review.focus
    own = reading.finding(reading.joined.get(uid, ""))
    series, image = _where(desk, finding)
    state = state_of(reading, finding)
    below = state is MarkState.BELOW
    return FindingRow(
        tracking_uid=uid,
        kind="joined" if own is not None else "model",
        name=name_of(reading, finding),
        title=title_of(own or finding, typed=own is not None or uid in reading.edited),
        detail=text.DOT.join(filter(None, (_side(desk, uid), image or series, _diameter(own or finding)))),
        state=state,
        verdict="Below the threshold" if below else verdict_words(reading.judgement(uid)),
        focused=focused,
        band=_band(finding),
        band_text=_chance(finding),
        lines=_why(desk, reading, finding, own) if focused else (),
        chips=_concepts(desk, uid) if focused else (),
        alike=likening.shown(desk, uid) if focused else ("", ()),
        actions=_judging(desk) if focused else (),
        editing=_fields(desk, finding),
        key_image=picturing.on_key_image(desk, finding),
    )


def _fields(desk: DeskState, finding: Finding) -> tuple[Field, ...]:
    return marking.fields_of(finding) if desk.review.editing == finding.tracking_uid else ()


def title_of(finding: Finding, typed: bool = True) -> str:
    """What a finding is: "Solid nodule", "Scar"; "Lung nodule" while no reader has said of which type."""
    if finding.of_series:
        return f"{kind_words(finding)}, whole series"
    if finding.places:
        return kind_words(finding)
    label = finding.label.strip() or "finding"
    if typed and label.lower() in ("nodule", "mass", "lung nodule"):
        label = f"{finding.texture.value} {label.lower().removeprefix('lung ')}"
    return label[:1].upper() + label[1:]


def _where(desk: DeskState, finding: Finding) -> tuple[str, str]:
    """Series, and the image as the screen counts it."""
    shown = display_set_of(desk.display_sets, finding)
    if shown is None:
        return "its series is not loaded", ""
    if finding.of_series:
        index = slice_in(shown, finding) if finding.places[0].box else None
        return series_name(shown), "" if index is None else f"most of all image {index + 1}"
    if finding.places:
        return place_words(desk.display_sets, finding), ""
    index = slice_in(shown, finding)
    return series_name(shown), "" if index is None else f"Image {index + 1}"


def verdict_words(judgement: Judgement) -> str:
    """The verdict with its reason."""
    if judgement.verdict is Verdict.REJECTED:
        reason = next((r for r in reviewing.reasons() if r.id == judgement.reason), None)
        words = judgement.text if judgement.reason == "other" and judgement.text else ""
        return f"Rejected: {words or (f'{reason.digit} {reason.title.lower()}' if reason else 'no reason')}"
    return judgement.verdict.value.capitalize()


def _diameter(finding: Finding) -> str:
    mean = lung_rads.rounded_mean_mm(finding)
    return "" if mean is None else f"{mean:.1f} mm"


def _band(finding: Finding) -> tuple[float, float, float] | None:
    """Low end, probability, high end."""
    if finding.probability is None:
        return None
    low, high = finding.interval or (finding.probability, finding.probability)
    return low, finding.probability, high


def _chance(finding: Finding) -> str:
    return "" if finding.probability is None else chance(finding.probability, finding.interval)


def _extent(finding: Finding, volume_mm3: float) -> str:
    """Axes and volume of a nodule; of what has no axes, as a bleed, the volume alone, as it is spoken of."""
    axes = size_text(finding)
    return f"{axes}, {volume_mm3:.0f} mm³" if axes else f"{volume_mm3 / 1000:.1f} ml"


def _side(desk: DeskState, uid: str) -> str:
    """Left or right, and of a nodule which lung, where the model's own images make it certain; the breast."""
    sides = (
        {}
        if desk.second.read is None
        else {k: v for r in desk.second.read.reads for k, v in r.laterality.items()}
    )
    finding = None if desk.reading is None else desk.reading.finding(uid)
    if finding is not None and finding.places:
        return SIDES.get(finding.laterality, "")
    side = {"L": "Left", "R": "Right"}.get(sides.get(uid, ""), "")
    in_lung = finding is not None and lung_rads.is_nodule(finding)
    return f"{side} lung" if side and in_lung else side


def _why(
    desk: DeskState, reading: Reading, finding: Finding, own: Finding | None
) -> tuple[tuple[str, str], ...]:
    lines = []
    if finding.probability is not None:
        words = f"{_chance(finding)} that this is {_one(finding.label)}; {one_in(finding.probability)}"
        if finding.whole:
            words = f"{_chance(finding)} that it shows: {finding.label}"
        if finding.malignancy is not None and not finding.concepts:
            words += f"; malignancy {percent(finding.malignancy)}"
        lines.append(("Probability", words))
    if finding.certainty is not None:
        lines.append(
            ("Certainty", f"{percent(finding.certainty)}, as its maker states it; not calibrated here")
        )
    lines += slice_lines(desk, reading, finding)
    if finding.by and finding.probability is None:
        lines.append(("From", finding.by))
    named = suggesting.property_words(reading, finding) if _concepts(desk, finding.tracking_uid) else ""
    if named:
        lines.append(("Suggested", named))
    if not finding.whole:
        lines.append(("Yours", f"{own.name}, marked before the reveal" if own else "no mark"))
    said = (own or finding).description
    if said is not None:
        lines += [("Looks", descriptor_words(said) or "not described"), ("Place", _place_words(said))]
    if finding.volume_mm3 is not None:
        lines.append(("Size", f"{_extent(finding, finding.volume_mm3)}, as the model outlines it"))
    if finding.suggested is not None:
        typed = own is not None or finding.tracking_uid in reading.edited
        lines.append(("Type", _type(own or finding, finding.suggested, typed)))
    rests_on = rating_of(reading, finding)
    lines += () if rests_on is None else rating.lines(rests_on)
    if reading.scheme == lung_rads.SCHEME and lung_rads.is_nodule(finding):
        accepted = reading.judgement(finding.tracking_uid).verdict is Verdict.ACCEPTED
        given = lung_rads.finding_category(own or finding)
        lines.append(("Lung-RADS", _alone(given, counts=accepted or own is not None)))
    return tuple(lines)


def _one(label: str) -> str:
    """A label with its article: "a lung nodule", "an architectural distortion"."""
    return f"{'an' if label[:1].lower() in 'aeiou' else 'a'} {label}" if label else "a finding"


def _type(said: Finding, suggested: tuple[Texture, float], typed: bool) -> str:
    """The type that counts, and beside it the one that the model names."""
    texture, probability = suggested
    counts = f"{said.texture.value}, yours" if typed else f"counts as {said.texture.value} until you say"
    return f"{counts} (E); suggested {texture.value}, {percent(probability)}"


def _alone(given: Category, counts: bool) -> str:
    """The category that a finding gives alone; `counts`: it does already."""
    if not given.value:
        return f"no category: {given.rule}"
    return f"{given.value}: {given.rule}" if counts else f"would be {given.value} if accepted: {given.rule}"


def _concepts(desk: DeskState, uid: str) -> tuple[str, ...]:
    reads = () if desk.second.read is None else desk.second.read.reads
    found = next((r.candidates[uid] for r in reads if uid in r.candidates), None)
    if found is None or found.concepts:
        return ()
    return tuple(f"{name} {c.value}, {percent(c.probability)}" for name, c in found.characteristics.items())


def _judging(desk: DeskState) -> tuple[Action, ...]:
    why_not = reviewing.why_not_judge(desk)
    return (
        Action("finding.accept", "Accept", "Enter", why_not=why_not),
        Action("finding.reject", "Reject", "X", active=desk.review.strip, why_not=why_not),
        Action("finding.undecided", "Undecided", "U", why_not=why_not),
        Action("finding.edit", "Edit", "E", why_not=why_not),
    )
