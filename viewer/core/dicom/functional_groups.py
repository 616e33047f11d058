"""Per-frame facts of multi-frame objects, from their functional groups (PS3.3 C.7.6.16)."""

from dataclasses import replace

from viewer.core.dicom.grey_module import read_rescale, read_voi_luts, read_windows
from viewer.core.dicom.instance import Frame, Instance
from viewer.core.dicom.plane import read_orientation, read_position, read_spacing
from viewer.core.dicom.values import Values

SHARED, PER_FRAME = 0x52009229, 0x52009230


def read_frames(
    values: Values, frames: int, modality: str, image_type: tuple[str, ...], signed: bool
) -> tuple[Frame, ...]:
    """One `Frame` for each frame; () where the object has no functional groups."""
    own = values.items(PER_FRAME)
    shared = values.item(SHARED)
    if not own and not shared.elements:
        return ()
    if len(own) != frames:
        found, allowed = f"{len(own)} items", f"{frames}, one a frame"
        values.note(PER_FRAME, found, allowed, "place and scale of the frames are unknown")
        return ()
    base = _frame(shared, Frame(), modality, image_type, signed)
    return tuple(_frame(item, base, modality, image_type, signed) for item in own)


def _frame(item: Values, base: Frame, modality: str, image_type: tuple[str, ...], signed: bool) -> Frame:
    """What `item` says, over what `base` says."""
    measures = item.item(0x00289110)
    spacing, _ = read_spacing(measures)
    slope, intercept, units = base.slope, base.intercept, base.units
    transformation = item.item(0x00289145)
    if transformation.elements:
        rescale = read_rescale(transformation, modality, image_type, signed=False)
        slope, intercept, units = (None, None, "")
        if rescale.rescaled:
            slope, intercept, units = rescale.slope, rescale.intercept, rescale.units
    voi = item.item(0x00289132)
    windows = read_windows(voi)
    luts = read_voi_luts(voi, signed or (intercept or 0) < 0)
    return Frame(
        position_mm=read_position(item.item(0x00209113)) or base.position_mm,
        orientation=read_orientation(item.item(0x00209116)) or base.orientation,
        spacing_mm=spacing or base.spacing_mm,
        slice_thickness_mm=measures.number(0x00180050) or base.slice_thickness_mm,
        slope=slope,
        intercept=intercept,
        units=units,
        windows=windows if windows or luts else base.windows,
        voi_luts=luts if windows or luts else base.voi_luts,
    )


def frames_of(instance: Instance) -> list[Instance]:
    """The instance, or one for each of its frames with what the functional groups say about it.

    Without functional groups only the place of the object as a whole is known, so its frames have none.
    """
    if instance.frames == 1 and not instance.per_frame:
        return [instance]
    if not instance.per_frame:
        return [replace(instance, frame=k, position_mm=None) for k in range(instance.frames)]
    bare = replace(instance, per_frame=())
    return [_at_frame(bare, k, own) for k, own in enumerate(instance.per_frame)]


def _at_frame(instance: Instance, k: int, own: Frame) -> Instance:
    out = replace(
        instance,
        frame=k,
        position_mm=own.position_mm or instance.position_mm,
        orientation=own.orientation or instance.orientation,
        spacing_mm=own.spacing_mm or instance.spacing_mm,
        slice_thickness_mm=own.slice_thickness_mm or instance.slice_thickness_mm,
        windows=own.windows if own.windows or own.voi_luts else instance.windows,
        voi_luts=own.voi_luts if own.windows or own.voi_luts else instance.voi_luts,
    )
    if own.slope is None or own.intercept is None:
        return out
    return replace(out, slope=own.slope, intercept=own.intercept, units=own.units, rescaled=True)
