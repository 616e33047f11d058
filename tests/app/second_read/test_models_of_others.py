"""A model that was installed reads: from a checkpoint to a finding, its outline and the objects on disk."""

import json

import highdicom as hd
import numpy as np
import pytest
import torch
from pydicom import dcmread
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from inference.networks import build
from tests.app.second_read.dicom_series import write_series
from tests.inference.install import models
from viewer.app.exit_codes import ExitCode
from viewer.cli import main

UNET = {**models.DESCRIPTION["architecture"], "channels": [4, 8], "strides": [2], "num_res_units": 0}
RESNET = {
    "network": "resnet",
    "spatial_dims": 2,
    "n_input_channels": 1,
    "num_classes": 2,
    "block": "basic",
    "layers": [1, 1, 1, 1],
    "block_inplanes": [4, 4, 4, 4],
}


def bright_network():
    """A U-Net that has learnt what is brighter than half: a checkpoint whose answer can be checked."""
    torch.manual_seed(1)
    network = build(UNET)
    step = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(120):
        image = torch.rand(4, 1, 12, 12, 12)
        image = torch.nn.functional.interpolate(image[:, :, ::4, ::4, ::4], size=(12, 12, 12)).round()
        loss = torch.nn.functional.cross_entropy(network(image), (image[:, 0] > 0.5).long())
        step.zero_grad()
        loss.backward()
        step.step()
    return network


@pytest.fixture
def bone(tmp_path, home):
    """The network as a MONAI bundle, installed by the command line."""
    inference = models.changed(
        models.INFERENCE, spacing=[2.0, 2.0, 2.0], network_def={"_target_": "UNet", **UNET}
    )
    del inference["network_def"]["network"]
    inference["preprocessing"]["transforms"][4].update(a_min=0, a_max=1000)
    metadata = models.changed(models.METADATA)
    metadata["network_data_format"]["outputs"]["pred"]["channel_def"]["1"] = "bone"
    source = models.monai_bundle(tmp_path / "bone", inference, metadata, bright_network().state_dict())
    assert main(["models", "install", str(source)]) == ExitCode.DONE
    return source


def read(tmp_path, folder, bundle):
    out = tmp_path / "read"
    assert main(["read", str(folder), "--out", str(out), "--bundle", bundle]) == ExitCode.DONE
    (said,) = json.loads((out / "findings.json").read_text(encoding="utf-8"))["studies"]
    (model,) = said["reads"]
    return out, said, model


def test_an_installed_segmentation_outlines_its_organ_in_a_dicom_segmentation(tmp_path, bone):
    hu = np.full((24, 64, 64), -900, np.int16)
    hu[:, 6:58, 6:58] = 40
    hu[8:16, 20:40, 12:26] = 900
    folder = write_series(tmp_path / "ct", hu)
    out, said, model = read(tmp_path, folder, "bone")
    assert (model["status"], model["reason"]) == ("done", None)
    (finding,) = model["findings"]
    assert (finding["label"], finding["calibrated"]) == ("bone", False)
    assert finding["volume_mm3"] == pytest.approx(8 * 20 * 14 * 4.5, rel=0.2)
    (segmentation,) = [o for o in said["objects"] if o["kind"] == "SEG"]
    made = hd.seg.segread(out / segmentation["path"])
    voxels = made.get_volume(combine_segments=True).array > 0
    assert made.SegmentSequence[0].SegmentLabel == "M1"
    assert voxels.sum() == pytest.approx(8 * 20 * 14, rel=0.2)
    (contours,) = [o for o in said["objects"] if o["kind"] == "RTSTRUCT"]
    plan = dcmread(out / contours["path"])
    assert [region.ROIName for region in plan.StructureSetROISequence] == ["bone"]
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "not calibrated here" in text
    assert "rate of false marks not measured" in text


def chest(path, bright):
    """A digital radiograph: grey, or white, without a patient."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.77.1"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = "1.2.77.2", "1.2.77.3", "DX"
    ds.PatientID, ds.PatientName, ds.StudyDate, ds.StudyTime = "P", "Doe^J", "20260101", "1000"
    ds.PatientBirthDate, ds.PatientSex, ds.StudyID, ds.AccessionNumber = "", "", "", ""
    ds.ReferringPhysicianName, ds.Manufacturer, ds.SeriesNumber, ds.InstanceNumber = (
        "",
        "Tandem phantom",
        1,
        1,
    )
    ds.PresentationIntentType, ds.PixelIntensityRelationship = "FOR PRESENTATION", "LOG"
    ds.ImagerPixelSpacing, ds.PixelSpacing = [0.5, 0.5], [0.5, 0.5]
    ds.PatientOrientation, ds.ImageType = ["L", "F"], ["ORIGINAL", "PRIMARY"]
    ds.Rows = ds.Columns = 64
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "US"
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    ds.PixelData = np.full((64, 64), 3600 if bright else 300, np.uint16).tobytes()
    path.mkdir()
    ds.save_as(path / "dx.dcm", enforce_file_format=True)
    return path


def test_an_installed_classifier_scores_a_radiograph(tmp_path, home):
    torch.manual_seed(0)
    network = build(RESNET)
    description = {
        "id": "site_xray",
        "title": "Opacity",
        "task": "classify2d",
        "labels": ["normal", "opacity"],
        "input": {"modality": "DX"},
        "architecture": RESNET,
        "contract": {"axes": "RC", "size": [32, 32], "activation": "softmax", "silent": ["normal"]},
    }
    source = models.checkpoint(tmp_path / "in", {"state_dict": network.state_dict()}, description)
    assert main(["models", "install", str(source)]) == ExitCode.DONE
    _, _, model = read(tmp_path, chest(tmp_path / "dx", bright=True), "site_xray")
    image = torch.full((1, 1, 32, 32), 3600 / 4095)
    with torch.inference_mode():
        wanted = float(torch.softmax(network.eval()(image), 1)[0, 1])
    assert model["status"] == "done"
    levels = {s["level"]: (s["label"], s["probability"]) for s in model["scores"]}
    assert levels["image"] == ("opacity", pytest.approx(wanted, abs=0.01))
    (finding,) = model["findings"]
    assert finding["places"][0]["box"] == [-0.5, -0.5, 63.5, 63.5]
    assert not finding["calibrated"]


def test_a_series_of_another_modality_is_not_read_by_it(tmp_path, bone):
    folder = write_series(tmp_path / "mr", np.zeros((8, 32, 32), np.int16), modality="MR")
    for path in folder.iterdir():
        assert dcmread(path).Modality == "MR"
    out = tmp_path / "read"
    assert main(["read", str(folder), "--out", str(out), "--bundle", "bone"]) == ExitCode.NOTHING_READ
    text = (out / "findings.json").read_text(encoding="utf-8")
    assert "the models read CT" in text
