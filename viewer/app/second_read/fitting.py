"""Which models a study is for, and why none is: modality and part of the body. Looks at headers only."""

from collections.abc import Iterable

from inference.bundle import DETECT_2D, Bundle
from inference.input_contract import parts_named
from viewer.app.second_read import choose, choose_images, choose_views
from viewer.core.dicom.display_set import DisplaySet, Study


def fits(bundle: Bundle, study: Study) -> bool:
    """True where the study may show what the model reads; else the model is not asked at all.

    An image that does not name its part of the body may show any. Where others of the study name theirs, it
    counts only if the model would read it: a page of doses beside a chest is no head.
    """
    alike = [d for d in _images(study) if d.modality == bundle.input.modality]
    may = [d for d in alike if not bundle.input.other_kind(d.modality, _body_part(d))]
    if len(may) == len(alike) or any(parts_named(_body_part(d)) for d in may):
        return bool(may)
    return any(_would_read(bundle, d) for d in may)


def why_none(study: Study, bundles: Iterable[Bundle]) -> str:
    """Said of every model where none is for the study."""
    found = sorted({_kind(d) for d in _images(study)})
    if not found:
        return "there are no images in this study"
    known = "; ".join(sorted({bundle.input.kind for bundle in bundles}))
    return f"no model reads this study: its images are {', '.join(found)}, the models read {known}"


def _would_read(bundle: Bundle, display_set: DisplaySet) -> bool:
    if bundle.task == DETECT_2D:
        return not choose_views.unsuitable(display_set, bundle.input)
    if bundle.task.endswith("2d") and not choose_images.unsuitable(display_set, bundle.input):
        return True
    any_way = bundle.contract is not None
    return not choose.unsuitable(display_set, bundle.input, any_way=any_way)


def _images(study: Study) -> list[DisplaySet]:
    return [d for d in study.display_sets if d.kind == "image"]


def _body_part(display_set: DisplaySet) -> str:
    return display_set.instances[0].body_part


def _kind(display_set: DisplaySet) -> str:
    return " of ".join(filter(None, (display_set.modality or "unknown", _body_part(display_set))))
