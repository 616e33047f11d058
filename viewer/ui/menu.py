"""The context menu, made from the command table: what can be done here, by group, with its keys."""

from functools import partial
from itertools import groupby

from PySide6.QtWidgets import QMenu, QWidget

from viewer.app.commands import context
from viewer.app.desk import Desk

_LEFT_OUT = ("Reject",)
"""Groups that only make sense by key."""


def command_menu(desk: Desk, parent: QWidget) -> QMenu:
    """All commands of this place; those that cannot be done now are grey and say why."""
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)
    here = context(desk)
    commands = [c for c in desk.commands if here in c.when and c.group not in _LEFT_OUT]
    for group, members in groupby(
        sorted(commands, key=lambda c: _ORDER.index(c.group)), key=lambda c: c.group
    ):
        part = menu.addMenu(group)
        part.setToolTipsVisible(True)
        for command in members:
            keys = f"\t{command.keys[0]}" if command.keys else ""
            action = part.addAction(f"{command.title}{keys}")
            reason = command.refusal(desk)
            action.setEnabled(not reason)
            action.setToolTip(reason)
            action.triggered.connect(partial(desk.run, command.id))
    return menu


_ORDER = (
    "Findings",
    "Verdicts",
    "Tools",
    "Windows",
    "View",
    "Images",
    "Steps and layouts",
    "Report",
    "Studies",
    "Program",
    "Reject",
)
