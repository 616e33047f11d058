"""The program's log: what libraries have to say, in a file and not between the lines that the user reads."""

import logging
from contextlib import suppress
from pathlib import Path

from viewer.app.home import home

NAME = "tandem.log"
AT_MOST = 1_000_000
"""Bytes after which the next start begins a new file; the last one is kept beside it."""


def keep_log() -> None:
    """Send warnings of libraries, and whatever they log, to `tandem.log` in Tandem's folder.

    Whoever set up logging before keeps it. A file that cannot be written loses its lines and stops nothing.
    """
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    logging.basicConfig(
        format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s", handlers=[_handler()]
    )


def _handler() -> logging.Handler:
    try:
        file = home() / NAME
        _begin_anew(file)
    except OSError:  # the command that needs the folder says so itself
        return logging.NullHandler()
    return logging.FileHandler(file, encoding="utf-8", errors="backslashreplace", delay=True)


def _begin_anew(file: Path) -> None:
    with suppress(FileNotFoundError):
        if file.stat().st_size > AT_MOST:
            file.replace(file.with_suffix(".log.old"))
