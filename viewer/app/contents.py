"""What one file holds: one object, or those of an archive. Knows no index and no study."""

from dataclasses import dataclass, replace
from typing import BinaryIO

from viewer.app.index import Contents
from viewer.app.sources import Candidate, Sources, is_archive, printable
from viewer.core.dicom.header import parse
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.problem import DicomError, Problem

_NOWHERE = Location("file", "")


@dataclass(frozen=True, slots=True)
class Held:
    """A file and what is in it, with the file's name in every location and problem."""

    candidate: Candidate
    instances: tuple[Instance, ...]
    problems: tuple[Problem, ...]

    @staticmethod
    def of(candidate: Candidate, contents: Contents) -> "Held":
        """`contents` found in `candidate`."""
        instances = tuple(_placed(instance, candidate) for instance in contents.instances)
        return Held(candidate, instances, tuple(_named(problem, candidate) for problem in contents.problems))


def read_contents(candidate: Candidate, sources: Sources) -> Contents:
    """Read one file. Nothing that stands in it raises: what cannot be read becomes a problem."""
    try:
        with sources.open(Location("file", candidate.path)) as (stream, size):
            head = stream.read(4)
            stream.seek(0)
            if not is_archive(head):
                return _object(stream, size, "")
    except DicomError as error:
        return Contents(problems=(replace(error.problem, file=""),))
    return _archive(candidate, sources)


def _archive(candidate: Candidate, sources: Sources) -> Contents:
    instances: list[Instance] = []
    problems: list[Problem] = []
    for member in sources.members(candidate):
        if isinstance(member, Problem):
            problems.append(replace(member, file=member.file.removeprefix(candidate.name)))
            continue
        try:
            with sources.open(member) as (stream, size):
                found = _object(stream, size, member.member)
        except DicomError as error:
            found = Contents(problems=(replace(error.problem, file=f"!{printable(member.member)}"),))
        instances += found.instances
        problems += found.problems
    return Contents(tuple(instances), tuple(problems))


def _object(stream: BinaryIO, size: int, member: str) -> Contents:
    location = replace(_NOWHERE, kind="zip", member=member) if member else _NOWHERE
    try:
        return Contents((parse(stream, location, size, f"!{printable(member)}" if member else ""),))
    except DicomError as error:
        return Contents(problems=(error.problem,))


def _placed(instance: Instance, candidate: Candidate) -> Instance:
    location = replace(instance.location, uri=candidate.path)
    if not instance.problems and instance.broken is None:
        return replace(instance, location=location)
    return replace(
        instance,
        location=location,
        problems=tuple(_named(problem, candidate) for problem in instance.problems),
        broken=None if instance.broken is None else _named(instance.broken, candidate),
    )


def _named(problem: Problem, candidate: Candidate) -> Problem:
    return replace(problem, file=candidate.name + problem.file)
