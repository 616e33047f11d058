"""docs/keys.md, made from the command table: `python -m viewer.app.commands.page` writes it anew."""

from collections.abc import Iterable
from pathlib import Path

from viewer.app.commands import COMMANDS, Command

PAGE = Path(__file__).resolve().parents[3] / "docs" / "keys.md"

HEAD = """\
# Keys

Made from the command table (`viewer/app/commands`); a test holds it current. Commands without a key are in
the command palette (Ctrl+K). Your own keys go to `keys.toml` in the home folder: `"finding.accept" = "A"`, a
list for several keys, an empty list for none; the name of each command is in the last column.

Keys never act in text fields. H acts while it is held. Digits are reasons while the reject strip is open.

The mouse: left drag is the active tool, middle drag pans, right drag zooms, right click opens the menu. The
wheel scrolls (Shift: five images, Ctrl: zoom at the pointer, Alt: window width); left and right together
scroll fast. Double click maximises; buttons 4 and 5 are the previous and the next step; Shift and left drag
moves the crosshair.
"""


def keys_page(commands: Iterable[Command] = COMMANDS) -> str:
    """The page: one table for each group, in the order of the table."""
    groups: dict[str, list[Command]] = {}
    for command in commands:
        groups.setdefault(command.group, []).append(command)
    parts = [HEAD]
    for group, members in groups.items():
        parts.append(f"\n## {group}\n\n| Command | Keys | Where | Name |\n|---|---|---|---|\n")
        parts.extend(map(_line, members))
    return "".join(parts)


def _line(command: Command) -> str:
    keys = " or ".join(command.keys)
    where = ", ".join(sorted(place.value for place in command.when)) if command.keys else "palette"
    return f"| {command.title} | {keys} | {where} | `{command.id}` |\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(keys_page(), encoding="utf-8")
