"""From a foreign model to a folder that is a bundle: describe, read, map, write, try."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from inference.bundle import CARD, MODEL, WEIGHTS, Bundle, BundleError, load_bundle, save_bundle, sha256
from inference.contract import TASKS
from inference.install import Refused
from inference.install.description import FILE, Description, load_description, written
from inference.install.mapping import Loaded, mapped
from inference.install.monai_bundle import METADATA, monai_description
from inference.install.source import Archive, Source, opened
from inference.install.weights import read_weights
from inference.networks import ArchitectureError, build, put_tensors, save_networks
from inference.pipelines.general import NETWORK, GeneralNetwork

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
MOST_PARAMETERS = 1_000_000_000
TRIAL_SIDE = 64
"""Sides of the dry run's image where the contract names none."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Installed:
    """A bundle in its folder, and what became of the file's tensors; None where it was a bundle already."""

    bundle: Bundle
    loaded: Loaded | None


def install(source: Path, out: Path, config: Path | None, say: Say) -> Installed:
    """Make `source` a bundle in the empty folder `out`. Raises `Refused`; `out` is then of no use.

    source  a bundle of ours as training leaves it, a MONAI bundle (folder or ZIP), a folder with
            `tandem.toml` and weights, or a file of weights
    config  a description that stands before the source's own
    """
    if not source.exists():
        raise Refused(f"{source} is not there")
    if (source / MODEL).is_file():
        return Installed(_own(source, out, say), None)
    with tempfile.TemporaryDirectory(prefix="tandem-install-") as scratch:
        description, weights = _found(source, config, Path(scratch))
        say(f"{description.title}: {description.task}, {description.architecture.get('network')}")
        network = _empty(description)
        tensors = read_weights(weights, description.key)
        kind = str(description.architecture.get("network"))
        loaded = mapped(tensors, network, kind=kind, names=description.names, ignore=description.ignore)
        for line in loaded.lines():
            say(line)
        if not loaded.whole:
            raise Refused(f"{weights.name} does not fit the network '{kind}': {loaded.lines()[-1]}")
        bundle = _written(description, loaded, out, sha256(weights))
    say("dry run")
    try_out(bundle, out)
    return Installed(bundle, loaded)


def _own(source: Path, out: Path, say: Say) -> Bundle:
    """A bundle of ours: its hash holds and its network answers, then it is copied as it is."""
    try:
        bundle = load_bundle(source, verify=True)
        if bundle.contract is None:
            raise Refused(f"{source}: only general models are installed, task '{bundle.task}' found")
        if bundle.adapted:
            raise Refused(
                f"{source}: adapted to a site; `tandem train --from` installs it if it beats its parent"
            )
        for name in (MODEL, WEIGHTS, CARD):
            shutil.copyfile(source / name, out / name)
    except (BundleError, OSError) as error:
        raise Refused(str(error)) from error
    say(f"{bundle.title}: {bundle.task}, a bundle with {bundle.operating_point.name} as its operating point")
    say("dry run")
    try_out(bundle, out)
    return bundle


# --- what there is


def _found(source: Path, config: Path | None, scratch: Path) -> tuple[Description, Path]:
    """The description and the file of weights."""
    if source.is_dir() or _is_bundle_archive(source):
        return _of_folder(opened(source), source, config, scratch)
    beside = config or next(
        (p for p in (source.with_suffix(".toml"), source.parent / FILE) if p.is_file()), None
    )
    if beside is None:
        raise Refused(
            f"{source.name} holds weights alone: describe the model in {source.with_suffix('.toml').name} "
            "beside it, or name a description with --config (docs/models.md)"
        )
    return load_description(beside), source


def _is_bundle_archive(source: Path) -> bool:
    """A ZIP archive that is no torch checkpoint (which is one, too)."""
    with source.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return False
    return not any(name.endswith(("/data.pkl", "/constants.pkl")) for name in Archive(source).names())


def _of_folder(files: Source, source: Path, config: Path | None, scratch: Path) -> tuple[Description, Path]:
    names = files.names()
    own = next((name for name in names if name.split("/")[-1] == FILE), None)
    if config is not None:
        description, root = load_description(config), _root(names, METADATA)
    elif own is not None:
        description, root = written(files.text(own), own), own.removesuffix(FILE)
    elif (inside := next((n for n in names if f"/{n}".endswith(f"/{METADATA}")), None)) is not None:
        root = inside.removesuffix(METADATA)
        description = monai_description(files, root, names)
    else:
        raise Refused(
            f"{source}: neither {FILE} nor {METADATA} (a MONAI bundle) is in it; see docs/models.md"
        )
    name = root + description.weights if description.weights else _weights_name(names, root, source)
    if name not in names:
        scripted = any(n.endswith(".ts") for n in names)
        also = " (its .ts file is a TorchScript archive, which is code and is not run)" if scripted else ""
        raise Refused(f"{source}: no {name} is in it{also}")
    return description, files.file(name, scratch)


def _root(names: list[str], mark: str) -> str:
    found = next((n for n in names if f"/{n}".endswith(f"/{mark}")), None)
    return "" if found is None else found.removesuffix(mark)


def _weights_name(names: list[str], root: str, source: Path) -> str:
    there = [n for n in names if n.startswith(root) and n.endswith(SUFFIXES)]
    if len(there) != 1:
        listed = ", ".join(there[:5]) or "none"
        raise Refused(f"{source}: one file of weights is needed, found: {listed}; name it as `weights`")
    return there[0]


# --- from there to a bundle


def _empty(description: Description) -> torch.nn.Module:
    """The network without storage: its names and shapes cost nothing, whatever the description says."""
    try:
        with torch.device("meta"):
            network = build(description.architecture)
    except ArchitectureError as error:
        raise Refused(str(error)) from error
    size = sum(p.numel() for p in network.parameters())
    if size > MOST_PARAMETERS:
        raise Refused(
            f"a network of {size / 1e6:.0f} million weights found, {MOST_PARAMETERS / 1e6:.0f} allowed"
        )
    return network


def _written(description: Description, loaded: Loaded, out: Path, source_sha256: str) -> Bundle:
    network = build(description.architecture)
    put_tensors(network, loaded.state)
    out.mkdir(parents=True, exist_ok=True)
    save_networks({NETWORK: network}, out / WEIGHTS)
    try:
        return save_bundle(
            description.bundle(source_sha256), out, card=card(description, loaded, source_sha256)
        )
    except BundleError as error:
        raise Refused(str(error)) from error


def card(description: Description, loaded: Loaded, source_sha256: str) -> str:
    """What is known of an installed model, and what is not."""
    lines = [
        f"# {description.title}: {description.id} {description.version}",
        "",
        "Installed from another source. **Research software. Not a medical device. Not for diagnosis.**",
        "",
        f"- Made by: {description.origin or 'not stated'}",
        f"- Licence: {description.licence or 'not stated'}",
        f"- Task: {description.task}; labels: {', '.join(description.labels)}",
        f"- Reads: {description.input.modality}, one grey image or volume",
        f"- Network: {description.architecture.get('network')}; {loaded.lines()[0]}",
        f"- The file that it came from hashes to {source_sha256}",
        "",
        "## Limits",
        "- Nothing was measured here: no sensitivity, no rate of false marks, no data that it was tested on.",
        "- Its scores are the network's own answers, not calibrated: 0.8 does not mean four in five.",
        "- What it learnt from is not known here: no image is called outside of its training domain.",
        *(f"- {remark}" for remark in description.remarks),
    ]
    return "\n".join(lines) + "\n"


# --- dry run


def try_out(bundle: Bundle, folder: Path) -> None:
    """Load the bundle as a read would and give it an image of noise. Raises `Refused`."""
    try:
        if load_bundle(folder, verify=True) != bundle:
            raise Refused(f"{folder / MODEL} does not say what was written into it")
        network = GeneralNetwork.load(bundle, folder, "cpu")
        answer = network.answer(trial(bundle))
    except (BundleError, RuntimeError, ValueError, IndexError) as error:
        raise Refused(f"dry run: {str(error).strip().splitlines()[0]}") from error
    if not np.isfinite(answer).all():
        raise Refused("dry run: the network answers with numbers that are not finite")
    if not (folder / CARD).is_file():
        raise Refused(f"{folder / CARD} is missing")


def trial(bundle: Bundle) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """An image of noise as the contract would make it, (channels, ...)."""
    contract = bundle.contract
    assert contract is not None
    sides = contract.size or contract.window or (TRIAL_SIDE,) * TASKS[bundle.task]
    rng = np.random.default_rng(0)
    return rng.standard_normal((contract.channels, *sides)).astype(np.float32)
