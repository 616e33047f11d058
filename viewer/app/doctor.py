"""`tandem doctor`: what this machine can do. What a driver could crash is asked in a process of its own."""

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from viewer.app.exit_codes import ExitCode
from viewer.app.home import home
from viewer.app.monitors import Monitor, measured

PACKAGES = ("PySide6_Essentials", "vtk", "pydicom", "highdicom", "numpy", "torch", "monai", "imagecodecs")

GRAPHICS = """
import json
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
from viewer.ui.monitor import names_of
from viewer.ui.viewport.choose import describe_gl
screens = [
    {
        "size": f"{s.size().width()} x {s.size().height()} at ratio {s.devicePixelRatio():g}",
        "names": names_of(s),
        "serial": s.serialNumber(),
    }
    for s in application.screens()
]
print(json.dumps({"platform": application.platformName(), "screens": screens, "opengl": describe_gl()}))
"""
DEVICE = """
import json, torch
gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
print(json.dumps({"gpus": gpus, "threads": torch.get_num_threads()}))
"""
CODECS = """
import json
from viewer.core.dicom.decode import available_decoders
print(json.dumps(available_decoders()))
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the doctor's answer; `ok` None means that it is neither good nor bad."""

    subject: str
    text: str
    ok: bool | None = None


def doctor() -> int:
    """Print what was found; the exit code is 0 unless something that Tandem needs is missing."""
    from rich.console import Console

    console, failed = Console(), False
    for check in CHECKS:
        for line in check():
            mark = {True: "[cyan]✓[/]", False: "[red]✗[/]", None: " "}[line.ok]
            console.print(f"{mark} {line.subject:<12}", end=" ")
            console.print(line.text, markup=False, highlight=False)
            failed |= line.ok is False
    return ExitCode.FAILED if failed else ExitCode.DONE


def versions() -> list[Line]:
    """Python, system and the packages that matter."""
    lines = [Line("system", f"Python {platform.python_version()}, {platform.platform()}")]
    for name in PACKAGES:
        try:
            lines.append(Line("package", f"{name} {importlib.metadata.version(name)}", True))
        except importlib.metadata.PackageNotFoundError:
            lines.append(Line("package", f"{name} is missing: run packaging/bootstrap.py install", False))
    return lines


def graphics() -> list[Line]:
    """Display, screens and OpenGL, and which way of drawing follows from them."""
    wanted = None
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        wanted = "offscreen"
    answer = ask(GRAPHICS, wanted)
    if "error" in answer:
        return [Line("display", f"Qt cannot start: {answer['error']}", False)]
    sizes = "; ".join(screen["size"] for screen in answer["screens"])
    lines = [Line("display", f"platform {answer['platform']}; {sizes}", True)]
    if wanted:
        lines = [Line("display", "no display: the window needs one, tandem read does not")]
        return [*lines, Line("drawing", answer["opengl"])]
    monitors, odd = measured(home())
    lines += [_monitor(screen, monitors) for screen in answer["screens"]]
    lines += [Line("monitor", sentence, False) for sentence in odd]
    return [*lines, Line("drawing", answer["opengl"])]


def _monitor(screen: dict[str, Any], monitors: tuple[Monitor, ...]) -> Line:
    """Whether a screen was measured, and how near its grey levels come to the standard function."""
    names, serial = tuple(screen["names"]), screen["serial"]
    said = f"{' or '.join(names)}{f', serial {serial}' if serial else ''}"
    found = next((m for m in monitors if m.fits(names, serial)), None)
    if found is None:
        return Line("monitor", f"{said}: not calibrated (docs/monitors.md)")
    away = found.deviation
    return Line(
        "monitor", f"{said}: measured {found.measured}, contrast within {away:.0%} of the GSDF", away <= 0.15
    )


def devices() -> list[Line]:
    """What the second reader runs on."""
    answer = ask(DEVICE)
    if "error" in answer:
        return [Line("second read", f"torch cannot start: {answer['error']}", False)]
    if answer["gpus"]:
        return [Line("second read", "CUDA: " + ", ".join(answer["gpus"]), True)]
    return [Line("second read", f"no CUDA device: the CPU is used, {os.cpu_count()} cores", True)]


def codecs() -> list[Line]:
    """Transfer syntaxes that can be decoded, with their decoders."""
    answer = ask(CODECS)
    if "error" in answer:
        return [Line("codecs", f"the decoders cannot start: {answer['error']}", False)]
    return [Line("codec", f"{name}: {found or 'no decoder'}", bool(found)) for name, found in answer.items()]


def disk() -> list[Line]:
    """Where Tandem keeps its things, and how much room there is."""
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 2**30
    return [Line("disk", f"{folder}: {free:.0f} GiB free", free > 1)]


CHECKS: tuple[Callable[[], list[Line]], ...] = (versions, graphics, devices, codecs, disk)


def ask(script: str, qt_platform: str | None = None) -> dict[str, Any]:
    """Run a few fixed lines in a new interpreter; its JSON answer, or {'error': last line}."""
    environment = dict(os.environ)
    if qt_platform:
        environment["QT_QPA_PLATFORM"] = qt_platform
    try:
        answer = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=environment
        )
    except subprocess.TimeoutExpired:
        return {"error": "no answer within 60 s"}
    if answer.returncode:
        lines = answer.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"process ended with {answer.returncode}"}
    found: dict[str, Any] = json.loads(answer.stdout.strip().splitlines()[-1])
    return found
