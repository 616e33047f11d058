"""`tandem prepare`: DICOM series and their truth files into prepared cases. Knows no model.

A truth file is JSON, named `truth.json` or `*.truth.json`, beside, below or one folder above the given paths.
Of a CT it has `series_instance_uid`, `patient_id` and `findings` (or `lesions`); each finding has `id`,
`kind`, `center_lps_mm`, `diameter_mm`, and where known `equiv_diameter_mm`, `texture` and `certainty`. Of
mammograms see `prepare_exams`.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inference.cases import Case, TruthLesion, save_case
from viewer.app.exit_codes import ExitCode
from viewer.app.home import home
from viewer.app.loader import Loader
from viewer.app.prepare_exams import mammograms_of, prepare_exams
from viewer.app.progress import progress_bar
from viewer.app.scan import scan
from viewer.app.second_read.asking import header_fields
from viewer.app.second_read.series_read import to_grid
from viewer.core.dicom.display_set import DisplaySet

COUNTED_KINDS = ("nodule", "mass")
"""Other kinds (scar, opacity) are zones where marks count neither way."""
SMALLEST_COUNTED_MM = 5.0
"""Truth below this is not complete in any of the collections used here."""


def prepare_command(paths: Sequence[Path], out: Path) -> int:
    """Write one prepared case below `out` for each CT volume and each mammography; returns the exit code."""
    found = scan(paths, home=home())
    for problem in found.not_loaded:
        print(problem.line(), file=sys.stderr)
    given = list(_truths(paths))
    truths = {truth["series_instance_uid"]: truth for truth in given if "series_instance_uid" in truth}
    volumes = [
        d for study in found.studies for d in study.display_sets if d.geometry is not None and d.has_hu
    ]
    examinations = [study for study in found.studies if mammograms_of(study)]
    if not volumes and not examinations:
        print(
            "Nothing to prepare was found: a case needs CT slices with positions and Hounsfield units, or "
            "mammograms for presentation with side, view and pixel size.",
            file=sys.stderr,
        )
        return ExitCode.NOTHING_READ
    loader = Loader()
    try:
        with progress_bar("Preparing") as progress:
            for number, display_set in enumerate(volumes):
                progress(number / len(volumes), display_set.title)
                folder = out / f"{number:03d}_{display_set.series_instance_uid[-24:]}"
                save_case(_case(loader, display_set, truths.get(display_set.series_instance_uid)), folder)
                lesions = len(_findings(truths.get(display_set.series_instance_uid)))
                print(f"{folder}: {display_set.title}, {lesions} findings of the truth")
        prepare_exams(examinations, given, loader, out)
    finally:
        loader.close()
    return ExitCode.DONE


def _case(loader: Loader, display_set: DisplaySet, truth: dict[str, Any] | None) -> Case:
    assert display_set.geometry is not None
    stack = loader.complete(display_set)
    first = display_set.instances[0]
    without = tuple(k for k in range(len(stack.ready)) if not stack.ready[k])
    return Case(
        hu=stack.hu(),
        grid=to_grid(display_set.geometry),
        patient=str((truth or {}).get("patient_id") or first.patient_id),
        missing=without,
        lesions=tuple(_lesion(finding) for finding in _findings(truth)),
        meta=header_fields(first) | {"series_instance_uid": display_set.series_instance_uid},
    )


def _findings(truth: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Of a truth file; `KeyError` where it has none."""
    if truth is None:
        return []
    return list(truth["findings"] if "findings" in truth else truth["lesions"])


def _lesion(finding: dict[str, Any]) -> TruthLesion:
    diameter_mm = float(finding.get("equiv_diameter_mm") or finding["diameter_mm"])
    counted = finding.get("kind", "nodule") in COUNTED_KINDS and finding.get("certainty", "sure") == "sure"
    x, y, z = (float(v) for v in finding["center_lps_mm"])
    return TruthLesion(
        id=str(finding["id"]),
        center_lps_mm=(x, y, z),
        diameter_mm=diameter_mm,
        kind=str(finding.get("kind", "nodule")),
        texture=str(finding.get("texture", "")),
        ignore=not counted or diameter_mm < SMALLEST_COUNTED_MM,
    )


def _truths(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Truth files at, below and beside the paths; one that cannot be read is named and left out."""
    for file in sorted({file for path in paths for file in _truth_files(path)}):
        try:
            truth = json.loads(file.read_bytes())
            if "images" not in truth:
                truth["series_instance_uid"], _findings(truth)
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"{file}: not a truth file ({error!r}); left out.", file=sys.stderr)
            continue
        yield truth


def _truth_files(path: Path) -> Iterator[Path]:
    for pattern in ("truth.json", "*.truth.json"):
        if path.is_dir():
            yield from path.rglob(pattern)
        yield from path.parent.glob(pattern)
        yield from path.resolve().parent.parent.glob(pattern)
