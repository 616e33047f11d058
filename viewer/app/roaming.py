"""Mammograms at full resolution: one image pixel on one of the screen, tile by tile, and what was seen so."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from viewer.app import posing
from viewer.app.desk_parts import Review
from viewer.app.desk_state import SAVE_VIEWS_S, DeskState
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet
from viewer.core.hanging.fill import is_for_reading
from viewer.core.hanging.pose import Box, Point, anchor_of, scale_of
from viewer.core.hanging.tiles import Run, Seen, tiles


def next_tile(desk: DeskState, steps: int = 1) -> None:
    """The next tile at full resolution, from the first one where the image is not shown so yet."""
    view = desk.views.active
    middles = tiles_of(desk, view)
    if not middles:
        desk.say("Quadrants are gone through in one image at a time: this viewport shows none.")
        return
    now = tile_now(desk, view)
    number = 0 if now is None else (now + steps) % len(middles)
    show(desk, view, middles[number])
    desk.say(f"Part {number + 1} of {len(middles)} at full resolution. Q goes on, F fits.")


def at_pointer(desk: DeskState) -> None:
    """Full resolution, with what is under the pointer in the middle."""
    at = desk.views.pointer
    view = desk.views.active if at is None else desk.views.view(at.viewport)
    shown = desk.views.display_set(view)
    if shown is None:
        return
    first = shown.instances[0]
    show(desk, view, (first.columns / 2, first.rows / 2) if at is None else at.pixel)


def show(desk: DeskState, view: View, middle: Point) -> None:
    """Show an image at full resolution with that point (column, row) in the middle."""
    whole = replace(view, pixels=True, true_size=False, zoom=1.0, pan=(0.0, 0.0))
    shown = desk.views.display_set(whole)
    if shown is None:
        return
    first = shown.instances[0]
    pose = posing.pose(desk, whole)
    column, row = anchor_of(pose, (first.rows, first.columns), (1.0, 1.0), desk.views.pixels(whole))
    there = replace(whole, pan=(middle[0] - column, middle[1] - row))
    if there != view:
        desk.views.views[view.id] = there
        desk.looked()


def start(desk: DeskState) -> None:
    """Every viewport that has just come to full resolution begins with its first tile."""
    for view in desk.views.hung:
        begins = view.pixels and view.zoom == 1 and view.pan == (0.0, 0.0) and not view.presentation
        middles = tiles_of(desk, view) if begins else ()
        if middles:
            show(desk, view, middles[0])


def tiles_of(desk: DeskState, view: View) -> tuple[Point, ...]:
    """The middles of the tiles of what a viewport shows, (column, row); () where it shows no single image."""
    shown = desk.views.display_set(view)
    if shown is None or shown.geometry is not None:
        return ()
    first = shown.instances[0]
    shape = (first.rows, first.columns)
    return tiles(_box(desk, shown), posing.pose(desk, view).turn, shape, _device(desk, view))


def tile_now(desk: DeskState, view: View) -> int | None:
    """The number of the tile that a viewport shows; None for any other place or scale."""
    if not view.pixels or view.zoom != 1:
        return None
    shown = desk.views.display_set(view)
    if shown is None:
        return None
    first = shown.instances[0]
    middle = (first.columns / 2 + view.pan[0], first.rows / 2 + view.pan[1])
    near = (abs(x - middle[0]) < 1 and abs(y - middle[1]) < 1 for x, y in tiles_of(desk, view))
    return next((number for number, here in enumerate(near) if here), None)


def _box(desk: DeskState, shown: DisplaySet) -> Box:
    """The breast, or the whole image where it is not known or there is none."""
    first = shown.instances[0]
    return desk.pixels.breasts.get(shown.id) or (0, 0, first.columns, first.rows)


def _device(desk: DeskState, view: View) -> tuple[int, int]:
    """(width, height) of a viewport, device pixels; a little less, for the gap between viewports."""
    width, height = desk.views.pixels(view)
    ratio = desk.views.ratio_of(view)
    return max(1, round((width - posing.GAP) * ratio)), max(1, round((height - posing.GAP) * ratio))


# --- what was seen


def look(desk: DeskState) -> None:
    """Keep which parts of mammograms are on screen at full resolution; a listener of the desk."""
    for view in desk.views.visible if desk.screen.page == "reading" else ():
        shown, stack = desk.views.display_set(view), desk.pixels.stacks.get(view.display_set)
        if shown is None or stack is None or posing.breast_of(shown) is None or not stack.complete:
            continue
        part = _visible(desk, view, shown)
        if part is not None:
            seen = desk.review.full.setdefault(shown.id, _seen(desk, shown))
            _note(desk, shown, seen.add(*part))
            _record(desk, view, shown)


def _seen(desk: DeskState, shown: DisplaySet) -> Seen:
    """What of a mammogram was seen so far, in this sitting and in earlier ones."""
    if shown.id in desk.review.full:
        return desk.review.full[shown.id]
    first, reading = shown.instances[0], desk.reading
    runs = () if reading is None else reading.parts_seen.get(shown.id, ())
    return Seen((first.rows, first.columns), runs)


def _note(desk: DeskState, shown: DisplaySet, runs: Sequence[Run]) -> None:
    """Put what is newly seen into the log, soon: a hand that pans makes many small parts."""
    if not runs or desk.session is None or desk.is_prior(shown):
        return
    if not desk.review.unnoted:
        desk.later(SAVE_VIEWS_S, partial(_write, desk, desk.review))
    desk.review.unnoted.setdefault(shown.id, []).extend(runs)


def _write(desk: DeskState, review: Review) -> None:
    if desk.session is None or desk.review is not review:
        return
    waiting, review.unnoted = review.unnoted, {}
    with desk.telling_refusals():
        for name, runs in waiting.items():
            desk.session.note_part(name, runs)


def _record(desk: DeskState, view: View, shown: DisplaySet) -> None:
    """Note in the log, once, that a breast was shown whole: that outlives the program."""
    known, key = shown.id in desk.pixels.breasts, _key(shown)
    if desk.session is None or not known or desk.is_prior(shown) or _share(desk, shown) < 1:
        return
    if key not in desk.session.reading.slices_seen:
        with desk.telling_refusals():
            desk.session.note_shown(key, 0, view.id)
            desk.changed()


def _key(shown: DisplaySet) -> str:
    return f"{shown.id}/full resolution"


def _share(desk: DeskState, shown: DisplaySet) -> float:
    """How much of a breast was shown at full resolution, in this sitting or, whole, in an earlier one."""
    if desk.reading is not None and _key(shown) in desk.reading.slices_seen:
        return 1.0
    return _seen(desk, shown).share(_box(desk, shown))


def _visible(desk: DeskState, view: View, shown: DisplaySet) -> tuple[float, float, float, float] | None:
    """(left, top, right, bottom) of the image on screen; None below one device pixel per image pixel."""
    first, pose = shown.instances[0], posing.pose(desk, view)
    shape, spacing = (first.rows, first.columns), first.spacing_mm or (1.0, 1.0)
    size, ratio = _device(desk, view), desk.views.ratio_of(view)
    scale = view.zoom * scale_of(pose, shape, spacing, size, ratio)
    if scale < 1 - 1e-6:
        return None
    column, row = anchor_of(pose, shape, spacing, size, ratio)
    column, row = column + view.pan[0], row + view.pan[1]
    columns, rows = (abs(v) for v in pose.turn.way((size[0] / scale / 2, size[1] / scale / 2)))
    return column - columns, row - rows, column + columns, row + rows


def seen_shares(desk: DeskState) -> tuple[tuple[str, float], ...]:
    """(side and view, share of the breast seen at full resolution) for each mammogram that is to be read.

    A synthetic one counts where no other shows its view.
    """
    read = [d for d in desk.display_sets if posing.breast_of(d) and is_for_reading(d) and d.count == 1]
    exposed = {_name(d) for d in read if not d.instances[0].is_synthetic}
    wanted = (d for d in read if not d.instances[0].is_synthetic or _name(d) not in exposed)
    return tuple((_name(d), _share(desk, d)) for d in wanted)


def _name(shown: DisplaySet) -> str:
    breast = posing.breast_of(shown)
    return (breast.name if breast is not None else "") or "Mammogram"


def not_seen(desk: DeskState) -> str:
    """Which breasts were not shown whole at full resolution, as a sentence; "" where all were."""
    short = [f"{name} ({100 * share:.0f} %)" for name, share in seen_shares(desk) if share < 1]
    return f"Not shown whole at full resolution: {', '.join(short)}." if short else ""
