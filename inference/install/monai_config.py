"""The configuration of a MONAI bundle as plain values. An expression (`$`) is never evaluated.

Only what is asked for is resolved: expressions elsewhere (devices, file lists, handlers) do no harm.
"""

import re
from typing import Any

from inference.install import Refused

TO_DEVICE = re.compile(r"^\$\s*@([\w:#.]+)\.to\(\s*@device\s*\)$")
REFERENCE = re.compile(r"^\$?\s*@([\w:#.]+)$")
DEEPEST = 20
"""References that lead to references: more is a circle."""


class MonaiConfig:
    """`inference.json`, looked up by path."""

    def __init__(self, raw: dict[str, Any], name: str) -> None:
        self.raw, self.name = raw, name

    def __contains__(self, key: str) -> bool:
        return key in self.raw

    def get(self, path: str) -> Any:  # noqa: ANN401 (whatever JSON holds)
        """The value at `path` (parts joined by :: or #), references followed; None where it is not there."""
        return self._followed(self._at(path), path, 0)

    def value(self, value: Any, where: str) -> Any:  # noqa: ANN401
        """A value of the configuration with all that it refers to put in its place. Raises `Refused`."""
        return self._plain(value, where, 0)

    def follow(self, value: Any, where: str) -> Any:  # noqa: ANN401
        """The value itself, or what it refers to; its parts are left as they are. Raises `Refused`."""
        return self._followed(value, where, 0)

    def _plain(self, value: Any, where: str, depth: int) -> Any:  # noqa: ANN401
        value = self._followed(value, where, depth)
        if isinstance(value, dict):
            return {k: self._plain(v, f"{where}::{k}", depth + 1) for k, v in value.items()}
        if isinstance(value, list):
            return [self._plain(v, f"{where}::{k}", depth + 1) for k, v in enumerate(value)]
        return value

    def _followed(self, value: Any, where: str, depth: int) -> Any:  # noqa: ANN401
        while isinstance(value, str) and value[:1] in "$@%" and value:
            depth += 1
            if depth > DEEPEST:
                raise Refused(f"{self.name}: '{where}' refers to itself")
            found = REFERENCE.match(value) or TO_DEVICE.match(value)
            if found is None:
                raise Refused(self._expression(where, value))
            target = self._at(found[1])
            if target is None:
                raise Refused(f"{self.name}: '{where}' refers to '{found[1]}', which is not there")
            value = target
        return value

    def _expression(self, where: str, value: str) -> str:
        kind = "a macro that reads other files" if value.startswith("%") else "an expression, which is code"
        return (
            f"{self.name}: '{where}' is {kind} and is not evaluated: {value[:100]}; write its value there, "
            "or describe the model in a tandem.toml beside the bundle (docs/models.md)"
        )

    def _at(self, path: str) -> Any:  # noqa: ANN401
        here: Any = self.raw
        for part in re.split(r"::|#", path):
            if isinstance(here, list) and part.isdecimal() and int(part) < len(here):
                here = here[int(part)]
            elif isinstance(here, dict):
                here = here.get(part)
            else:
                return None
        return here
