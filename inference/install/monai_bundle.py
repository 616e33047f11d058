"""A MONAI bundle (`configs/metadata.json`, `configs/inference.json`, `models/model.pt`) as our description.

The transforms that a general network's contract can say are taken over; any other is refused by its name.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from inference.install import Refused
from inference.install.description import Description, described
from inference.install.monai_config import MonaiConfig
from inference.install.source import Source

METADATA = "configs/metadata.json"
INFERENCE = ("configs/inference.json", "configs/inference.yaml", "configs/inference.yml")
WEIGHTS = "models/model.pt"
LEVELS = "The grey levels that the network learnt from are taken to be 0 to 255, as in PNG and JPEG files."
WAY_OUT = "describe the model in a tandem.toml beside the bundle (docs/models.md)"

RESNETS = {
    10: ("basic", [1, 1, 1, 1]),
    18: ("basic", [2, 2, 2, 2]),
    34: ("basic", [3, 4, 6, 3]),
    50: ("bottleneck", [3, 4, 6, 3]),
    101: ("bottleneck", [3, 4, 23, 3]),
    152: ("bottleneck", [3, 8, 36, 3]),
    200: ("bottleneck", [3, 24, 36, 3]),
}
DENSENETS = {121: [6, 12, 24, 16], 169: [6, 12, 32, 32], 201: [6, 12, 48, 32], 264: [6, 12, 64, 48]}
NETWORKS: dict[str, dict[str, Any]] = {
    "ResNet": {"network": "resnet"},
    "EfficientNetBN": {"network": "efficientnet"},
    "ViT": {"network": "vit"},
    "UNet": {"network": "unet"},
    "Unet": {"network": "unet"},
    "BasicUNet": {"network": "basic_unet"},
    "BasicUnet": {"network": "basic_unet"},
    "DynUNet": {"network": "dynunet"},
    "DynUnet": {"network": "dynunet"},
    "SegResNet": {"network": "segresnet"},
    "DenseNet": {"network": "densenet"},
    **{
        f"resnet{n}": {
            "network": "resnet",
            "block": block,
            "layers": layers,
            "block_inplanes": [64, 128, 256, 512],
        }
        for n, (block, layers) in RESNETS.items()
    },
    **{f"DenseNet{n}": {"network": "densenet", "block_config": blocks} for n, blocks in DENSENETS.items()},
}
"""`_target_` of a network -> its name in our registry, with the arguments that the name implies."""
DROPPED = ("pretrained", "progress", "_target_", "_mode_", "_desc_", "_requires_", "use_checkpoint")

HARMLESS = {
    *("LoadImage", "EnsureChannelFirst", "AddChannel", "AsChannelFirst", "EnsureType", "CastToType"),
    *("ToTensor", "ToDevice", "SaveImage", "Invert", "DeleteItems", "SelectItems", "Identity"),
}
"""Transforms that do what the desk and the pipeline do in any case."""

BYTES = {"step": "rescale", "source": [0.0, 1.0], "target": [0.0, 255.0]}
"""From what the desk gives (0 black to 1 white) to the levels of a PNG or JPEG."""
Facts = dict[str, Any]


def monai_description(source: Source, root: str, names: list[str]) -> Description:
    """What the bundle says of itself; `root` is its folder in the archive. Raises `Refused`."""
    metadata = _json(source, root + METADATA)
    config = MonaiConfig(_json(source, root + _inference(root, names)), "inference.json")
    network = config.get("network_def") or config.get("network")
    architecture = _architecture(config, network)
    contract = _contract(config, 2 if architecture.get("spatial_dims", 3) == 2 else 3)
    _postprocessing(config, contract)
    return described(_facts(source, root, metadata, architecture, contract), f"{root}{METADATA}")


def _inference(root: str, names: list[str]) -> str:
    found = next((name for name in INFERENCE if root + name in names), None)
    if found is None:
        raise Refused(f"{root or 'the bundle'}: no {INFERENCE[0]} is there; {WAY_OUT}")
    if not found.endswith(".json"):
        raise Refused(f"{found}: JSON is read; convert it, or {WAY_OUT}")
    return found


def _json(source: Source, name: str) -> dict[str, Any]:
    try:
        raw = json.loads(source.text(name))
    except (OSError, KeyError, ValueError, RecursionError) as error:
        raise Refused(f"{name} cannot be read: {error}") from error
    if not isinstance(raw, dict):
        raise Refused(f"{name} is no table of names and values")
    return raw


def _architecture(config: MonaiConfig, network: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    if not isinstance(network, dict) or "_target_" not in network:
        raise Refused(f"{config.name}: no 'network_def' with a '_target_' is there; {WAY_OUT}")
    target = str(network["_target_"])
    name = target.removeprefix("monai.networks.nets.").split(".")[-1]
    if name not in NETWORKS or ("." in target and not target.startswith("monai.networks.nets.")):
        raise Refused(
            f"{config.name}: network '{target}' found, which is none of the registered ones "
            f"({', '.join(sorted({n['network'] for n in NETWORKS.values()}))}): it would need its code"
        )
    given = {k: v for k, v in network.items() if k not in DROPPED}
    return {**NETWORKS[name], **config.value(given, "network_def")}


# --- preprocessing


def _contract(config: MonaiConfig, dims: int) -> Facts:
    """MONAI reads pictures column first, and with the levels 0 to 255 that they hold."""
    out: Facts = {"axes": "CR" if dims == 2 else "", "intensity": [BYTES] if dims == 2 else []}
    for where, name, transform in _transforms(config, "preprocessing"):
        read = BEFORE.get(name)
        if read is None and name not in HARMLESS:
            raise Refused(
                f"{config.name}: '{where}' is {name}, which a network contract cannot say; {WAY_OUT}"
            )
        if read is not None:
            read(config, transform, where, out)
    if dims == 3 and not out["axes"]:
        raise Refused(f"{config.name}: no Orientationd says which way the network's axes run; {WAY_OUT}")
    inferer = config.get("inferer")
    if isinstance(inferer, dict) and "SlidingWindowInferer" in str(inferer.get("_target_")):
        out["window"] = config.value(inferer.get("roi_size", []), "inferer::roi_size")
        out["overlap"] = config.value(inferer.get("overlap", 0.25), "inferer::overlap")
    elif inferer is not None and "SimpleInferer" not in str(inferer):
        raise Refused(
            f"{config.name}: 'inferer' is none of SlidingWindowInferer and SimpleInferer; {WAY_OUT}"
        )
    return {key: value for key, value in out.items() if value != []}


def _transforms(config: MonaiConfig, key: str) -> list[tuple[str, str, Facts]]:
    """(where, name without the d of dictionaries, the transform) of each step."""
    chain = config.get(key)
    listed = (
        config.follow(chain.get("transforms"), f"{key}::transforms") if isinstance(chain, dict) else chain
    )
    if not isinstance(listed, list):
        raise Refused(f"{config.name}: '{key}' is no list of transforms; {WAY_OUT}")
    out = []
    for number, item in enumerate(listed):
        where = f"{key}::transforms::{number}"
        step = config.follow(item, where)
        if not isinstance(step, dict) or "_target_" not in step:
            raise Refused(f"{config.name}: '{where}' is no transform; {WAY_OUT}")
        if step.get("_disabled_", False) is not False:
            raise Refused(f"{config.name}: '{where}' may be switched off; write the transforms that hold")
        name = re.sub(r"(d|D|Dict)$", "", str(step["_target_"]).split(".")[-1])
        out.append((where, name, step))
    return out


def _given(config: MonaiConfig, step: Facts, where: str, **defaults: Any) -> Facts:  # noqa: ANN401
    """Arguments of a transform, with MONAI's defaults for those that are not given."""
    return {
        key: config.value(step[key], f"{where}::{key}") if key in step else default
        for key, default in defaults.items()
    }


def _orientation(config: MonaiConfig, step: Facts, where: str, out: Facts) -> None:
    out["axes"] = _given(config, step, where, axcodes="")["axcodes"]


def _spacing(config: MonaiConfig, step: Facts, where: str, out: Facts) -> None:
    pixdim = _given(config, step, where, pixdim=[])["pixdim"]
    out["spacing_mm"] = pixdim if isinstance(pixdim, list) else [pixdim] * (2 if out["axes"] == "CR" else 3)


def _resize(config: MonaiConfig, step: Facts, where: str, out: Facts) -> None:
    given = _given(config, step, where, spatial_size=[], size_mode="all")
    size = given["spatial_size"]
    if given["size_mode"] != "all":
        raise Refused(f"{config.name}: '{where}' resizes by '{given['size_mode']}', 'all' allowed; {WAY_OUT}")
    out["size"] = size if isinstance(size, list) else [size] * (2 if out["axes"] == "CR" else 3)


def _range(config: MonaiConfig, step: Facts, where: str, out: Facts) -> None:
    g = _given(config, step, where, a_min=None, a_max=None, b_min=None, b_max=None, clip=False)
    target = [g["a_min"], g["a_max"]] if g["b_min"] is None else [g["b_min"], g["b_max"]]
    out["intensity"].append(
        {"step": "rescale", "source": [g["a_min"], g["a_max"]], "target": target, "clip": g["clip"]}
    )


def _percentiles(config: MonaiConfig, step: Facts, where: str, out: Facts) -> None:
    g = _given(
        config, step, where, lower=None, upper=None, b_min=None, b_max=None, clip=False, relative=False
    )
    if g["relative"] or g["b_min"] is None:
        raise Refused(f"{config.name}: '{where}' scales to relative percentiles; {WAY_OUT}")
    out["intensity"].append(
        {
            "step": "percentiles",
            "source": [g["lower"], g["upper"]],
            "target": [g["b_min"], g["b_max"]],
            "clip": g["clip"],
        }
    )


def _extremes(config: MonaiConfig, step: Facts, where: str, out: Facts) -> None:
    g = _given(config, step, where, minv=0.0, maxv=1.0, factor=None)
    if g["factor"] is not None or g["minv"] is None:
        raise Refused(f"{config.name}: '{where}' scales by a factor; {WAY_OUT}")
    out["intensity"].append({"step": "percentiles", "target": [g["minv"], g["maxv"]], "clip": False})


def _normalise(config: MonaiConfig, step: Facts, where: str, out: Facts) -> None:
    g = _given(config, step, where, subtrahend=None, divisor=None, nonzero=False)
    if g["subtrahend"] is None and g["divisor"] is None:
        out["intensity"].append({"step": "z_score", "nonzero": g["nonzero"]})
        return
    if g["nonzero"]:
        raise Refused(f"{config.name}: '{where}' shifts only values other than 0; {WAY_OUT}")
    subtract, divide = (
        v if isinstance(v, list) else [0.0 if v is None and k == 0 else 1.0 if v is None else v]
        for k, v in enumerate((g["subtrahend"], g["divisor"]))
    )
    out["intensity"].append({"step": "shift", "subtract": subtract, "divide": divide})


BEFORE: dict[str, Callable[[MonaiConfig, Facts, str, Facts], None]] = {
    "Orientation": _orientation,
    "Spacing": _spacing,
    "Resize": _resize,
    "ScaleIntensityRange": _range,
    "ScaleIntensityRangePercentiles": _percentiles,
    "ScaleIntensity": _extremes,
    "NormalizeIntensity": _normalise,
}
"""Transforms that a contract can say."""


# --- postprocessing


def _postprocessing(config: MonaiConfig, contract: Facts) -> None:
    """Activation and the way to labels; puts `activation` into the contract."""
    for where, name, step in _transforms(config, "postprocessing"):
        if name == "Activations":
            given = _given(config, step, where, softmax=False, sigmoid=False, other=None)
            if given["other"] is not None or given["softmax"] == given["sigmoid"]:
                raise Refused(f"{config.name}: '{where}' is neither softmax nor sigmoid; {WAY_OUT}")
            contract["activation"] = "softmax" if given["softmax"] else "sigmoid"
        elif name == "AsDiscrete":
            given = _given(config, step, where, argmax=False, threshold=None)
            if not given["argmax"] and given["threshold"] not in (None, 0.5, True):
                raise Refused(
                    f"{config.name}: '{where}' cuts at {given['threshold']}, 0.5 allowed; {WAY_OUT}"
                )
            if given["argmax"]:
                contract.setdefault("activation", "softmax")
        elif name not in HARMLESS:
            raise Refused(f"{config.name}: '{where}' is {name}, which is not done here; {WAY_OUT}")
    if "activation" not in contract:
        raise Refused(f"{config.name}: 'postprocessing' names neither softmax nor sigmoid; {WAY_OUT}")


# --- metadata


def _facts(source: Source, root: str, metadata: Facts, architecture: Facts, contract: Facts) -> Facts:
    image, answer = _format(metadata, "inputs"), _format(metadata, "outputs")
    labels = _labels(answer)
    dims = 2 if contract["axes"] in ("CR", "RC") else 3
    segments = architecture["network"] in ("unet", "basic_unet", "dynunet", "segresnet")
    channels = int(image.get("num_channels", 1))
    if segments and channels != 1:
        raise Refused(
            f"{root}{METADATA}: the network takes {channels} sequences at once, one volume or image allowed"
        )
    coarsest = max([float(v) for v in contract.get("spacing_mm", [])] or [1.0])
    silent = [name for name in labels if name.lower() in ("background", "normal", "other", "none")]
    return {
        "id": re.sub(r"\W+", "_", (root.rstrip("/") or source.name).split("/")[-1].lower()).strip("_"),
        "title": str(metadata.get("name") or metadata.get("task") or source.name)[:200],
        "version": str(metadata.get("version", "1")),
        "task": f"{'segment' if segments else 'classify'}{dims}d",
        "labels": labels,
        "input": {
            "modality": _modality(str(image.get("modality", ""))),
            "max_slice_mm": max(5.0, 2 * coarsest),
        },
        "architecture": architecture,
        "contract": {**contract, "channels": channels, "silent": silent},
        "licence": "not stated in the bundle's metadata; see its LICENSE",
        "remarks": [LEVELS] if dims == 2 else [],
        "origin": "; ".join(
            str(metadata[k]) for k in ("authors", "copyright", "data_source") if metadata.get(k)
        ),
        "weights": WEIGHTS,
    }


def _format(metadata: Facts, side: str) -> Facts:
    """The one entry of `network_data_format` on a side."""
    try:
        (only,) = metadata["network_data_format"][side].values()
        return dict(only)
    except (KeyError, AttributeError, ValueError, TypeError) as error:
        raise Refused(f"{METADATA}: 'network_data_format' does not name one of {side}; {WAY_OUT}") from error


def _labels(answer: Facts) -> list[str]:
    named = answer.get("channel_def")
    if not isinstance(named, dict) or sorted(named) != sorted(map(str, range(len(named)))):
        raise Refused(f"{METADATA}: 'channel_def' of the answer does not name its channels; {WAY_OUT}")
    return [str(named[str(k)]) for k in range(len(named))]


def _modality(said: str) -> str:
    known = {
        "CT": "CT",
        "MR": "MR",
        "MRI": "MR",
        "DX": "DX",
        "CR": "CR",
        "XRAY": "DX",
        "MG": "MG",
        "US": "US",
    }
    found = known.get(said.upper().replace("-", "").replace(" ", ""))
    if found is None:
        raise Refused(
            f"{METADATA}: modality '{said}' found, one of {', '.join(sorted(known))} allowed; {WAY_OUT}"
        )
    return found
