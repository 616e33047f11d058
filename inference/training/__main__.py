"""`python -m inference.training MODEL`: train a bundle from the data set, resumable at any step."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from inference.bundle import Bundle, BundleError, load_bundle
from inference.install import Refused
from inference.pipelines.clusters import NETWORK
from inference.training.adapt.adapt import adapt
from inference.training.adapt.plan import Learning, TooFewError, load_plan
from inference.training.adapt.verdict import Verdict
from inference.training.calibrate import NothingMarkedError
from inference.training.config import load_config
from inference.training.detector import Report
from inference.training.general import config as general_config
from inference.training.general import recipe as general
from inference.training.general.samples import DataError
from inference.training.head import config as head_config
from inference.training.head import recipe as head
from inference.training.mammography import config as mammography_config
from inference.training.mammography import recipe as mammography
from inference.training.recipe import Say, train
from inference.training.transfer import TransferError, read_start

PICTURES = ("xray_pneumonia", "retina_grade", "retina_vessels", "brain_ms_lesion")
"""General networks whose configuration ships; "general" takes one of the caller's own."""
HEAD = "ct_head_haemorrhage"
MODELS = ("ct_lung_nodule", "mg_lesion", HEAD, *PICTURES, "general")
FROM = """begin with the weights of a bundle or file; without MODEL: adapt that bundle to the site's prepared
cases in --data"""
HARD = "hard.json"
STEPS_OF = ("detector.safetensors", "classifier.safetensors", "harvest.npz", HARD)
"""What `ct_lung_nodule` leaves in its folder to go on from."""
NOT_BETTER = 4
"""Exit code where an adapted bundle does not beat its parent: `tandem` refuses to install it."""
OUT_OF_TIME = 6
"""Exit code for a training that was stopped and can go on: what `tandem` says when it was stopped."""
EXIT_CODES = """\
Exit codes: 0 the bundle is written; 1 nothing was learnt; 2 the configuration or the command line
cannot be used; 4 the adapted bundle does not beat its parent; 6 stopped after --minutes (the same
command goes on)."""


class OutOfTime(Exception):
    """The time that the caller gave is used up; the next start goes on from the last checkpoint."""


class Reporter:
    """Shows steps and losses; raises `OutOfTime` after `minutes`."""

    def __init__(self, progress: Progress, minutes: float) -> None:
        self.progress = progress
        self.until = time.monotonic() + 60 * minutes if minutes else float("inf")
        self.task = progress.add_task("starting", total=None, losses="")
        self.mean: dict[str, float] = {}

    def say(self, what: str) -> None:
        """A new part of the recipe."""
        self.mean = {}
        self.progress.console.print(what)
        self.progress.reset(self.task, description=what, total=None, losses="")

    def __call__(self, step: int, steps: int, losses: dict[str, float]) -> None:
        """After each step."""
        for name, value in losses.items():
            self.mean[name] = 0.98 * self.mean.get(name, value) + 0.02 * value
        text = "  ".join(f"{name} {value:.3f}" for name, value in self.mean.items())
        self.progress.update(self.task, completed=step, total=steps, losses=text)
        if step % 100 == 0:
            self.progress.console.print(f"step {step} of {steps}  {text}", highlight=False)
        if time.monotonic() > self.until:
            raise OutOfTime


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(prog="python -m inference.training", description=__doc__, epilog=EXIT_CODES)
    out.add_argument("model", nargs="?", choices=MODELS, help="which bundle to train (none: adapt --from's)")
    out.add_argument("--from", dest="start", type=Path, metavar="BUNDLE", help=FROM)
    out.add_argument(
        "--data", type=Path, required=True, help="folder of the data set: ct_chest, mg, ct_head or generic"
    )
    out.add_argument("--out", type=Path, required=True, help="folder for checkpoints and the finished bundle")
    out.add_argument("--config", type=Path, help="train.toml (default: the one that ships with the bundle)")
    out.add_argument("--steps", type=int, help="fewer steps of each network than the configuration's")
    out.add_argument("--minutes", type=float, default=0.0, help="stop after so long; the next start goes on")
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    out.add_argument("--threads", type=int, default=1, help="CPU threads (1 is the most exact to repeat)")
    out.add_argument("--restart", action="store_true", help="drop checkpoints in --out instead of resuming")
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a bundle; returns one of `EXIT_CODES`."""
    options = parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    console = Console(stderr=True)
    try:
        prepared = _recipe(options)
    except (OSError, ValueError, BundleError, Refused) as error:
        console.print(f"The configuration cannot be used: {error}", markup=False, soft_wrap=True)
        return 2
    if options.restart:
        for name in prepared.leaves:
            (options.out / name).unlink(missing_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
               TextColumn("{task.fields[losses]}"), TimeElapsedColumn(), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console) as progress:
        reporter = Reporter(progress, options.minutes)
        try:
            bundle, found = prepared.train(reporter, reporter.say)
        except OutOfTime:
            console.print(f"Stopped after {options.minutes:g} minutes; the same command goes on.")
            return OUT_OF_TIME
        except (FileNotFoundError, DataError) as error:
            console.print(
                f"The data set in {options.data} is not whole: {error}", markup=False, soft_wrap=True
            )
            return 2
        except (BundleError, TooFewError, TransferError) as error:
            console.print(str(error), markup=False, soft_wrap=True)
            return 2
        except NothingMarkedError as error:
            console.print(str(error), markup=False, soft_wrap=True)
            return 1
    console.print(
        f"{bundle.id} {bundle.version} ({bundle.sha256[:12]}) is in {options.out / 'bundle'}", soft_wrap=True
    )
    if found is not None:
        console.print(found.sentence, markup=False, soft_wrap=True)
    return NOT_BETTER if found is not None and not found.better else 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe with its configuration: how it is run, and which files it leaves to go on from.

    train  gives the bundle and, of an adapted one, whether it beats its parent
    """

    train: Callable[[Report, Say], tuple[Bundle, Verdict | None]]
    leaves: tuple[str, ...]


def _recipe(options: argparse.Namespace) -> Recipe:
    data, out, device = options.data, options.out, options.device
    path = options.config
    if options.model is None and options.start:
        return _adaptation(options)
    if options.model is None:
        raise ValueError("name a MODEL, or a bundle to adapt with --from")
    if path is None and options.model == "general":
        raise ValueError("name one with --config (docs/models.md)")
    if path is None:
        with as_file(files("resources") / "models" / options.model / "train.toml") as shipped:
            return _recipe(argparse.Namespace(**{**vars(options), "config": shipped}))
    if options.start and options.model == HEAD:
        raise ValueError(f"{HEAD} does not begin with given weights, nor is it adapted")
    if options.start and options.model not in (*PICTURES, "general"):
        raise ValueError(
            f"{options.model} is adapted with --from BUNDLE alone, without MODEL (docs/models.md)"
        )
    if options.model == "mg_lesion":
        films = mammography_config.load_config(path)
        films = films if options.steps is None else films.with_steps(options.steps)
        named = tuple(f"{name}.safetensors" for name in (*films.detectors, *films.classifiers, NETWORK))
        return Recipe(
            lambda report, say: (mammography.train(films, data, out, device, report, say), None),
            named + mammography.LEAVES,
        )
    if options.model == HEAD:
        heads = head_config.load_config(path)
        heads = heads if options.steps is None else heads.with_steps(options.steps)
        return Recipe(
            lambda report, say: (head.train(heads, data, out, device, report, say), None), head.leaves(heads)
        )
    if options.model in (*PICTURES, "general"):
        shown = general_config.load_config(path)
        shown = shown if options.steps is None else shown.with_steps(options.steps)
        start = read_start(options.start, shown.transfer) if options.start else None
        return Recipe(
            lambda report, say: (general.train(shown, data, out, device, report, say, start), None),
            general.LEAVES,
        )
    chests = load_config(path)
    chests = chests if options.steps is None else chests.with_detector_steps(options.steps)
    return Recipe(lambda report, say: (train(chests, data, out, device, report, say), None), STEPS_OF)


def _adaptation(options: argparse.Namespace) -> Recipe:
    """`--from` without a model. Raises as `load_plan` and `load_bundle`."""
    plan = load_plan(options.config, options.steps)
    parent = load_bundle(options.start)

    def train(report: Report, say: Say) -> tuple[Bundle, Verdict]:
        at = Learning(options.start, options.out, options.device, report, say)
        return adapt(options.data, plan, at)

    return Recipe(train, (*general.LEAVES, *(f"{name}.safetensors" for name in parent.architecture), HARD))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
