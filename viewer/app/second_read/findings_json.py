"""`findings.json`: what second reads say, for programs. `resources/schemas` has its schema."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from inference.protocol import Candidate, Score
from viewer.app.second_read.model_read import ModelRead, StudyRead
from viewer.app.whole_files import write_file
from viewer.core.dicom.problem import Problem
from viewer.core.reading.finding import Finding
from viewer.core.reading.lung_rads import finding_category, is_nodule

FILE = "findings.json"
SCHEMA_VERSION = 1
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """A DICOM object that was written for a study; `path` relative to the folder of `findings.json`."""

    path: str
    kind: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Where the mask of a finding was written: the object's path, and the segment's number in it."""

    path: str
    number: int


@dataclass(frozen=True, slots=True)
class StudyResult:
    """A read study with what was written for it; `segments` by tracking UID."""

    read: StudyRead
    objects: tuple[WrittenObject, ...] = ()
    segments: Mapping[str, Segment] = field(default_factory=dict)


def write_findings_json(results: Sequence[StudyResult], not_loaded: Sequence[Problem], out: Path) -> Path:
    """Write `findings.json` into `out`, whole or not at all; what does not fit the schema is not written."""
    document = findings_document(results, not_loaded)
    text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    validate(json.loads(text))
    write_file(out / FILE, text.encode("utf-8"))
    return out / FILE


def validate(document: Json) -> None:
    """Raise `jsonschema.ValidationError` where a document does not follow the schema."""
    import jsonschema  # slow to load, and only needed once a read has ended

    jsonschema.Draft202012Validator(schema()).validate(document)


def schema() -> Json:
    """The JSON schema of `findings.json`."""
    text = (files("resources") / "schemas" / "findings.schema.json").read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    return loaded


def findings_document(results: Sequence[StudyResult], not_loaded: Sequence[Problem]) -> Json:
    """The whole document."""
    return {
        "schema_version": SCHEMA_VERSION,
        "software": {"name": "tandem", "version": version("tandem")},
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_loaded": [asdict(problem) for problem in not_loaded],
        "studies": [_study(result) for result in results],
    }


def _study(result: StudyResult) -> Json:
    read = result.read
    return {
        "study_instance_uid": read.study_instance_uid,
        "patient_id": read.patient_id,
        "warnings": [asdict(warning) for warning in read.warnings],
        "reads": [_read(part, result.segments) for part in read.reads],
        "objects": [asdict(written) for written in result.objects],
    }


def _read(read: ModelRead, segments: Mapping[str, Segment]) -> Json:
    return {
        "model": {"id": read.model_id, "version": read.model_version, "sha256": read.model_sha256},
        "status": read.status,
        "reason": read.reason,
        "device": read.device,
        "seconds": read.seconds,
        "operating_point": msgspec.to_builtins(read.operating_point),
        "domain": msgspec.to_builtins(read.domain),
        "inputs": [asdict(considered) for considered in read.inputs],
        "scores": msgspec.to_builtins(_scores(read)),
        "measurements": msgspec.to_builtins(read.measurements),
        "findings": [
            _finding(number, finding, read, segments.get(finding.tracking_uid))
            for number, finding in enumerate((f for f in read.findings if not f.of_series), start=1)
        ],
    }


def _scores(read: ModelRead) -> tuple[Score, ...]:
    """What it says of the whole; where it speaks of places alone, of the study the most probable of them."""
    most = max((c.probability for c in read.candidates.values()), default=None)
    return read.scores or (() if most is None else (Score("study", "any", most),))


def _finding(number: int, finding: Finding, read: ModelRead, segment: Segment | None) -> Json:
    candidate = read.candidates[finding.tracking_uid]
    return {
        "id": f"f{number}",
        "name": finding.name,
        "tracking_uid": finding.tracking_uid,
        "label": finding.label,
        "probability": candidate.probability,
        "score": finding.score,
        "calibrated": finding.probability is not None,
        "above_operating_point": finding.above_operating_point,
        "malignancy": finding.malignancy,
        "places": _places(finding),
        **_size(candidate),
        "laterality": finding.laterality or read.laterality.get(finding.tracking_uid),
        "category": _category(finding),
        **({"concepts": candidate.concepts} if candidate.concepts else {}),
        **({"nearest": msgspec.to_builtins(candidate.nearest)} if candidate.nearest else {}),
        "characteristics": msgspec.to_builtins(candidate.characteristics),
        "segment": asdict(segment) if segment else None,
    }


def _places(finding: Finding) -> list[Json]:
    """The one in the patient, or those on images; a model gives each of those its box."""
    if finding.center_lps_mm is not None:
        return [
            {
                "frame_of_reference_uid": finding.frame_of_reference_uid,
                "series_instance_uid": finding.series_instance_uid,
                "center_lps_mm": list(finding.center_lps_mm),
            }
        ]
    return [
        {
            "sop_instance_uid": place.sop_instance_uid,
            "series_instance_uid": place.series_instance_uid,
            "frame": place.frame,
            "column": place.column,
            "row": place.row,
            "box": None if place.box is None else list(place.box),
        }
        for place in finding.places
    ]


def _size(candidate: Candidate) -> Json:
    return {
        "diameter_mm": candidate.diameter_mm,
        "long_axis_mm": candidate.long_axis_mm,
        "short_axis_mm": candidate.short_axis_mm,
        "volume_mm3": candidate.volume_mm3,
    }


def _category(finding: Finding) -> Json | None:
    """Lung-RADS of this finding alone; None for what is no nodule or was not measured."""
    if not is_nodule(finding):
        return None
    given = finding_category(finding)
    return {"scheme": given.scheme, "value": given.value, "rule": given.rule} if given.value else None
