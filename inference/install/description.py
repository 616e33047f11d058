"""`tandem.toml`: what must be known of a model beside its weights, by who installs it or from MONAI."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec

from inference.bundle import FORMAT, NOT_CALIBRATED, NOT_MEASURED, Bundle, InputContract, TrainingDomain
from inference.contract import NetworkContract, contract_faults
from inference.install import Refused
from inference.pipelines.general import NETWORK

FILE = "tandem.toml"


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; see docs/models.md for an example.

    id            name of the folder and of the model, small letters, digits and underscores
    architecture  `network` (see `networks.architectures`) and its arguments
    weights       file beside this one; "" where the caller names it
    key           where in a torch checkpoint the weights lie ("state_dict"); "" looks in the usual places
    names         prefix of the checkpoint's names -> prefix of the network's
    ignore        prefixes of names that belong to no part of the network (heads that only training needs)
    origin        who made it, and where it comes from
    """

    id: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{1,62}$")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    task: str
    labels: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=1000)]
    input: InputContract
    contract: NetworkContract
    architecture: dict[str, Any]
    version: Annotated[str, msgspec.Meta(pattern=r"^[\w.+-]{1,40}$")] = "1"
    licence: str = ""
    origin: str = ""
    weights: str = ""
    key: str = ""
    names: dict[str, str] = {}
    ignore: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def bundle(self, source_sha256: str) -> Bundle:
        """The bundle without its hash; nothing of it is calibrated or measured."""
        return Bundle(
            format=FORMAT,
            id=self.id,
            version=self.version,
            title=self.title,
            task=self.task,
            sha256="",
            input=self.input,
            labels=self.labels,
            operating_points=(NOT_MEASURED,),
            default_operating_point=NOT_MEASURED.name,
            calibration=NOT_CALIBRATED,
            domain=TrainingDomain(),
            architecture={NETWORK: self.architecture},
            licence=self.licence,
            training={"origin": self.origin, "source_sha256": source_sha256},
            contract=self.contract,
        )


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
