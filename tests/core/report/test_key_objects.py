from dataclasses import replace

import pytest
from highdicom.ko import KeyObjectSelectionDocument
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from tests.core.report import made
from viewer.core.reading.reading import Stage
from viewer.core.report.key_objects import key_objects
from viewer.core.report.source import ReportError, source


def written(where=None, **changes):
    reading = made.reading(**({"key_images": (made.K1, made.K2)} | changes))
    document = key_objects([source(where or made.display_set())], reading)
    data = DicomBytesIO()
    document.save_as(data, enforce_file_format=True)
    data.seek(0)
    return KeyObjectSelectionDocument.from_dataset(dcmread(data))


def references(document):
    items = [i for i in document.ContentSequence if i.ValueType == "IMAGE"]
    return [i.ReferencedSOPSequence[0] for i in items]


def test_it_names_the_images_in_the_order_in_which_they_were_chosen():
    document = written()
    assert document.ConceptNameCodeSequence[0].CodeMeaning == "Of Interest"
    assert [r.ReferencedSOPInstanceUID for r in references(document)] == [
        f"{made.SERIES}.6",
        f"{made.SERIES}.3",
    ]
    assert document.resolve_reference(f"{made.SERIES}.3") == (made.STUDY, made.SERIES, f"{made.SERIES}.3")
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert len(series.ReferencedSOPSequence) == 2  # only what was chosen


def test_it_says_who_chose_and_in_which_window():
    document = written()
    (said,) = [i.TextValue for i in document.ContentSequence if i.ValueType == "TEXT"]
    assert said.splitlines() == [
        "Key images of the reader.",
        "slice 6 of 12; Lung: W 1400, L −600",
        "slice 3 of 12; Lung: W 1400, L −600, inverted",
    ]
    assert "A. Example, MD" in [
        str(i.PersonName).strip("^") for i in document.ContentSequence if "PersonName" in i
    ]
    assert document.SeriesDescription == "Key images"
    draft = written(stage=Stage.REVEALED, signed_at="", signed_without=())
    assert draft.SeriesDescription == "Key images, draft"


def test_frames_of_one_object_are_named_by_their_numbers():
    frames = tuple(
        made.instance(k, sop_instance_uid="1.2.3.20", frame=k, frames=12, position_mm=(0.0, 0.0, 2.0 * k))
        for k in range(12)
    )
    where = replace(made.display_set(), instances=frames)
    chosen = tuple(
        replace(made.K1, key=f"k{n}", shows=made.shown(0, sop_instance_uid="1.2.3.20", frame=n))
        for n in (7, 2)
    )
    (reference,) = references(written(where, key_images=chosen))
    assert reference.ReferencedSOPInstanceUID == "1.2.3.20"
    assert list(reference.ReferencedFrameNumber) == [7, 2]


def test_without_key_images_there_is_no_document():
    assert key_objects([source(made.display_set())], made.reading()) is None


def test_key_images_that_cannot_be_referred_to_are_refused_in_one_sentence():
    reading = made.reading(key_images=(replace(made.K1, shows=made.shown(5, display_set="another")),))
    with pytest.raises(ReportError, match="none of them"):
        key_objects([source(made.display_set())], reading)
