"""Coordinates of a content tree with the images that they are drawn on."""

from collections.abc import Mapping, Sequence

from viewer.core.cad.marks import InPatient, OnImage
from viewer.core.cad.shapes import BadShape, box, centre
from viewer.core.cad.tree import Graphic, ImageRef, Item, Path

Index = Mapping[Path, Item]
"""Every item of a document by where it stands."""


class BadMark(Exception):
    """A mark that cannot be used; a clause that says why."""


def index_of(root: Item) -> Index:
    """The items of a document by their place, to follow references."""
    return {item.path: item for item in root.walk()}


def followed(item: Item, index: Index) -> Item | None:
    """The item itself, or the one that it refers to by place; None where that is not there."""
    return index.get(item.to) if item.to else item


def on_image(middle: Item | None, outline: Item | None, index: Index) -> OnImage:
    """The place of a drawing; its middle is that of the outline where none is given. Raises `BadMark`."""
    drawn = middle or outline
    if drawn is None:
        raise BadMark("it has no place")
    image = _image_of(drawn, index)
    around = None if outline is None or _image_of(outline, index) != image else _graphic(outline)
    try:
        column, row = centre(_graphic(drawn))
        edges = None if around is None else box(around)
    except BadShape as error:
        raise BadMark(f"its place is {error}") from error
    return OnImage(image.sop_instance_uid, image.frame, column, row, edges)


def in_patient(drawn: Sequence[Item]) -> InPatient:
    """The place of drawings in the patient: the middle of what they span. Raises `BadMark`."""
    graphics = [_graphic(item) for item in drawn]
    frames = {g.frame_of_reference_uid for g in graphics}
    if len(frames) != 1 or "" in frames:
        raise BadMark("its frame of reference is not stated")
    points = [point for graphic in graphics for point in graphic.points]
    spans = [(min(values), max(values)) for values in zip(*points, strict=True)]
    x, y, z = ((low + high) / 2 for low, high in spans)
    diameter = max(high - low for low, high in spans)
    return InPatient(frames.pop(), (x, y, z), diameter or None)


def _graphic(item: Item) -> Graphic:
    if item.graphic is None:
        raise BadMark("its coordinates are no pairs of numbers")
    return item.graphic


def _image_of(drawn: Item, index: Index) -> ImageRef:
    for child in drawn.children:
        target = followed(child, index)
        if target is not None and target.image is not None:
            return target.image
    raise BadMark("the image that it is drawn on is not named")
