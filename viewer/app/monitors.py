"""Monitors that were measured: one TOML file each in the home folder, and the table that follows from it.

Without such a file a monitor gets P-values as driving levels, and the window says that it is not calibrated.
"""

import math
import tomllib
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

from viewer.app.desk_state import DeskState
from viewer.app.display import Severity
from viewer.app.views import Surface, View
from viewer.core.pixels.gsdf import LEVELS, calibration, deviation

FOLDER = "monitors"
FEWEST = 18
"""Measured levels, as many as AAPM TG18-LN has: with 11 the contrast is 40 % off in the dark, with 18 7 %."""
_KEYS = {"name", "serial", "measured", "ambient", "luminance", "pitch"}
_DARK_TO_BRIGHT = 20.0


class MonitorError(Exception):
    """A file that cannot be used, in one sentence: what, where, found, allowed."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """A measured monitor.

    name, serial  as `tandem doctor` names the screen; serial "" = every one of that name
    measured      the day
    ambient       cd/m2 that the screen reflects while it is off
    pitch         mm from pixel to pixel, measured with a ruler over many; 0 = not measured
    luminance     (driving level, cd/m2 in the dark), from level 0 to 255
    """

    name: str
    serial: str
    measured: date
    ambient: float
    luminance: tuple[tuple[int, float], ...]
    pitch: float = 0.0

    @property
    def levels(self) -> bytes:
        """The driving level of each P-value."""
        return calibration(self.luminance, self.ambient)

    @property
    def deviation(self) -> float:
        """How far the calibrated contrast departs from the standard function, as a share."""
        return deviation(self.luminance, self.ambient, self.levels)

    def fits(self, names: tuple[str, ...], serial: str) -> bool:
        """True for the screen with one of these names and this serial number."""
        return self.name in names and self.serial in ("", serial)


def measured(home: Path) -> tuple[tuple[Monitor, ...], tuple[str, ...]]:
    """Every monitor that was measured, and a sentence for each file that cannot be used."""
    monitors, odd = [], []
    for path in sorted((home / FOLDER).glob("*.toml")):
        try:
            monitors.append(read(path))
        except MonitorError as error:
            odd.append(str(error))
    return tuple(monitors), tuple(odd)


def read(path: Path) -> Monitor:
    """One file. Raises `MonitorError`."""
    where = f"{FOLDER}/{path.name}"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MonitorError(f"{where} cannot be read ({error}): the monitor is not calibrated.") from error
    strange = sorted(set(raw) - _KEYS)
    if strange:
        raise _wrong(where, strange[0], "an unknown key", ", ".join(sorted(_KEYS)))
    name, serial, day = raw.get("name"), raw.get("serial", ""), raw.get("measured")
    if not isinstance(name, str) or not name or not isinstance(serial, str):
        raise _wrong(where, "name", repr(name), "the screen's name, as tandem doctor gives it")
    if not isinstance(day, date):
        raise _wrong(where, "measured", repr(day), "a day such as 2026-11-20")
    ambient = raw.get("ambient")
    if not _number(ambient) or not 0 <= ambient <= 100:
        raise _wrong(where, "ambient", repr(ambient), "0 to 100 cd/m2")
    pitch = raw.get("pitch", 0.0)
    if not _number(pitch) or (pitch and not 0.02 <= pitch <= 2):
        raise _wrong(where, "pitch", repr(pitch), "0.02 to 2 mm")
    return Monitor(name, serial, day, float(ambient), _luminance(raw.get("luminance"), where), float(pitch))


def _luminance(raw: Any, where: str) -> tuple[tuple[int, float], ...]:  # noqa: ANN401 (whatever the file has)
    allowed = f"{FEWEST} or more pairs [driving level, cd/m2] from level 0 to {LEVELS - 1}"
    good = isinstance(raw, list) and len(raw) >= FEWEST and all(map(_pair, raw))
    if not good or raw[0][0] != 0 or raw[-1][0] != LEVELS - 1:
        raise _wrong(where, "luminance", "something else", allowed)
    pairs = tuple((int(level), float(value)) for level, value in raw)
    for (level, value), (after, more) in pairwise(pairs):
        if after <= level or more <= value:
            found = f"{more:g} cd/m2 at {after} after {value:g} at {level}"
            raise _wrong(where, "luminance", found, "both rising from pair to pair")
    if pairs[-1][1] < _DARK_TO_BRIGHT * pairs[0][1]:
        found = f"white only {pairs[-1][1] / pairs[0][1]:.0f} times as bright as black"
        raise _wrong(where, "luminance", found, f"{_DARK_TO_BRIGHT:.0f} times or more, in cd/m2")
    return pairs


def _pair(raw: Any) -> bool:  # noqa: ANN401
    if not isinstance(raw, list) or len(raw) != 2 or not all(map(_number, raw)):
        return False
    return isinstance(raw[0], int) and 0 <= raw[0] < LEVELS and 0 < raw[1] < 1e5


def _number(raw: Any) -> TypeGuard[float]:  # noqa: ANN401
    return isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw)


def _wrong(where: str, key: str, found: str, allowed: str) -> MonitorError:
    return MonitorError(f"{where}, {key}: found {found}, allowed: {allowed}. The monitor is not calibrated.")


def moved_to(desk: DeskState, names: tuple[str, ...], serial: str, screen: int = 0) -> None:
    """A window stands on this screen now: its images are drawn through its calibration, where it has one.

    screen  0 for the window itself, else the number of the screen beside it
    """
    monitors, odd = measured(desk.home)
    found = next((m for m in monitors if m.serial and m.fits(names, serial)), None)
    found = found or next((m for m in monitors if m.fits(names, serial)), None)
    name = names[0] if names else "unknown"
    levels, pitch = (b"", 0.0) if found is None else (found.levels, found.pitch)
    if screen == 0:
        desk.screen.monitor, desk.screen.calibration, desk.screen.pitch_mm = name, levels, pitch
    else:
        before = desk.views.beside.get(screen, Surface())
        desk.views.beside[screen] = replace(before, monitor=name, calibration=levels, pitch_mm=pitch)
    for sentence in odd:
        desk.say(sentence, Severity.WARNING)
    desk.changed()


def calibration_of(desk: DeskState, view: View) -> bytes:
    """Driving level of each P-value where a viewport stands; b"" = it was not measured."""
    surface = desk.views.surface(view)
    return desk.screen.calibration if surface is None else surface.calibration


def pitch_of(desk: DeskState, view: View) -> float:
    """Millimetres from pixel to pixel where a viewport stands; 0 = not known."""
    surface = desk.views.surface(view)
    return desk.screen.pitch_mm if surface is None else surface.pitch_mm


def is_calibrated(desk: DeskState) -> bool:
    """True where every screen with images was measured, or no screen is known yet."""
    known = [(desk.screen.monitor, desk.screen.calibration)]
    known += [(one.monitor, one.calibration) for one in desk.views.beside.values()]
    return all(levels or not name for name, levels in known)
