"""`tandem log verify`: one line per reading, and what is wrong where a chain does not hold."""

import sys

from viewer.app.exit_codes import ExitCode
from viewer.app.home import home
from viewer.app.log_check import ReadingCheck, check_log


def verify_command() -> int:
    """Print the proof of every reading; `ExitCode.DONE` only if every chain holds."""
    folder = home()
    log = check_log(folder)
    for reading in log.readings:
        print(_line(reading))
    for fault in log.all_faults():
        print(fault, file=sys.stderr)
    if log.all_faults():
        print(
            f"The event log of {folder} does not hold: keep it as it is and ask who changed it.",
            file=sys.stderr,
        )
        return ExitCode.BROKEN
    count = len(log.readings)
    print(f"{count} {'reading' if count == 1 else 'readings'} in {folder}: every chain holds.")
    return ExitCode.DONE


def _line(reading: ReadingCheck) -> str:
    holds = "holds" if not reading.faults else "DOES NOT HOLD"
    about = f"{reading.stage or 'unknown stage'}, reader {reading.reader or 'unknown'}"
    return f"{reading.reading}  {holds}  {reading.events} events, {about}, study {reading.study_instance_uid}"
