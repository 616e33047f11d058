import pytest
from highdicom.sr import Comprehensive3DSR
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO

from inference.protocol import Measurement
from tests.core.report import made
from viewer.core.reading.reading import Category, Judgement, Stage, Verdict
from viewer.core.report.source import ReportError, source
from viewer.core.report.structured import device_uid, model_sr, reader_sr


def sources(**changes):
    return [source(made.display_set(**changes))]


def read_back(report):
    data = DicomBytesIO()
    report.save_as(data, enforce_file_format=True)
    data.seek(0)
    return Comprehensive3DSR.from_dataset(dcmread(data))


def groups(report):
    """Measurement groups of a report that was written and read again, by Tracking UID."""
    content = read_back(report).content
    found = [*content.get_planar_roi_measurement_groups(), *content.get_image_measurement_groups()]
    return {str(g.tracking_uid): g for g in found}


def codes(items):
    """Meaning of each coded answer directly below `items`, by the meaning of its question."""
    return {
        i.ConceptNameCodeSequence[0].CodeMeaning: i.ConceptCodeSequence[0].CodeMeaning
        for i in items
        if i.ValueType == "CODE"
    }


def texts(items):
    return {i.ConceptNameCodeSequence[0].CodeMeaning: i.TextValue for i in items if i.ValueType == "TEXT"}


def numbers(group):
    return {m.name.meaning: m.value for m in group.get_measurements()}


def evaluations(report):
    box = [i for i in report.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "C0034375"]
    return box[0].ContentSequence


def test_a_name_of_one_word_is_kept_in_every_report_of_the_images():
    where = sources(patient_name="Phantom")
    read = made.second_read(made.display_set(patient_name="Phantom"))
    model = model_sr(where, read)
    reader = reader_sr(where, made.reading(), [read], [model])  # a warning of highdicom would fail here
    assert (model.PatientName, reader.PatientName) == ("Phantom", "Phantom")


def test_model_and_reader_are_joined_by_tracking_uids():
    where, read = sources(), made.second_read(made.display_set())
    model = model_sr(where, read)
    reader = reader_sr(where, made.reading(), [read], [model])
    of_model, of_reader = groups(model), groups(reader)
    assert set(of_model) == {f.tracking_uid for f in (made.M1, made.M2, made.M3)}
    about_findings = {uid for uid, group in of_reader.items() if group.finding_type is not None}
    assert about_findings == {*of_model, made.R2.tracking_uid}
    evidence = [uid for _, _, uid, _ in read_back(reader).get_evidence()]
    assert model.SOPInstanceUID in evidence
    assert {i.sop_instance_uid for i in made.display_set().instances} <= set(evidence)


def test_the_model_says_how_sure_it_is_and_who_it_is():
    model = model_sr(sources(), made.second_read(made.display_set()))
    assert (model.PreliminaryFlag, model.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    group = groups(model)[made.M1.tracking_uid]
    measured = numbers(group)
    assert measured["Calibrated probability of the finding"] == 0.87
    assert measured["Detection score before calibration"] == 2.31
    assert measured["Long axis"] == 8.0
    assert measured["Volume"] == pytest.approx(204.8)
    assert codes(group[0].ContentSequence)["Attenuation type of the nodule"] == "solid pulmonary nodule"
    algorithm = texts(group[0].ContentSequence)
    assert algorithm["Algorithm Name"] == "ct_lung_nodule"
    assert algorithm["Algorithm Version"] == "1.0.0"
    said = texts(evaluations(model))
    assert made.SHA in said["Model, version and hash of its weights"]
    assert "Not a medical device" in said["Notice"]
    parameters = [
        i.TextValue for i in group[0].ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "111002"
    ]
    assert f"weights-sha256={made.SHA}" in parameters
    assert "threshold=0.2 (balanced)" in parameters


def test_a_midline_shift_is_a_number_with_its_side_and_why_there_is_none_is_said():
    shift = Measurement("midline shift", 6.75, 2.0, "R")
    report = model_sr(sources(), made.second_read(made.display_set(), measurements=(shift,)))
    (group,) = (g for uid, g in groups(report).items() if uid not in groups_of_findings())
    assert numbers(group) == {"Shift of the brain's midline at the ventricles": 6.75}
    said = "Measurement of the whole study, with how far it may be off"
    assert texts(group[0].ContentSequence)[said] == "midline shift: 7 mm to the right (± 2 mm)"

    silent = Measurement("midline shift", reason="the ventricles are not seen")
    report = model_sr(sources(), made.second_read(made.display_set(), measurements=(silent,)))
    assert set(groups(report)) == groups_of_findings()
    assert texts(evaluations(report))[said] == "midline shift: not measured: the ventricles are not seen"


def groups_of_findings():
    return {f.tracking_uid for f in (made.M1, made.M2, made.M3)}


def test_every_decision_has_its_code_its_reason_and_its_time():
    read = made.second_read(made.display_set())
    deferred = made.reading().judgements | {
        made.M2.tracking_uid: Judgement(Verdict.UNDECIDED, at="2026-01-02T10:45:00Z")
    }
    found = groups(reader_sr(sources(), made.reading(judgements=deferred), [read]))
    items = {uid: group[0].ContentSequence for uid, group in found.items()}
    action = "Reader's action on the finding"
    said = {
        name: codes(items[f.tracking_uid])
        for name, f in vars(made).items()
        if name in ("M1", "M2", "M3", "R2")
    }
    assert said["M1"][action] == "Accepted, with the reader's own measures"
    assert said["M1"]["Who marked the finding first"] == "Reader and model, each without the other"
    assert said["M3"][action] == "Rejected"
    assert said["M3"]["Reason for the rejection"] == "Normal anatomy: vessel, gland or node"
    assert said["M3"]["Finding"] == "Non-lesion"
    assert texts(items[made.M3.tracking_uid])["Comment"] == "crossing vessel"
    assert said["M2"][action] == "Looked at, left undecided"
    assert said["R2"][action] == "Reader's own finding"
    times = [str(i.ObservationDateTime) for i in items[made.M1.tracking_uid] if "ObservationDateTime" in i]
    assert len(times) == 1
    assert times[0].endswith("10.250000")


def test_an_accepted_finding_that_the_reader_measured_carries_the_readers_measures():
    read = made.second_read(made.display_set())
    group = groups(reader_sr(sources(), made.reading(), [read]))[made.M1.tracking_uid]
    assert group.tracking_identifier == "R1 = M1"
    assert numbers(group)["Long axis"] == pytest.approx(8.4)
    assert made.R1.tracking_uid in texts(group[0].ContentSequence)["Reader's own mark at the same place"]


def test_a_finding_never_looked_at_is_not_reviewed():
    group = groups(reader_sr(sources(), made.reading()))[made.M2.tracking_uid]
    assert codes(group[0].ContentSequence)["Reader's action on the finding"] == "Not reviewed"
    assert group.tracking_identifier == "M2, not decided"
    assert not group.get_measurements()


def test_the_readers_report_says_what_was_concluded_and_how():
    read = made.second_read(made.display_set())
    report = reader_sr(sources(), made.reading(), [read])
    assert (report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag) == (
        "COMPLETE",
        "VERIFIED",
        "FINAL",
    )
    assert report.VerifyingObserverSequence[0].VerifyingObserverName == "A. Example, MD^"
    items = evaluations(report)
    said, coded = texts(items), codes(items)
    assert said["Impression"] == "Solid nodule in the left upper lobe.\nNo effusion."
    assert coded["Lung-RADS category"] == "Lung-RADS 3: probably benign"
    assert "solid, baseline" in said["Rule that gave the category"]
    assert said["Signed without a decision on"] == "M2"
    assert said["Comparison"].startswith("Prior not available")
    assert said["How reader and model read together"] == "second reader"
    assert said["Seal: SHA-256 of the committed record"] == "7f3a" * 16
    assert "ct_lung_nodule 1.0.0" in said["Model, version and hash of its weights"]
    moments = [i.DateTime for i in items if i.ValueType == "DATETIME"]
    assert len(moments) == 3
    assert "TimezoneOffsetFromUTC" in report


def test_nothing_found_not_run_and_failed_are_three_statements():
    where = made.display_set()
    summary = {}
    for status, reason in (("done", ""), ("not_run", "slices of 10 mm"), ("failed", "the worker died twice")):
        read = made.second_read(where, status=status, reason=reason, findings=(), masks={})
        report = model_sr([source(where)], read)
        assert not groups(report)
        coded, said = codes(evaluations(report)), texts(evaluations(report))
        summary[status] = coded["Summary of Detections"], coded["CAD Processing and Findings Summary"]
        assert reason in said["State of the second read"]
        assert said.get("Why there is no complete second read", "") == reason
    assert summary["done"] == ("Succeeded", "All algorithms succeeded; without findings")
    assert summary["not_run"] == ("Not Attempted", "No algorithms succeeded; without findings")
    assert summary["failed"] == ("Failed", "No algorithms succeeded; without findings")


def test_a_negative_reading_is_written_too():
    empty = made.reading(
        own=(), unaided=(), model=(), judgements={}, joined={}, signed_without=(), impression=""
    )
    report = reader_sr(sources(), empty)
    assert not groups(report)
    said = texts(evaluations(report))
    assert said["Statement on findings"] == "The reader reports no findings."
    assert said["Impression"] == "No impression was written."


def test_a_draft_is_neither_complete_nor_verified():
    report = reader_sr(sources(), made.reading(stage=Stage.REVEALED, signed_at=""))
    assert (report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag) == (
        "PARTIAL",
        "UNVERIFIED",
        "PRELIMINARY",
    )


def test_an_amendment_names_the_report_that_it_corrects():
    first = reader_sr(sources(), made.reading())
    second = reader_sr(sources(), made.reading(amendments=("The other side.",)), previous=[first])
    document = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert document.ReferencedSOPInstanceUID == first.SOPInstanceUID
    assert second.SOPInstanceUID != first.SOPInstanceUID
    assert texts(evaluations(second))["Amendment"] == "The other side."
    assert "PredecessorDocumentsSequence" not in first


def test_a_candidate_below_the_operating_point_is_in_both_reports_once_it_was_judged():
    accepted = {made.M4.tracking_uid: Judgement(Verdict.ACCEPTED, at="2026-01-02T10:44:10Z")}
    reading = made.reading(judgements=accepted, joined={})
    read = made.second_read(made.display_set())
    assert made.M4.tracking_uid in groups(model_sr(sources(), read, also=accepted))
    assert made.M4.tracking_uid in groups(reader_sr(sources(), reading, [read]))
    assert made.M4.tracking_uid not in groups(model_sr(sources(), read))


def test_the_region_is_the_outline_of_the_mask_else_a_circle_of_the_mean_diameter():
    where = made.display_set()
    found = groups(model_sr([source(where)], made.second_read(where)))
    ring = found[made.M1.tracking_uid].roi.value
    assert (ring[0] == ring[-1]).all()
    assert ring[:, 2] == pytest.approx(10.0)
    assert ring[:, 0].max() - ring[:, 0].min() == pytest.approx(made.M1.mean_diameter_mm, abs=1.7)
    own = groups(reader_sr([source(where)], made.reading()))[made.R2.tracking_uid].roi.value
    assert own[:, 0].max() - own[:, 0].min() == pytest.approx(made.R2.mean_diameter_mm, abs=0.01)
    assert own[:, 2] == pytest.approx(8.0)


def test_without_a_frame_of_reference_there_is_no_region_but_a_report():
    where = [source(made.display_set(frame_of_reference_uid=""))]
    lost = made.finding("R1", frame_of_reference_uid="")
    found = groups(reader_sr(where, made.reading(own=(lost,), model=(), joined={}, judgements={})))
    assert found[lost.tracking_uid].tracking_identifier == "R1"
    assert "Long axis" in numbers(found[lost.tracking_uid])


def test_a_category_that_the_reader_set_or_that_is_missing_is_said_as_it_is():
    by_hand = made.reading(category=Category("Lung-RADS v2022", "4X", "set by the reader", edited=True))
    items = evaluations(reader_sr(sources(), by_hand))
    assert codes(items)["Lung-RADS category"].startswith("Lung-RADS 4X")
    assert "set by the reader" in texts(items)["Rule that gave the category"]
    open_one = made.reading(category=Category("Lung-RADS v2022", "", "R1 not measured"))
    assert (
        texts(evaluations(reader_sr(sources(), open_one)))["Lung-RADS category"]
        == "Lung-RADS v2022 not given"
    )


def test_poor_sources_make_good_objects():
    poor = {
        "birth_date": "00000000",
        "sex": "X",
        "study_date": "tomorrow",
        "study_time": "99",
        "patient_name": "MONONYM",
        "patient_id": "",
        "accession_number": "A" * 40,
        "slice_thickness_mm": None,
        "spacing_mm": None,
        "orientation": None,
        "position_mm": None,
    }
    where = [source(made.display_set(**poor))]
    report = model_sr(where, made.second_read(made.display_set()))
    assert report.PatientName == "MONONYM"
    assert (report.PatientBirthDate, report.PatientSex, report.StudyDate) == ("", "", "")
    assert groups(report)


def test_what_the_index_does_not_keep_comes_from_the_header():
    header = Dataset()
    header.StudyID, header.ReferringPhysicianName = "S-17", "Who^Doctor"
    header.IssuerOfPatientID = "HOSPITAL"
    header.PatientIdentityRemoved, header.DeidentificationMethod = "YES", ["Basic\x1b", "Clean Pixel"]
    report = reader_sr([source(made.display_set(), header)], made.reading())
    assert (report.StudyID, report.ReferringPhysicianName) == ("S-17", "Who^Doctor")
    assert report.IssuerOfPatientID == "HOSPITAL"
    assert list(report.DeidentificationMethod) == ["Basic␛", "Clean Pixel"]


def test_text_of_others_cannot_steer_a_reader():
    reading = made.reading(
        impression="one\x1b[31m\x00two\u202ethree\ud800", own=(made.finding("R1", note="a\x07b"),)
    )
    report = reader_sr(sources(patient_name="Doe^Jane\x1b"), reading)
    assert texts(evaluations(report))["Impression"] == "one␛[31m␀two⟨U+202E⟩three⟨U+D800⟩"
    assert report.PatientName == "Doe^Jane␛"
    assert read_back(report)


@pytest.mark.parametrize("field", ["study_instance_uid", "sop_instance_uid", "series_instance_uid"])
def test_an_identifier_that_is_none_is_refused_in_one_sentence(field):
    with pytest.raises(ReportError, match=r"\(00\d\d,00[\da-f]{2}\) is 'not-a-uid'.*no DICOM object"):
        source(made.display_set(**{field: "not-a-uid"}))


def test_without_any_image_no_object_is_written():
    with pytest.raises(ReportError, match="no image"):
        model_sr([], made.second_read(made.display_set()))


def test_one_model_is_one_device_and_other_weights_are_another():
    where = made.display_set()
    one, same, other = (made.second_read(where, sha256=s) for s in ("aa", "aa", "bb"))
    assert device_uid(one) == device_uid(same) != device_uid(other)


def test_a_finding_on_two_views_is_a_region_on_each_image_under_one_tracking_uid():
    where = [source(d) for d in made.mammograms()]
    mass = made.on_views(
        "R1", made.in_view(1, 99.0, 199.0, (89.5, 189.5, 109.5, 209.5)), made.in_view(3, 50, 60)
    )
    report = reader_sr(where, made.reading(own=(mass,), unaided=(), model=(), judgements={}, joined={}))
    found = read_back(report).content.get_planar_roi_measurement_groups()
    assert [str(g.tracking_uid) for g in found] == [mass.tracking_uid] * 2
    box, point = (g.roi for g in found)
    assert box.value.tolist() == [[90, 190], [110, 190], [110, 210], [90, 210], [90, 190]]
    assert point.value.tolist() == [[50.5, 60.5]]
    images = [r.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID for r in (box, point)]
    assert images == [f"{made.MG}.1.1", f"{made.MG}.3.1"]
