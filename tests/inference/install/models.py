"""Small models as others would leave them: MONAI bundles, checkpoints, safetensors, and hostile ones."""

import json
import zipfile
from pathlib import Path

import tomli_w
import torch
from safetensors.torch import save_file

from inference.networks import build, own_tensors

UNET = {
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": 2,
    "channels": [4, 8, 8],
    "strides": [2, 2],
    "num_res_units": 1,
    "norm": "batch",
}
DESCRIPTION = {
    "id": "site_spleen",
    "title": "Spleen on CT",
    "task": "segment3d",
    "labels": ["background", "spleen"],
    "input": {"modality": "CT"},
    "architecture": {"network": "unet", **UNET},
    "contract": {
        "axes": "RAS",
        "spacing_mm": [2.0, 2.0, 2.0],
        "window": [32, 32, 32],
        "intensity": [{"step": "rescale", "source": [-57.0, 164.0]}],
        "activation": "softmax",
        "silent": ["background"],
    },
}
METADATA = {
    "version": "0.2.0",
    "task": "Spleen segmentation",
    "authors": "Somebody",
    "network_data_format": {
        "inputs": {"image": {"type": "image", "modality": "CT", "num_channels": 1}},
        "outputs": {"pred": {"channel_def": {"0": "background", "1": "spleen"}}},
    },
}
INFERENCE = {
    "imports": ["$import glob", "$import os"],
    "bundle_root": ".",
    "datalist": "$list(sorted(glob.glob(@bundle_root + '/imagesTs/*.nii.gz')))",
    "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
    "spacing": [2.0, 2.0, 3.0],
    "network_def": {"_target_": "UNet", **UNET},
    "network": "$@network_def.to(@device)",
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "image"},
            {"_target_": "EnsureChannelFirstd", "keys": "image"},
            {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
            {"_target_": "Spacingd", "keys": "image", "pixdim": "@spacing", "mode": "bilinear"},
            {
                "_target_": "ScaleIntensityRanged",
                "keys": "image",
                "a_min": -57,
                "a_max": 164,
                "b_min": 0,
                "b_max": 1,
                "clip": True,
            },
            {"_target_": "EnsureTyped", "keys": "image", "device": "@device"},
        ],
    },
    "inferer": {
        "_target_": "SlidingWindowInferer",
        "roi_size": [32, 32, 32],
        "sw_batch_size": 4,
        "overlap": 0.5,
    },
    "postprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "Activationsd", "keys": "pred", "softmax": True},
            {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "orig_keys": "image"},
            {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
            {"_target_": "SaveImaged", "keys": "pred", "output_dir": "$@bundle_root + '/eval'"},
        ],
    },
}


def network(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build(DESCRIPTION["architecture"]).eval()


def changed(base: dict, **new) -> dict:
    """A deep copy of JSON-like values with some of them replaced."""
    return {**json.loads(json.dumps(base)), **new}


def described_file(folder: Path, description: dict = DESCRIPTION, name: str = "spleen.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(tomli_w.dumps(description), encoding="utf-8")
    return folder / name


def safetensors_file(folder: Path, tensors: dict | None = None, description: dict = DESCRIPTION) -> Path:
    described_file(folder, description)
    path = folder / "spleen.safetensors"
    save_file(tensors or {k: v.clone() for k, v in own_tensors(network()).items()}, path)
    return path


def checkpoint(folder: Path, value: object, description: dict = DESCRIPTION, name: str = "spleen.pt") -> Path:
    described_file(folder, description)
    torch.save(value, folder / name)
    return folder / name


def monai_bundle(
    folder: Path, inference: dict = INFERENCE, metadata: dict = METADATA, weights: object = None
) -> Path:
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    (folder / "configs" / "inference.json").write_text(json.dumps(inference), encoding="utf-8")
    torch.save(network().state_dict() if weights is None else weights, folder / "models" / "model.pt")
    return folder


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
    return path
