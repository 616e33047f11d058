"""`python -m inference.training.evaluate BUNDLE CASES --out DIR`: what a bundle achieves on prepared cases.

The cases are read by the pipeline that reads studies. Writes `evaluation.json` and `evaluation.html`.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from inference.bundle import HEAD_CT, Bundle, BundleError, Figure, load_bundle
from inference.cases import Case, TruthLesion, load_case
from inference.contract import TASKS
from inference.evidence.bootstrap import interval, of_cases
from inference.evidence.calibration import brier, reliability
from inference.evidence.froc import Froc, at_threshold, froc, sensitivity_at
from inference.evidence.marks import FALSE, IGNORED, Scored, match
from inference.evidence.sizes import dice
from inference.pipelines import Pipeline, Read, load
from inference.protocol import Candidate, Patch
from inference.training.evaluation import Evaluation, calibration_error, figure, write
from inference.training.general.evaluate import pictures
from inference.training.head.evaluate import heads
from inference.training.mammography.cluster_evaluate import EXAMS as PHANTOMS
from inference.training.mammography.evaluate import evaluation as films

RATES = (0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Rules:
    """A mark hits within max(radius, `within_mm`) of a lesion of `at_least_mm` or more.

    phantoms  exams into which a bundle for mammograms has clusters planted, beside the films
    """

    within_mm: float = 4.0
    at_least_mm: float = 5.0
    repeats: int = 500
    phantoms: int = PHANTOMS

    @property
    def sentence(self) -> str:
        """For the page."""
        return (
            f"A mark hits when its centre is within max(radius, {self.within_mm:g} mm) of a lesion of "
            f"at least {self.at_least_mm:g} mm; its best mark counts, marks on smaller ones do not."
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """A lesion that some mark hit: how well it was outlined."""

    owner: str
    lesion: TruthLesion
    dice: float
    diameter_mm: float
    truth_mm: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One case after reading. `scored` ranks by score, `probability` runs parallel to its marks."""

    name: str
    scored: Scored
    probability: NDArray[np.float64]
    hits: tuple[Hit, ...]
    lesions: tuple[TruthLesion, ...]
    status: str


def evaluate(
    bundle_folder: Path,
    cases_folder: Path,
    out: Path | None,
    *,
    device: str = "cpu",
    rules: Rules | None = None,
    progress: Callable[[float, str], None] = lambda _done, _doing: None,
) -> Evaluation:
    """Read every case under `cases_folder`, measure, write into `out` if given.

    Raises `BundleError`, or ValueError without cases.
    """
    rules = rules or Rules()
    bundle = load_bundle(bundle_folder, verify=True)
    if bundle.task == "detect2d":
        return films(bundle, bundle_folder, cases_folder, out, device, rules.repeats, rules.phantoms)
    if bundle.task == HEAD_CT:
        return heads(bundle, bundle_folder, cases_folder, out, device, rules.repeats, progress)
    if bundle.task in TASKS:
        return pictures(bundle, bundle_folder, cases_folder, out, device, rules.repeats)
    folders = sorted(path.parent for path in cases_folder.rglob("case.json"))
    if not folders:
        raise ValueError(f"{cases_folder}: no prepared case (a folder with case.json) was found")
    pipeline = load(bundle, bundle_folder, device)
    judged = []
    for number, folder in enumerate(folders):
        first = number / len(folders)

        def told(done: float, doing: str, first: float = first, name: str = folder.name) -> None:
            progress(first + done / len(folders), f"{name}: {doing}")

        judged.append(judge(pipeline, load_case(folder), folder.name, rules, told))
    result = summary(bundle, judged, rules)
    if out is not None:
        write(result, out, _curve(judged), _reliability(bundle, judged), "litre")
    return result


def judge(
    pipeline: Pipeline, case: Case, name: str, rules: Rules, progress: Callable[[float, str], None]
) -> Judged:
    """Read one case and compare with its truth."""
    with tempfile.TemporaryDirectory() as folder:
        read = pipeline.read(case, Path(folder), progress)
        return _compared(case, name, read, rules)


def _compared(case: Case, name: str, read: Read, rules: Rules) -> Judged:
    marks = read.candidates
    ignore = [lesion.ignore or lesion.diameter_mm < rules.at_least_mm for lesion in case.lesions]
    scores = np.array([mark.score for mark in marks], np.float64)
    hit = match(
        [centre for mark in marks if (centre := mark.center_lps_mm) is not None],
        scores,
        [lesion.center_lps_mm for lesion in case.lesions],
        [max(lesion.diameter_mm / 2, rules.within_mm) for lesion in case.lesions],
        ignore,
    )
    wanted = [k for k, skip in enumerate(ignore) if not skip]
    renumbered = np.array([wanted.index(int(h)) if h >= 0 else h for h in hit], np.int64)
    lesions = tuple(case.lesions[k] for k in wanted)
    owners = tuple(lesion.patient or case.patient for lesion in lesions)
    litres = read.measured.get("lung_litres", 0.0)
    hits = tuple(_hit(case, marks[k], wanted[h]) for k, h in enumerate(renumbered) if h >= 0)
    return Judged(
        name,
        Scored(case.patient, scores, renumbered, owners, litres),
        np.array([mark.probability for mark in marks], np.float64),
        hits,
        lesions,
        read.status if read.reason is None else read.reason,
    )


def _hit(case: Case, mark: Candidate, number: int) -> Hit:
    lesion = case.lesions[number]
    truth, overlap = lesion.diameter_mm, float("nan")
    if case.mask is not None:
        mask = np.asarray(case.mask) == number + 1
        truth = float((6 * mask.sum() * np.prod(case.grid.spacing_mm) / np.pi) ** (1 / 3))
        overlap = dice(_whole(mark.mask, mask.shape), mask)
    return Hit(lesion.patient or case.patient, lesion, overlap, mark.diameter_mm or float("nan"), truth)


def _whole(patch: Patch | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    out = np.zeros(shape, bool)
    if patch is not None:
        values = np.load(patch.array.path, allow_pickle=False)
        box = tuple(slice(s, s + n) for s, n in zip(patch.start, values.shape, strict=True))
        out[box] = values > 0
    return out


# --- figures


def summary(bundle: Bundle, judged: Sequence[Judged], rules: Rules) -> Evaluation:
    """All figures with intervals over patients."""
    return Evaluation(
        bundle=bundle.id,
        version=bundle.version,
        sha256=bundle.sha256,
        cases=len(judged),
        not_read={case.name: case.status for case in judged if case.status != "done"},
        rules=rules.sentence,
        figures=(*_detection(bundle, judged, rules), *_outline(judged, rules), *_probability(bundle, judged)),
        groups=tuple(_groups(bundle, judged, rules)),
    )


def _detection(bundle: Bundle, judged: Sequence[Judged], rules: Rules) -> list[Figure]:
    cases = [case.scored for case in judged]
    lesions = sum(len(case.owners) for case in cases)
    litres = sum(case.amount for case in cases)
    out = [Figure(name="lung read", value=litres, unit="litres", n=len(cases))]
    found = of_cases(cases, lambda c: at_threshold(c, -1.0)[0], repeats=rules.repeats)
    out.append(figure("candidate recall", found, lesions))
    for rate in RATES:
        at = of_cases(cases, partial(_sensitivity, rate=rate), repeats=rules.repeats)
        out.append(figure(f"sensitivity at {rate:g} false marks per litre", at, lesions))
    point = bundle.operating_point
    chosen = [_by_probability(case) for case in judged]
    at = of_cases(chosen, lambda c: at_threshold(c, point.threshold)[0], repeats=rules.repeats)
    out.append(figure(f"sensitivity at '{point.name}'", at, lesions))
    at = of_cases(chosen, lambda c: at_threshold(c, point.threshold)[1], repeats=rules.repeats)
    out.append(figure(f"false marks at '{point.name}'", at, len(chosen), "per litre"))
    per_case = [float(((c.scores >= point.threshold) & (c.lesion == FALSE)).sum()) for c in chosen]
    each = interval([c.patient for c in chosen], lambda rows: float(np.take(per_case, rows).mean()))
    out.append(figure(f"false marks at '{point.name}'", each, len(per_case), "per case"))
    return out


def _sensitivity(cases: Sequence[Scored], *, rate: float) -> float:
    return sensitivity_at(froc(cases), rate)


def _by_probability(case: Judged) -> Scored:
    s = case.scored
    return Scored(s.patient, case.probability, s.lesion, s.owners, s.amount)


def _outline(judged: Sequence[Judged], rules: Rules) -> list[Figure]:
    hits = [hit for case in judged for hit in case.hits]
    overlap = {k: hit.dice for k, hit in enumerate(hits)}
    error = {k: hit.diameter_mm - hit.truth_mm for k, hit in enumerate(hits)}
    wanted: list[tuple[str, str, dict[int, float], Callable[..., float]]] = [
        ("Dice, mean", "", overlap, np.mean),
        ("Dice, median", "", overlap, np.median),
        ("diameter error, mean absolute", "mm", {k: abs(e) for k, e in error.items()}, np.mean),
        ("diameter error, bias", "mm", error, np.mean),
        ("diameter error, 90th percentile", "mm", {k: abs(e) for k, e in error.items()}, _high),
    ]
    out = []
    for name, unit, values, of in wanted:
        known = [k for k, value in values.items() if np.isfinite(value)]
        if known:
            array = np.array([values[k] for k in known])
            owners = [hits[k].owner for k in known]
            at = interval(owners, partial(_over, array, of), repeats=rules.repeats)
            out.append(figure(name, at, len(known), unit))
    return out


def _over(values: NDArray[np.float64], of: Callable[..., float], rows: NDArray[np.intp]) -> float:
    return float(of(values[rows]))


def _high(values: NDArray[np.float64]) -> float:
    return float(np.quantile(values, 0.9))


def _probability(bundle: Bundle, judged: Sequence[Judged]) -> list[Figure]:
    p, y, of_lesion = _pooled(bundle, judged)
    if not len(p):
        return []
    weighed = brier(p, y, np.where(y, of_lesion, 1.0))
    return [
        Figure(name="Brier score", value=weighed, n=len(p)),
        *calibration_error("", p, y, of_lesion),
    ]


def _pooled(bundle: Bundle, judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
    """Probability and truth of all marks, and what a lesion weighs: as rare as the calibration assumes."""
    probability = np.concatenate([case.probability for case in judged])
    lesion = np.concatenate([case.scored.lesion for case in judged])
    counted = lesion != IGNORED
    litres = max(sum(case.scored.amount for case in judged), 1e-6)
    per_litre = max(sum(len(case.scored.owners) for case in judged) / litres, 1e-6)
    weight = float(bundle.training.get("nodules_per_litre", per_litre)) / per_litre
    return probability[counted], lesion[counted] >= 0, weight


def _groups(bundle: Bundle, judged: Sequence[Judged], rules: Rules) -> list[Figure]:
    """Sensitivity at the operating point by size and by texture, and at the lowest rate by texture."""
    threshold = bundle.operating_point.threshold
    rows: list[tuple[TruthLesion, bool]] = []
    for case in judged:
        above = set(case.scored.lesion[case.probability >= threshold].tolist())
        rows += [(lesion, k in above) for k, lesion in enumerate(case.lesions)]
    sizes = ((0, 6), (6, 8), (8, 12), (12, np.inf))
    groups = {f"{a:g} to {b:g} mm": [f for le, f in rows if a <= le.diameter_mm < b] for a, b in sizes}
    for texture in dict.fromkeys(lesion.texture for lesion, _ in rows if lesion.texture):
        groups[texture] = [f for le, f in rows if le.texture == texture]
    shares = [
        Figure(name=f"sensitivity, {name}", value=float(np.mean(found)), n=len(found))
        for name, found in groups.items()
        if found
    ]
    named = _textures(judged, rules)
    return [*shares, *named, *(_rank(case) for case in judged if len(case.lesions) == 1)]


def _textures(judged: Sequence[Judged], rules: Rules) -> list[Figure]:
    """Sensitivity at the lowest rate of false marks by texture, with intervals over patients."""
    found = []
    for texture in dict.fromkeys(le.texture for case in judged for le in case.lesions if le.texture):
        cases = [_only(case, texture) for case in judged]
        at = of_cases(cases, partial(_sensitivity, rate=RATES[0]), repeats=rules.repeats)
        count = sum(len(case.owners) for case in cases)
        found.append(figure(f"sensitivity at {RATES[0]:g} false marks per litre, {texture}", at, count))
    return found


def _only(case: Judged, texture: str) -> Scored:
    """The case as if lesions of other textures were not to be counted."""
    kept = [k for k, lesion in enumerate(case.lesions) if lesion.texture == texture]
    s = case.scored
    lesion = [kept.index(k) if k in kept else IGNORED if k >= 0 else k for k in s.lesion.tolist()]
    return Scored(s.patient, s.scores, np.array(lesion, np.int64), tuple(s.owners[k] for k in kept), s.amount)


def _rank(case: Judged) -> Figure:
    """Where the only lesion of a case stands among its marks (0: nowhere)."""
    place = np.flatnonzero(case.scored.lesion == 0)
    return Figure(
        name=f"rank of the lesion, {case.name}", value=float(place[0] + 1 if len(place) else 0), n=1
    )


def _curve(judged: Sequence[Judged]) -> Froc:
    return froc([case.scored for case in judged])


def _reliability(bundle: Bundle, judged: Sequence[Judged]) -> list[tuple[float, float]]:
    p, y, of_lesion = _pooled(bundle, judged)
    if not len(p):
        return []
    table = reliability(p, y, np.where(y, of_lesion, 1.0))
    return list(zip(table.predicted.tolist(), table.observed.tolist(), strict=True))


# --- command line


def table(result: Evaluation) -> Table:
    """The figures for a terminal."""
    out = Table(title=f"{result.bundle} {result.version} on {result.cases} cases", caption=result.rules)
    for column in ("figure", "value", "95 % interval", "n"):
        out.add_column(column, justify="left" if column == "figure" else "right")
    for row in (*result.figures, *result.groups):
        span = "" if row.low is None else f"{row.low:.3f} to {row.high:.3f}"
        out.add_row(row.name, f"{row.value:.3f} {row.unit}", span, str(row.n))
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 where bundle or cases cannot be used."""
    out = argparse.ArgumentParser(prog="python -m inference.training.evaluate", description=__doc__)
    out.add_argument("bundle", type=Path, help="folder of the bundle")
    out.add_argument("cases", type=Path, help="folder of prepared cases (searched below), of mg or ct_head")
    out.add_argument(
        "--out", type=Path, help="folder for evaluation.json and evaluation.html (default: none)"
    )
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    out.add_argument("--within", type=float, default=4.0, help="mm; a mark hits within max(radius, this)")
    out.add_argument("--at-least", type=float, default=5.0, help="mm; smaller lesions count neither way")
    out.add_argument("--repeats", type=int, default=500, help="bootstrap repeats")
    out.add_argument("--phantoms", type=int, default=PHANTOMS, help="exams that clusters are planted into")
    options = out.parse_args(arguments)
    console = Console()
    try:
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("reading", total=1.0)
            result = evaluate(
                options.bundle,
                options.cases,
                options.out,
                device=options.device,
                rules=Rules(options.within, options.at_least, options.repeats, options.phantoms),
                progress=lambda done, doing: bar.update(task, completed=done, description=doing),
            )
    except (BundleError, ValueError, OSError) as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 2
    console.print(table(result))
    if options.out is not None:
        console.print(f"Written: {options.out / 'evaluation.json'} and evaluation.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
