"""`python -m inference.training.publish`: puts measured figures into a bundle's `model.toml` and card."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from inference.bundle import WEIGHTS, Bundle, BundleError, Figure, load_bundle, save_bundle
from inference.near_cases import NEAR_CASES
from inference.training.evaluation import Evaluation
from inference.training.head import card as head
from inference.training.mammography import card as mammography
from inference.training.near_bank import card_with

INTRODUCTION = """\
Finds lung nodules in chest CT as a second reader: place, size, outline and calibrated probability
of each candidate, with a heat map. **Research software. Not a medical device. Not for diagnosis.**

## How it works
The volume is brought to 1 mm along the patient's axes and read wherever there is lung. A small 3-D
U-Net (stage 1) says where centres lie and what belongs to a lesion; a classifier (stage 2) weighs
each candidate from the image, that outline and the lung round it. Score = sqrt(p1 x p2); isotonic
regression turns it into a probability. The networks use BatchNorm. The heat map is HiResCAM of
stage 2 at 2 mm: what raised the classifier's answer, not an outline.

Of the outline and its Hounsfield units 49 features are measured. From them ridge regressions (their numbers
stand in `model.toml`) tell the type (solid, part-solid, non-solid) and rate seven concepts on the scales of
LIDC-IDRI. Malignancy rests on these ratings and on size alone (a concept bottleneck, Koh et al. 2020): the
reader sees each rating with its measured error and may correct it, and the score follows. Its interval is
where the score lies in 95 % of cases once readers rate in the model's place. The type is a suggestion:
Lung-RADS goes by the reader's.

## Data and licence
Weights: Apache-2.0. Trained on nodule crops of LIDC-IDRI (CC BY 3.0; Armato et al. 2011, doi
10.1118/1.3528204; data doi 10.7937/K9/TCIA.2015.LO9QL9SX), implanted into procedural chests (some of
which hold procedural nodules of their own), into the lungs of LIDC-IDRI-0001 and -0002 (CC BY 3.0)
and into the right half of A0001 of Lung-PET-CT-Dx
(CC BY 4.0, doi 10.7937/TCIA.2020.NNC2-0461), their listed lesions left out. Split by patient (MD5
of the number): one in five held back for the figures below, an eighth of the rest for calibration
and operating points, which also saw the left half of A0001 and other procedural chests. The
series NLST 101287, LungFCP-0001, RIDER 0117 and LIDC-IDRI-0003 were not trained on, and no threshold
was fitted on them.
"""

LIMITS = """\
## Limits
- Small training data, mostly nodules of 4 to 16 mm of one collection; most lungs are procedural.
- Ground glass below 8 mm is often missed; so are nodules that the end of a slab cuts.
- Slices thicker than 5 mm are not read. Sharp kernels, odd voltages, noise, missing slices and partial lungs
  are told as 'near' or 'outside' the training domain.
- The probability assumes {prevalence:g} nodules per litre of lung (about two a chest).
- False marks come from hilar vessels, fissures, scars and the edge of the diaphragm.
- Malignancy is what readers of LIDC-IDRI would rate, not pathology. Its probability assumes nodules as these
  crops are (129 rated above 3, 163 below, the others left out). Nodules of 8 mm and more are hard to tell.
- Part-solid is the weakest type (27 nodules). Types by the network's outline are worse than by the readers'.
"""

TEXTS = {
    "detect3d": (INTRODUCTION, LIMITS),
    "detect2d": (mammography.INTRODUCTION, mammography.LIMITS),
    "head_ct": (head.INTRODUCTION, head.LIMITS),
}
"""By task: what a card begins and ends with."""

MEASURED = """
## Measured
Intervals: 95 %, bootstrap over patients (where a volume holds nodules of many, over theirs).
"""

HEAD = "| figure | value | 95 % interval | n |\n| --- | --- | --- | --- |\n"


def card(bundle: Bundle, evaluations: Sequence[tuple[str, Evaluation]], remarks: str = "") -> str:
    """The text of `card.md`."""
    points = "\n".join(
        f"| {p.name}{' (default)' if p.name == bundle.default_operating_point else ''} | {p.threshold:.3f} "
        f"| {p.rate:g} {p.unit} |"
        for label in bundle.labels
        for p in bundle.operating_points_of(label)
    )
    introduction, limits = TEXTS[bundle.task]
    parts = [
        f"# {bundle.title}: {bundle.id} {bundle.version}\n",
        introduction,
        "\n## Operating points\nChosen on the calibration cases.\n\n",
        f"| name | probability | rate there |\n| --- | --- | --- |\n{points}\n",
        MEASURED,
    ]
    parts += [_section(title, result) for title, result in evaluations]
    if remarks:
        parts.append(f"\n## Remarks\n{remarks.strip()}\n")
    prevalence = float(bundle.training.get("nodules_per_litre", 0.5))
    text = "".join([*parts, "\n", limits.format(prevalence=prevalence)])
    return text if bundle.near_cases is None else card_with(text, bundle.near_cases)


def _section(title: str, result: Evaluation) -> str:
    rows = "\n".join(_row(figure) for figure in (*result.figures, *result.groups))
    return f"\n### {title}\n{result.rules}\n\n{HEAD}{rows}\n"


def _row(figure: Figure) -> str:
    span = "" if figure.low is None else f"{figure.low:.3f} to {figure.high:.3f}"
    return f"| {figure.name} | {figure.value:.3f} {figure.unit} | {span} | {figure.n} |"


def publish(
    source: Path, out: Path, evaluations: Sequence[tuple[str, Evaluation]], remarks: str = ""
) -> Bundle:
    """Copy the bundle to `out` with its figures. Raises BundleError if those are of other weights."""
    bundle = load_bundle(source, verify=True)
    for title, result in evaluations:
        if result.sha256 != bundle.sha256:
            raise BundleError(
                f"{title}: the figures are of weights {result.sha256[:12]}, not {bundle.sha256[:12]}"
            )
    evidence = tuple(
        msgspec.structs.replace(figure, data=title)
        for title, result in evaluations
        for figure in result.figures
    )
    bundle = msgspec.structs.replace(bundle, evidence=evidence)
    out.mkdir(parents=True, exist_ok=True)
    if source.resolve() != out.resolve():
        for name in (WEIGHTS, *([NEAR_CASES] if bundle.near_cases else [])):
            shutil.copyfile(source / name, out / name)
    return save_bundle(bundle, out, card=card(bundle, evaluations, remarks))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; 2 where bundle and figures do not belong together."""
    out = argparse.ArgumentParser(prog="python -m inference.training.publish", description=__doc__)
    out.add_argument("bundle", type=Path)
    out.add_argument("evaluations", nargs="+", metavar="TITLE=evaluation.json")
    out.add_argument("--out", type=Path, required=True)
    out.add_argument("--remarks", type=Path, help="Markdown that the card takes over")
    options = out.parse_args(arguments)
    console = Console(stderr=True)
    try:
        named = [text.split("=", 1) for text in options.evaluations]
        read = [(t, msgspec.json.decode(Path(p).read_bytes(), type=Evaluation)) for t, p in named]
        remarks = options.remarks.read_text(encoding="utf-8") if options.remarks else ""
        bundle = publish(options.bundle, options.out, read, remarks)
    except (BundleError, OSError, ValueError, msgspec.DecodeError) as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 2
    console.print(f"{bundle.id} {bundle.version} is in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
