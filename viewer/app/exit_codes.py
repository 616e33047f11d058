"""The exit codes of every command, all below 100."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a finished `tandem` tells the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOTHING_READ = 3
    REFUSED = 4
    BROKEN = 5
    STOPPED = 6


_MEANING = {
    ExitCode.DONE: "done (files that could not be loaded are named on standard error)",
    ExitCode.FAILED: "failed; the line on standard error says why",
    ExitCode.USAGE: "the command line is not understood",
    ExitCode.NOTHING_READ: "no file of the input could be loaded, or no study could be read",
    ExitCode.REFUSED: "the input cannot be shown or read right, so it is not",
    ExitCode.BROKEN: "a check failed: a broken chain in the log, a model that does not verify",
    ExitCode.STOPPED: "stopped by the user; train: also when --minutes are used up",
}


def table() -> str:
    """One line per code, for `--help`."""
    return "\n".join(f"  {code.value}  {_MEANING[code]}" for code in ExitCode)
