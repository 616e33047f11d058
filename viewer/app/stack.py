"""The pixels of one display set in memory, as they arrive. Who decodes them is in `loader`."""

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.presentation import Presentation, present
from viewer.core.dicom.problem import DicomError, Problem
from viewer.core.pixels.grey import Grey, Lut, Window
from viewer.core.pixels.overlay import Bitmap
from viewer.core.pixels.shutter import outside
from viewer.core.pixels.table import modality_table, presentation_table
from viewer.core.pixels.voi import auto_window

NO_DATA_HU = -1024
"""What a missing slice or a padded pixel holds in a volume of HU."""


class Stack:
    """Pixels of one display set; loader threads write, all threads may read.

    codes     (slices, rows, columns) uint16, C-contiguous: stored value of unsigned data, stored ^ 0x8000 of
              signed data. Slices that are missing or not yet there are all 0, the lowest value
    rgb       (slices, rows, columns, 3) uint8 where the images are colour (then `codes` is their luminance,
              0..255); else None
    ready     (slices,) True once a slice is complete; it never goes back
    problems  slice index -> why that slice will not come
    overlays  slice index -> what the overlays of that image draw; only where they draw something
    generation  of the display set; an answer for another generation is stale
    """

    def __init__(self, display_set: DisplaySet) -> None:
        first = display_set.instances[0]
        shape = (display_set.count, first.rows, first.columns)
        self.display_set = display_set
        self.generation = display_set.generation
        self.codes: NDArray[np.uint16] = np.zeros(shape, np.uint16)
        self.rgb: NDArray[np.uint8] | None = np.zeros((*shape, 3), np.uint8) if first.colour else None
        self.ready: NDArray[np.bool_] = np.zeros(shape[0], np.bool_)
        self.problems: dict[int, Problem] = {}
        self.overlays: dict[int, tuple[Bitmap, ...]] = {}
        self._slices: list[Instance | None] = [None] * shape[0]
        for instance, slot in zip(display_set.instances, display_set.slots, strict=True):
            self._slices[slot] = instance
        self._auto: dict[int, Window] = {}

    @property
    def complete(self) -> bool:
        """True once nothing more will come: every image is ready or has a problem."""
        return int(np.count_nonzero(self.ready)) + len(self.problems) >= len(self.display_set.instances)

    def instance(self, slice_index: int) -> Instance:
        """The image of a slice; of a missing slice, the first one of the display set."""
        return self._slices[slice_index] or self.display_set.instances[0]

    def shown(self, slice_index: int, state: Presentation | None) -> Instance:
        """The image of a slice as it is, or as a presentation state that is for it shows it."""
        instance = self.instance(slice_index)
        return instance if state is None or not state.is_for(instance) else _presented(instance, state)

    def grey(self, slice_index: int, choice: int = 0, state: Presentation | None = None) -> Grey:
        """The grey pipeline of a slice with the VOI of that number among its own (or those of a state)."""
        instance = self.shown(slice_index, state)
        if instance.colour:
            return Grey(voi=Window(127.5, 255.0, function="LINEAR_EXACT"), bits_stored=8)
        return replace(instance.grey, voi=self.own_voi(slice_index, choice, state))

    def own_voi(self, slice_index: int, choice: int = 0, state: Presentation | None = None) -> Window | Lut:
        """The window or VOI LUT of the image with that number (the first, where it has not so many).

        Where the image brings none: soft tissue for HU, else its own range.
        """
        instance = self.shown(slice_index, state)
        offered = instance.vois
        if offered:
            return offered[choice if choice < len(offered) else 0]
        if instance.units == "HU" and instance.rescaled:
            return Window(40.0, 400.0, "default")
        if slice_index in self._auto:
            return self._auto[slice_index]
        window = auto_window(self.codes[slice_index], instance.grey)
        if self.ready[slice_index]:
            self._auto[slice_index] = window
        return window

    def modality_value(self, slice_index: int, row: int, column: int) -> float | None:
        """The modality value (HU for CT) of a pixel; None where there is none to claim."""
        _, rows, columns = self.codes.shape
        if not (0 <= row < rows and 0 <= column < columns and self.ready[slice_index]):
            return None
        instance = self.instance(slice_index)
        stored = int(self.codes[slice_index, row, column]) - (0x8000 if instance.signed else 0)
        padding = instance.padding
        if instance.colour or (padding and padding[0] <= stored <= padding[1]):
            return None
        if instance.modality_lut is not None:
            return float(modality_table(instance.grey)[self.codes[slice_index, row, column]])
        return stored * instance.slope + instance.intercept

    def hu_slice(self, slice_index: int) -> NDArray[np.int16]:
        """(rows, columns) HU, rounded; NO_DATA_HU where missing, not ready or padded."""
        if self._slices[slice_index] is None or not self.ready[slice_index]:
            return np.full(self.codes.shape[1:], NO_DATA_HU, np.int16)
        grey = replace(self.instance(slice_index).grey, voi=None, invert=False)
        hu: NDArray[np.int16] = np.take(_hu_table(grey), self.codes[slice_index], mode="clip")
        return hu

    def hu(self) -> NDArray[np.int16]:
        """(slices, rows, columns) HU, rounded. Raises `DicomError` where the images claim no HU."""
        self._refuse_without_hu()
        out = np.empty(self.codes.shape, np.int16)
        for k in range(len(out)):
            out[k] = self.hu_slice(k)
        return out

    def hu_file(self, path: Path) -> None:
        """Write the volume as `.npy`, slice by slice, under its name only once it is complete.

        In HU; of what is no CT in modality values.

        Meant for a thread: nothing of it holds the interpreter for longer than one slice takes.
        """
        if self.display_set.modality == "CT":
            self._refuse_without_hu()
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:
            header = {"descr": "<i2", "fortran_order": False, "shape": self.codes.shape}
            np.lib.format.write_array_header_1_0(file, header)
            for k in range(len(self.codes)):
                file.write(self.hu_slice(k).data)
        os.replace(part, path)  # noqa: PTH105 (both names are in one folder)

    def p_values(self, slice_index: int = 0) -> NDArray[np.uint16]:
        """(rows, columns) P-values of an image, 0 black to 65535 white: as it is displayed, uncalibrated.

        Through its own VOI, polarity and padding.
        """
        table = np.rint(presentation_table(self.grey(slice_index)) * 65535).astype(np.uint16)
        values: NDArray[np.uint16] = np.take(table, self.codes[slice_index], mode="clip")
        return values

    def _refuse_without_hu(self) -> None:
        if self.display_set.has_hu:
            return
        culprit = next(i for i in self.display_set.instances if not i.rescaled or i.units != "HU")
        raise DicomError(
            Problem(
                str(culprit.location),
                "(0028,1053)",
                culprit.units or "no Hounsfield units",
                "a CT image with Rescale Slope and Intercept",
                "this series cannot be read in HU, so no second read and no HU value are possible",
            )
        )


_presented = lru_cache(maxsize=64)(present)


def covered_by_shutters(instance: Instance) -> NDArray[np.bool_] | None:
    """(rows, columns) True where a shutter covers the image; None where none does."""
    tall, wide = instance.spacing_mm or (1.0, 1.0)
    mask = outside(instance.shutters, instance.rows, instance.columns, tall / wide)
    if instance.covered is None:
        return mask
    drawn = instance.covered.mask_of((instance.rows, instance.columns))
    return drawn if mask is None else mask | drawn


@lru_cache(maxsize=32)
def _hu_table(grey: Grey) -> NDArray[np.int16]:
    """(65536,) code -> HU, rounded and clipped to int16."""
    values = np.clip(np.rint(modality_table(grey)), -32768, 32767).astype(np.int16)
    if grey.padding is not None:
        stored = np.arange(65536) - (0x8000 if grey.signed else 0)
        values[(stored >= grey.padding[0]) & (stored <= grey.padding[1])] = NO_DATA_HU
    return values
