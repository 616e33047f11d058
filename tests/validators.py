"""What programs of others say of an object: dciodvfy, and PixelMed's check of the SR templates."""

import shutil
import subprocess
from pathlib import Path

import pytest

PIXELMED = Path("/usr/share/java/pixelmed.jar")


def needs(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")


def dciodvfy_errors(path: Path) -> list[str]:
    """Its errors, one a line."""
    done = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]


def pixelmed_faults(path: Path, template: str) -> list[str]:
    """Its errors about an SR of a template ("1500"); also that it found no such template, or did not end."""
    lean = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    limits = [f"-Djdk.xml.xpath{name}Limit=0" for name in ("ExprOp", "TotalOp", "ExprGrp")]
    validator = ["-cp", f"{PIXELMED}:/usr/share/java/*", "com.pixelmed.validate.DicomSRValidator"]
    command = ["java", *lean, *limits, *validator, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    wanted = (f"Found Root Template TID_{template}", "IOD validation complete")
    missing = [f"did not say: {words}" for words in wanted if words not in said]
    return [*missing, *(line for line in said.splitlines() if line.startswith("Error"))]
