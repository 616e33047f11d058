"""Which keys run which command: the table's defaults with the user's keys.toml laid over them."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from viewer.app.commands.command import Command

NAME = "keys.toml"
"""In the home folder: `"finding.accept" = "A"`, a list for several keys, an empty list for none."""


def load(home: Path, commands: Iterable[Command]) -> tuple[tuple[Command, ...], tuple[str, ...]]:
    """The commands with the user's keys, and one sentence for everything that was not understood.

    A key of the user takes that key from whatever else had it in the same place.
    """
    table = tuple(commands)
    try:
        raw = tomllib.loads((home / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return table, ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return table, (f"{NAME} cannot be read ({error}); the default keys are used.",)
    known = {command.id for command in table}
    wanted = {
        name: keys for name, value in raw.items() if (keys := _keys(value)) is not None and name in known
    }
    odd = sorted(set(raw) - set(wanted))
    return lay_over(table, wanted), tuple(f"{NAME}: '{name}' is not understood and left out." for name in odd)


def _keys(value: object) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list) and all(isinstance(key, str) and key for key in value):
        return tuple(value)
    return None


def lay_over(table: Iterable[Command], wanted: Mapping[str, tuple[str, ...]]) -> tuple[Command, ...]:
    """The commands with other keys; whoever had one of those keys in the same context loses it."""
    out = []
    for command in table:
        if command.id in wanted:
            out.append(replace(command, keys=wanted[command.id]))
            continue
        taken = {
            key
            for other in table
            if other.id in wanted and other.when & command.when
            for key in wanted[other.id]
        }
        out.append(replace(command, keys=tuple(key for key in command.keys if key not in taken)))
    return tuple(out)
