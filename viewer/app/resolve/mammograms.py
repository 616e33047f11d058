"""What is written on a mammogram: side and view on its outer side, date, technique, scale, and doubts."""

from collections import Counter

from viewer.app import posing, roaming, seeing, slabs, text
from viewer.app.desk_state import DeskState
from viewer.app.display import Corners
from viewer.app.views import View
from viewer.core.dicom.display_set import DisplaySet, SeriesWarning
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.mammogram import Mammogram, table
from viewer.core.dicom.planes import cut_spacing
from viewer.core.hanging.fill import is_for_reading
from viewer.core.hanging.pose import Pose
from viewer.core.report.place import image_places

_LONGEST = 40
"""Letters of a line, so that it stays on its side of a narrow viewport."""
_RAW = "These are raw detector values (For Processing): open the For Presentation image of this view."
_SYNTHETIC = "Synthetic 2-D, made of tomosynthesis"
_NO_SIZE = "The pixel size is not in the header: no lengths, no true size, and no same size on this image."


def corners(
    desk: DeskState, view: View, shown: DisplaySet, pose: Pose, levels: tuple[str, ...]
) -> Corners | None:
    """Corner text of a mammogram, all on the side away from the chest wall; None for anything else."""
    breast, first = posing.breast_of(shown), shown.instances[0]
    if breast is None:
        return None
    made = (_SYNTHETIC,) if first.is_synthetic else ()
    above = (*made, *_modifiers(breast), *_technique(first, breast))
    below = (*_marks(desk, shown), *_slice(desk, view, shown), *_scale(desk, pose, view), *levels)
    right = breast.side == "L" and posing.turn(shown) is not None
    stated = "" if desk.reading is None else desk.reading.sides.get(first.sop_instance_uid, "")
    label = f"{stated} {breast.name}".strip() or "Side and view not in the header"
    note = text.date(breast.taken or first.study_date) or "date not in the header"
    note = f"Prior, {note}" if desk.is_prior(shown) else note
    note = f"Side stated by you, {note}" if stated else note
    return Corners(
        top_left=() if right else above,
        top_right=above if right else (),
        bottom_left=() if right else below,
        bottom_right=below if right else (),
        label=label,
        label_note=note,
        label_right=right,
    )


def _slice(desk: DeskState, view: View, shown: DisplaySet) -> tuple[str, ...]:
    """Where in a stack: number, and height over its first slice."""
    index, count = desk.views.place(view)
    if count < 2:
        return ()
    projection = shown.instances[0].is_projection
    number = f"{'Projection' if projection else 'Slice'} {index + 1} / {count}"
    if shown.geometry is None or projection:
        return (number,)
    height = text.millimetres(index * cut_spacing(shown.geometry))
    return (*slabs.line(desk, view), f"{number}  {height} over the first")


def _marks(desk: DeskState, shown: DisplaySet) -> tuple[str, ...]:
    """After the reveal: how many marks of which type the second readers have on this image."""
    reading = desk.reading
    if reading is None or not desk.revealed:
        return ()
    here = [f.label for f in seeing.proposed(desk, reading) if image_places([shown], f)]
    if not here:
        return ()
    if not desk.review.marks_on:
        return (f"{len(here)} marks hidden (G)" if len(here) > 1 else "1 mark hidden (G)",)
    counted = (f"{count} {label}{_plural(label, count)}" for label, count in Counter(here).items())
    return (text.shortened(f"Marks: {', '.join(counted)}", _LONGEST),)


def _plural(label: str, count: int) -> str:
    return "" if count == 1 else "es" if label.endswith("s") else "s"


def _modifiers(breast: Mammogram) -> tuple[str, ...]:
    """In words: what the letters on the image stand for."""
    words = [str(row["title"]) for row in table("modifier") if row["name"] in breast.modifiers]
    words += ["Implant"] if breast.implant else []
    words += [f"Partial view: {breast.partial}"] if breast.partial else []
    return tuple(words)


def _technique(first: Instance, breast: Mammogram) -> tuple[str, ...]:
    beam = [
        "/".join(filter(None, (breast.anode.capitalize(), breast.filter.capitalize()))),
        f"{first.kvp:g} kV" if first.kvp else "",
        f"{first.exposure_mas:g} mAs" if first.exposure_mas else "",
    ]
    pressed = [
        f"{breast.thickness_mm:.0f} mm" if breast.thickness_mm else "",
        f"{breast.force_n:.0f} N" if breast.force_n else "",
        f"{breast.dose_mgy:.2f} mGy" if breast.dose_mgy else "",
    ]
    people = [first.institution, text.person(breast.technologist), breast.station]
    place = {"patient": "calibrated", "magnified": "at the breast, estimated", "imager": "at the detector"}
    size = first.spacing_mm
    pixels = (
        f"Pixels {size[1]:.3f} mm {place.get(first.spacing_source, '')}".strip()
        if size
        else "Pixel size unknown"
    )
    lossy = ""
    if first.lossy:
        lossy = "lossy compressed" + (f" {first.lossy_ratio:g}:1" if first.lossy_ratio else "")
    lines = (*(text.DOT.join(filter(None, line)) for line in (beam, pressed)), pixels, *people, lossy)
    return tuple(text.shortened(line, _LONGEST) for line in lines if line)


def _scale(desk: DeskState, pose: Pose, view: View) -> tuple[str, ...]:
    if pose.pixels:
        number, count = roaming.tile_now(desk, view), len(roaming.tiles_of(desk, view))
        part = f"  part {number + 1} / {count}" if number is not None else ""
        return (f"1:1{part}" if view.zoom == 1 else f"{view.zoom:g}:1",)
    if view.true_size:
        return ("True size" if view.zoom == 1 else f"True size x {view.zoom:.2g}",)
    if pose.mm_per_px <= 0:
        return ()
    return (f"Same size  {pose.mm_per_px / view.zoom:.2f} mm / px",)


def warnings(shown: DisplaySet) -> tuple[SeriesWarning, ...]:
    """What the reader must know of a mammogram before reading it."""
    breast = posing.breast_of(shown)
    told = []
    if not is_for_reading(shown):
        told.append(SeriesWarning("for_processing", _RAW, "danger"))
    if breast is not None and breast.contradiction:
        words = breast.contradiction
        told.append(SeriesWarning("side", f"{words[0].upper()}{words[1:]}.", "danger"))
    elif breast is not None and posing.turn(shown) is None:
        words = "Side, view or Patient Orientation are not in the header: the image is shown as it is stored."
        told.append(SeriesWarning("not_turned", words))
    if breast is not None and shown.instances[0].spacing_mm is None:
        told.append(SeriesWarning("no_spacing", _NO_SIZE))
    return tuple(told)
