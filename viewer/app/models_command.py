"""`tandem models list|info|verify`: what is installed, and whether it is what it says."""

import sys

from inference.bundle import CARD, Bundle
from viewer.app.exit_codes import ExitCode
from viewer.app.home import home
from viewer.app.second_read.installed import installed, named


def models_command(action: str, model_id: str | None) -> int:
    """The exit code: `BROKEN` where a model does not verify, `USAGE` for one that is not installed."""
    bundles, faults = installed(home(), verify=action == "verify")
    for fault in faults:
        print(fault, file=sys.stderr)
    wanted = [] if model_id is None else [model_id]
    try:
        chosen = named(bundles, wanted)
    except LookupError as error:
        print(error, file=sys.stderr)
        return ExitCode.BROKEN if faults else ExitCode.USAGE
    for folder, bundle in chosen:
        if action == "info":
            print(f"{_line(bundle)}\n{folder}\n\n{(folder / CARD).read_text(encoding='utf-8')}")
        else:
            print(f"{_line(bundle)}{'  ok' if action == 'verify' else ''}")
    if not bundles and not faults:
        print("No model is installed.", file=sys.stderr)
    return ExitCode.BROKEN if faults else ExitCode.DONE


def _line(bundle: Bundle) -> str:
    point = bundle.operating_point
    rate = f"{point.rate:g} {point.unit}" if point.measured else "rate not measured"
    threshold = f"{point.name}: {point.threshold:g} ({rate})"
    origin = f"  adapted from {bundle.parent[:12]}" if bundle.adapted else ""
    return f"{bundle.id} {bundle.version}  {bundle.title}  {bundle.sha256[:12]}  {threshold}{origin}"
