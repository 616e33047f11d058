"""`tandem train`: the training runs in a process of its own; an adapted model that is better is installed."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from inference.bundle import BundleError, load_bundle
from viewer.app.exit_codes import ExitCode
from viewer.app.home import home
from viewer.app.second_read.installed import FOLDER, installed, named
from viewer.app.whole_files import whole_folder


def train_command(words: Sequence[str]) -> int:
    """The exit code of `python -m inference.training`, given these words; `--from` may name a model's id."""
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    own.add_argument("--from", dest="start")
    own.add_argument("--out", type=Path)
    options, others = own.parse_known_args(words)
    if options.start is not None:
        try:
            others += ["--from", str(_weights(options.start))]
        except LookupError as error:
            print(f"{error}, nor is there a file or folder of that name", file=sys.stderr)
            return ExitCode.USAGE
    if options.out is not None:
        others += ["--out", str(options.out)]
    code = subprocess.call([sys.executable, "-m", "inference.training", *others])
    if code == ExitCode.DONE and options.start is not None:
        return _keep(options.out / "bundle")
    if code == ExitCode.REFUSED:
        print("Nothing is installed: the model in use stays.", file=sys.stderr)
    return code


def _weights(start: str) -> Path:
    """A file or folder, or the folder of an installed model. Raises `LookupError`."""
    path = Path(start)
    return path if path.exists() else named(installed(home())[0], [start])[0][0]


def _keep(made: Path) -> int:
    """Install an adapted bundle beside the shipped one, in whose stead it then reads; leave others alone."""
    try:
        bundle = load_bundle(made, verify=True)
    except BundleError as error:
        print(error, file=sys.stderr)
        return ExitCode.BROKEN
    if not bundle.adapted:
        return ExitCode.DONE
    standing = next((other for _, other in installed(home())[0] if other.id == bundle.id), None)
    if standing is not None and standing.sha256 != bundle.parent:
        print(
            f"Not installed: it beat {bundle.parent[:12]}, but {standing.id} {standing.version} "
            f"({standing.sha256[:12]}) is in use; adapt that one",
            file=sys.stderr,
        )
        return ExitCode.REFUSED
    target = home() / FOLDER / bundle.id
    with whole_folder(target, replaceable=True) as work:
        for file in sorted(made.iterdir()):
            shutil.copyfile(file, work / file.name)
    print(
        f"Installed in {target}: it reads in the place of its parent; without that folder the parent returns"
    )
    return ExitCode.DONE
