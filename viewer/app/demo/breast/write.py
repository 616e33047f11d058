"""The whole demonstration: four views, four of a year before, a stack with its 2-D picture, and the truth."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import msgspec
from pydicom.dataset import Dataset

from inference.phantom.breast.exam import DEMO_SEED, GENERATOR, VIEWS, Exam, Side, exams, picture
from inference.phantom.breast.view import Projection
from viewer.app.demo.breast.mammogram import Shot, mammogram, stored_marks
from viewer.app.demo.breast.stack import stack
from viewer.app.demo.breast.vendors import CURRENT, PRIOR, Vendor
from viewer.app.demo.place import FOLDER, TRUTH, Progress, write_once


@dataclass(frozen=True, slots=True)
class Plan:
    """The vendors of both examinations, and (shape, mm per pixel) of the stack."""

    current: Vendor = CURRENT
    prior: Vendor = PRIOR
    stack: tuple[tuple[int, int], float] = ((1534, 960), 0.15)


Made = dict[str, object]
"""What the truth says of one file."""


def write_mammography(
    home: Path, seed: int = DEMO_SEED, progress: Progress | None = None, plan: Plan | None = None
) -> Path:
    """The folder with both studies under `home`, made if it is not there (or of an older generator).

    `demo/mammography_<seed>/dicom/{current,prior}` hold the files and nothing else; `truth.json` lies beside
    `dicom`: per file the lesions, in pixels of the stored picture.
    """
    target = home / FOLDER / f"mammography_{seed}"
    write_once(target, GENERATOR, lambda folder: _fill(folder, seed, plan or Plan(), progress))
    return target / "dicom"


def _fill(folder: Path, seed: int, plan: Plan, progress: Progress | None) -> None:
    current, prior = exams(seed)
    for exam in (current, prior):
        (folder / "dicom" / exam.epoch).mkdir(parents=True)
    jobs: list[Callable[[], list[Made]]] = [lambda: _stack(folder, current, plan)]
    for exam, vendor in ((current, plan.current), (prior, plan.prior)):
        jobs += [_job(folder, exam, vendor, side, projection) for side, projection in VIEWS]
    images = _run(jobs, progress)
    truth = {
        "generator": GENERATOR,
        "seed": seed,
        "images": sorted(images, key=lambda made: str(made["file"])),
    }
    (folder / TRUTH).write_text(json.dumps(msgspec.to_builtins(truth), indent=1), encoding="utf-8")


def _run(jobs: list[Callable[[], list[Made]]], progress: Progress | None) -> list[Made]:
    """On two threads: numpy and scipy leave the interpreter while they count."""
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(job) for job in jobs]
        for n, future in enumerate(as_completed(futures), start=1):
            future.result()
            if progress is not None:
                progress(n / len(jobs), "making the pictures")
        return [made for future in futures for made in future.result()]


def _job(
    folder: Path, exam: Exam, vendor: Vendor, side: Side, projection: Projection
) -> Callable[[], list[Made]]:
    def run() -> list[Made]:
        shot = Shot(exam, vendor, picture(exam, side, projection, vendor.detector))
        image = mammogram(shot)
        return [{**_save(folder, exam, shot.name, image), "lesions": stored_marks(shot)}]

    return run


def _stack(folder: Path, current: Exam, plan: Plan) -> list[Made]:
    made = stack(current, plan.current, *plan.stack)
    return [
        {**_save(folder, current, "LMLO_tomosynthesis", made.image), "lesions": made.lesions},
        {**_save(folder, current, "LMLO_synthetic", made.synthetic), "lesions": made.synthetic_lesions},
    ]


def _save(folder: Path, exam: Exam, name: str, image: Dataset) -> Made:
    path = folder / "dicom" / exam.epoch / f"{name}.dcm"
    image.save_as(path, enforce_file_format=True)
    return {"file": path.relative_to(folder).as_posix(), "sop_instance_uid": str(image.SOPInstanceUID)}
