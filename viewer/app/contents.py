"""What one file holds: one object, or those of an archive. Knows no index and no study."""

from dataclasses import dataclass
from typing import BinaryIO

from viewer.app.sources import Candidate, Sources, is_archive, printable
from viewer.core.dicom.header import parse
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.problem import DicomError, Problem


@dataclass(frozen=True, slots=True)
class Contents:
    """The objects in a file, and what in it could not be read."""

    instances: tuple[Instance, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_contents(candidate: Candidate, sources: Sources) -> Contents:
    """Read one file. Nothing that stands in it raises: what cannot be read becomes a problem."""
    location = Location("file", candidate.path)
    try:
        with sources.open(location) as (stream, size):
            head = stream.read(4)
            stream.seek(0)
            if not is_archive(head):
                return _object(stream, size, location, candidate.name)
    except DicomError as error:
        return Contents(problems=(error.problem,))
    return _archive(candidate, sources)


def _archive(candidate: Candidate, sources: Sources) -> Contents:
    instances: list[Instance] = []
    problems: list[Problem] = []
    for member in sources.members(candidate):
        if isinstance(member, Problem):
            problems.append(member)
            continue
        try:
            with sources.open(member) as (stream, size):
                name = printable(f"{candidate.name}!{member.member}")
                found = _object(stream, size, member, name)
        except DicomError as error:
            found = Contents(problems=(error.problem,))
        instances += found.instances
        problems += found.problems
    return Contents(tuple(instances), tuple(problems))


def _object(stream: BinaryIO, size: int, location: Location, name: str) -> Contents:
    try:
        return Contents((parse(stream, location, size, name),))
    except DicomError as error:
        return Contents(problems=(error.problem,))
