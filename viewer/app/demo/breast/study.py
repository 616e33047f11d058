"""What all objects of one demonstration examination share: an invented woman, the study, codes, exposure."""

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from inference.phantom.breast.exam import GENERATOR, Exam
from inference.phantom.breast.view import View
from inference.phantom.chest import phantom_uid
from viewer.app.demo.breast.vendors import SOURCE_TO_DETECTOR_MM, Vendor

DAYS = {"current": "20260105", "prior": "20250106"}
VIEW_CODES = {
    "CC": Code("399162004", "SCT", "cranio-caudal"),
    "MLO": Code("399368009", "SCT", "medio-lateral oblique"),
}
BREAST = Code("76752008", "SCT", "Breast")


def uid(exam: Exam, what: str) -> str:
    """A UID that depends on nothing but the seed, the examination and the purpose."""
    return phantom_uid(exam.seed, f"breast {exam.epoch} {what}")


def coded(code: Code) -> Dataset:
    """An item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = (
        code.value,
        code.scheme_designator,
        code.meaning,
    )
    return item


def study(exam: Exam) -> Dataset:
    """Patient and study: invented, and said to be."""
    out = Dataset()
    out.SpecificCharacterSet = "ISO_IR 100"
    out.PatientName, out.PatientID = "Phantom^Breast", "TANDEM-DEMO-MG"
    out.PatientBirthDate, out.PatientSex = "19650101", "F"
    out.PatientAge = "061Y" if exam.epoch == "current" else "060Y"
    out.PatientComments = "A procedural phantom. No person was imaged."
    out.StudyInstanceUID = uid(exam, "study")
    day = DAYS[exam.epoch]
    out.StudyDate = out.SeriesDate = out.AcquisitionDate = out.ContentDate = day
    out.StudyTime = out.SeriesTime = out.AcquisitionTime = out.ContentTime = "093000"
    out.StudyID, out.AccessionNumber = (
        f"MG{exam.seed}{exam.epoch[0].upper()}",
        f"DEMOMG{exam.seed}{exam.epoch[0].upper()}",
    )
    out.ReferringPhysicianName, out.StudyDescription = "", "Screening mammography, demonstration"
    return out


def equipment(exam: Exam, vendor: Vendor) -> Dataset:
    """Who did not make the device."""
    out = Dataset()
    out.Modality = "MG"
    out.Manufacturer, out.ManufacturerModelName = vendor.manufacturer, vendor.model
    out.DeviceSerialNumber, out.SoftwareVersions = f"PHANTOM-{exam.seed}", f"generator {GENERATOR}"
    out.InstitutionName, out.StationName = "Phantom clinic", "MG1"
    return out


def view_code(view: View) -> Dataset:
    """The item of View Code Sequence, without modifiers."""
    item = coded(VIEW_CODES[view.projection])
    item.ViewModifierCodeSequence = []
    return item


def gantry_angle(view: View, side: str) -> float:
    """Positioner Primary Angle, degrees: 0 from above; its sign says from which side."""
    return 0.0 if view.projection == "CC" else round(view.angle if side == "R" else -view.angle, 1)


def distances(vendor: Vendor) -> tuple[float, float]:
    """From the source to the detector and to the breast, mm."""
    return SOURCE_TO_DETECTOR_MM, round(SOURCE_TO_DETECTOR_MM / vendor.magnification, 2)
