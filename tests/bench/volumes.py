"""A whole 300-slice series, from its folder to a volume in memory, beside SimpleITK's series reader."""

import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

SLICES, SIZE, DIFFERENT = 300, 512, 12
"""Of the slices so many have different pixels: encoding all would take longer than all that is measured."""


def volume_uncompressed_s() -> dict:
    """Explicit VR little endian. Takes little time, so many rounds."""
    return _row("volume_uncompressed_s", ExplicitVRLittleEndian, rounds=8)


def volume_j2k_s() -> dict:
    """JPEG 2000 lossless."""
    return _row("volume_j2k_s", JPEG2000Lossless)


def volume_jpegls_s() -> dict:
    """JPEG-LS lossless."""
    return _row("volume_jpegls_s", JPEGLSLossless)


def volume_rle_s() -> dict:
    """RLE lossless."""
    return _row("volume_rle_s", RLELossless)


ROWS = (volume_uncompressed_s, volume_j2k_s, volume_jpegls_s, volume_rle_s)


def _row(name: str, syntax: UID, rounds: int = 2) -> dict:
    """The best of a few rounds, each side in turn, so that both meet the same load."""
    with TemporaryDirectory() as folder:
        write_series(Path(folder), syntax)
        mine, peer = [], []
        for _ in range(rounds):
            start = time.perf_counter()
            ours = load(Path(folder))
            mine.append(time.perf_counter() - start)
            start = time.perf_counter()
            theirs = load_with_simpleitk(Path(folder))
            peer.append(time.perf_counter() - start)
            if not _equal(ours, theirs):
                raise AssertionError(f"{name}: the volumes differ")
    return {"name": name, "value": min(mine), "unit": "s", "peer": min(peer), "peer_name": "SimpleITK"}


def load(folder: Path) -> np.ndarray:
    """Tandem: scan without an index, open, wait for the last slice. Codes (slice, row, column)."""
    from viewer.app.loader import Loader
    from viewer.app.scan import scan

    (study,) = scan([folder]).studies
    (display_set,) = study.display_sets
    loader = Loader()
    try:
        stack = loader.complete(display_set)
    finally:
        loader.close()
    if not stack.ready.all():
        raise AssertionError(next(iter(stack.problems.values())).line())
    return stack.codes


def load_with_simpleitk(folder: Path):
    """The same by SimpleITK (GDCM), as its manual has it: an image in HU."""
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def _equal(codes: np.ndarray, image) -> bool:
    import SimpleITK as sitk

    stored = (codes ^ np.uint16(0x8000)).view(np.int16)
    return np.array_equal(stored, sitk.GetArrayViewFromImage(image)[::-1] + np.int16(1024))


def write_series(folder: Path, syntax: UID) -> None:
    """300 slices, shuffled as an archive hands them out."""
    frames = _encoded(syntax)
    study, series, place = generate_uid(), generate_uid(), generate_uid()
    for name, k in enumerate(np.random.default_rng(1).permutation(SLICES)):
        header = _header(int(k), study, series, place)
        header.file_meta.TransferSyntaxUID = syntax
        header.PixelData = frames[k % DIFFERENT]
        header["PixelData"].VR = "OW" if syntax == ExplicitVRLittleEndian else "OB"
        header["PixelData"].is_undefined_length = syntax != ExplicitVRLittleEndian
        header.save_as(folder / f"{name:04d}.dcm", enforce_file_format=True)


@cache
def _pictures() -> tuple[np.ndarray, ...]:
    """A chest of circles with the noise of a real scan, stored as -1024 + 1024 .. in int16."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    hu = np.where(np.hypot(x * 1.1, y * 1.4) < 0.9, 40.0, -1000.0)
    hu[np.hypot(np.abs(x) - 0.4, y) < 0.3] = -850
    return tuple((hu + rng.normal(0, 20, hu.shape) + 1024).round().astype(np.int16) for _ in range(DIFFERENT))


def _encoded(syntax: UID) -> list[bytes]:
    import imagecodecs
    from pydicom.pixels.encoders import RLELosslessEncoder

    if syntax == ExplicitVRLittleEndian:
        return [picture.tobytes() for picture in _pictures()]
    if syntax == RLELossless:
        shape = {
            "rows": SIZE,
            "columns": SIZE,
            "samples_per_pixel": 1,
            "bits_allocated": 16,
            "bits_stored": 16,
        }
        more = {"pixel_representation": 1, "photometric_interpretation": "MONOCHROME2", "number_of_frames": 1}
        frames = [
            RLELosslessEncoder.encode(p, encoding_plugin="pydicom", **shape, **more) for p in _pictures()
        ]
    elif syntax == JPEG2000Lossless:
        frames = [
            imagecodecs.jpeg2k_encode(p, codecformat="j2k", reversible=True, level=0) for p in _pictures()
        ]
    else:
        frames = [imagecodecs.jpegls_encode(p.view(np.uint16)) for p in _pictures()]
    return [encapsulate([frame]) for frame in frames]


def _header(k: int, study: str, series: str, place: str) -> Dataset:
    """About as many elements as a scanner writes without its private ones."""
    out = Dataset()
    out.file_meta = FileMetaDataset()
    out.SOPClassUID, out.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"1.2.826.0.1.3680043.8.498.{k + 1}"
    out.StudyInstanceUID, out.SeriesInstanceUID, out.FrameOfReferenceUID = study, series, place
    out.InstanceNumber = k + 1
    out.ImagePositionPatient = [-180, -180, k * 1.25]
    out.SliceLocation = k * 1.25
    for keyword, value in _SAME.items():
        setattr(out, keyword, value)
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = (
        "1.2.840.10008.3.1.2.3.3",
        f"{study}.1"[:64],
    )
    out.ReferencedPerformedProcedureStepSequence = [reference]
    return out


_SAME = {
    "SpecificCharacterSet": "ISO_IR 100",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "Modality": "CT",
    "PatientID": "BENCH",
    "PatientName": "Bench^Phantom",
    "PatientBirthDate": "19600101",
    "PatientSex": "O",
    "PatientAge": "066Y",
    "PatientWeight": "70",
    "Manufacturer": "Tandem",
    "ManufacturerModelName": "Bench",
    "InstitutionName": "Bench",
    "StationName": "CT1",
    "SoftwareVersions": "1.0",
    "DeviceSerialNumber": "1",
    "ReferringPhysicianName": "",
    "AccessionNumber": "1",
    "StudyID": "1",
    "StudyDescription": "Chest",
    "SeriesDescription": "Thorax 1.25",
    "ProtocolName": "Thorax",
    "BodyPartExamined": "CHEST",
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "SeriesNumber": 1,
    "AcquisitionNumber": 1,
    "ScanOptions": "HELICAL MODE",
    "SliceThickness": "1.25",
    "KVP": "120",
    "DataCollectionDiameter": "500",
    "ReconstructionDiameter": "360",
    "DistanceSourceToDetector": "949",
    "DistanceSourceToPatient": "541",
    "GantryDetectorTilt": "0",
    "TableHeight": "150",
    "RotationDirection": "CW",
    "ExposureTime": "500",
    "XRayTubeCurrent": "200",
    "Exposure": "100",
    "FilterType": "BODY FILTER",
    "GeneratorPower": "24000",
    "FocalSpots": "0.7",
    "ConvolutionKernel": "STANDARD",
    "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "PixelSpacing": [0.703125, 0.703125],
    "Rows": SIZE,
    "Columns": SIZE,
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 16,
    "HighBit": 15,
    "PixelRepresentation": 1,
    "RescaleIntercept": -1024,
    "RescaleSlope": 1,
    "RescaleType": "HU",
    "WindowCenter": -500,
    "WindowWidth": 1400,
} | {
    f"{name}{kind}": "20260102" if kind == "Date" else "120000"
    for name in ("Study", "Series", "Acquisition", "Content")
    for kind in ("Date", "Time")
}
