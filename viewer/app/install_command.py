"""`tandem models install PATH`: another's model, read in a process of its own, becomes one of this site."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from inference.bundle import Bundle, BundleError, load_bundle
from viewer.app.exit_codes import ExitCode
from viewer.app.home import home
from viewer.app.second_read.installed import FOLDER, installed
from viewer.app.whole_files import whole_folder


def install_command(source: Path, config: Path | None, *, replace: bool) -> int:
    """The exit code; `REFUSED` where the model cannot be installed; a line on standard error says why.

    The process that reads the foreign file has limits on memory, time and disk, and runs nothing of it.
    """
    root = home()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix="install-") as folder:
        made = Path(folder) / "bundle"
        made.mkdir()
        words = ["--config", str(config)] if config is not None else []
        code = subprocess.call(
            [sys.executable, "-m", "inference.install", str(source), "--out", str(made), *words]
        )
        if code != ExitCode.DONE:
            if code not in (ExitCode.REFUSED, ExitCode.USAGE):
                print(f"{source.name}: the process that reads it ended ({code}): refused", file=sys.stderr)
            return code if code == ExitCode.USAGE else ExitCode.REFUSED
        try:
            target = _keep(made, load_bundle(made, verify=True), replace=replace)
        except (BundleError, FileExistsError) as error:
            print(error, file=sys.stderr)
            return ExitCode.REFUSED
    print(f"installed in {target}; tandem models info {target.name} shows its card")
    return ExitCode.DONE


def _keep(made: Path, bundle: Bundle, *, replace: bool) -> Path:
    """Put a verified bundle among the site's. Raises `FileExistsError` in one sentence."""
    target = home() / FOLDER / bundle.id
    there = next((folder for folder, b in installed(home())[0] if b.id == bundle.id), None)
    if there is not None and there.resolve() != target.resolve():
        raise FileExistsError(f"a model '{bundle.id}' ships with Tandem; give the new one another id")
    if target.exists() and not replace:
        raise FileExistsError(f"a model '{bundle.id}' is installed already; --replace takes its place")
    with whole_folder(target, replaceable=replace) as work:
        for file in sorted(made.iterdir()):
            shutil.copyfile(file, work / file.name)
    return target
