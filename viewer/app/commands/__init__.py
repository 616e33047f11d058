"""The one table of commands: keys, menus, palette, key card, hints and docs/keys.md are made from it."""

from viewer.app.commands import findings, images, program
from viewer.app.commands.command import Command, Context, context, perform

__all__ = ["COMMANDS", "Command", "Context", "context", "find", "perform"]

COMMANDS: tuple[Command, ...] = (*images.COMMANDS, *findings.COMMANDS, *program.COMMANDS)


def find(command_id: str, table: tuple[Command, ...] = COMMANDS) -> Command:
    """The command with that id; `KeyError` for one that does not exist."""
    return next((c for c in table if c.id == command_id), None) or _unknown(command_id)


def _unknown(command_id: str) -> Command:
    raise KeyError(command_id)
