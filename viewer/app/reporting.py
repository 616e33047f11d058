"""Writes what a reading, or a second read alone, leaves behind: DICOM objects, page, PDF and key images.

No toolkit here: a `Press` paints. For a worker thread: the first report loads highdicom, most of a second.
"""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.report_folder import (
    Written,
    moved,
    save_manifest,
    version_folder,
    written_in,
)
from viewer.app.report_material import (
    Press,
    display_sets_of,
    documents_of,
    picture_name,
    second_read_of,
    second_read_of_record,
    sources_of,
)
from viewer.app.report_material import pictures as card_pictures
from viewer.app.report_pictures import figure_picture
from viewer.app.second_read.model_read import StudyRead, heats_of
from viewer.app.stack import Stack
from viewer.app.whole_files import whole_folder, write_file
from viewer.core.dicom.display_set import Study
from viewer.core.reading.finding import Finding
from viewer.core.reading.reading import Reading, Stage
from viewer.core.report.figures import Figure
from viewer.core.report.html import print_blocks, report_html
from viewer.core.report.inert import one_line
from viewer.core.report.page import Page, model_page, reader_page
from viewer.core.report.second_read import SecondRead
from viewer.core.report.selection import accepted, judged
from viewer.core.report.source import ReportError, Source, find_source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Press", "Written", "write_model_read", "write_reading", "written_in"]

_KEPT = ("model_sr", "model_cad", "seg", "rtstruct", "heat_map", "reader_seg", "key_objects")
"""What an amendment does not change."""


def write_reading(
    folder: Path,
    study: Study,
    reading: Reading,
    study_read: StudyRead | None,
    stacks: Mapping[str, Stack],
    *,
    press: Press | None = None,
    events: int | None = None,
    refused: Callable[[str], None] = lambda sentence: None,
) -> tuple[Written, ...]:
    """Write the report of a reading below `folder`: all of it or nothing.

    A signed reading goes to `version_1`, with each amendment to a new `version_2`, ...: what was signed is
    never touched, and writing the same version again returns what is there. Before the signature `draft` is
    replaced each time. Of the model nothing is written before the reveal, whatever is handed in.

    study_read  None where it is not at hand: then the record is told, without masks
    stacks   pixels by display set id, for the key images
    events   length of the reading's record
    refused  told one sentence for every object that cannot be written; the page says it too
    Raises OSError.
    """
    final, signed = version_folder(folder, reading), reading.stage is Stage.SIGNED
    if signed and (there := written_in(final)):
        return there
    reads = _revealed(reading, study_read)
    findings = [*judged(reading), *reading.own]
    sources, why = sources_of(study, findings, reads, display_sets_of(reading))
    with whole_folder(final, replaceable=not signed) as work:
        shelf = _Shelf(work, list(why))
        _reading_objects(shelf, study, sources, reading, reads, _before(folder, reading))
        figures = _figures(study, reading, study_read if reads else None, stacks, press)
        page = reader_page(study, reading, reads, events=events)
        _readable(shelf, page, study, stacks, press, figures)
        save_manifest(work, tuple(shelf.written))
    for sentence in shelf.refused:
        refused(sentence)
    return moved(tuple(shelf.written), final)


def write_model_read(
    folder: Path,
    study: Study,
    study_read: StudyRead,
    stacks: Mapping[str, Stack],
    *,
    press: Press | None = None,
    refused: Callable[[str], None] = lambda sentence: None,
) -> tuple[Written, ...]:
    """Write what the models found, read by no human: objects in `folder`/objects, page, PDF and key images.

    Files of an earlier run are replaced one by one, each whole or not at all. Raises OSError.
    """
    reads = [second_read_of(r) for r in study_read.reads]
    marked = [f for read in reads for f in read.marked]
    sources, why = sources_of(study, marked, reads, ())
    shelf = _Shelf(folder / "objects", list(why))
    shelf.folder.mkdir(parents=True, exist_ok=True)
    for read in reads:
        _model_objects(shelf, sources, read, read.marked, "Findings marked by the model, not read")
    shelf.folder = folder
    _readable(shelf, model_page(study, reads), study, stacks, press)
    for sentence in shelf.refused:
        refused(sentence)
    return tuple(shelf.written)


def _revealed(reading: Reading, study_read: StudyRead | None) -> tuple[SecondRead, ...]:
    """The model's reads, once they were revealed."""
    if not reading.revealed_at:
        return ()
    if study_read is None:
        return second_read_of_record(reading)
    return tuple(second_read_of(read) for read in study_read.reads)


def _before(folder: Path, reading: Reading) -> tuple[Written, ...]:
    """The version that an amendment corrects."""
    return written_in(folder / f"version_{len(reading.amendments)}") if reading.amendments else ()


@dataclass(slots=True)
class _Shelf:
    """The folder that is being filled, what is in it, and what could not be put there."""

    folder: Path
    refused: list[str]
    written: list[Written] = field(default_factory=list)

    def put(self, data: bytes, entry: Written) -> None:
        """Write a file; `entry.path` is its name."""
        path = self.folder / entry.path
        write_file(path, data)
        self.written.append(replace(entry, path=path))

    def put_object(self, entry: Written, make: "Callable[[], Dataset | None]") -> "Dataset | None":
        """Make an object and write it; one that is refused leaves its sentence."""
        from viewer.core.report.segmentation import segment_numbers  # loads highdicom

        try:
            made = make()
        except ReportError as error:
            self.refused.append(str(error))
            return None
        if made is not None:
            data = io.BytesIO()
            made.save_as(data, enforce_file_format=True)
            segments = segment_numbers(made) if entry.kind == "SEG" else {}
            uid = str(made.SOPInstanceUID)
            self.put(data.getvalue(), replace(entry, sop_instance_uid=uid, segments=segments))
        return made

    def next_name(self, role: str) -> Path:
        """model_sr.dcm, model_sr_2.dcm, ... and seg_1.dcm, seg_2.dcm, ..."""
        number = 1 + sum(w.role == role for w in self.written)
        return Path(f"{role}.dcm" if number == 1 and role != "seg" else f"{role}_{number}.dcm")


def _reading_objects(
    shelf: _Shelf,
    study: Study,
    sources: Sequence[Source],
    reading: Reading,
    reads: Sequence[SecondRead],
    before: Sequence[Written],
) -> None:
    """Both SRs, SEGs and key objects; an amendment keeps all but the reader's SR as they were written."""
    from viewer.core.report.structured import reader_sr  # loads highdicom: not on the way to the first image

    kept = [w for w in before if w.role in ("model_sr", "seg")]
    for entry in (w for w in before if w.role in _KEPT):
        shelf.put(entry.path.read_bytes(), replace(entry, path=Path(entry.path.name)))
    models = [_header(w.path) for w in kept if w.role == "model_sr"]
    models += documents_of(study, reads)
    also = [f.tracking_uid for f in judged(reading)]
    for read in () if kept else (r for r in reads if not r.document):
        known = {f.tracking_uid for f in read.findings}
        chosen = [f for f in accepted(reading) if f.tracking_uid in known]
        made = _model_objects(shelf, sources, read, chosen, "Findings accepted by the reader", also)
        models += [made] if made is not None else []
    previous = [_header(w.path) for w in before if w.role == "reader_sr"]
    shelf.put_object(
        Written(shelf.next_name("reader_sr"), "SR", "reader_sr", "Reader's structured report"),
        lambda: reader_sr(sources, reading, reads, models, previous),
    )
    if not before:
        _readers_objects(shelf, sources, reading)


def _readers_objects(shelf: _Shelf, sources: Sequence[Source], reading: Reading) -> None:
    """The key images, and a SEG for each display set where own marks were outlined."""
    from viewer.core.report.groups import own_mask  # loads highdicom
    from viewer.core.report.key_objects import key_objects
    from viewer.core.report.segmentation import reader_seg

    shelf.put_object(
        Written(shelf.next_name("key_objects"), "KO", "key_objects", "Key images of the reader"),
        lambda: key_objects(sources, reading),
    )
    masks = {f.tracking_uid: m for f in reading.own if (m := own_mask(sources, f)) is not None}
    lost = [f.name for f in reading.own if f.mask is not None and f.tracking_uid not in masks]
    if lost:
        shelf.refused.append(f"No segment of {', '.join(lost)}: the grid of its series has changed since.")
    for where in sources:
        here = [f for f in reading.own if find_source(sources, f) is where]
        label = "Findings marked by the reader"
        shelf.put_object(
            Written(
                shelf.next_name("reader_seg"), "SEG", "reader_seg", "Segmentation: own marks of the reader"
            ),
            partial(reader_seg, where, here, masks, label),
        )


def _model_objects(
    shelf: _Shelf,
    sources: Sequence[Source],
    read: SecondRead,
    chosen: Sequence[Finding],
    label: str,
    also: Sequence[str] = (),
) -> "Dataset | None":
    """The model's SR, which is returned; of mammograms a CAD report; a SEG where there are masks.

    Outlines of organs are an RT Structure Set, too.
    """
    from viewer.core.report.cad_report import mammography_cad_sr  # loads highdicom
    from viewer.core.report.parametric_map import heat_map_object
    from viewer.core.report.segmentation import nodule_seg
    from viewer.core.report.structure_set import structure_set
    from viewer.core.report.structured import model_sr

    used = [s for s in sources if s.display_set.series_instance_uid in read.series] or sources
    made = shelf.put_object(
        Written(shelf.next_name("model_sr"), "SR", "model_sr", f"Structured report of {read.name}"),
        lambda: model_sr(used, read, also),
    )
    shelf.put_object(
        Written(shelf.next_name("model_cad"), "SR", "model_cad", f"Mammography CAD report of {read.name}"),
        lambda: mammography_cad_sr(sources, read, also),
    )
    for where in sources:
        here = [f for f in chosen if find_source(sources, f) is where]
        shelf.put_object(
            Written(shelf.next_name("seg"), "SEG", "seg", f"Segmentation: {label[0].lower()}{label[1:]}"),
            partial(nodule_seg, where, here, read.masks, read, label),
        )
        for finding in here:
            heat = read.heats.get(finding.tracking_uid)
            if heat is not None:
                shelf.put_object(
                    Written(shelf.next_name("heat_map"), "PM", "heat_map", f"Heat map of {finding.name}"),
                    partial(heat_map_object, where, finding, heat, read),
                )
        if read.organs:
            shelf.put_object(
                Written(
                    shelf.next_name("rtstruct"), "RTSTRUCT", "rtstruct", "RT Structure Set of the outlines"
                ),
                partial(structure_set, where, here, read.masks, read, "Outlines of organs"),
            )
    return made


Paint = Callable[[Figure], bytes | None]
"""PNG of a figure; None where its pixels are not at hand."""


def _figures(
    study: Study,
    reading: Reading,
    study_read: StudyRead | None,
    stacks: Mapping[str, Stack],
    press: Press | None,
) -> Paint | None:
    """What paints the reader's own pictures; None without a press."""
    if press is None:
        return None
    heats = heats_of(study_read)
    return lambda figure: figure_picture(figure.key, study, reading, stacks, heats, press)


def _readable(
    shelf: _Shelf,
    page: Page,
    study: Study,
    stacks: Mapping[str, Stack],
    press: Press | None,
    paint: Paint | None = None,
) -> None:
    """Key images, snapshots, the page and its PDF."""
    objects = [(w.title, f"{w.path.name} · {w.sop_instance_uid}") for w in shelf.written]
    page = replace(page, objects=tuple(objects), refused=tuple(shelf.refused))
    pictures: dict[str, bytes] = {}
    for number, card in enumerate(page.cards, 1):
        made = card_pictures(card, study, stacks, press) if press is not None else {}
        pictures |= made
        for key, png in made.items():
            name = Path(picture_name(number, card, key))
            shelf.put(png, Written(name, "PNG", "key_image", f"Key image of {card.name}"))
    pictures |= _painted(shelf, page, paint)
    inline = {uid: f"data:image/png;base64,{base64.b64encode(png).decode()}" for uid, png in pictures.items()}
    html = report_html(page, inline).encode("utf-8")
    shelf.put(html, Written(Path("report.html"), "HTML", "html", "Readable report"))
    if press is not None:
        foot = one_line(f"{page.patient[0][1]} · ID {page.patient[1][1]} · {page.notice}", 160)
        blocks = print_blocks(page, {uid: uid for uid in pictures})
        printed = press.pdf(blocks, pictures, page.title, foot)
        shelf.put(printed, Written(Path("report.pdf"), "PDF", "pdf", "Readable report on paper"))


def _painted(shelf: _Shelf, page: Page, paint: Paint | None) -> dict[str, bytes]:
    """The reader's own pictures by the key of their figure, each also as a file."""
    pictures = {f.key: png for f in page.figures if paint is not None and (png := paint(f)) is not None}
    for figure in page.figures:
        role, title = ("key_image", "Key image") if figure in page.key_images else ("snapshot", "Snapshot")
        if figure.key in pictures:
            entry = Written(Path(f"{role}_{figure.name}.png"), "PNG", role, f"{title} {figure.name}")
            shelf.put(pictures[figure.key], entry)
    return pictures


def _header(path: Path) -> "Dataset":
    from pydicom import dcmread

    return dcmread(path, stop_before_pixels=True)
