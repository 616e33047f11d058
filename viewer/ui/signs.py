"""The small sign of a type of lesion, as it stands at a mark and in the legend.

An asterisk for a mass and a triangle for calcifications are what mammography CAD has long drawn (R2
ImageChecker); a diamond for a distortion and a half disc for an asymmetry are ours.
"""

import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

from viewer.core.reading.lesions import LesionType

REACH = 5.0
"""From the middle of a sign to its edge, design pixels."""


def path(kind: LesionType, x: float, y: float, reach: float) -> QPainterPath:
    """Its outline round (x, y), no farther than `reach` from there."""
    out = QPainterPath()
    match kind:
        case LesionType.MASS:
            for degrees in (90, 30, 150):
                dx, dy = math.cos(math.radians(degrees)) * reach, math.sin(math.radians(degrees)) * reach
                out.moveTo(x - dx, y - dy)
                out.lineTo(x + dx, y + dy)
        case LesionType.CALCIFICATIONS:
            half = reach * math.sqrt(3) / 2
            _closed(out, (x, y - reach), (x + half, y + reach / 2), (x - half, y + reach / 2))
        case LesionType.DISTORTION:
            _closed(out, (x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y))
        case LesionType.ASYMMETRY:
            base = y + reach / 2
            out.moveTo(x + reach, base)
            out.arcTo(QRectF(x - reach, base - reach, 2 * reach, 2 * reach), 0, 180)
            out.closeSubpath()
    return out


def _closed(out: QPainterPath, *points: tuple[float, float]) -> None:
    out.moveTo(*points[0])
    for point in points[1:]:
        out.lineTo(*point)
    out.closeSubpath()
