"""Brings the work of other threads into the window's thread, in the order in which it was posted."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from viewer.app.mailbox import Mailbox


class Bridge(QObject):
    """Empties a mailbox whenever something is put into it, in the thread that made the bridge."""

    _posted = Signal()

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__()
        self._mailbox = mailbox
        self._posted.connect(self._empty, Qt.ConnectionType.QueuedConnection)
        mailbox.attach(self._posted.emit)

    def close(self) -> None:
        """Before the bridge goes: threads may still be at work, and must not call what is gone."""
        self._mailbox.detach()

    def _empty(self) -> None:
        self._mailbox.run_one()


def bridged() -> tuple[Callable[[Callable[[], None]], None], Bridge]:
    """A `post` for a desk, and the bridge that must live as long as it."""
    mailbox = Mailbox()
    return mailbox.post, Bridge(mailbox)
