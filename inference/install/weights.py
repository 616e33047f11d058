"""Weights of a safetensors file or a torch checkpoint, read without running anything that the file brings."""

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from inference.install import Refused

MOST_BYTES = 4 << 30
"""Of a file of weights, packed or unpacked."""
PLACES = ("state_dict", "model_state_dict", "model", "network", "net", "network_weights", "ema_state_dict")
"""Where training programs put the weights in a checkpoint."""
WAY_OUT = (
    "where you trust the file, save its weights alone: "
    "safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')"
)
OTHERS = {
    b"\x89HDF": "an HDF5 file (Keras)",
    b"\x08\x07\x12": "an ONNX file",
    b"\x08\x08\x12": "an ONNX file",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"7z\xbc\xaf": "a 7z archive",
}
Tensors = dict[str, torch.Tensor]


def read_weights(path: Path, key: str = "") -> Tensors:
    """Tensors by name, on the CPU, finite. `key`: where in a checkpoint they lie. Raises `Refused`."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
    if size > MOST_BYTES:
        raise Refused(f"{path.name}: {size >> 20} MB found, at most {MOST_BYTES >> 20} MB are read")
    if head[8:9] == b"{":
        return _finite(_safetensors(path), path)
    if head[:4] == b"PK\x03\x04":
        _check_archive(path)
        return _finite(_weights_in(_torch_file(path), key, path), path)
    if head[:1] == b"\x80":
        return _finite(_weights_in(_torch_file(path), key, path), path)
    kind = next((name for magic, name in OTHERS.items() if head.startswith(magic)), "an unknown kind of file")
    raise Refused(f"{path.name} is {kind}; safetensors and torch checkpoints are read: {WAY_OUT}")


def _safetensors(path: Path) -> Tensors:
    try:
        tensors: Tensors = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise Refused(f"{path.name} is no whole safetensors file: {_line(error)}") from error
    return tensors


def _check_archive(path: Path) -> None:
    """A torch checkpoint is a ZIP of stored parts: no code, nothing that unpacks to more than it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Refused(f"{path.name} is no whole archive: {_line(error)}") from error
    if any("/code/" in f"/{part.filename}" for part in parts):
        raise Refused(f"{path.name} is a TorchScript archive, which is code and is not run; {WAY_OUT}")
    if not any(part.filename.endswith("/data.pkl") for part in parts):
        raise Refused(f"{path.name} is a ZIP archive, but neither a torch checkpoint nor a MONAI bundle")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > min(MOST_BYTES, 2 * path.stat().st_size + (1 << 20)):
        raise Refused(
            f"{path.name} unpacks from {_size(path.stat().st_size)} to {_size(unpacked)}: no checkpoint does"
        )


def _torch_file(path: Path) -> object:
    """`torch.load` of tensors and plain containers alone; nothing else in the pickle is ever called."""
    try:
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise Refused(_needs_code(path, str(error))) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path.name} is no whole torch checkpoint: {_line(error)}") from error
    return loaded


def _needs_code(path: Path, message: str) -> str:
    asked = re.search(r"GLOBAL ([\w.]+)", message)
    what = f"asks for {asked[1]}" if asked else "holds more than tensors"
    return f"{path.name}: its pickle {what}, which is code and is not run; {WAY_OUT}"


def _weights_in(loaded: object, key: str, path: Path) -> Tensors:
    """The dictionary of tensors in a checkpoint."""
    if key:
        inner = loaded.get(key) if isinstance(loaded, Mapping) else None
        if (found := _tensors(inner)) is None:
            raise Refused(f"{path.name}: no weights lie under '{key}'; there is: {_keys(loaded)}")
        return found
    if (found := _tensors(loaded)) is not None:
        return found
    places = [name for name in PLACES if isinstance(loaded, Mapping) and _tensors(loaded.get(name))]
    if len(places) != 1:
        several = (
            f"several sets of weights ({', '.join(places)})" if places else "no weights in a usual place"
        )
        raise Refused(f"{path.name}: {several}; name one as `key`; there is: {_keys(loaded)}")
    assert isinstance(loaded, Mapping)
    only = _tensors(loaded[places[0]])
    assert only is not None
    return only


def _tensors(value: object) -> Tensors | None:
    """A dictionary of dense tensors by name; None for anything else."""
    if not isinstance(value, Mapping) or not value:
        return None
    if not all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in value.items()):
        return None
    return dict(value)


def _keys(loaded: object) -> str:
    if not isinstance(loaded, Mapping):
        return f"a {type(loaded).__name__}"
    return ", ".join(str(key)[:40] for key in list(loaded)[:12]) or "nothing"


def _finite(tensors: Tensors, path: Path) -> Tensors:
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided or tensor.is_quantized:
            raise Refused(f"{path.name}: '{name}' is no dense tensor of numbers; {WAY_OUT}")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise Refused(f"{path.name}: '{name}' holds numbers that are not finite: the training went wrong")
    return tensors


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MB"


def _line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
