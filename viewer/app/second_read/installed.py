"""Which models are installed. A damaged one never keeps the others from reading."""

from collections.abc import Sequence
from pathlib import Path

from inference.bundle import BundleError, bundle_folders, in_use, load_bundle
from viewer.app.second_read.asking import InstalledBundle

FOLDER = "models"
"""Below the home folder: bundles of this site, beside those that ship with the project."""


def installed(home: Path, *, verify: bool = False) -> tuple[tuple[InstalledBundle, ...], tuple[str, ...]]:
    """(bundles `in_use`, one sentence for each that cannot be used); `verify` hashes the weights."""
    good, faults = [], []
    for folder in bundle_folders(home / FOLDER):
        try:
            good.append((folder, load_bundle(folder, verify=verify)))
        except BundleError as error:
            faults.append(str(error))
    return in_use(good), tuple(faults)


def named(bundles: Sequence[InstalledBundle], ids: Sequence[str]) -> tuple[InstalledBundle, ...]:
    """Those with one of these ids (all of them where none is named). Raises `LookupError` in one sentence."""
    known = {bundle.id for _, bundle in bundles}
    unknown = [name for name in ids if name not in known]
    if unknown:
        there = ", ".join(sorted(known)) or "none"
        raise LookupError(f"no model '{unknown[0]}' is installed; there is: {there}")
    return tuple(item for item in bundles if not ids or item[1].id in ids)
