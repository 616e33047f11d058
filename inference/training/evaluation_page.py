"""The HTML page of an evaluation: figures, FROC curve and reliability diagram as SVG. No scripts."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from inference.bundle import Figure
from inference.evidence.froc import Froc
from inference.evidence.roc import Roc

if TYPE_CHECKING:
    from inference.training.evaluation import Evaluation

WIDTH, HEIGHT, EDGE = 420, 280, 44
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #e8e6e3; background: #15171a;
  margin: 2rem auto; max-width: 60rem }
table { border-collapse: collapse } td, th { padding: .25rem .9rem .25rem 0; text-align: left }
td + td { text-align: right; font-variant-numeric: tabular-nums } h2 { font-size: 1.1rem; margin-top: 2rem }
svg { background: #1c1f23; margin-right: 1rem } text { fill: #b9b6b1; font-size: 11px }
.axis { stroke: #6d7178 } .curve { stroke: #e0a458; fill: none; stroke-width: 2 } .guide { stroke: #4a4e55 }
circle { fill: #e0a458 }
"""


def page(
    result: "Evaluation",
    curve: Froc | None,
    reliable: Sequence[tuple[float, float]],
    per: str = "litre",
    *,
    rocs: Mapping[str, Roc] = MappingProxyType({}),
) -> str:
    """The whole page as text; false marks are counted `per` litre or view. No `curve`: nothing was marked."""
    curves = ("" if curve is None else _froc(curve, per)) + (_reliability(reliable) if reliable else "")
    curves += "".join(_roc(name, own) for name, own in rocs.items())
    unread = "".join(f"<li>{escape(n)}: {escape(why)}</li>" for n, why in result.not_read.items())
    title = f"{escape(result.bundle)} {escape(result.version)}"
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: evaluation</title>
<style>{STYLE}</style>
<h1>{title}: evaluation on {result.cases} cases</h1>
<p>Research software, not a medical device. Weights {escape(result.sha256[:16])}. {escape(result.rules)}
Intervals: 95 %, bootstrap over patients.</p>
<h2>Figures</h2>{_table(result.figures)}
{f"<h2>Sensitivity by group, at the operating point</h2>{_table(result.groups)}" if result.groups else ""}
{f"<h2>Curves</h2>{curves}" if curves else ""}
{f"<h2>Not read</h2><ul>{unread}</ul>" if unread else ""}
</html>
"""


def _table(figures: Sequence[Figure]) -> str:
    rows = []
    for figure in figures:
        span = "" if figure.low is None else f"{figure.low:.3f} to {figure.high:.3f}"
        cells = (escape(figure.name), f"{figure.value:.3f} {escape(figure.unit)}", span, str(figure.n))
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "<tr><th>Figure<th>Value<th>95 % interval<th>n</tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _froc(curve: Froc, per: str) -> str:
    """Sensitivity over false marks per litre or view, up to 8."""
    shown = curve.false_rate <= 8
    points = [(r / 8, s) for r, s in zip(curve.false_rate[shown], curve.sensitivity[shown], strict=True)]
    steps = [p for (x0, y0), (x1, y1) in pairwise(points) for p in ((x0, y0), (x1, y0))]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in map(_place, [*steps, *points[-1:]]))
    return _frame(f"false marks per {per}", "sensitivity", 8, f'<polyline class="curve" points="{line}"/>')


def _roc(name: str, curve: Roc) -> str:
    """Sensitivity over the share of false alarms, beside what chance gives."""
    points = map(_place, zip(curve.false_share.tolist(), curve.sensitivity.tolist(), strict=True))
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return _frame(
        f"1 - specificity: {escape(name)}",
        "sensitivity",
        1,
        f'{_guide()}<polyline class="curve" points="{line}"/>',
    )


def _guide() -> str:
    """The diagonal."""
    (x0, y0), (x1, y1) = _place((0, 0)), _place((1, 1))
    return f'<line class="guide" x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}"/>'


def _reliability(points: Sequence[tuple[float, float]]) -> str:
    """Observed share over predicted probability."""
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4"/>' for a, b in map(_place, points))
    return _frame("predicted probability", "observed share", 1, _guide() + dots)


def _place(point: tuple[float, float]) -> tuple[float, float]:
    x, y = point
    return EDGE + x * (WIDTH - 2 * EDGE), HEIGHT - EDGE - y * (HEIGHT - 2 * EDGE)


def _frame(across: str, up: str, most: float, inside: str) -> str:
    (x0, y0), (x1, y1) = _place((0, 0)), _place((1, 1))
    marks = []
    for share in np.linspace(0, 1, 5):
        x, y = _place((float(share), float(share)))
        marks.append(f'<text x="{x:.0f}" y="{y0 + 16}" text-anchor="middle">{share * most:g}</text>')
        marks.append(f'<text x="{x0 - 8}" y="{y + 4:.0f}" text-anchor="end">{share:g}</text>')
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{up} over {across}">'
        f'<path class="axis" fill="none" d="M{x0} {y1}V{y0}H{x1}"/>{"".join(marks)}{inside}'
        f'<text x="{(x0 + x1) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{across}</text>'
        f'<text x="12" y="{y1 - 12}">{up}</text></svg>'
    )
