from dataclasses import replace

from tests.core.reading.made import run_of
from tests.core.report import made
from viewer.core.dicom.display_set import Patient, Series, SeriesWarning, Study
from viewer.core.dicom.mammogram import Mammogram
from viewer.core.reading.reading import Assessment, Category, Judgement, Stage, Verdict
from viewer.core.report.html import PAPER, print_blocks, report_html
from viewer.core.report.page import model_page, reader_page
from viewer.core.report.words import probability_words


def study(where=None, **changes):
    where = where or made.display_set()
    series = Series(
        series_instance_uid=made.SERIES,
        study_instance_uid=made.STUDY,
        number=1,
        description="Lung",
        modality="CT",
        display_sets=(where,),
    )
    values = {
        "study_instance_uid": made.STUDY,
        "patient": Patient("key", "P1", "Doe^Jane", "19600229", "F"),
        "date": "20260102",
        "time": "",
        "description": "CT chest, low-dose screening",
        "accession_number": "",
        "series": (series,),
    }
    return Study(**(values | changes))


def page(reads=None, **changes):
    reads = [made.second_read(made.display_set())] if reads is None else reads
    return reader_page(study(), made.reading(**changes), reads, events=184)


def test_a_card_says_what_the_malignancy_rests_on_and_what_the_reader_corrected():
    rated = replace(made.M1, malignancy=0.3, concepts=(("spiculation", 2.3), ("margin", 3.0)))
    run = replace(run_of("M1"), findings=(rated.tracking_uid,))
    said = {rated.tracking_uid: {"spiculation": 4.0}}
    made_page = page(model=(rated, made.M3, made.M2, made.M4), runs=(run,), corrections=said)
    origin = next(card.origin for card in made_page.findings if "M1" in card.name)
    assert "Malignancy as readers rate it (no pathology): 30 %, from size and spiculation 2.3 of 5" in origin
    assert "The reader rates spiculation 4: " in origin


def test_findings_rejected_and_undecided_stand_apart():
    made_page = page()
    assert [c.name for c in made_page.findings] == ["R2", "R1 = M1"]  # in order of size
    assert [(c.name, c.verdict) for c in made_page.rejected] == [
        ("M3", "Rejected: Normal anatomy (vessel, gland, node): crossing vessel")
    ]
    assert [(c.name, c.verdict) for c in made_page.undecided] == [("M2", "Not reviewed; signed without it")]
    assert made_page.findings[1].lines[0] == "8.4 × 6.7 mm, mean 7.6 mm · 237 mm³ · slice 6 of 12"
    assert "the model marked the same place. Model: probability 87 %" in made_page.findings[1].origin


def test_category_rule_management_and_what_it_was_before():
    value, headline, rule, follows, change = page().category
    assert (value, headline) == ("3", "Lung-RADS v2022, category 3: probably benign")
    assert rule == "Rule: solid, baseline, 6 to < 8 mm."
    assert follows == "Management: low-dose CT in 6 months."
    assert change == "unaided 3, unchanged"
    changed = page(unaided_category=Category("Lung-RADS v2022", "2", ""))
    assert changed.category[4] == "unaided 2, changed after the reveal"


def test_how_it_was_read():
    how = dict(page(slices_seen={"set": frozenset(range(9))}).how)
    assert how["Paradigm"] == "second reader"
    assert how["Committed"] == "2026-01-02 10:43:58 UTC"
    assert how["Seal of the commit"] == "7f3a" * 16
    assert how["On screen"] == "9 of 12 slices of Lung 2 mm"
    assert how["Record"] == "184 events in reading reading-1"
    assert how["Weights"] == f"SHA-256 {made.SHA}"
    assert how["Operating point"].startswith("balanced: marks from a probability of 0.20")
    assert "kernel FC51" in how["Study and training data"]
    assert how["Below it"] == "1 candidate, kept in the record"


def test_a_corrected_finding_is_reported_as_the_reader_corrected_it():
    uid = made.M2.tracking_uid
    smaller = replace(made.M2, long_axis=((0.0, 0.0, 4.0), (3.0, 0.0, 4.0)), short_axis=None, volume_mm3=None)
    accepted = {uid: Judgement(Verdict.ACCEPTED, at="2026-01-02T10:45:00Z")}
    card = next(
        c for c in page(edited={uid: smaller}, judgements=accepted, joined={}).findings if c.name == "M2"
    )
    assert card.lines[0].startswith("3.0 mm · ")


def test_no_findings_not_run_and_failed_look_different():
    where, looks = made.display_set(), {}
    for status in ("done", "not_run", "failed"):
        read = made.second_read(
            where, status=status, reason="" if status == "done" else "why", findings=(), masks={}
        )
        html = report_html(model_page(study(), [read]), {})
        shown = html[html.index("<main>") :]
        assert ("None above the operating point." in shown) == (status == "done")
        assert ("Not known: no model gave an answer." in shown) == (status != "done")
        looks[status] = next(
            kind for kind in ("none", "not_run", "failed") if f'class="state {kind}"' in shown
        )
        assert (
            f"{read.name}: " + {"done": "no findings", "not_run": "not run", "failed": "failed"}[status]
        ) in shown
    assert looks == {"done": "none", "not_run": "not_run", "failed": "failed"}


def test_a_page_without_a_reader_says_so():
    made_page = model_page(study(), [made.second_read(made.display_set())])
    html = report_html(made_page, {})
    assert "no human has read this study" in html
    assert [c.verdict for c in made_page.findings] == ["Not read by a human"] * 3
    assert "Impression" not in html


def test_before_the_reveal_the_page_holds_nothing_of_the_model():
    sealed = page(
        reads=[],
        stage=Stage.UNAIDED,
        model=(),
        judgements={},
        joined={},
        signed_at="",
        revealed_at="",
        second_read_status="",
        signed_without=(),
    )
    assert sealed.states[0].title == "Second reader: not revealed"
    assert not sealed.undecided
    assert "0.87" not in report_html(sealed, {})


def test_the_page_is_whole_in_itself_and_text_in_it_is_inert():
    nasty = '<img src=x onerror="alert(1)"> \x1b[31m {{ 7*7 }} \f cut'
    made_page = page(impression=nasty, own=(made.finding("R1", label=nasty, note=nasty),))
    images = {made.R1.tracking_uid: "data:image/png;base64,AAAA"}
    html = report_html(made_page, images)
    assert "<img src=x" not in html
    assert "\x1b" not in html
    assert "{{ 7*7 }}" in html
    assert 'src="data:image/png;base64,AAAA"' in html
    assert "http://" not in html
    assert "https://" not in html
    assert "Research software. Not a medical device." in html
    blocks = print_blocks(made_page, images)
    assert sum("␌ cut" in block for block in blocks) == 2  # the impression; the card with label and note
    assert not any("<script" in block or 'onerror="alert' in block for block in blocks)


def test_what_was_measured_chosen_and_put_there_stands_on_the_page():
    told = page(**made.PICTURED)
    assert dict(told.measurements) == {
        "Distance 1": "5.0 mm · slice 6 of 12 · belongs to R1",
        "Bidirectional 2": "8.0 × 6.0 mm · slice 5 of 12",
        "Distance 3": "8.0 mm · coronal, y −5.2 mm",
    }
    assert [(f.name, f.title, *f.lines) for f in told.key_images] == [
        ("K1", "Slice 6 of 12", "Lung: W 1400, L −600"),
        ("K2", "Slice 3 of 12", "Lung: W 1400, L −600, inverted"),
    ]
    before, after = told.snapshots
    assert before.lines == (
        "Lung: W 1400, L −600 · zoom 2.5",
        "Taken before the second reader was revealed.",
    )
    assert after.title == "Coronal, y −5.2 mm"
    assert after.lines[1:] == (
        "Made here from the slices of Lung 2 mm.",
        "Taken after the second reader was revealed.",
    )


def test_a_distance_across_missing_slices_says_so_on_the_page():
    where = made.display_set(missing=(5,))
    told = reader_page(study(where), made.reading(distances=(made.D3,)))
    assert told.measurements[0][1].startswith("8.0 mm, across a gap · ")


def test_pictures_stand_in_both_forms_and_one_that_is_not_there_says_so():
    told = page(**made.PICTURED)
    there = {figure.key: f"data:{figure.key}" for figure in told.figures[:-1]}
    for text in (report_html(told, there), " ".join(print_blocks(told, there))):
        for words in ("Measurements", "Bidirectional 2", "Key images", "K2", "Snapshots", "S2", "zoom 2.5"):
            assert words in text, words
        assert all(f'src="data:{figure.key}"' in text for figure in told.figures[:-1])
        assert text.count("The picture is not here") == 1


def test_every_section_is_in_both_forms():
    made_page = replace(
        page(amendments=("side corrected",), amended_at=("2026-01-03T09:00:00Z",)),
        objects=(("Reader's report", "reader_sr.dcm"),),
        refused=("No SEG: no mask.",),
    )
    for text in (report_html(made_page, {}), " ".join(print_blocks(made_page, {}))):
        for words in (
            "Doe, Jane",
            "Impression",
            "Lung-RADS v2022, category 3",
            "Findings",
            "Rejected",
            "Undecided",
            "Prior not available",
            "How it was read",
            "Objects written",
            "reader_sr.dcm",
            "No SEG: no mask.",
            "side corrected",
            "2026-01-03 09:00:00 UTC",
        ):
            assert words in text, words


def test_warnings_of_the_series_stand_on_the_page():
    where = replace(
        made.display_set(missing=(5,)),
        warnings=(SeriesWarning("missing_slices", "1 of 12 slices is missing."),),
    )
    html = report_html(reader_page(study(where), made.reading()), {})
    assert "1 of 12 slices is missing." in html


def test_colours_of_paper_are_legible_on_white():
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for name in ("text", "text_2", "text_3", "model", "reader", "warning", "danger"):
        for ground in ("ground", "raised"):
            ratio = (luminance(PAPER[ground]) + 0.05) / (luminance(PAPER[name]) + 0.05)
            assert ratio >= 4.5, (name, ground, ratio)


def test_a_probability_just_below_one_is_not_called_certain():
    assert probability_words(made.finding("M1", probability=0.998)) == "Model: probability > 99 %."


# --- mammographies


def breast_page(**changes):
    return reader_page(made.breast_study(), made.breast_reading(**changes), [made.breast_read()])


def test_a_mammography_is_told_by_breast():
    page = breast_page()
    value, headline, each, follows, change = page.category
    assert (value, headline) == ("4B", "BI-RADS 5th edition, category 4B: moderate suspicion")
    assert each == "Right breast: 4B, moderate suspicion. Left breast: 3, probably benign."
    assert follows == "Breast density b: scattered fibroglandular densities. Recall: yes."
    assert change == "unaided: density b, right breast 4A, left breast 3, recall yes"
    assert [(c.name, c.title) for c in page.findings] == [
        ("R1 = M1", "Mass, right breast"), ("R2", "Calcifications, left breast"),
    ]  # fmt: skip
    assert page.findings[0].lines == (
        "R CC, R MLO · upper outer quadrant, 10 o'clock, middle depth, 43 mm from the nipple (CC)",
        "Irregular, spiculated, skin retraction, nipple retraction",
        "felt by the patient",
    )
    assert page.findings[1].lines[0].endswith("posterior depth (computed from the marks, not confirmed)")
    assert page.nothing == "" and page.comparison == "No earlier examination was on screen."


def test_a_breast_without_a_finding_says_so_and_so_does_an_examination_without_any():
    only_right = breast_page(own=(made.MASS,))
    assert only_right.nothing == "No findings in the left breast."
    clear = breast_page(own=(), model=(), judgements={}, joined={})
    assert clear.nothing == "The reader reports no findings in the right breast or the left breast."


def test_what_is_missing_contradicts_itself_or_was_not_seen_stands_at_the_top_of_the_page():
    said = Assessment(density="b", categories={"R": "5"}, recall="no")
    seen = {f"mg{n}/full resolution": frozenset({0}) for n in (1, 2, 3)}
    page = breast_page(assessment=said, slices_seen=seen)
    assert page.warnings[:3] == (
        "Not given: category of the left breast.",
        "Category 5 without a recall.",
        "Not shown whole at full resolution: L MLO.",
    )
    beside = breast_page(slices_seen={"mg1": frozenset({0}), "prior/overview": frozenset({0})})
    assert beside.comparison == "An earlier examination was on screen beside this one."


def test_an_unstated_side_is_told_and_a_stated_one_too():
    study = made.breast_study()
    first = study.display_sets[0]
    unsure = replace(first.instances[0], mammogram=Mammogram(view="CC", contradiction="it says R and L"))
    broken = replace(first, instances=(unsure,))
    series = (replace(study.series[0], display_sets=(broken,)), *study.series[1:])
    study = replace(study, series=series)
    mark = made.on_views("R1", made.in_view(1, 5, 6))
    page = reader_page(study, made.breast_reading(own=(mark,), model=(), judgements={}, joined={}), [])
    assert page.findings[0].title == "Mass, side not stated"
    assert "The side of R CC was not stated: it says R and L." in page.warnings
    sides = {unsure.sop_instance_uid: "R"}
    stated = made.breast_reading(own=(mark,), model=(), judgements={}, joined={}, sides=sides)
    told = reader_page(study, stated, []).warnings
    assert any(words.endswith("the reader states the right breast.") for words in told)


def test_a_model_that_marked_one_breast_says_that_it_marked_nothing_in_the_other():
    read = made.breast_read(findings=(made.OF_MODEL,))
    page = model_page(made.breast_study(), [read])
    assert page.nothing == "No mark above the operating point in the left breast."
    assert [c.title for c in page.findings] == ["Mass, right breast"]
    not_run = made.breast_read(findings=(), status="not_run", reason="no bundle")
    assert model_page(made.breast_study(), [not_run]).nothing == "Not known: no model gave an answer."


def test_each_view_of_a_finding_has_its_key_image_on_both_forms_of_the_page():
    page = breast_page()
    keys = page.findings[0].pictures
    assert len(keys) == 2
    images = {key: f"data:,{n}" for n, key in enumerate(keys)}
    for text in (report_html(page, images), "".join(print_blocks(page, images))):
        assert 'src="data:,0"' in text and 'src="data:,1"' in text
