"""A general network (classification, detection or segmentation, 2-D or 3-D), its answer by its contract."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from inference.bundle import (
    FORMAT,
    NOT_CALIBRATED,
    NOT_MEASURED,
    WEIGHTS,
    Bundle,
    BundleError,
    TrainingDomain,
    load_bundle,
)
from inference.contract import TASKS, NetworkContract
from inference.input_contract import InputContract
from inference.networks import load_networks
from inference.networks.boxes import BoxNet
from inference.protocol import Domain

Array = NDArray[np.float32]
Tick = Callable[[], None]

MAX_ANSWERS = 500_000_000
"""Numbers that an answer may hold (labels x voxels): 2 GB of float32."""
NOT_DESCRIBED = Domain("near", 0.0, ("what the model learnt from is not described: nothing was compared",))
"""The domain verdict of a general network, which brings no statistics of what it learnt from."""
NETWORK = "network"
"""Name of the one network of such a bundle."""


class Described(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be known of a general network beside its weights, whoever trained it.

    id            name of the folder and of the model, small letters, digits and underscores
    architecture  `network` (see `networks.architectures`) and its arguments
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

    def unmeasured(self, training: dict[str, Any]) -> Bundle:
        """The bundle without its hash: its scores are not calibrated, nothing is measured; it says so."""
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
            training=training,
            contract=self.contract,
        )


class GeneralNetwork:
    """The loaded network of a bundle of `contract.TASKS`; it stays on `device`."""

    def __init__(self, bundle: Bundle, network: nn.Module, device: str) -> None:
        if bundle.contract is None or bundle.task not in TASKS:
            raise BundleError(f"{bundle.id}: task '{bundle.task}' is none of {', '.join(TASKS)}")
        self.bundle, self.device = bundle, device
        self.contract: NetworkContract = bundle.contract
        self.network = network.to(device).eval()
        self.dims = TASKS[bundle.task]
        self.segments, self.detects = bundle.task.startswith("segment"), bundle.task.startswith("boxes")
        if isinstance(network, BoxNet) != self.detects or (self.detects and network.dims != self.dims):
            raise BundleError(f"{bundle.id}: task '{bundle.task}' and its network do not fit together")
        self.stride: int = network.stride if isinstance(network, BoxNet) else 1

    @classmethod
    def load(cls, bundle: Bundle, folder: Path, device: str) -> "GeneralNetwork":
        """The network from the weights in `folder`; raises BundleError where they are not the bundle's."""
        if load_bundle(folder, verify=True).sha256 != bundle.sha256:
            raise BundleError(f"{folder}: the weights are not those of {bundle.id} {bundle.version}")
        if set(bundle.architecture) != {NETWORK}:
            raise BundleError(f"{folder}: one network named '{NETWORK}' is allowed")
        try:
            network = load_networks(bundle.architecture, folder / WEIGHTS)[NETWORK]
        except (RuntimeError, ValueError) as error:
            raise BundleError(f"{folder}: {error}") from error
        return cls(bundle, network, device)

    @torch.inference_mode()
    def answer(self, values: Array, tick: Tick = lambda: None) -> Array:
        """(channels, ...) to probabilities, uncalibrated: (labels,), or (labels, ...) of a segmentation.

        Of a detector (labels + 2 * axes, cells): then what `BoxNet` says of sides and places.
        `tick` is called before every pass. Raises ValueError for an image whose answer would not fit in
        memory, and BundleError where the network's answer does not have the shape that its contract says.
        """
        if self.segments and len(self.bundle.labels) * values[0].size > MAX_ANSWERS:
            sides = " x ".join(map(str, values.shape[1:]))
            raise ValueError(f"{len(self.bundle.labels)} labels in {sides} voxels are too many")
        image = torch.from_numpy(values[None]).to(self.device)
        logits = self._swept(image, tick) if self.segments or self.detects else self._passed(image, tick)
        said, rest = logits[:, : len(self.bundle.labels)], logits[:, len(self.bundle.labels) :]
        softmax = self.contract.activation == "softmax"
        out = torch.softmax(said, dim=1) if softmax else torch.sigmoid(said)
        answer: Array = torch.cat([out, rest], dim=1)[0].cpu().numpy()
        return answer

    def _passed(self, image: torch.Tensor, tick: Tick) -> torch.Tensor:
        tick()
        logits: torch.Tensor = self.network(image)
        spatial = tuple(n // self.stride for n in image.shape[2:]) if self.segments or self.detects else ()
        channels = len(self.bundle.labels) + (2 * self.dims if self.detects else 0)
        wanted = (image.shape[0], channels, *spatial)
        if not isinstance(logits, torch.Tensor) or tuple(logits.shape) != wanted:
            found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
            raise BundleError(
                f"{self.bundle.id}: the network answers {found} to an image of {tuple(image.shape)}, "
                f"its contract needs {wanted}"
            )
        return logits.float()

    def _swept(self, image: torch.Tensor, tick: Tick) -> torch.Tensor:
        if not self.contract.window:
            sides = image.shape[2:]
            pads = [(0, -n % self.contract.multiple) for n in reversed(sides)]
            padded = functional.pad(image, [p for pair in pads for p in pair], mode="replicate")
            answer = self._passed(padded, tick)
            for axis, n in enumerate(sides, start=2):
                answer = answer.narrow(axis, 0, -(-n // self.stride))
            return answer
        out = sliding_window_inference(
            image,
            self.contract.window,
            sw_batch_size=1,
            predictor=lambda part: self._passed(part, tick),
            overlap=self.contract.overlap,
            mode="gaussian",
            padding_mode="replicate",
        )
        assert isinstance(out, torch.Tensor)  # the predictor gives one tensor, so that this does
        return out
