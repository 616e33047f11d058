"""Objects that share a SOP Instance UID: the same object twice is one; different ones are told apart."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from viewer.app.sources import Sources
from viewer.core.dicom.instance import Instance, Location
from viewer.core.dicom.problem import DicomError, Problem

_CHUNK = 1 << 20


class Duplicates:
    """Remembers the digests that it needed."""

    def __init__(self) -> None:
        self._digests: dict[tuple[Location, int], bytes] = {}

    def told_apart(self, instances: Iterable[Instance], sources: Sources) -> list[Instance]:
        """Each object once. Different ones under one UID are numbered by `copy`, and each says so."""
        by_uid: dict[str, list[Instance]] = {}
        for instance in instances:
            by_uid.setdefault(instance.sop_instance_uid, []).append(instance)
        out: list[Instance] = []
        for members in by_uid.values():
            out += members if len(members) == 1 else self._apart(members, sources)
        return out

    def _apart(self, members: list[Instance], sources: Sources) -> list[Instance]:
        different = list({self._digest(member, sources): member for member in reversed(members)}.values())[
            ::-1
        ]
        if len(different) == 1:
            return different
        message = "another file holds a different object under this UID: a report could mean either"
        return [
            replace(
                member,
                copy=number,
                problems=(
                    *member.problems,
                    Problem(
                        str(member.location),
                        "(0008,0018)",
                        member.sop_instance_uid,
                        "one object a UID",
                        message,
                    ),
                ),
            )
            for number, member in enumerate(different)
        ]

    def _digest(self, instance: Instance, sources: Sources) -> bytes:
        key = (instance.location, instance.pixel_offset)
        if key not in self._digests:
            try:
                with sources.open(instance.location) as (stream, _):
                    digest = sha256()
                    while chunk := stream.read(_CHUNK):
                        digest.update(chunk)
                    self._digests[key] = digest.digest()
            except DicomError:
                self._digests[key] = str(instance.location).encode(errors="surrogateescape")
        return self._digests[key]
