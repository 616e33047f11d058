"""What a general network is given and what its answer means: the contract of classification and segmentation.

No torch, no pixels: the arithmetic is in `inference.pipelines.network_input`.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

TASKS = {"classify2d": 2, "classify3d": 3, "segment2d": 2, "segment3d": 3, "boxes2d": 2, "boxes3d": 3}
"""General tasks, each with the number of its network's spatial axes."""

Side = Annotated[int, msgspec.Meta(ge=1, le=2048)]
Millimetres = Annotated[float, msgspec.Meta(gt=0, le=100)]
Pair = tuple[float, float]


class _Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="step"):
    """One step of arithmetic on grey values; `step` names it in `model.toml`."""


class Rescale(_Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="rescale"):
    """The range `source` to the range `target`; values beyond it are cut where `clip`."""

    source: Pair
    target: Pair = (0.0, 1.0)
    clip: bool = True


class Percentiles(_Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="percentiles"):
    """The percentiles `source` of the image (0, 100: its extremes) to `target`; cut there where `clip`."""

    source: Pair = (0.0, 100.0)
    target: Pair = (0.0, 1.0)
    clip: bool = True


class ZScore(_Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="z_score"):
    """Mean 0 and deviation 1; `nonzero`: over values other than 0 alone, which stay 0."""

    nonzero: bool = False


class Shift(_Step, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="shift"):
    """(value - subtract) / divide; one number for all channels, or one for each."""

    subtract: tuple[float, ...] = (0.0,)
    divide: tuple[float, ...] = (1.0,)


Step = Rescale | Percentiles | ZScore | Shift


class NetworkContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From one grey image or volume to the network's (1, channels, ...) and from its logits to labels.

    axes        3-D: where the network's indices grow to, of R L A P S I ("RAS": the first to the right);
                2-D: "RC" for (row, column), "CR" for (column, row)
    spacing_mm  of those axes; () leaves the image's own
    size        fixed sides that the image is stretched to, instead of `spacing_mm`; () leaves them
    window      sides of the sliding window; () gives the network the whole image
    overlap     of neighbouring windows, share of a side
    multiple    sides of a whole image are padded to multiples of this
    intensity   steps in their order. They begin with the modality's values (HU in CT) of a volume, and with
                0 (black) to 1 (white), as displayed, of an image
    channels    the grey image is given so many times
    activation  softmax: one label a voxel or image; sigmoid: each label for itself
    silent      labels that are no finding, such as "background" or "normal"
    parts       segmentation: every connected part is a finding of its own (lesions), not the label (an organ)
    least_mm    smallest part: diameter of the sphere (or disc) of its size; smaller ones are left out
    """

    axes: str
    activation: Literal["softmax", "sigmoid"]
    spacing_mm: tuple[Millimetres, ...] = ()
    size: tuple[Side, ...] = ()
    window: tuple[Side, ...] = ()
    overlap: Annotated[float, msgspec.Meta(ge=0, le=0.9)] = 0.25
    multiple: Annotated[int, msgspec.Meta(ge=1, le=256)] = 32
    intensity: tuple[Step, ...] = ()
    channels: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    silent: tuple[str, ...] = ()
    parts: bool = False
    least_mm: Annotated[float, msgspec.Meta(ge=0)] = 0.0

    def found(self, labels: tuple[str, ...]) -> tuple[int, ...]:
        """Channels of the answer that are findings."""
        return tuple(k for k, label in enumerate(labels) if label not in self.silent)


def contract_faults(task: str, contract: NetworkContract | None, labels: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the contract of a bundle, one sentence each."""
    if (contract is None) == (task in TASKS):
        word = "needs" if task in TASKS else "has no use for"
        yield f"task '{task}' {word} a network contract; see docs/models.md"
    if contract is None or task not in TASKS:
        return
    dims = TASKS[task]
    yield from _axes_faults(contract.axes, dims)
    for name in ("spacing_mm", "size", "window"):
        given = getattr(contract, name)
        if len(given) not in (0, dims):
            yield f"{name} has {len(given)} numbers, {dims} or none allowed"
    if contract.size and (contract.spacing_mm or contract.window):
        yield "size stands alone: an image that is stretched has no spacing and needs no window"
    if len(set(labels)) < len(labels) or not all(labels):
        yield "every label needs a name of its own"
    if not contract.found(labels):
        yield "every label is silent: nothing could ever be found"
    if unknown := set(contract.silent) - set(labels):
        yield f"silent label '{min(unknown)}' is not among the labels"
    if task.startswith("boxes") and (contract.activation == "softmax" or contract.silent):
        yield "a detector says every label for itself: activation 'sigmoid', and no silent label, is allowed"
    if contract.activation == "softmax" and len(labels) < 2:
        yield "softmax needs two labels at least; name the background, or use sigmoid"
    for step in contract.intensity:
        yield from _step_faults(step, contract.channels)


def _axes_faults(axes: str, dims: int) -> Iterator[str]:
    if dims == 2 and axes not in ("RC", "CR"):
        yield f"axes '{axes}' found, 'RC' or 'CR' allowed"
    if dims == 3:
        pairs = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}
        if len(axes) != 3 or {pairs.get(letter) for letter in axes} != {0, 1, 2}:
            yield f"axes '{axes}' found, one each of R/L, A/P and S/I allowed, such as 'RAS'"


def _step_faults(step: Step, channels: int) -> Iterator[str]:
    if isinstance(step, Rescale | Percentiles) and not step.source[0] < step.source[1]:
        yield f"an intensity step scales from {step.source[0]:g} to {step.source[1]:g}: the range is empty"
    if isinstance(step, Percentiles) and not (step.source[0] >= 0 and step.source[1] <= 100):
        yield f"percentiles {step.source[0]:g} and {step.source[1]:g} found, 0 to 100 allowed"
    if isinstance(step, Shift):
        if {len(step.subtract), len(step.divide)} - {1, channels}:
            yield f"a shift has one number or as many as channels ({channels})"
        if not all(value > 0 for value in step.divide):
            yield "a shift divides by a number that is not above 0"
