"""Steps of the reader's own, beside those of a shipped protocol: images, windows and steps in a TOML text."""

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from viewer.core.dicom.display_set import DisplaySet
from viewer.core.hanging.protocol import Protocol, Step, read_parts
from viewer.core.hanging.rules import facts


def extended(protocol: Protocol, text: str, where: str) -> Protocol:
    """The protocol with what the text adds; each step stands behind the one that it names in `after`.

    Raises `ProtocolError`, whose text begins with `where`.
    """
    images, windows, steps = read_parts(text, where, protocol.images)
    out = list(protocol.steps)
    for step, after in steps:
        ids = [one.id for one in out]
        out.insert(ids.index(after) + 1 if after in ids else len(out), step)
    return replace(
        protocol,
        images=(*protocol.images, *images),
        windows=(*protocol.windows, *windows),
        steps=tuple(out),
    )


def image_table(name: str, shown: DisplaySet, prior: bool) -> dict[str, Any]:
    """Rules that find such a display set in another study: a mammogram by its view, else by its series."""
    known = facts(shown)
    wanted = ("modality", "side", "view") if known["view"] else ("modality", "description", "volume")
    rules = [{"fact": fact, "is": known[fact], "required": True} for fact in wanted]
    return {"name": name, "rules": rules} | ({"prior": True} if prior else {})


def with_step(
    text: str, step: Step, after: str, images: Iterable[dict[str, Any]], windows: Iterable[Any]
) -> dict[str, Any]:
    """The table of a text of additions with one more step, and the images and windows that it brings."""
    raw = tomllib.loads(text)
    table = {
        "id": step.id,
        "title": step.title,
        "after": after,
        "layout": step.layout,
        "images": list(step.images),
        "planes": list(step.planes),
        "windows": list(step.windows),
        "size": step.display.size,
        "facing": step.display.facing,
        "needs": step.needs,
    } | ({"spread": list(step.spread)} if step.spread else {})
    kept = [one for one in raw.get("step", []) if one.get("id") != step.id]
    more = [{"name": w.name, "centre": w.centre, "width": w.width} for w in windows]
    out = {
        "image": [*raw.get("image", []), *images],
        "window": [*raw.get("window", []), *more],
        "step": [*kept, table],
    }
    return {key: tables for key, tables in out.items() if tables}
