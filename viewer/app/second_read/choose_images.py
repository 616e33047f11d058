"""Which images of a study a model of single pictures is given, and why not the others: by headers only."""

from inference.input_contract import InputContract
from viewer.app.second_read.choose_views import Choice
from viewer.core.dicom.display_set import DisplaySet, Study

MOST = 16
"""Pictures of one study that are read; a study of more is no examination of single pictures."""


def choose_images(study: Study, contract: InputContract) -> Choice:
    """Every single grey picture of the model's modality, in the order of the study."""
    images = [d for d in study.display_sets if d.kind == "image"]
    skipped = {d.id: reason for d in images if (reason := unsuitable(d, contract))}
    suitable = [d for d in images if d.id not in skipped]
    late = suitable[MOST:]
    told = {d.id: f"not among the first {MOST} pictures" for d in late}
    return Choice(tuple(suitable[:MOST]), skipped | told, tuple(late))


def unsuitable(display_set: DisplaySet, contract: InputContract) -> str:
    """Why a model of this contract cannot read an image, in a clause; "" where it can."""
    first = display_set.instances[0]
    if other := contract.other_kind(display_set.modality, display_set.instances[0].body_part):
        return other
    if display_set.count > 1:
        return f"a stack of {display_set.count} images: the model reads single ones"
    if first.broken is not None:
        return first.broken.message
    if first.presentation_intent == "FOR PROCESSING":
        return "raw detector image (For Processing)"
    if first.colour:
        return "a colour picture"
    return "its pixel size is not known" if first.spacing_mm is None else ""
