"""Where objects come from: files, parts of files, members of archives; and what is not looked into."""

import os
import zipfile

import pytest

from tests.core.dicom.files import ct, save
from viewer.app.sources import Candidate, Sources, find, read_header
from viewer.core.dicom.instance import Location
from viewer.core.dicom.problem import DicomError, Problem


@pytest.fixture
def sources():
    sources = Sources()
    yield sources
    sources.close()


def test_a_part_of_a_file_is_an_object(tmp_path, sources):
    path = tmp_path / "many"
    path.write_bytes(b"0123456789")
    with sources.open(Location("file", str(path), offset=3, length=4)) as (stream, size):
        assert (stream.read(), size) == (b"3456", 4)


def test_the_whole_header_for_a_report(tmp_path):
    (path,) = save(tmp_path / "in", ct(1, PatientComments="all of it"))
    header = read_header(Location("file", str(path)))
    assert header.PatientComments == "all of it" and "PixelData" not in header
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "x/1")
    assert read_header(Location("zip", str(tmp_path / "a.zip"), "x/1")).PatientID == "P1"


@pytest.mark.parametrize(
    "location",
    [Location("file", "/nowhere/at/all"), Location("file", "/dev/null"), Location("zip", "/dev/null", "x")],
)
def test_what_cannot_be_opened_is_a_problem(location, sources):
    with pytest.raises(DicomError), sources.open(location):
        pass
    with pytest.raises(DicomError):
        read_header(location)


def archive_of(path, name, data=b"x" * 200, **info):
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    for key, value in info.items():
        setattr(member, key, value)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, data)
    return Candidate(str(path), "a.zip", path.stat().st_size, 0)


@pytest.mark.parametrize(
    ("name", "info", "reason"),
    [
        ("../up.dcm", {}, "leads out"),
        ("a/../../up.dcm", {}, "leads out"),
        ("/abs.dcm", {}, "leads out"),
        ("C:\\x.dcm", {}, "leads out"),
        ("inner.zip", {}, "archive inside"),
        ("link", {"external_attr": 0o120777 << 16}, "symbolic link"),
        ("bomb.dcm", {"data": bytes(70 << 20)}, "70 MB out of"),
    ],
)
def test_members_that_are_not_read(name, info, reason, tmp_path, sources):
    candidate = archive_of(tmp_path / "a.zip", name, **info)
    (problem,) = sources.members(candidate)
    assert isinstance(problem, Problem) and reason in problem.found
    assert problem.file.startswith("a.zip!")


def test_a_member_with_a_wrong_checksum_is_a_problem(tmp_path, sources):
    candidate = archive_of(tmp_path / "a.zip", "x.dcm", os.urandom(5000), compress_type=zipfile.ZIP_STORED)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[2000] ^= 255
    (tmp_path / "a.zip").write_bytes(data)
    (location,) = sources.members(candidate)
    with pytest.raises(DicomError), sources.open(location) as (stream, _):
        stream.read()


def test_folders_are_walked_in_order_and_links_are_not(tmp_path):
    top = tmp_path / "top"
    for name in ("b/2", "a/1", "a/deep/3"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"x")
    (tmp_path / "outside").write_bytes(b"x")
    (top / "out").symlink_to(tmp_path / "outside")
    (top / "in").symlink_to(top / "a" / "1")
    (top / "round").symlink_to(top)
    os.mkfifo(top / "pipe")
    found = list(find([top]))
    assert [c.path.removeprefix(str(top)) for c in found if isinstance(c, Candidate)] == [
        "/a/1",
        "/a/deep/3",
        "/b/2",
    ]
    problems = {p.file.removeprefix(str(top)): p.found for p in found if isinstance(p, Problem)}
    assert problems == {
        "/out": "a link that leads out of the folder",
        "/pipe": "a pipe, socket or device",
    }
