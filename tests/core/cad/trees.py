"""Structured reports put together by hand, as other programs write them; our own writer has no part in it."""

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from tests.core.report import made_breasts as breasts

DENSITY = ("129793001", "SCT", "Mammography breast density")
CLUSTER = ("129769006", "SCT", "Calcification Cluster")
OLD_CLUSTER = ("F-01775", "SRT", "Calcification Cluster")
MASS = ("129788004", "SCT", "Mammographic breast mass")
REQUIRED = ("111150", "DCM", "Presentation Required: Rendering device is expected to present")
OPTIONAL = ("111151", "DCM", "Presentation Optional: Rendering device may present")
WITHHELD = ("111152", "DCM", "Not for Presentation: Rendering device expected not to present")
INTENT = ("111056", "DCM", "Rendering Intent")
MAMMOGRAPHY = "1.2.840.10008.5.1.4.1.1.88.50"
COMPREHENSIVE = "1.2.840.10008.5.1.4.1.1.88.33"
COMPREHENSIVE_3D = "1.2.840.10008.5.1.4.1.1.88.34"


def term(value, scheme, meaning):
    out = Dataset()
    out.CodeValue, out.CodingSchemeDesignator, out.CodeMeaning = value, scheme, meaning
    return out


def item(relation, kind, name=None, children=(), **attributes):
    out = Dataset()
    if relation:
        out.RelationshipType = relation
    out.ValueType = kind
    if name:
        out.ConceptNameCodeSequence = [term(*name)]
    for keyword, value in attributes.items():
        setattr(out, keyword, value)
    if children:
        out.ContentSequence = list(children)
    return out


def code(relation, name, value, *children):
    return item(relation, "CODE", name, children, ConceptCodeSequence=[term(*value)])


def text(name, value):
    return item("HAS PROPERTIES", "TEXT", name, TextValue=value)


def number(name, value, unit="%"):
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = str(value), [term(unit, "UCUM", unit)]
    return item("HAS PROPERTIES", "NUM", name, MeasuredValueSequence=[measured])


def see(relation, *path):
    out = Dataset()
    out.RelationshipType, out.ReferencedContentItemIdentifier = relation, list(path)
    return out


def image(uid, frame=None, relation="CONTAINS"):
    referred = Dataset()
    referred.ReferencedSOPClassUID, referred.ReferencedSOPInstanceUID = breasts.MAMMOGRAM, uid
    if frame is not None:
        referred.ReferencedFrameNumber = frame
    return item(relation, "IMAGE", ReferencedSOPSequence=[referred])


def drawn(name, kind, points, on):
    """Coordinates on an image: `on` is the number of the image in the library, or the image itself."""
    target = see("SELECTED FROM", 1, 2, on) if isinstance(on, int) else on
    values = [float(v) for v in points]
    return item("HAS PROPERTIES", "SCOORD", name, [target], GraphicType=kind, GraphicData=values)


def centre(column, row, on):
    return drawn(("111010", "DCM", "Center"), "POINT", (column, row), on)


def outline(kind, points, on):
    return drawn(("111041", "DCM", "Outline"), kind, points, on)


def algorithm(name="Mass detector", version="7.2"):
    return text(("111001", "DCM", "Algorithm Name"), name), text(
        ("111003", "DCM", "Algorithm Version"), version
    )


def single(kind, *children, intent=REQUIRED, relation="CONTAINS"):
    return code(
        relation,
        ("111059", "DCM", "Single Image Finding"),
        kind,
        code("HAS CONCEPT MOD", INTENT, intent),
        *algorithm(),
        *children,
    )


def composite(kind, *children, intent=REQUIRED):
    return code(
        "CONTAINS",
        ("111015", "DCM", "Composite Feature"),
        kind,
        code("HAS CONCEPT MOD", INTENT, intent),
        *children,
    )


def impression(*children, intent=REQUIRED):
    name = ("111034", "DCM", "Individual Impression/Recommendation")
    return item("INFERRED FROM", "CONTAINER", name, [code("HAS CONCEPT MOD", INTENT, intent), *children])


def certainty(value):
    return number(("111012", "DCM", "Certainty of Finding"), value)


def cad_document(*impressions, detections=("111222", "DCM", "Succeeded"), images=None):
    """A Mammography CAD SR on the four views of `made_breasts`, in their order."""
    library = [image(breasts.uid(view)) for view in breasts.VIEWS] if images is None else images
    language = ("121049", "DCM", "Language of Content Item and Descendants")
    summary = ("111242", "DCM", "All algorithms succeeded; with findings")
    return document(
        MAMMOGRAPHY,
        ("111036", "DCM", "Mammography CAD Report"),
        [
            code("HAS CONCEPT MOD", language, ("en", "RFC5646", "English")),
            item("CONTAINS", "CONTAINER", ("111028", "DCM", "Image Library"), library),
            code("CONTAINS", ("111017", "DCM", "CAD Processing and Findings Summary"), summary, *impressions),
            code("CONTAINS", ("111064", "DCM", "Summary of Detections"), detections),
            code("CONTAINS", ("111065", "DCM", "Summary of Analyses"), ("111225", "DCM", "Not Attempted")),
        ],
    )


def measurement_document(*groups, observer=("121007", "DCM", "Device"), sop_class=COMPREHENSIVE_3D):
    """A TID 1500 report."""
    return document(
        sop_class,
        ("126000", "DCM", "Imaging Measurement Report"),
        [
            code("HAS OBS CONTEXT", ("121005", "DCM", "Observer Type"), observer),
            item("CONTAINS", "CONTAINER", ("126010", "DCM", "Imaging Measurements"), groups),
        ],
    )


def group(kind, *children, tracking="2.25.77"):
    """A measurement group with an algorithm."""
    return item(
        "CONTAINS",
        "CONTAINER",
        ("125007", "DCM", "Measurement Group"),
        [
            item("HAS OBS CONTEXT", "UIDREF", ("112040", "DCM", "Tracking Unique Identifier"), UID=tracking),
            code("CONTAINS", ("121071", "DCM", "Finding"), kind),
            *algorithm("Lesion finder", "2.0"),
            *children,
        ],
    )


def document(sop_class, title, children):
    out = item("", "CONTAINER", title, children)
    out.SOPClassUID, out.SOPInstanceUID = sop_class, "1.2.3.900.1"
    out.Manufacturer, out.ManufacturerModelName, out.SoftwareVersions = "Other", "Second Look", "7.2"
    return out


IMAGE_REGION = tuple(
    getattr(codes.DCM.ImageRegion, part) for part in ("value", "scheme_designator", "meaning")
)
