"""A model's read of a mammography exam as Mammography CAD SR, for workstations that know nothing newer."""

from collections.abc import Iterable, Sequence

from highdicom.sr.value_types import ContainerContentItem, ContentSequence, ImageContentItem
from pydicom.dataset import Dataset
from pydicom.uid import UID

from viewer.core.cad.document import MAMMOGRAPHY_CAD
from viewer.core.report.cad_tree import tree
from viewer.core.report.content import CONTAINS, concept
from viewer.core.report.document import comprehensive_3d, refusing
from viewer.core.report.second_read import SecondRead
from viewer.core.report.source import Source
from viewer.core.report.terms import cad, lesions

CAD_SERIES = 9003
_TEMPLATE = "4000"


def mammography_cad_sr(
    sources: Sequence[Source], read: SecondRead, also: Iterable[str] = ()
) -> Dataset | None:
    """What a model found on mammograms; None where there is none, or it reads no breasts.

    also   tracking UIDs of findings below the operating point that are written nevertheless, as optional
    Written for a read without findings, a failed one and one that was not run, too: the codes say which.
    Raises `ReportError`.
    """
    breasts = [s for s in sources if s.display_set.modality == "MG"]
    if not breasts or not reads_breasts(read):
        return None
    wanted, known = set(also), {str(image.SOPInstanceUID) for s in breasts for image in s.images}
    findings = [
        f
        for f in read.findings
        if (f.above_operating_point or f.tracking_uid in wanted)
        and f.places
        and all(place.sop_instance_uid in known for place in f.places)
    ]
    title = "Second reader: findings of the model as CAD"
    with refusing(title):
        content = tree(breasts, read, findings)
    made = comprehensive_3d(
        breasts, _images(breasts), series_number=CAD_SERIES, description=title, complete=read.finished
    )
    return _as_cad(made, content)


def reads_breasts(read: SecondRead) -> bool:
    """True for a model that looks for lesions of the breast, and for one that does not say for what."""
    known = [label for label in read.labels if any(word in label for row in lesions() for word in row.words)]
    return bool(known) or not read.labels


def _images(sources: Sequence[Source]) -> ContentSequence:
    """A root that only names the images: highdicom takes the evidence from it."""
    root = ContainerContentItem(concept(cad("report")), template_id=_TEMPLATE)
    root.ContentSequence = ContentSequence(
        [
            ImageContentItem(
                concept(cad("library")), image.SOPClassUID, image.SOPInstanceUID, relationship_type=CONTAINS
            )
            for source in sources
            for image in source.images
        ]
    )
    return ContentSequence([root], is_root=True)


def _as_cad(made: Dataset, content: Dataset) -> Dataset:
    """The same document with the SOP class of CAD and its content."""
    out = Dataset()
    out.update(made)
    out.update(content)
    out.SOPClassUID = UID(MAMMOGRAPHY_CAD)
    out.file_meta = made.file_meta
    out.file_meta.MediaStorageSOPClassUID = out.SOPClassUID
    return out
