"""Which structured reports are the work of other programs, and what they say."""

from pydicom.dataset import Dataset

from viewer.core.cad.lesions import read_lesions, status_of
from viewer.core.cad.marks import CadReport
from viewer.core.cad.measured import by_program, read_measured
from viewer.core.cad.tree import read_tree
from viewer.core.dicom.text import clean
from viewer.core.report.document import MAKER
from viewer.core.report.terms import standard

MAMMOGRAPHY_CAD = "1.2.840.10008.5.1.4.1.1.88.50"
_CAD = (MAMMOGRAPHY_CAD, "1.2.840.10008.5.1.4.1.1.88.65")
_MEASURED = tuple(f"1.2.840.10008.5.1.4.1.1.88.{n}" for n in (22, 33, 34, 35))
SOP_CLASSES = frozenset((*_CAD, *_MEASURED))
"""Enhanced, Comprehensive, Comprehensive 3D and Extensible SR may hold what a program measured."""


def is_cad(sop_class_uid: str) -> bool:
    """True for reports that only programs write."""
    return sop_class_uid in _CAD


def read_report(document: Dataset) -> CadReport | None:
    """What a program found; None for a document of a reader, or of this program. Raises `BadTree`."""
    maker, model, version = (
        _said(document, keyword) for keyword in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions")
    )
    if maker == MAKER:
        return None  # an earlier read of ours: the study is being read anew
    root = read_tree(document)
    of_cad = is_cad(str(document.get("SOPClassUID")))
    if not of_cad and not by_program(root):
        return None
    read = read_lesions(root) if of_cad else read_measured(root)
    states = {name: standard(name).value for name in ("done", "partial", "failed", "not_run")}
    return CadReport(
        sop_instance_uid=_said(document, "SOPInstanceUID"),
        maker=" ".join(filter(None, (maker, model))) or "another program",
        version=version,
        status=status_of(root, states),
        marks=tuple(read.marks),
        refused=tuple(read.refused),
        withheld=read.withheld,
    )


def _said(document: Dataset, keyword: str) -> str:
    value = document.get(keyword)
    first = value[0] if value is not None and not isinstance(value, str) and len(value) else value
    return "" if first is None else clean(str(first))
