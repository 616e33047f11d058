"""The hanging protocols of this reader: the shipped ones, and files in the folder `protocols` at home.

A file there that has a `match` is a protocol of its own; without one it adds to the shipped one of its name.
"""

import re
from pathlib import Path

import tomli_w

from viewer.app import asking, hanging
from viewer.app.desk_state import DeskState
from viewer.app.display import Question, Severity
from viewer.app.whole_files import write_file
from viewer.core.hanging.additions import extended, image_table, with_step
from viewer.core.hanging.layout import NEXT_SCREEN, on_one_screen
from viewer.core.hanging.protocol import Protocol, Step, read_protocol, shipped
from viewer.core.hanging.rules import ProtocolError
from viewer.core.pixels.grey import Window

FOLDER = "protocols"


def load(home: Path) -> tuple[tuple[Protocol, ...], tuple[str, ...]]:
    """All protocols, and a sentence for each file that cannot be used; it is left out."""
    found = {protocol.id: protocol for protocol in shipped()}
    odd = []
    for path in sorted((home / FOLDER).glob("*.toml")):
        try:
            text = path.read_text(encoding="utf-8")
            base = found.get(path.stem)
            adds = base is not None and not re.search(r"^match\b", text, re.MULTILINE)
            where = f"{FOLDER}/{path.stem}"
            found[path.stem] = (
                extended(base, text, where) if adds and base is not None else read_protocol(path.stem, text)
            )
        except (OSError, UnicodeDecodeError, ProtocolError) as error:
            odd.append(f"{FOLDER}/{path.name} is left out: {error}")
    return tuple(found.values()), tuple(odd)


def save_step(desk: DeskState) -> None:
    """Keep what the viewports show as a step of this protocol; asks what it is to be called."""
    question = Question(
        kind="text",
        title="Save this screen as a step",
        text="Layout, images, planes and windows come back in every study that this protocol fits.",
        fields=(("text", "Name"),),
        accept="Save",
        refuse="Cancel",
        values=(("text", f"{desk.hanging.now.title}, own"),),
    )
    asking.ask(desk, question, lambda values: _save(desk, values))


def _save(desk: DeskState, values: dict[str, str] | None) -> None:
    title = "" if values is None else values.get("text", "").strip()
    protocol = desk.hanging.hung.protocol
    if not title or protocol is None:
        return
    path = desk.home / FOLDER / f"{protocol.id}.toml"
    try:
        _write(desk, protocol, title, path)
    except (OSError, UnicodeDecodeError, ProtocolError) as error:
        desk.say(f"The step was not saved: {error}", Severity.WARNING)
        return
    desk.protocols, odd = load(desk.home)
    hanging.fill(desk)
    desk.say(odd[0] if odd else f"Saved as the step {title!r}, in {FOLDER}/{path.name}.")


def _write(desk: DeskState, protocol: Protocol, title: str, path: Path) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    step, images, windows = _step(desk, protocol, title)
    text = tomli_w.dumps(with_step(before, step, desk.hanging.now.id, images, windows))
    base = next(p for p in shipped() if p.id == protocol.id)
    extended(base, text, path.stem)  # refuses what could not be read
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.encode("utf-8"))


def _step(
    desk: DeskState, protocol: Protocol, title: str
) -> tuple[Step, list[dict[str, object]], list[Window]]:
    """The step on screen, with rules for images that the protocol has no name for, and its free windows."""
    named = {shown: name for name, shown in desk.hanging.hung.named}
    slug = re.sub(r"\W+", "_", title.casefold()).strip("_") or "step"
    images: list[dict[str, object]] = []
    windows: list[Window] = []
    names, levels = [], []
    for number, view in enumerate(desk.views.hung):
        shown = desk.views.display_set(view)
        if shown is not None and shown.id not in named:
            named[shown.id] = f"{slug}_{number + 1}"
            images.append(image_table(named[shown.id], shown, desk.is_prior(shown)))
        names.append("" if shown is None else named[shown.id])
        levels.append(_level(view.window, protocol, windows))
    step = Step(
        f"own_{slug}",
        title,
        on_one_screen(desk.views.layout),
        tuple(view.plane.value for view in desk.views.hung),
        "",
        images=tuple(names),
        windows=tuple(levels),
        needs=len({name for name in names if name}),
        display=desk.hanging.now.display,
        spread=tuple(parts) if len(parts := desk.views.layout.id.split(NEXT_SCREEN)) > 1 else (),
    )
    return step, images, windows


def _level(window: Window | None, protocol: Protocol, windows: list[Window]) -> str:
    """The name under which a window is found again; one without a name gets one."""
    if window is None:
        return ""
    if window.name:
        return window.name
    name = f"W {window.width:.0f} L {window.centre:.0f}"
    if name not in {w.name for w in (*protocol.windows, *windows)}:
        windows.append(Window(window.centre, window.width, name))
    return name


def why_not_save(desk: DeskState) -> str:
    """Why this screen cannot be a step; "" where it can."""
    if desk.study is None:
        return "Open a study first (Ctrl+O)."
    shipped_ids = {protocol.id for protocol in shipped()}
    protocol = desk.hanging.hung.protocol
    if protocol is None or protocol.id not in shipped_ids:
        return "This study is read in a protocol of your own: add the step to its file."
    return ""
