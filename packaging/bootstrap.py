#!/usr/bin/env python3
"""Makes Tandem run from a clean clone with nothing but Python 3.11+ and a package manager.

    python3 packaging/bootstrap.py install   the program, as .venv/bin/tandem
    python3 packaging/bootstrap.py demo      the same, then a demonstration study
    python3 packaging/bootstrap.py test      the same with the test tools, then every check

Standard library only: it runs before anything is installed. Each step is skipped where it is done.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
LOG = VENV / "bootstrap.log"

QT_PACKAGES = """
    libegl1 libgl1 libfontconfig1 libfreetype6 libglib2.0-0 libxkbcommon0 libx11-6 libdbus-1-3 libxcb-cursor0
    libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-util1 libxcb-randr0 libxcb-render0 libxcb-render-util0
    libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxcb-xkb1 libxkbcommon-x11-0 libx11-xcb1
    libgl1-mesa-dri libglx-mesa0 libegl-mesa0 fonts-inter fonts-dejavu-core
"""
# What the Qt wheel needs of Debian, and the fonts: measured on a bare system.

TEST_PACKAGES = """
    xvfb xauth openbox xdotool x11-utils imagemagick dcmtk dicom3tools libpixelmed-java default-jre-headless
    poppler-utils
"""
# A screen without a screen, a window manager, a hand on the keyboard, and the DICOM validators.


class Stop(Exception):
    """A step failed; the text says what to do."""


def main() -> int:
    """Run the command of the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("install", "demo", "test"))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on to the demo, or to pytest")
    options = parser.parse_args()
    try:
        install(with_tests=options.command == "test")
        if options.command == "demo":
            return subprocess.call([str(BIN / "tandem"), "demo", *options.rest], cwd=ROOT)
        if options.command == "test":
            return check(options.rest)
    except Stop as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    print(f"Ready: {(BIN / 'tandem').relative_to(ROOT)} --help")
    return 0


# --- installing


def install(*, with_tests: bool) -> None:
    """Bring `.venv` and the system packages up to date."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one gets a sentence, not a traceback
        raise Stop(f"Tandem needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    system_packages((QT_PACKAGES + (TEST_PACKAGES if with_tests else "")).split())
    if not (BIN / "python").exists() and not (BIN / "python.exe").exists():
        step("Python environment", make_venv)
    extra = "[test]" if with_tests else ""
    wanted = fingerprint()
    stamp, fuller = VENV / f"installed{extra}.stamp", VENV / "installed[test].stamp"
    if (BIN / "tandem").exists() and any(s.exists() and s.read_text() == wanted for s in (stamp, fuller)):
        return
    constraints = str(ROOT / "packaging" / "constraints.txt")
    command = [str(BIN / "python"), "-m", "pip", "install", "-c", constraints, "-e", f"{ROOT}{extra}"]
    step("Python packages (torch alone is 200 MB or more)", lambda tell: run_pip(command, tell))
    compile_own()
    stamp.write_text(wanted)


def compile_own() -> None:
    """Byte-compile our own packages, as pip does with all others: the window comes 0.3 s sooner."""
    folders = ["viewer", "inference", "resources"]
    subprocess.run([str(BIN / "python"), "-m", "compileall", "-q", *folders], cwd=ROOT, check=False)


def fingerprint() -> str:
    """What the installation depends on, as one hash."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("pyproject.toml", "packaging/constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def make_venv(tell: Callable[[str], None]) -> None:
    """Create `.venv`; on Debian `ensurepip` is a package of its own."""
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, capture_output=True).returncode == 0:
        return
    system_packages([f"python{sys.version_info.major}.{sys.version_info.minor}-venv"])
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode:
        raise Stop(f"Could not make {VENV}:\n{answer.stdout}{answer.stderr}")


def run_pip(command: list[str], tell: Callable[[str], None]) -> None:
    """Run pip with its output in the log and its last word on the screen."""
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if match := re.match(r"(?:Collecting|Downloading|Installing|Building) [^\s(]+", line.strip()):
                tell(match.group()[:60])
    if process.wait():
        tail = "".join(LOG.read_text(encoding="utf-8").splitlines(keepends=True)[-15:])
        raise Stop(f"pip failed; the whole log is {LOG}.\n{tail}")


def system_packages(names: list[str]) -> None:
    """Install missing Debian packages where this user may; else print the one line to run."""
    if not shutil.which("dpkg-query"):
        return  # not Debian: Qt's own message names what it misses
    missing = [name for name in names if not has_package(name)]
    if not missing:
        return
    line = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and (
        not shutil.which("sudo") or subprocess.run([*prefix, "true"], capture_output=True).returncode
    ):
        print(f"Some system packages are missing. Please run:\n  sudo {' '.join(line)}")
        return

    def install_them(tell: Callable[[str], None]) -> None:
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        tell("apt-get update")
        subprocess.run([*prefix, "apt-get", "update"], capture_output=True, env=environment)
        tell(f"{len(missing)} packages")
        answer = subprocess.run([*prefix, *line], capture_output=True, text=True, env=environment)
        if answer.returncode:
            print(f"\n  It failed; please run:\n  sudo {' '.join(line)}\n{answer.stderr[-500:]}")

    step("System packages", install_them)


def has_package(name: str) -> bool:
    """Say whether the Debian package is installed, under this name or its 64-bit-time successor."""
    for candidate in (name, f"{name}t64"):
        answer = subprocess.run(
            ["dpkg-query", "-W", "-f=${Status}", candidate], capture_output=True, text=True
        )
        if answer.stdout == "install ok installed":
            return True
    return False


# --- checking


def check(pytest_options: list[str]) -> int:
    """Linters, types, architecture, spelling, then all tests on two Qt platforms; returns the exit code."""
    failed: list[str] = []
    tools = {
        "ruff": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy"],
        "import-linter": ["lint-imports"],
        "typos": ["typos"],
    }
    for name, (tool, *arguments) in tools.items():
        if not quiet(name, [str(BIN / tool), *arguments]):
            failed.append(name)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    reasons: list[str] = []
    for name, command, platform in suites(pytest_options):
        code, output = pytest(name, command, platform)
        if code not in (0, 5):
            failed.append(name)
        for word, number in tally(output).items():
            counts[word] += number
        reasons += [line for line in output.splitlines() if line.startswith("SKIPPED")]
    print("\nSkipped, and why:" if reasons else "\nNothing was skipped.")
    for line in sorted(set(reasons)):
        print(f"  {line}")
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nAll checks passed.")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if failed else 0


def suites(options: list[str]) -> list[tuple[str, list[str], str]]:
    """Every test once without a screen; those of windows again on X11 under Xvfb."""
    base = [str(BIN / "python"), "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *options]
    out = [("tests without a screen", [*base, "tests"], "offscreen")]
    if shutil.which("xvfb-run") and sysconfig.get_platform().startswith("linux"):
        screen = ["xvfb-run", "-a", "-s", "-screen 0 2800x2100x24"]
        one = [word for word in base if word not in ("-n", "2", "--dist", "loadfile")]
        out.append(("tests of windows under Xvfb", [*screen, *one, "tests/ui", "tests/e2e"], "xcb"))
    else:
        print("Xvfb is not here: the tests of windows run without a screen only.")
    return out


def tally(output: str) -> dict[str, int]:
    """The counts of pytest's closing line; errors count as failures."""
    closing = [line for line in output.splitlines() if re.search(r"\d+ (passed|failed|skipped|error)", line)]
    found = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", closing[-1])} if closing else {}
    broken = found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)
    return {"passed": found.get("passed", 0), "failed": broken, "skipped": found.get("skipped", 0)}


def quiet(name: str, command: list[str]) -> bool:
    """Run a checker; its output appears only where it has something to say."""
    start = time.monotonic()
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    verdict = "ok" if answer.returncode == 0 else "FAILED"
    print(f"{name:<28} {verdict:<8} {time.monotonic() - start:6.1f} s", flush=True)
    if answer.returncode:
        print(answer.stdout + answer.stderr)
    return answer.returncode == 0


def pytest(name: str, command: list[str], platform: str) -> tuple[int, str]:
    """Run a suite, passing its output on line by line; returns the exit code and the output."""
    print(f"\n{name}", flush=True)
    environment = dict(os.environ, QT_QPA_PLATFORM=platform, OMP_NUM_THREADS="1", PYTHONWARNINGS="ignore")
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        print(line, end="", flush=True)
    return process.wait(), "".join(lines)


# --- telling


def step(title: str, work: Callable[[Callable[[str], None]], None]) -> None:
    """Do `work` with a line that says what it does and how long it has taken."""
    start, doing, done = time.monotonic(), [""], threading.Event()
    interactive = sys.stdout.isatty()

    def watch() -> None:
        while not done.wait(0.25):
            if interactive:
                seconds = time.monotonic() - start
                print(f"\r\x1b[K{title} {seconds:4.0f} s  {doing[0]}", end="", flush=True)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        work(lambda text: doing.__setitem__(0, text))
    finally:
        done.set()
        watcher.join()
        clear = "\r\x1b[K" if interactive else ""
        print(f"{clear}{title}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
