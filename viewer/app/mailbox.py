"""Work posted to the desk's thread by any thread; kept until that thread is ready for it."""

import queue
import threading
from collections.abc import Callable

Work = Callable[[], None]


class Mailbox:
    """A queue of work. The owner of the desk's thread attaches a wake-up call and runs one piece for each."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._wake: Callable[[], None] | None = None
        self._attaching = threading.Lock()

    def post(self, work: Work) -> None:
        """Put work in; from any thread."""
        with self._attaching:
            self._work.put(work)
            if self._wake is not None:
                self._wake()

    def attach(self, wake: Callable[[], None]) -> None:
        """Call `wake` once for everything that is or will be put in; it must return at once."""
        with self._attaching:
            self._wake = wake
            for _ in range(self._work.qsize()):
                wake()

    def detach(self) -> None:
        """Nobody empties the mailbox any more; after this returns `wake` is not called again."""
        with self._attaching:
            self._wake = None

    def run_one(self) -> None:
        """Run the oldest piece of work, where there is one."""
        try:
            work = self._work.get_nowait()
        except queue.Empty:
            return
        work()
