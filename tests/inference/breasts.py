"""A small drawn examination, and a bundle for it: the project's own network, trained for a few seconds."""

from functools import cache

import numpy as np
import torch

from inference.bundle import WEIGHTS, Bundle, Calibration, OwnScale, TrainingDomain, save_bundle
from inference.cases import Exam, Plane, TruthMark, View
from inference.input_contract import InputContract
from inference.networks import build, save_networks
from inference.pipelines.clusters import LABEL
from inference.protocol import OperatingPoint
from inference.training.mammography.detector import detection_loss
from inference.training.mammography.patches import batch, breast

NETWORK = {"network": "lesion_2d", "channels": [16, 16, 16, 16, 16], "width": 16, "norm": "batch"}
CLUSTER_NETWORK = {"network": "cluster_2d", "channels": [8, 8, 8, 8, 8, 8], "width": 8}
LINEAR = Calibration(method="linear", scores=(0.0, 1.0), probabilities=(0.0, 1.0))
STEPS = 60
SHAPE, MM = (600, 360), 0.3
MASSES = {
    ("R", "CC"): (250, 140),
    ("L", "CC"): (330, 100),
    ("R", "MLO"): (360, 120),
    ("L", "MLO"): (300, 150),
}
"""(row, column) of the one mass of each view, counted from the chest wall; it is 18 mm wide."""
RADIUS = 30


def grey(side, projection):
    """(rows, columns) P-values: a half disc of breast with a bright disc in it, chest wall left."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    noise = np.random.default_rng(len(side + projection)).normal(0, 300, SHAPE)
    tissue = 20000 + 4000 * np.sin(x / 17 + (side == "L")) * np.cos(y / 23) + noise
    out = np.where((y - 300) ** 2 + x**2 < 280**2, tissue, 500)
    row, column = MASSES[side, projection]
    out[(y - row) ** 2 + (x - column) ** 2 < RADIUS**2] += 20000
    return out.astype(np.uint16)


def view(side, projection) -> View:
    """Right breasts are stored with the chest wall at the last column, as many systems do."""
    pixels = grey(side, projection)
    row, column = MASSES[side, projection]
    if side == "R":
        pixels, column = np.ascontiguousarray(pixels[:, ::-1]), SHAPE[1] - 1 - column
    box = (column - RADIUS - 0.5, row - RADIUS - 0.5, column + RADIUS + 0.5, row + RADIUS + 0.5)
    inward = "L" if side == "R" else "R"
    return View(
        pixels,
        Plane((MM, MM), SHAPE),
        f"1.2.{len(MASSES)}.{list(MASSES).index((side, projection)) + 1}",
        side,
        projection,
        ("P" if side == "R" else "A", inward if projection == "CC" else f"F{inward}"),
        truth=(TruthMark(id=f"{side}1", kind="mass", box=box, malignant=True, finding=f"{side}1"),),
    )


def exam() -> Exam:
    """Four views."""
    return Exam(tuple(view(*name) for name in MASSES), "drawn")


@cache
def weights() -> dict[str, torch.nn.Module]:
    """A small detector that has learnt the drawn masses."""
    torch.set_num_threads(1)  # two threads on a busy machine wait for each other twenty times as long
    torch.manual_seed(5)
    network = build(NETWORK).train()
    learnt = [breast(v, "drawn") for v in exam().views]
    optimiser = torch.optim.AdamW(network.parameters(), 4e-3)
    for step in range(STEPS):
        images, aims = batch(np.random.default_rng(step), learnt, (160, 160))
        loss, _ = detection_loss(network(torch.from_numpy(images)), tuple(map(torch.from_numpy, aims)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return {"mass_1": network.eval()}


def bundle(folder, *, clusters=False):
    """A bundle on disk with its folder; the network for clusters, where there is one, has learnt nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    second = {"cluster": build(CLUSTER_NETWORK).eval()} if clusters else {}
    save_networks(weights() | second, folder / WEIGHTS)
    points = (OperatingPoint("balanced", 0.5, 0.5, "false marks per view"),)
    likely = Calibration(method="linear", scores=(0.0, 1.0), probabilities=(0.4, 1.0))
    own = {LABEL: OwnScale(calibration=likely, operating_points=points)} if clusters else {}
    made = Bundle(
        format=1,
        id="tiny_mg",
        version="1.0.0",
        title="Tiny mammogram",
        task="detect2d",
        sha256="",
        input=InputContract(modality="MG"),
        labels=("mass", *own),
        operating_points=(OperatingPoint("balanced", 0.3, 1.0, "false marks per view"),),
        default_operating_point="balanced",
        calibration=LINEAR,
        domain=TrainingDomain(),
        architecture={"mass_1": NETWORK} | ({"cluster": CLUSTER_NETWORK} if clusters else {}),
        settings={"peak": 0.02, "most": 40.0, "cluster_peak": 0.001, "cluster_most": 3.0},
        own_scales=own,
    )
    return folder, save_bundle(made, folder, card="# Tiny\nMeasured on nothing.\n")
