"""Pictures of a stack for one viewport: slices as acquired, or cuts, of which the last one is remembered."""

from collections.abc import Callable
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from viewer.app.display import Plane
from viewer.app.stack import Stack, covered_by_shutters
from viewer.core.dicom.geometry import Geometry
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.presentation import Presentation
from viewer.core.pixels.grey import Grey
from viewer.core.pixels.slab import Slab, project
from viewer.core.pixels.table import grey_table
from viewer.ui.viewport import reslice
from viewer.ui.viewport.picture import AIR_LEVEL, Picture

_SINGLE: WeakKeyDictionary[Stack, dict[tuple[object, ...], Picture]] = WeakKeyDictionary()
"""Pictures of single images, for all viewports: reducing a mammogram takes longer than a step change may."""


_GROUND: WeakKeyDictionary[Stack, NDArray[np.bool_] | None] = WeakKeyDictionary()
"""Air that all slices of a stack share; of those where it was looked for."""
_GROUND_SLICES = 7
"""So many slices of a stack are looked at for its air."""
_ITSELF = np.minimum(np.arange(65536), 255).astype(np.uint8)
"""The table of what is grey already."""
_SPARSE = 16
_ROOM_MM = 1.5
"""What is drawn black beside the breast stays so far off the skin and off labels."""


class Source:
    """Pixels of one stack. Making one costs nothing; VTK is asked at the first cut only."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._cutter: reslice.Cutter | None = None
        self._uniform: bool | None = None
        self._last: tuple[tuple[object, ...], Picture] | None = None

    def slice(
        self, index: int, shutters: bool = True, state: Presentation | None = None, air: bool | None = None
    ) -> Picture:
        """The slice as acquired; it must be ready. `shutters`: black outside of those it (or `state`) has.

        air  of a mammogram: True = black, False = known, but as stored; None = not looked for
        """
        instance = self.stack.shown(index, state)
        key = (Plane.STACK, index, shutters, instance.shutters, instance.covered)
        if self.stack.display_set.count > 1:
            return self._in_stack(key, instance, air, lambda: self._slice(index, instance, shutters))
        known = _SINGLE.setdefault(self.stack, {})
        if key not in known:
            known[key] = self._slice(index, instance, shutters)
        if air is None or instance.mammogram is None:
            return known[key]
        return self._with_air(known, key, air)

    def _in_stack(
        self, key: tuple[object, ...], instance: Instance, air: bool | None, make: Callable[[], Picture]
    ) -> Picture:
        """A picture of slices, with the air that they share known, or drawn black."""
        ground = None if air is None or instance.mammogram is None else _GROUND.get(self.stack)
        if ground is None or air is None:
            return self._remember(key, make)
        return self._remember((*key, air), lambda: make().with_air(ground, air))

    def find_ground(self) -> NDArray[np.bool_] | None:
        """Where all slices of a tomosynthesis stack show nothing but air, from now on known to its pictures.

        None while slices arrive, and without air. Takes too long for the window's thread: slices from top to
        bottom are looked at, and what is brightest in any of them is no air.
        """
        if self.stack.rgb is None and self.stack.complete:
            _GROUND[self.stack] = self._ground()
        return _GROUND.get(self.stack)

    def _ground(self) -> NDArray[np.bool_] | None:
        from viewer.core.hanging.breast import air_round  # scipy: mostly in a loader's thread

        there = np.flatnonzero(self.stack.ready)
        brightest: NDArray[np.uint8] | None = None
        for k in there[np.unique(np.linspace(0, len(there) - 1, _GROUND_SLICES, dtype=int))].tolist():
            means = self._slice(k, self.stack.instance(k), shutters=False).pixels(AIR_LEVEL)
            grey = grey_table(self.stack.grey(k))[means]
            brightest = grey if brightest is None else np.maximum(brightest, grey)
        if brightest is None:
            return None
        return air_round(brightest.astype(np.uint16), _ITSELF, self._room())

    def _with_air(
        self, known: dict[tuple[object, ...], Picture], key: tuple[object, ...], dark: bool
    ) -> Picture:
        """The same mammogram with its air known, or drawn black, where it has any."""
        if (*key, dark) not in known:
            plain = known[key]
            air = None if plain.colour else self._air(plain)
            for way in (False, True):
                known[*key, way] = plain if air is None else plain.with_air(air, way)
        return known[*key, dark]

    def _air(self, picture: Picture) -> NDArray[np.bool_] | None:
        from viewer.core.hanging.breast import air_round  # scipy: mostly in a loader's thread

        return air_round(picture.pixels(AIR_LEVEL), grey_table(self.stack.grey(0)), self._room())

    def _room(self) -> int:
        finest = min(self.stack.display_set.instances[0].spacing_mm or (0.1,))
        return max(1, round(_ROOM_MM / (finest * (1 << AIR_LEVEL))))

    def _slice(self, index: int, instance: Instance, shutters: bool) -> Picture:
        covered = covered_by_shutters(instance) if shutters else None
        if self.stack.rgb is not None:
            rgb = self.stack.rgb[index]
            return Picture(rgb if covered is None else np.where(covered[..., None], np.uint8(0), rgb))
        codes = self.stack.codes[index]
        return Picture(codes, covered, _padding_in(codes, instance))

    def slab(self, slab: Slab, shutters: bool = True, air: bool | None = None) -> Picture:
        """Slices as one picture, of those that are there; all of them must be ready. `air`: as of `slice`."""
        middle = self.stack.instance((slab.first + slab.last) // 2)
        key = (slab, shutters, middle.shutters)
        return self._in_stack(key, middle, air, lambda: self._slab(slab, middle, shutters))

    def _slab(self, slab: Slab, middle: Instance, shutters: bool) -> Picture:
        there = [k for k in range(slab.first, slab.last) if self.stack.ready[k]]
        whole = len(there) == slab.last - slab.first
        codes = self.stack.codes[slab.first : slab.last] if whole else self.stack.codes[there]
        padding = _padding_in(codes[0], middle)
        dark_is_high = middle.grey.invert != (middle.slope < 0)
        one = project(codes, slab.mode, padding, dark_is_high)
        return Picture(one, covered_by_shutters(middle) if shutters else None, padding)

    @property
    def uniform(self) -> bool:
        """True where all slices have one grey pipeline, so that codes may be interpolated between them."""
        if self._uniform is None:
            greys = {replace(i.grey, voi=None) for i in self.stack.display_set.instances}
            self._uniform = len(greys) == 1
        return self._uniform

    def cut(self, view: Geometry, index: int) -> Picture:
        """A cut through what has arrived; what has not is a hole. Only where `why_no_cut` is ""."""
        arrived = int(np.count_nonzero(self.stack.ready))
        return self._remember((view, index, arrived), lambda: self._cut(view, index))

    def _cut(self, view: Geometry, index: int) -> Picture:
        geometry = self.stack.display_set.geometry
        assert geometry is not None  # `why_no_cut` was asked
        if self._cutter is None:
            self._cutter = reslice.Cutter(
                self.stack.codes if self.uniform else _hu_codes(self.stack), geometry
            )
        self._cutter.changed()
        return self._cutter.cut(view, index, ~self.stack.ready)

    def grey(self, plane: Plane, index: int) -> Grey:
        """The grey pipeline of a slice or of any cut, with the image's own VOI."""
        if plane is Plane.STACK:
            return self.stack.grey(index)
        first = int(np.argmax(self.stack.ready))
        grey = self.stack.grey(first)
        if self.uniform:
            return grey
        return Grey(signed=True, voi=grey.voi, invert=grey.invert)

    def why_no_cut(self) -> tuple[str, str]:
        """("", "") where cuts can be made now; else what to say instead: title and sentence."""
        display_set = self.stack.display_set
        if display_set.geometry is None or self.stack.rgb is not None:
            said = next((w.message for w in display_set.warnings), "The images do not make a volume.")
            return "No planes through these images", said
        waits = not self.stack.ready.any() or not (self.uniform or self._complete())
        if waits or not reslice.ready():
            return "Loading", "The planes appear as the images arrive."
        if not self.uniform and not display_set.has_hu:
            return (
                "No planes through these images",
                "Each slice has its own scale of grey, and none is in HU.",
            )
        return "", ""

    def _complete(self) -> bool:
        expected = (
            self.stack.display_set.count - len(self.stack.display_set.missing) - len(self.stack.problems)
        )
        return int(np.count_nonzero(self.stack.ready)) >= expected

    def _remember(self, key: tuple[object, ...], make: Callable[[], Picture]) -> Picture:
        if self._last is None or self._last[0] != key:
            self._last = (key, make())
        return self._last[1]


def _padding_in(codes: NDArray[np.uint16], instance: Instance) -> tuple[int, int] | None:
    """The codes of padding, where the image has such pixels."""
    if instance.padding is None:
        return None
    offset = 0x8000 if instance.signed else 0
    low, high = (min(max(value + offset, 0), 65535) for value in instance.padding)
    looks = (codes[::_SPARSE, ::_SPARSE], codes)  # there is much padding, or a little somewhere
    return (low, high) if any(((c >= low) & (c <= high)).any() for c in looks) else None


def _hu_codes(stack: Stack) -> NDArray[np.uint16]:
    """The volume in HU as codes of signed data, for cuts where slices differ in their rescale."""
    return stack.hu().view(np.uint16) ^ np.uint16(0x8000)
