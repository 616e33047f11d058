"""Lung-RADS v2022 by the size rules at baseline. Growth, cysts and airways are for the reader.

Source: ACR Lung-RADS v2022 (American College of Radiology, November 2022), assessment categories. Diameters:
long and short axis to one decimal, their mean to one decimal (half rounds up), in mm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from viewer.core.reading.finding import Finding, Texture
from viewer.core.reading.reading import Category

SCHEME = "Lung-RADS v2022"
SOURCE = "ACR Lung-RADS v2022, November 2022"
PRIOR_NOT_AVAILABLE = "Prior not available: judged by the size rules at baseline."
CATEGORIES = ("0", "1", "2", "3", "4A", "4B", "4X")
"""What a reader may set by hand, least to most suspicious after 0 (incomplete)."""

_MANAGEMENT = {
    "0": "Incomplete: compare with priors, or complete or repeat the low-dose CT (1 to 3 months).",
    "1": "Negative: low-dose CT in 12 months.",
    "2": "Benign: low-dose CT in 12 months.",
    "3": "Probably benign: low-dose CT in 6 months.",
    "4A": "Suspicious: low-dose CT in 3 months; PET/CT may be used with a solid part of 8 mm or more.",
    "4B": "Very suspicious: diagnostic CT, PET/CT or tissue sampling, as clinically appropriate.",
    "4X": "Very suspicious by further features: managed as 4B.",
}


@dataclass(frozen=True, slots=True)
class _Band:
    """Diameters of at least `above` (tenths of mm) and below the next band's."""

    above: int
    value: str
    text: str


_SOLID = (
    _Band(0, "2", "< 6 mm"),
    _Band(60, "3", "6 to < 8 mm"),
    _Band(80, "4A", "8 to < 15 mm"),
    _Band(150, "4B", "≥ 15 mm"),
)
_NON_SOLID = (_Band(0, "2", "< 30 mm"), _Band(300, "3", "≥ 30 mm"))
_SOLID_PART = (
    _Band(0, "3", "solid part < 6 mm"),
    _Band(60, "4A", "solid part 6 to < 8 mm"),
    _Band(80, "4B", "solid part ≥ 8 mm"),
)
_PART_SOLID_FROM = 60


def is_nodule(finding: Finding) -> bool:
    """Whether the category looks at a finding: its label says nodule or mass."""
    label = finding.label.lower()
    return "nodule" in label or "mass" in label


def rounded_mean_mm(finding: Finding) -> float | None:
    """The mean diameter as the table asks, mm with one decimal; None where not measured."""
    tenths = _mean_tenths(finding)
    return None if tenths is None else tenths / 10


def finding_category(finding: Finding) -> Category:
    """The category that one nodule alone gives; value "" where it cannot be given, and the rule says why."""
    tenths = _mean_tenths(finding)
    if tenths is None:
        return Category(SCHEME, "", "not measured")
    if finding.texture is Texture.PART_SOLID:
        value, text = _part_solid(tenths, finding.solid_part_mm)
    else:
        band = _band(_SOLID if finding.texture is Texture.SOLID else _NON_SOLID, tenths)
        value, text = band.value, band.text
    return Category(SCHEME, value, f"{finding.texture.value}, baseline, {text}")


def category(findings: Iterable[Finding]) -> Category:
    """The category of a study: that of its most suspicious nodule (the larger one where two are equal)."""
    nodules = [f for f in findings if is_nodule(f)]
    if not nodules:
        return Category(SCHEME, "1", "no nodule")
    leading = max(nodules, key=_suspicion)
    given = finding_category(leading)
    if not given.value:
        return Category(SCHEME, "", f"{_names(nodules)} not measured: measure, or set the category by hand")
    rule = f"{given.rule} ({leading.name}: {rounded_mean_mm(leading):.1f} mm)"
    open_ones = [f for f in nodules if _mean_tenths(f) is None]
    return Category(SCHEME, given.value, f"{rule}; {_names(open_ones)} not measured" if open_ones else rule)


def management(value: str) -> str:
    """What the scheme advises for a category; "" for one that it does not know."""
    return _MANAGEMENT.get(value, "")


def _part_solid(total: int, solid_part_mm: float | None) -> tuple[str, str]:
    if total < _PART_SOLID_FROM:
        return "2", "< 6 mm"
    if solid_part_mm is None:
        return "3", "≥ 6 mm, solid part not measured: at least 3"
    band = _band(_SOLID_PART, _tenths(solid_part_mm))
    return band.value, f"≥ 6 mm, {band.text}"


def _band(bands: tuple[_Band, ...], tenths: int) -> _Band:
    return next(band for band in reversed(bands) if tenths >= band.above)


def _tenths(millimetres: float) -> int:
    """Whole tenths of a millimetre, half rounding up; 1e-9 forgives the binary spelling of x.x5."""
    return int(millimetres * 10 + 0.5 + 1e-9)


def _mean_tenths(finding: Finding) -> int | None:
    long = finding.long_axis_mm
    if long is None:
        return None
    short = finding.short_axis_mm
    return _tenths(long) if short is None else (_tenths(long) + _tenths(short) + 1) // 2


def _suspicion(finding: Finding) -> tuple[int, int]:
    value = finding_category(finding).value
    return CATEGORIES.index(value) if value else -1, _mean_tenths(finding) or 0


def _names(findings: Sequence[Finding]) -> str:
    return ", ".join(f.name for f in findings)
