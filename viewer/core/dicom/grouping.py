"""From instances to patients, studies, series and display sets. Pure: the same instances, the same answer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256

from viewer.core.dicom.display_set import DisplaySet, Patient, Series, SeriesWarning, Study
from viewer.core.dicom.functional_groups import frames_of
from viewer.core.dicom.instance import Instance
from viewer.core.dicom.split import Key, Trait, differing, stacks
from viewer.core.dicom.volume import Block, blocks

__all__ = ["DisplaySet", "Patient", "Series", "SeriesWarning", "Study", "group"]


def group(instances: Iterable[Instance]) -> tuple[Study, ...]:
    """Studies, newest first. Instances of one UID must have been told apart by `copy` before."""
    studies: dict[tuple[str, str], list[Instance]] = {}
    for instance in instances:
        studies.setdefault((_patient_key(instance), instance.study_instance_uid), []).append(instance)
    shared = _Shared(studies)
    made = [_study(members, shared) for members in studies.values()]
    return tuple(sorted((s for s in made if s.series), key=lambda s: (s.date, s.time), reverse=True))


class _Shared:
    """Identities that stand where they should not: found over all studies, said on each."""

    def __init__(self, studies: dict[tuple[str, str], list[Instance]]) -> None:
        self._patients_of_study = Counter(uid for _, uid in studies)
        places = {(key, i.series_instance_uid) for key, members in studies.items() for i in members}
        self._patients_of_series: dict[str, set[str]] = {}
        self._studies_of_series: dict[str, set[str]] = {}
        for (patient, study), series in places:
            self._patients_of_series.setdefault(series, set()).add(patient)
            self._studies_of_series.setdefault(series, set()).add(study)
        firsts = [members[0] for members in studies.values()]
        self._names_of_id: dict[str, set[str]] = {}
        for i in firsts:
            self._names_of_id.setdefault(i.patient_id, set()).add(_plain(i.patient_name))

    def of_study(self, first: Instance) -> tuple[SeriesWarning, ...]:
        out = []
        if self._patients_of_study[first.study_instance_uid] > 1:
            text = "Two patients share this Study Instance UID: check whose images these are."
            out.append(SeriesWarning("two_patients", text, "danger"))
        if first.patient_id and len(self._names_of_id[first.patient_id]) > 1:
            text = f"Patient ID {first.patient_id} occurs with different names: the studies are not joined."
            out.append(SeriesWarning("name_mismatch", text, "danger"))
        if not first.patient_id:
            text = "Unknown patient: there is no Patient ID (0010,0020)."
            out.append(SeriesWarning("unknown_patient", text, "danger"))
        return tuple(out)

    def of_series(self, uid: str) -> tuple[SeriesWarning, ...]:
        if len(self._patients_of_series[uid]) > 1:
            text = "Images of two patients carry this Series Instance UID: they are kept apart."
            return (SeriesWarning("two_patients", text, "danger"),)
        if len(self._studies_of_series[uid]) > 1:
            text = "This Series Instance UID occurs in two studies: they are kept apart."
            return (SeriesWarning("series_in_two_studies", text),)
        return ()


def _study(members: list[Instance], shared: _Shared) -> Study:
    by_series: dict[str, list[Instance]] = {}
    for instance in members:
        by_series.setdefault(instance.series_instance_uid, []).append(instance)
    made = [_series(group_, shared.of_series(uid)) for uid, group_ in by_series.items()]
    series = sorted((s for s in made if s.display_sets), key=_panel_order)
    first = members[0]
    patient = Patient(_patient_key(first), first.patient_id, first.patient_name, first.birth_date, first.sex)
    uids = "\n".join(sorted(f"{i.sop_instance_uid} {i.copy}" for i in members))
    return Study(
        study_instance_uid=first.study_instance_uid,
        patient=patient,
        date=first.study_date,
        time=first.study_time,
        description=first.study_description,
        accession_number=first.accession_number,
        series=tuple(series),
        warnings=shared.of_study(first),
        generation=len(members),
        fingerprint=sha256(uids.encode()).hexdigest(),
    )


def _series(members: list[Instance], warnings: tuple[SeriesWarning, ...]) -> Series:
    parts = stacks([frame for i in members if i.kind == "image" for frame in frames_of(i)])
    traits = differing([key for key, _ in parts]) if len(parts) > 1 else []
    notes = warnings + tuple(_trait_warning(trait, parts) for trait in traits)
    sets = [made for key, part in parts for made in _display_sets(key, part, notes)]
    sets.sort(key=lambda s: (s.instances[0].instance_number or 0, s.id))
    sets += [_document(i) for i in members if i.kind != "image"]
    first = members[0]
    return Series(
        series_instance_uid=first.series_instance_uid,
        study_instance_uid=first.study_instance_uid,
        number=first.series_number,
        description=first.series_description,
        modality=first.modality,
        display_sets=_titled(sets),
        warnings=warnings,
        generation=len(members),
    )


def _display_sets(key: Key, part: list[Instance], notes: tuple[SeriesWarning, ...]) -> list[DisplaySet]:
    return [
        _display_set(key, number, block, part, notes)
        for number, block in enumerate(blocks(part))
        if block.instances
    ]


def _display_set(
    key: Key, number: int, block: Block, part: list[Instance], notes: tuple[SeriesWarning, ...]
) -> DisplaySet:
    first = block.instances[0]
    digest = sha256(repr((_patient_key(first), first.study_instance_uid, key, number)).encode()).hexdigest()
    return DisplaySet(
        id=f"{first.series_instance_uid}:{digest[:8]}",
        series_instance_uid=first.series_instance_uid,
        study_instance_uid=first.study_instance_uid,
        title=first.series_description or first.modality or "Series",
        modality=first.modality,
        instances=block.instances,
        slots=block.slots,
        count=block.count,
        geometry=block.geometry,
        missing=block.missing,
        warnings=(*notes, *block.warnings, *_problems(part), *_window(block.instances)),
        generation=len(part),
    )


def _document(instance: Instance) -> DisplaySet:
    return DisplaySet(
        id=f"{instance.series_instance_uid}:{instance.sop_instance_uid}",
        series_instance_uid=instance.series_instance_uid,
        study_instance_uid=instance.study_instance_uid,
        title=instance.series_description or instance.kind.capitalize(),
        modality=instance.modality,
        kind=instance.kind,
        instances=(instance,),
        slots=(0,),
        count=1,
        warnings=_problems([instance]),
        generation=1,
    )


def _problems(part: Sequence[Instance]) -> tuple[SeriesWarning, ...]:
    """One warning for each thing that is wrong, however many images have it."""
    found: dict[tuple[str, str], list[Instance]] = {}
    seen: set[tuple[str, int]] = set()
    for instance in part:
        if (instance.sop_instance_uid, instance.copy) in seen:
            continue  # another frame of the same object
        seen.add((instance.sop_instance_uid, instance.copy))
        for problem in (*instance.problems, *((instance.broken,) if instance.broken else ())):
            found.setdefault((problem.tag, problem.message), []).append(instance)
    return tuple(
        SeriesWarning("header", f"{_of(len(holders), len(seen))}{tag} {message}.".strip())
        for (tag, message), holders in found.items()
    )


def _window(instances: Sequence[Instance]) -> tuple[SeriesWarning, ...]:
    if all(i.windows or i.voi_luts or i.colour for i in instances):
        return ()
    return (SeriesWarning("default_window", "No usable window is stored: a default one is used.", "info"),)


def _of(some: int, all_: int) -> str:
    return "" if some == all_ else f"{some} of {all_} images: "


def _trait_warning(trait: Trait, parts: Sequence[tuple[Key, list[Instance]]]) -> SeriesWarning:
    text = f"This series holds different {trait.says}: it is split into {len(parts)} stacks."
    localizer = trait.kind == "two_orientations" and any("LOCALIZER" in p[0].image_type for _, p in parts)
    return SeriesWarning(trait.kind, text, "info" if localizer else "warning")


def _titled(sets: list[DisplaySet]) -> tuple[DisplaySet, ...]:
    """Titles that tell the stacks of one series apart, by thickness where that is what differs."""
    if len(sets) < 2:
        return tuple(sets)
    thick = [s.instances[0].slice_thickness_mm for s in sets]
    if None not in thick and len(set(thick)) == len(sets):
        return tuple(replace(s, title=f"{s.title}, {t:g} mm") for s, t in zip(sets, thick, strict=True))
    return tuple(replace(s, title=f"{s.title} ({k})") for k, s in enumerate(sets, 1))


def _panel_order(series: Series) -> tuple[bool, bool, int, str]:
    images = any(s.kind == "image" for s in series.display_sets)
    return (not images, series.number is None, series.number or 0, series.series_instance_uid)


def _patient_key(instance: Instance) -> str:
    """The same for studies of one patient: ID and name must agree. Without an ID, one key for each study."""
    if not instance.patient_id:
        return f"unknown:{instance.study_instance_uid}:{_plain(instance.patient_name)}"
    return f"{instance.patient_id}:{_plain(instance.patient_name)}"


def _plain(name: str) -> str:
    return " ".join(name.replace("^", " ").casefold().split())
