"""`tandem.toml`: what must be known of a model beside its weights, by who installs it or from MONAI."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from inference.bundle import Bundle
from inference.contract import contract_faults
from inference.install import Refused
from inference.pipelines.general import Described

FILE = "tandem.toml"


class Description(Described, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; see docs/models.md for an example.

    weights       file beside this one; "" where the caller names it
    key           where in a torch checkpoint the weights lie ("state_dict"); "" looks in the usual places
    names         prefix of the checkpoint's names -> prefix of the network's
    ignore        prefixes of names that belong to no part of the network (heads that only training needs)
    origin        who made it, and where it comes from
    """

    origin: str = ""
    weights: str = ""
    key: str = ""
    names: dict[str, str] = msgspec.field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def bundle(self, source_sha256: str) -> Bundle:
        """The bundle without its hash; nothing of it is calibrated or measured."""
        return self.unmeasured({"origin": self.origin, "source_sha256": source_sha256})


def load_description(path: Path) -> Description:
    """Read and check `tandem.toml`. Raises `Refused`."""
    try:
        return written(path.read_bytes(), str(path))
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error


def written(text: bytes, where: str) -> Description:
    """The bytes of a `tandem.toml`. Raises `Refused`."""
    try:
        return described(tomllib.loads(text.decode("utf-8")), where)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{where}: {error}") from error


def described(raw: dict[str, Any], where: str) -> Description:
    """Plain values as a description; `where` they come from is named in what is refused."""
    try:
        found = msgspec.convert(raw, Description)
    except msgspec.ValidationError as error:
        raise Refused(f"{where}: {error}; see docs/models.md") from error
    fault = next(contract_faults(found.task, found.contract, found.labels), None)
    if fault is not None:
        raise Refused(f"{where}: {fault}")
    return found
