"""`--from BUNDLE` without a model: adapt the bundle to a site's cases, and compare it with its parent."""

from pathlib import Path
from typing import Protocol

import msgspec

from inference.bundle import (
    CARD,
    DETECT_2D,
    DETECT_3D,
    WEIGHTS,
    Bundle,
    BundleError,
    load_bundle,
    save_bundle,
    sha256,
)
from inference.contract import TASKS
from inference.pipelines.masses import DETECTORS
from inference.training.adapt.chests import CLASSIFIER, DETECTOR, Chests
from inference.training.adapt.mammograms import Mammograms
from inference.training.adapt.pictures import Pictures
from inference.training.adapt.plan import Learning, Plan
from inference.training.adapt.verdict import Held, Verdict, verdict
from inference.training.transfer import Start, claim, read_start


class Site(Protocol):
    """A site's prepared cases, split by patient."""

    def counts(self) -> dict[str, int]:
        """Patients on each side."""
        ...

    def learn(self, start: Start, folder: Path, at: Learning) -> Bundle:
        """Train, calibrate; weights go into `folder`. Raises `NothingMarkedError`."""
        ...

    def measure(self, bundle: Bundle, folder: Path, device: str) -> Held:
        """On the held-out patients."""
        ...


def site(data: Path, parent: Bundle, plan: Plan) -> Site:
    """The cases for a bundle. Raises `BundleError` for one that is not adapted, `TooFewError`, OSError."""
    if parent.task in TASKS:
        return Pictures(data, parent, plan)
    if parent.task == DETECT_2D and any(name.startswith(DETECTORS) for name in parent.architecture):
        return Mammograms(data, parent, plan)
    if parent.task == DETECT_3D and {DETECTOR, CLASSIFIER} <= set(parent.architecture):
        return Chests(data, parent, plan)
    raise BundleError(f"{parent.id}: models of its kind ({parent.task}) are not adapted")


def adapt(data: Path, plan: Plan, at: Learning) -> tuple[Bundle, Verdict]:
    """The adapted bundle, in `at.out/bundle`, and whether it beats its parent. Resumes what `at.out` holds.

    Raises as `site`, and `NothingMarkedError` where the calibration patients do not suffice.
    """
    parent = load_bundle(at.parent, verify=True)
    cases = site(data, parent, plan)
    at.say(", ".join(f"{side}: {n} patients" for side, n in cases.counts().items()))
    start = read_start(at.parent, plan.transfer)
    claim(at.out, start)
    folder = at.out / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    made = cases.learn(start, folder, at)
    training = {**parent.training, "site": {"patients": cases.counts(), "plan": msgspec.to_builtins(plan)}}
    made = msgspec.structs.replace(
        made,
        version=f"{parent.version.split('+')[0]}+site.{sha256(folder / WEIGHTS)[:8]}",
        parent=parent.sha256,
        training=training,
        evidence=(),
    )
    made = save_bundle(made, folder, card="# Being measured\n")
    at.say("the held-out patients: the parent, then the adapted bundle")
    found = verdict(cases.measure(parent, at.parent, at.device), cases.measure(made, folder, at.device))
    made = msgspec.structs.replace(made, evidence=found.figures())
    older = (at.parent / CARD).read_text(encoding="utf-8")
    return save_bundle(made, folder, card=card(made, parent, cases.counts(), found, older)), found


def card(made: Bundle, parent: Bundle, counts: dict[str, int], found: Verdict, older: str) -> str:
    """What was adapted to what, and what that gave; then the card of the parent."""
    lines = [
        f"# {made.title}: {made.id} {made.version}",
        "",
        f"Adapted from {parent.id} {parent.version} ({parent.sha256[:12]}) to cases of one site. "
        "**Research software. Not a medical device. Not for diagnosis.**",
        "",
        f"- Patients of the site: {', '.join(f'{n} {side}' for side, n in counts.items())}; split by patient",
        f"- {found.sentence}",
        "- Not measured: what it achieves elsewhere, and on the data that its parent was measured on",
        "- Calibrated on the site's calibration patients, where it is; all else is the parent's",
        "",
        "## The model that it was adapted from",
        "Its figures are not those of this one.",
        "",
        *(f"#{line}" if line.startswith("#") else line for line in older.splitlines()),
    ]
    return "\n".join(lines) + "\n"
