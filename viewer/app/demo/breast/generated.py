"""The synthetic 2-D picture beside a stack: Image Type DERIVED, PRIMARY, TOMOSYNTHESIS, GENERATED_2D.

A Digital Mammography X-Ray Image as the others (PS3.3 C.8.11.7.1.4), whose source is the stack.
"""

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UID

from viewer.app.demo.breast.mammogram import SOP_CLASS, Shot, mammogram
from viewer.app.demo.breast.study import coded, uid
from viewer.app.demo.place import file_meta

IMAGE_TYPE = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]
_SOURCE = Code("121322", "DCM", "Source image for image processing operation")


def generated(shot: Shot, stack: Dataset) -> Dataset:
    """The object for a shot that was made of the slices of `stack`."""
    out = mammogram(shot)
    out.SOPInstanceUID = uid(shot.exam, f"image {shot.name} synthetic")
    out.SeriesInstanceUID, out.SeriesNumber = uid(shot.exam, f"series {shot.name} synthetic"), 6
    out.AcquisitionNumber = 6
    out.SeriesDescription = f"{shot.name[0]} {shot.name[1:]} synthetic phantom"
    out.ImageType = IMAGE_TYPE
    out.DerivationDescription = "Mean of the tomosynthesis slices and the brightest of them"
    out.SourceImageSequence = [_reference(stack)]
    out.file_meta = file_meta(SOP_CLASS, UID(out.SOPInstanceUID))
    return out


def _reference(stack: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = stack.SOPClassUID, stack.SOPInstanceUID
    item.PurposeOfReferenceCodeSequence = [coded(_SOURCE)]
    return item
