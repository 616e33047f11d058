"""What a model is on disk: a folder with `model.toml`, `weights.safetensors` and `card.md`.

Some hold `near_cases.safetensors`, too.

Reads, verifies and writes bundles and knows their calibration. No torch here; networks are built elsewhere.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tomli_w
from numpy.typing import ArrayLike, NDArray

from inference.concepts import Characteristics, characteristics_faults
from inference.contract import NetworkContract, contract_faults
from inference.input_contract import InputContract
from inference.near_cases import NEAR_CASES, NearCases, near_cases_faults
from inference.protocol import Accuracy, OperatingPoint

FORMAT = 1
DETECT_3D, DETECT_2D, HEAD_CT = "detect3d", "detect2d", "head_ct"
"""Tasks: findings in a volume, findings on mammograms, bleeding on head CT."""
MODEL, WEIGHTS, CARD = "model.toml", "weights.safetensors", "card.md"
_SUGGESTION = re.compile(r"(\w+): the suggestion is (?:the reader's|a reader's term)")
_COMMONEST = re.compile(r"(\w+): the commonest(?: term)? is (?:the|a) reader's")
"""How figures on suggestions are named (`inference.training.mammography.figures`)."""


class BundleError(Exception):
    """A bundle that cannot be used: one sentence with the folder, what was found and what to do."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Score to probability: piecewise linear between knots (both rising), fitted on `fitted_on`.

    low, high  95 % interval of each probability over the cases that it was fitted on; () where not known
    """

    method: str
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    fitted_on: str = ""

    def __call__(self, score: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities, same shape as `score`."""
        out: NDArray[np.float64] = np.interp(np.asarray(score, np.float64), self.scores, self.probabilities)
        return out

    def interval(self, score: float) -> tuple[float, float] | None:
        """The 95 % interval of a calibrated probability; None where it is not known."""
        if not self.low:
            return None
        low, high = (float(np.interp(score, self.scores, ends)) for ends in (self.low, self.high))
        return low, high


NOT_CALIBRATED = Calibration(
    method="none",
    scores=(0.0, 1.0),
    probabilities=(0.0, 1.0),
    fitted_on="nothing: the scores are the network's own answers, not calibrated probabilities",
)
NOT_MEASURED = OperatingPoint("as given", 0.5, 0.0, "")
"""The operating point of a model whose rate of false marks nobody measured."""


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a statistic of the training volumes lies: mean and standard deviation."""

    mean: float
    sd: float


class TrainingDomain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the model learnt from: limits of header fields, and statistics of the volumes in the lung."""

    slice_thickness_mm: tuple[float, float] = (0.5, 5.0)
    statistics: dict[str, Range] = {}
    near: float = 3.0
    outside: float = 5.0


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One measured figure with its 95 % interval, the data it stands on and how many cases that were."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int = 0
    data: str = ""


class OwnScale(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calibration and operating points of one label whose scores come from a network of its own.

    The points have the names of the bundle's, so that one choice of the reader's holds for all labels.
    """

    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]


class Bundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`model.toml`. `sha256` is the hash of the weights, `parent` that of the weights they were adapted from.

    architecture   arguments of each network of the bundle, by name (see `inference.networks`)
    settings       numbers of the pipeline (tile size, peak threshold, ...)
    calibrations   of what is said beside the probability of a finding: `malignancy`, `shape`, `breast`, ...
    own_scales     by label; labels that are not in it have the bundle's calibration and operating points
    contract       of the general tasks (`contract.TASKS`): what the network is given, what its answer means
    characteristics  of lung nodules: their type, and the concepts that their malignancy rests on
    near_cases     findings that it learnt from, to which new ones are compared
    """

    format: int
    id: str
    version: str
    title: str
    task: str
    sha256: str
    input: InputContract
    labels: tuple[str, ...]
    operating_points: tuple[OperatingPoint, ...]
    default_operating_point: str
    calibration: Calibration
    domain: TrainingDomain
    architecture: dict[str, dict[str, Any]]
    settings: dict[str, float] = {}
    parent: str = ""
    licence: str = ""
    training: dict[str, Any] = {}
    evidence: tuple[Figure, ...] = ()
    calibrations: dict[str, Calibration] = {}
    own_scales: dict[str, OwnScale] = {}
    contract: NetworkContract | None = None
    characteristics: Characteristics | None = None
    near_cases: NearCases | None = None

    @property
    def operating_point(self) -> OperatingPoint:
        """The default operating point."""
        return next(p for p in self.operating_points if p.name == self.default_operating_point)

    @property
    def looked_for(self) -> tuple[str, ...]:
        """Labels that are findings."""
        return (
            self.labels
            if self.contract is None
            else tuple(self.labels[k] for k in self.contract.found(self.labels))
        )

    @property
    def outlines_organs(self) -> bool:
        """True of a general segmentation whose labels are regions as a whole, not lesions."""
        segments = self.contract is not None and self.task.startswith("segment")
        return segments and self.contract is not None and not self.contract.parts

    @property
    def adapted(self) -> bool:
        """True of one that a site adapted to its own cases; installed only where it beat its parent there."""
        return bool(self.parent) and "site" in self.training

    @property
    def calibrated(self) -> bool:
        """False where its probabilities are no more than what the network says."""
        return self.calibration.method != NOT_CALIBRATED.method

    @property
    def accuracies(self) -> dict[str, Accuracy]:
        """Of what is suggested (`density`, `shape`, `margin`), by its name, where it was measured."""
        right = {m[1]: f for f in self.evidence if (m := _SUGGESTION.fullmatch(f.name))}
        common = {m[1]: f.value for f in self.evidence if (m := _COMMONEST.fullmatch(f.name))}
        return {name: Accuracy(f.value, f.n, common.get(name)) for name, f in right.items()}

    def calibration_of(self, label: str) -> Calibration:
        """From that label's scores to probabilities."""
        own = self.own_scales.get(label)
        return self.calibration if own is None else own.calibration

    def operating_point_of(self, label: str) -> OperatingPoint:
        """The default operating point for that label."""
        points = self.operating_points_of(label)
        return next(p for p in points if p.name == self.default_operating_point)

    def operating_points_of(self, label: str) -> tuple[OperatingPoint, ...]:
        """That label's thresholds, with the names of `operating_points`."""
        own = self.own_scales.get(label)
        return self.operating_points if own is None else own.operating_points


def load_bundle(folder: Path, *, verify: bool = False) -> Bundle:
    """Read `model.toml`; with `verify` also hash the weights. Raises `BundleError`."""
    try:
        raw = tomllib.loads((folder / MODEL).read_text(encoding="utf-8"))
        bundle = msgspec.convert(raw, Bundle, strict=True)
    except OSError as error:
        raise BundleError(
            f"{folder}: no readable {MODEL} ({error.strerror}); choose a bundle's folder"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise BundleError(f"{folder / MODEL}: {error}; install the bundle again") from error
    faults = [*_faults(bundle), *(_file_faults(bundle, folder) if verify else ())]
    if faults:
        raise BundleError(f"{folder}: {faults[0]}")
    return bundle


def save_bundle(bundle: Bundle, folder: Path, *, card: str) -> Bundle:
    """Write `model.toml` and `card.md` beside the weights in `folder`; returns it with its hash.

    Cases of other weights are left out: what the networks see is no longer what they were placed by.
    """
    own = sha256(folder / WEIGHTS)
    kept = bundle.near_cases if bundle.near_cases is not None and bundle.near_cases.weights == own else None
    bundle = msgspec.structs.replace(bundle, sha256=own, near_cases=kept)
    said = {key: value for key, value in msgspec.to_builtins(bundle).items() if value is not None}
    (folder / MODEL).write_text(tomli_w.dumps(said), encoding="utf-8")
    (folder / CARD).write_text(card, encoding="utf-8")
    return load_bundle(folder, verify=True)


def installed_bundles(extra: Path | None = None) -> tuple[tuple[Path, Bundle], ...]:
    """Bundles that ship with the project or lie under `extra`, each with its folder; see `in_use`."""
    return in_use([(folder, load_bundle(folder)) for folder in bundle_folders(extra)])


def in_use(found: Sequence[tuple[Path, Bundle]]) -> tuple[tuple[Path, Bundle], ...]:
    """By id and version; one that a site adapted stands in the place of the shipped one of its id."""
    adapted = {bundle.id for _, bundle in found if bundle.adapted}
    kept = [(folder, bundle) for folder, bundle in found if bundle.adapted or bundle.id not in adapted]
    return tuple(sorted(kept, key=lambda item: (item[1].id, item[1].version)))


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bundle_folders(extra: Path | None = None) -> Iterator[Path]:
    """Folders of all bundles that ship with the project or lie under `extra`, readable or not."""
    with as_file(files("resources") / "models") as shipped:
        roots = [shipped] if extra is None else [shipped, extra]
    for root in roots:
        yield from (path.parent for path in sorted(root.glob(f"*/{MODEL}")))


def _faults(bundle: Bundle) -> Iterator[str]:
    names = [p.name for p in bundle.operating_points]
    if bundle.format != FORMAT:
        yield f"format {bundle.format} found, {FORMAT} allowed; update the program or the bundle"
    if bundle.default_operating_point not in names:
        yield f"default operating point '{bundle.default_operating_point}' is not among its operating points"
    yield from _calibration_faults("the calibration", bundle.calibration)
    for name, other in bundle.calibrations.items():
        yield from _calibration_faults(f"the calibration of the {name}", other)
    for label, own in bundle.own_scales.items():
        if label not in bundle.labels:
            yield f"'{label}' has a calibration of its own, but is not among the labels"
        if [p.name for p in own.operating_points] != names:
            yield f"the operating points of '{label}' are not named as the bundle's: {', '.join(names)}"
        yield from _calibration_faults(f"the calibration of '{label}'", own.calibration)
    if bundle.characteristics is not None:
        yield from characteristics_faults(bundle.characteristics)
    if bundle.near_cases is not None:
        yield from near_cases_faults(bundle.near_cases, bundle.sha256)
    yield from contract_faults(bundle.task, bundle.contract, bundle.labels)


def _calibration_faults(whose: str, knots: Calibration) -> Iterator[str]:
    if len(knots.scores) != len(knots.probabilities) or len(knots.scores) < 2:
        yield f"{whose} needs as many scores as probabilities, and two at least"
    elif np.any(np.diff(knots.scores) <= 0) or np.any(np.diff(knots.probabilities) < 0):
        yield f"the scores and probabilities of {whose} must rise"
    elif {len(knots.low), len(knots.high)} not in ({0}, {len(knots.scores)}):
        yield f"{whose} needs as many low and high ends as scores, or none"


def _file_faults(bundle: Bundle, folder: Path) -> Iterator[str]:
    allowed = {WEIGHTS: bundle.sha256}
    if bundle.near_cases is not None:
        allowed[NEAR_CASES] = bundle.near_cases.sha256
    for name in (*allowed, CARD):
        if not (folder / name).is_file():
            yield f"{name} is missing; install the bundle again"
            return
    for name, hash_ in allowed.items():
        found = sha256(folder / name)
        if found != hash_:
            yield f"{name} hashes to {found[:12]}, {MODEL} allows {hash_[:12]}; install the bundle again"
