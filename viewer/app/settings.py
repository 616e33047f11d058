"""What the user chose once: settings.toml in the home folder. Keys of the keyboard are in `keymap`."""

import os
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import tomli_w

NAME = "settings.toml"
INTERFACE_SIZES = range(90, 160, 10)
"""Per cent; every measure of the design times this."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults.

    reader, experience  who reads here
    backend         auto, cpu or gl: how images are drawn
    device          auto, cuda or cpu: where the second reader computes
    paradigm        how new readings are done: second reader, independent double reading, or triage
    flagged_first   in triage, flagged studies stand on top of the list
    operating_points  by id of a model: the name of the operating point that the site chose
    interface_size  per cent, 90 to 150 in steps of 10
    last_folder     where Ctrl+O starts
    """

    reader: str = ""
    experience: str = ""
    backend: str = "auto"
    device: str = "auto"
    paradigm: str = "second reader"
    flagged_first: bool = True
    interface_size: int = 100
    last_folder: str = ""
    operating_points: dict[str, str] = field(default_factory=dict)


def load(home: Path) -> tuple[Settings, str]:
    """The settings, and one sentence about what in the file was not understood ("" = nothing)."""
    try:
        raw = tomllib.loads((home / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(), ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Settings(), f"{NAME} cannot be read ({error}); the defaults are used until it is mended."
    known = {f.name: f.type for f in fields(Settings)}
    good = {key: value for key, value in raw.items() if key in known and _fits(key, value)}
    odd = sorted(set(raw) - set(good))
    return Settings(**good), f"{NAME}: not understood and left out: {', '.join(odd)}." if odd else ""


def _fits(key: str, value: object) -> bool:
    if key == "interface_size":
        return value in INTERFACE_SIZES
    if key == "flagged_first":
        return isinstance(value, bool)
    if key == "operating_points":
        return isinstance(value, dict) and all(isinstance(name, str) for name in value.values())
    allowed = {
        "backend": ("auto", "cpu", "gl"),
        "device": ("auto", "cuda", "cpu"),
        "paradigm": ("second reader", "independent double reading", "triage"),
    }.get(key)
    return isinstance(value, str) and (allowed is None or value in allowed)


def save(home: Path, settings: Settings) -> None:
    """Write the settings, whole or not at all."""
    part = home / f"{NAME}.part"
    part.write_text(tomli_w.dumps(asdict(settings)), encoding="utf-8")
    part.replace(home / NAME)


def with_environment(settings: Settings) -> Settings:
    """TANDEM_READER=NAME answers who reads."""
    name = os.environ.get("TANDEM_READER", "").strip()
    return replace(settings, reader=name) if name else settings
