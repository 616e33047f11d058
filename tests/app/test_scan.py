"""From folders to studies: incremental, remembered, and again when something changed."""

import os
import sqlite3
import zipfile

import pytest

from tests.conftest import shared_data
from tests.core.dicom.files import ct, save
from viewer.app import contents
from viewer.app.scan import Scanner, scan
from viewer.core.dicom.instance import Location


@pytest.fixture
def parsed(monkeypatch):
    """Names of the files that were really parsed."""
    names = []
    original = contents.parse

    def counting(data, location, size, name):
        names.append(name)
        return original(data, location, size, name)

    monkeypatch.setattr(contents, "parse", counting)
    return names


def counts(result):
    return [s.count for study in result.studies for s in study.display_sets]


def test_a_second_scan_parses_nothing_and_says_the_same(tmp_path, home, parsed):
    folder = tmp_path / "in"
    save(folder, *(ct(k) for k in range(1, 6)))
    (folder / "notes.txt").write_text("not DICOM, but kept beside the images")
    first = scan([folder], home=home)
    read = len(parsed)
    second = scan([folder], home=home)
    assert len(parsed) == read == 6
    assert second.studies == first.studies
    assert second.not_loaded == first.not_loaded and "notes.txt" in first.not_loaded[0].file


def test_a_remembered_file_that_changed_is_read_again(tmp_path, home, parsed):
    (path,) = save(tmp_path / "in", ct(1))
    scan([path], home=home)
    ct(1, PatientName="Other^Name").save_as(path, enforce_file_format=True)
    os.utime(path, ns=(1, 1))
    (study,) = scan([path], home=home).studies
    assert study.patient.name == "Other^Name"
    assert len(parsed) == 2


def test_the_name_of_a_problem_is_the_one_given_now(tmp_path, home, monkeypatch):
    (tmp_path / "bad.dcm").write_bytes(b"no DICOM at all")
    assert scan([tmp_path], home=home).not_loaded[0].file == str(tmp_path / "bad.dcm")
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    assert scan([Path("bad.dcm")], home=home).not_loaded[0].file == "bad.dcm"


@pytest.mark.parametrize("damage", [b"this is no database", b"SQLite format 3\0" + b"\xff" * 2000])
def test_a_damaged_index_is_made_anew_and_said(damage, tmp_path, home):
    folder = tmp_path / "in"
    save(folder, ct(1), ct(2))
    (home / "index.sqlite").write_bytes(damage)
    result = scan([folder], home=home)
    assert counts(result) == [2]
    assert len(result.notes) == 1 and "damaged" in result.notes[0]
    assert scan([folder], home=home).notes == ()


def test_an_index_of_a_newer_version_is_left_alone(tmp_path, home):
    with sqlite3.connect(home / "index.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    save(tmp_path / "in", ct(1))
    result = scan([tmp_path / "in"], home=home)
    assert counts(result) == [1] and "newer version" in result.notes[0]


def test_results_grow_and_end_complete(tmp_path):
    save(tmp_path / "in", *(ct(k) for k in range(1, 40)))
    results = list(Scanner([tmp_path / "in"]).results(first_s=0.0))
    assert len(results) >= 2
    assert [r.complete for r in results] == [False] * (len(results) - 1) + [True]
    generations = [r.studies[0].series[0].generation for r in results if r.studies]
    assert generations == sorted(generations) and generations[-1] == 39


def test_a_series_that_arrives_slice_by_slice(tmp_path):
    folder = tmp_path / "in"
    scanner = Scanner([folder])
    seen = []
    for wave in ((1, 2, 3), (4,), (), (5, 6)):
        save(folder, *(ct(k) for k in wave))
        seen.append(list(scanner.results())[-1])
    assert [counts(r) for r in seen] == [[3], [4], [4], [6]]
    assert seen[1].generation == seen[2].generation < seen[3].generation
    assert len({r.studies[0].display_sets[0].id for r in seen}) == 1


def test_a_file_that_was_still_being_written_is_read_again(tmp_path):
    folder = tmp_path / "in"
    paths = save(folder, *(ct(k) for k in range(1, 4)))
    whole = paths[1].read_bytes()
    paths[1].write_bytes(whole[:-50])
    scanner = Scanner([folder])
    (partial,) = scanner.results()
    assert partial.not_loaded and partial.studies[0].display_sets[0].missing == (1,)
    paths[1].write_bytes(whole)
    (complete,) = scanner.results()
    assert not complete.not_loaded and complete.studies[0].display_sets[0].missing == ()


def test_what_is_deleted_is_forgotten(tmp_path):
    folder = tmp_path / "in"
    paths = save(folder, *(ct(k) for k in range(1, 4)))
    scanner = Scanner([folder])
    list(scanner.results())
    paths[2].unlink()
    assert counts(list(scanner.results())[-1]) == [2]


def test_a_cancelled_scan_ends_without_a_result(tmp_path):
    save(tmp_path / "in", ct(1), ct(2))
    assert list(Scanner([tmp_path / "in"]).results(cancelled=lambda: True)) == []


def test_progress_counts_the_files(tmp_path):
    save(tmp_path / "in", ct(1), ct(2), ct(3))
    told = []
    scan([tmp_path / "in"], progress=lambda done, found: told.append((done, found)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_paths_may_overlap_and_mix(tmp_path):
    folder = tmp_path / "in"
    paths = save(folder, *(ct(k) for k in range(1, 4)))
    with zipfile.ZipFile(tmp_path / "more.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for k in (4, 5):
            (one,) = save(tmp_path / f"part{k}", ct(k))
            archive.write(one, f"sub/{k}")
    result = scan([folder, paths[0], tmp_path / "more.zip", folder / "absent"])
    assert counts(result) == [5]
    kinds = [i.location.kind for i in result.studies[0].display_sets[0].instances]
    assert kinds == ["zip"] * 2 + ["file"] * 3
    assert [p.file for p in result.not_loaded] == [str(folder / "absent")]


def test_an_object_twice_is_one_and_two_objects_with_one_uid_are_two(tmp_path):
    save(tmp_path / "in", ct(1), ct(1), ct(2))
    assert counts(scan([tmp_path / "in"])) == [2]
    save(tmp_path / "in", ct(1, PatientComments="another"))
    result = scan([tmp_path / "in"])
    assert sorted(counts(result)) == [1, 2]
    assert any(w.kind == "same_uid_conflict" for w in result.studies[0].display_sets[0].warnings)


def test_a_dicomdir_lists_its_files_in_order(tmp_path):
    from pydicom.data import get_testdata_file

    medium = get_testdata_file("dicomdirtests/DICOMDIR", download=False)
    from pathlib import Path

    by_directory = scan([Path(medium)])
    by_folder = scan([Path(medium).parent])
    assert by_directory.not_loaded == ()
    uids = [{i.sop_instance_uid for st in r.studies for d in st.display_sets for i in d.instances}
            for r in (by_directory, by_folder)]  # fmt: skip
    assert uids[0] and uids[0] <= uids[1]


def test_many_problems_of_one_kind_become_one_line():
    result = scan([shared_data("hostile", "archives", "many_entries.zip")])
    assert len(result.not_loaded) == 21
    assert result.not_loaded[-1].found == "1980 more files"


def test_a_location_prints_whatever_its_bytes():
    assert str(Location("zip", "/a\n\udcff", "b\x1b")).isprintable()
