"""Values of a reading as JSON values and back: what stands in an event's payload. No rules, no order."""

from typing import TypeVar

import msgspec
import numpy as np

_T = TypeVar("_T")


class BadPayload(ValueError):
    """A payload that does not hold what its event needs."""


def to_json(value: object) -> dict[str, object]:
    """A frozen dataclass of `viewer.core.reading` as JSON values; numpy numbers become plain ones."""
    out: dict[str, object] = msgspec.to_builtins(value, enc_hook=_plain)
    return out


def from_json(value: object, kind: type[_T]) -> _T:
    """The inverse of `to_json`; raises `BadPayload`. Unknown keys are ignored: a newer program wrote them."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadPayload(f"not a {kind.__name__}: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in an event")
