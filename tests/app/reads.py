"""Second reads made by hand, as a worker's would arrive."""

from inference.protocol import Domain, OperatingPoint
from tests.core.reading.made import proposed
from viewer.app.second_read.model_read import ModelRead, StudyRead

STUDY = "1.2.3"


def model_read(*findings, status="done", reason=None, model="ct_lung_nodule") -> ModelRead:
    return ModelRead(
        model_id=model,
        model_version="1.0.0",
        model_sha256="ab" * 32,
        status=status,
        reason=reason,
        device="cpu",
        seconds=12.5,
        operating_point=OperatingPoint("balanced", 0.62, 1.0, "false marks per litre"),
        domain=Domain("near", 0.4, ("kernel FC51 is rare",)),
        findings=findings,
    )


def study_read(*reads) -> StudyRead:
    return StudyRead(study_instance_uid=STUDY, patient_id="P", warnings=(), reads=reads)


def two_findings() -> StudyRead:
    """M1 at the place of a mark at the origin, M2 far from it, and M3 below the operating point."""
    return study_read(
        model_read(
            proposed("M1", at=(1.0, 0.0, 0.0), probability=0.9),
            proposed("M2", at=(60.0, 0.0, 0.0), probability=0.4),
            proposed("M3", at=(0.0, 60.0, 0.0), probability=0.1, above_operating_point=False),
        )
    )
