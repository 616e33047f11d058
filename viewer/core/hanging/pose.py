"""How a picture lies in its viewport: turned as on the body, at which scale, and at which edge. Numbers only.

Mammograms hang by their coded orientation, side and view: nipple outwards, axilla or lateral side
up (IHE Mammography Image profile). Neither pixels nor file order say anything about that.
"""

from dataclasses import dataclass

Point = tuple[float, float]
Box = tuple[int, int, int, int]
"""left, top, right, bottom: columns [left, right), rows [top, bottom), of the stored image."""


@dataclass(frozen=True, slots=True)
class Turn:
    """From stored pixels to the picture on screen: first transposed, then mirrored across and down."""

    transposed: bool = False
    across: bool = False
    down: bool = False

    def size(self, shape: tuple[int, int]) -> tuple[int, int]:
        """(width, height) on screen of an image of `shape` (rows, columns), image pixels."""
        return shape if self.transposed else (shape[1], shape[0])

    def pitch(self, spacing: Point) -> Point:
        """(across, down) pixel distance on screen of a spacing (between rows, between columns)."""
        return spacing if self.transposed else (spacing[1], spacing[0])

    def onto_screen(self, point: Point, shape: tuple[int, int]) -> Point:
        """(column, row) to (x, y) from the upper left of the picture on screen."""
        x, y = (point[1], point[0]) if self.transposed else point
        width, height = self.size(shape)
        return width - x if self.across else x, height - y if self.down else y

    def from_screen(self, point: Point, shape: tuple[int, int]) -> Point:
        """(x, y) on screen to (column, row)."""
        width, height = self.size(shape)
        x, y = width - point[0] if self.across else point[0], height - point[1] if self.down else point[1]
        return (y, x) if self.transposed else (x, y)

    def way(self, moved: Point) -> Point:
        """A way (right, down) on screen as (columns, rows)."""
        x, y = -moved[0] if self.across else moved[0], -moved[1] if self.down else moved[1]
        return (y, x) if self.transposed else (x, y)

    def letters(self, stored: tuple[str, str, str, str]) -> tuple[str, str, str, str]:
        """Letters at the left, top, right and bottom edge of the picture on screen."""
        left, top, right, bottom = (stored[k] for k in (1, 0, 3, 2)) if self.transposed else stored
        if self.across:
            left, right = right, left
        return (left, bottom, right, top) if self.down else (left, top, right, bottom)


@dataclass(frozen=True, slots=True)
class Pose:
    """How a picture lies at zoom 1 and without pan.

    mm_per_px  millimetres of the image per pixel of the design; 0 = as large as it can be
    pixels     one image pixel is one device pixel, whatever `mm_per_px` says
    edge       "left" or "right": the edge of the viewport where that edge of the picture lies; "" = centred
    centre     (column, row) that lies in the middle; None = the middle of the image
    """

    turn: Turn = Turn()
    mm_per_px: float = 0.0
    pixels: bool = False
    edge: str = ""
    centre: Point | None = None


PLAIN = Pose()


def turn_of(orientation: tuple[str, ...], side: str, down: str) -> Turn | None:
    """How a mammogram is turned for hanging; None where its header does not say enough.

    orientation  Patient Orientation (0020,0020): towards growing columns, towards growing rows
    side         R or L; down: where the lower edge is to point: "medial" or "feet"
    """
    if len(orientation) != 2 or side not in ("R", "L") or not down:
        return None
    front = [next((letter for letter in entry[:1] if letter in "AP"), "") for entry in orientation]
    if bool(front[0]) == bool(front[1]):
        return None
    transposed = bool(front[1])
    other = orientation[0 if transposed else 1]
    wanted, opposite = ("F", "H") if down == "feet" else ("L", "R") if side == "R" else ("R", "L")
    if (wanted in other) == (opposite in other):
        return None
    return Turn(transposed, (front[0] or front[1]) != ("P" if side == "R" else "A"), opposite in other)


def turn_by(rotation: int, flip: bool) -> Turn:
    """Clockwise by 0, 90, 180 or 270 degrees, then left and right exchanged (PS3.3 C.10.6)."""
    across = (rotation in (90, 180)) != flip
    return Turn(rotation in (90, 270), across, rotation in (180, 270))


def fit(shape: tuple[int, int], spacing: Point, size: tuple[int, int]) -> float:
    """Device pixels per finest image pixel at which the whole image just fits."""
    finest = min(spacing)
    wide, tall = shape[1] * spacing[1] / finest, shape[0] * spacing[0] / finest
    return max(1e-6, min(size[0] / wide, size[1] / tall))


def scale_of(
    pose: Pose, shape: tuple[int, int], spacing: Point, size: tuple[int, int], ratio: float = 1.0
) -> float:
    """Device pixels per finest image pixel at zoom 1; `ratio`: device pixels per pixel of the design."""
    if pose.pixels:
        return 1.0
    if pose.mm_per_px > 0:
        return min(spacing) / pose.mm_per_px * ratio
    turned = (shape[1], shape[0]) if pose.turn.transposed else shape
    return fit(turned, (spacing[1], spacing[0]) if pose.turn.transposed else spacing, size)


def anchor_of(
    pose: Pose, shape: tuple[int, int], spacing: Point, size: tuple[int, int], ratio: float = 1.0
) -> Point:
    """(column, row) in the middle of the viewport at zoom 1 and without pan."""
    centre = pose.centre or (shape[1] / 2, shape[0] / 2)
    x, y = pose.turn.onto_screen(centre, shape)
    across = pose.turn.pitch(spacing)[0] / min(spacing) * scale_of(pose, shape, spacing, size, ratio)
    if pose.edge == "left":
        x = size[0] / across / 2
    elif pose.edge == "right":
        x = pose.turn.size(shape)[0] - size[0] / across / 2
    return pose.turn.from_screen((x, y), shape)
