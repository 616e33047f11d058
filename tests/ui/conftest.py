"""Windows in tests: garbage is collected between tests in this thread, as the program does it."""

import gc

import pytest

from viewer.app.second_read import sealed
from viewer.app.second_read.model_read import StudyRead


@pytest.fixture(autouse=True)
def garbage_stays_in_this_thread():
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(scope="package", autouse=True)
def no_model_reads():
    """Whatever is installed: no worker starts for a window whose test is not about the second reader."""

    def nothing(study, *more, **options):
        return sealed.SealedRead(
            StudyRead(study_instance_uid=study.study_instance_uid, patient_id=study.patient.id)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed, "read_sealed", nothing)
        yield
