"""Commands of the images: scroll, series, viewports, zoom, steps, layouts, windows, tools."""

from functools import partial

from viewer.app import (
    cine,
    flicker,
    hanging,
    posing,
    presenting,
    protocols,
    roaming,
    slabs,
    together,
    viewing,
)
from viewer.app.commands.command import IMAGES, READING, Command, Group
from viewer.app.desk_state import DeskState
from viewer.app.display import Tool
from viewer.core.hanging.layout import LAYOUTS

_image = Group("Images", READING, viewing.why_no_image, icon="image")
_view = Group("View", READING, viewing.why_no_image, icon="magnifying-glass-plus")
_step = Group("Steps and layouts", READING, viewing.why_no_image, icon="layout")
_grey = Group("Windows", READING, viewing.why_no_image, icon="sliders-horizontal")
_tool = Group("Tools", READING, viewing.why_no_image, icon="ruler")


def _export(desk: DeskState) -> None:
    from viewer.app.protocol_objects import ask_where_to  # pydicom, which the first image does not wait for

    ask_where_to(desk)


def _import(desk: DeskState) -> None:
    from viewer.app.protocol_objects import ask_where_from

    ask_where_from(desk)


def _on(steps: int) -> partial[None]:
    return partial(viewing.next_image, steps=steps)


_SCROLLING = (
    _image(
        "image.previous",
        "Previous image",
        "Up",
        _on(-1),
        when=IMAGES,
        repeats=True,
        card="Previous, next image",
    ),
    _image(
        "image.next", "Next image", "Down", _on(1), when=IMAGES, repeats=True, card="Previous, next image"
    ),
    _image("image.back_5", "Five images back", "Shift+Up", _on(-5), repeats=True, card="Five images"),
    _image("image.on_5", "Five images on", "Shift+Down", _on(5), repeats=True, card="Five images"),
    _image("image.back_10", "Ten images back", "PgUp", _on(-10), repeats=True, card="Ten images"),
    _image("image.on_10", "Ten images on", "PgDown", _on(10), repeats=True, card="Ten images"),
    _image("image.first", "First image", "Home", viewing.first_image, card="First, last image"),
    _image("image.last", "Last image", "End", viewing.last_image, card="First, last image"),
    _image(
        "series.previous",
        "Previous series",
        "Left",
        partial(viewing.next_series, steps=-1),
        when=IMAGES,
        card="Series in the viewport",
    ),
    _image(
        "series.next",
        "Next series",
        "Right",
        partial(viewing.next_series, steps=1),
        when=IMAGES,
        card="Series in the viewport",
    ),
    _image("viewport.next", "Next viewport", "Tab", viewing.next_viewport, when=IMAGES, card="Next viewport"),
    _image(
        "viewport.previous",
        "Previous viewport",
        "Shift+Tab",
        partial(viewing.next_viewport, steps=-1),
        when=IMAGES,
    ),
)

_LOOKING = (
    _view(
        "zoom.in",
        "Zoom in at the pointer",
        "+ =",
        partial(viewing.zoom, factor=1.25),
        repeats=True,
        card="Zoom at the pointer",
    ),
    _view(
        "zoom.out",
        "Zoom out at the pointer",
        "-",
        partial(viewing.zoom, factor=0.8),
        repeats=True,
        card="Zoom at the pointer",
    ),
    _view("zoom.fit", "Fit the image", "F", viewing.fit),
    _view("zoom.true", "True size", "Shift+F", posing.true_size, refusal=posing.why_no_true_size),
    _view("view.tile", "Next quadrant at full resolution", "Q", roaming.next_tile, repeats=True),
    _view("view.pixels", "Full resolution at the pointer", "Shift+Q", roaming.at_pointer),
    _view(
        "view.flicker",
        "Current and prior in turn, while held",
        "B",
        flicker.show,
        release=flicker.back,
        refusal=flicker.why_none,
    ),
    _view(
        "view.flicker_stay",
        "The other examination, or back",
        "Shift+B",
        flicker.toggle,
        refusal=flicker.why_none,
    ),
    _view(
        "view.glass",
        "Magnifying glass while held",
        "Shift+Z",
        partial(viewing.glass, on=True),
        release=partial(viewing.glass, on=False),
    ),
    _view("view.glass_stay", "Magnifying glass on or off", "", viewing.toggle_glass),
    _view("viewport.reset", "Reset the viewport", "Backspace", viewing.reset, undoable=True),
    _view("viewport.maximise", "Maximise or restore the viewport", "", viewing.maximise),
    _view("view.point", "Show this point in all views", "J", viewing.show_point, icon="crosshair"),
    _view("view.link", "Link scrolling", "L", viewing.toggle_link, icon="link"),
    _view("view.together", "Window, zoom and pan of all viewports together", "Shift+L", together.toggle),
    _view("view.crosshair", "Crosshair on or off", "", viewing.toggle_crosshair, icon="crosshair"),
    _view("view.overlays", "Graphics stored in the image on or off", "O", viewing.toggle_overlays),
    _view("view.shutters", "Shutter on or off", "Shift+O", viewing.toggle_shutters),
    _view("view.air", "Air beside the breast black, or as stored", "", viewing.toggle_air),
    _view("view.text", "Corner text", "I", viewing.next_text_level, icon="text-aa"),
)

_STACKS = (
    _view("cine.play", "Cine: play or stop", "C", cine.toggle, refusal=cine.why_none, icon="stack"),
    _view(
        "cine.faster",
        "Cine: faster",
        ".",
        cine.faster,
        repeats=True,
        card="Cine: slower, faster",
        icon="stack",
    ),
    _view(
        "cine.slower",
        "Cine: slower",
        ",",
        partial(cine.faster, steps=-1),
        repeats=True,
        card="Cine: slower, faster",
        icon="stack",
    ),
    _view(
        "slab.mode",
        "Slab: off, mean, brightest",
        "Shift+S",
        slabs.next_mode,
        refusal=slabs.why_none,
        icon="stack",
    ),
    _view(
        "slab.thicker",
        "Slab: thicker",
        "]",
        slabs.thicker,
        refusal=slabs.why_none,
        repeats=True,
        card="Slab: thinner, thicker",
        icon="stack",
    ),
    _view(
        "slab.thinner",
        "Slab: thinner",
        "[",
        partial(slabs.thicker, steps=-1),
        refusal=slabs.why_none,
        repeats=True,
        card="Slab: thinner, thicker",
        icon="stack",
    ),
)

_WAYS = (("Left", -1, 0), ("Right", 1, 0), ("Up", 0, -1), ("Down", 0, 1))
_PANNING = tuple(
    _view(
        f"pan.{far and 'far_'}{way.lower()}",
        f"Pan {far}{' ' if far else ''}{way.lower()}",
        f"Alt+{'Shift+' if far else ''}{way}",
        partial(viewing.pan, across=across * times, down=down * times),
        repeats=True,
        icon="hand",
        card=f"Pan{' far' if far else ''}",
    )
    for far, times in (("", 1), ("far", 4))
    for way, across, down in _WAYS
)

_STEPS = (
    _step("step.next", "Next step", "Space", viewing.next_step, card="Next, previous step"),
    _step(
        "step.previous",
        "Previous step",
        "Shift+Space",
        partial(viewing.next_step, steps=-1),
        card="Next, previous step",
    ),
    _step("prior.older", "Older prior", "Ctrl+Left", hanging.older_prior, card="Older, newer prior"),
    _step(
        "prior.newer",
        "Newer prior",
        "Ctrl+Right",
        partial(hanging.older_prior, steps=-1),
        card="Older, newer prior",
    ),
    _step("step.save", "Save this screen as a step", "", protocols.save_step, refusal=protocols.why_not_save),
    _step(
        "protocol.export",
        "Export this protocol as a DICOM object",
        "",
        _export,
        refusal=hanging.why_no_protocol,
    ),
    _step("protocol.import", "Import a DICOM hanging protocol", "", _import),
    _step("step.restart", "First step again", "Ctrl+0", partial(viewing.go_to_step, number=0)),
    *(
        _step(
            f"step.{n}",
            f"Step {n}",
            f"Ctrl+{n}",
            partial(viewing.go_to_step, number=n - 1),
            card="Step 1 to 9",
        )
        for n in range(1, 10)
    ),
    *(
        _step(
            f"layout.{one.id}",
            f"Layout: {one.title.lower()}",
            f"Alt+{n}",
            partial(viewing.set_layout, number=n),
            card="Layouts",
        )
        for n, one in enumerate(LAYOUTS, start=1)
    ),
)

_WINDOWS = (
    *(
        _grey(
            f"window.{n}",
            f"Window preset {n}",
            str(n),
            partial(viewing.preset, digit=n),
            card="Window preset",
        )
        for n in range(1, 10)
    ),
    _grey("window.stored", "Window as stored in the image", "0", partial(viewing.preset, digit=0)),
    _grey(
        "window.own_next",
        "Next window stored in the image",
        "Y",
        viewing.next_own_window,
        card="Windows stored in the image",
    ),
    _grey(
        "window.own_previous",
        "Previous window stored in the image",
        "Shift+Y",
        partial(viewing.next_own_window, steps=-1),
        card="Windows stored in the image",
    ),
    _grey(
        "presentation.next",
        "Next presentation state",
        "Shift+P",
        presenting.next_state,
        refusal=presenting.why_none,
        card="Presentation states",
    ),
    _grey(
        "presentation.previous",
        "Previous presentation state",
        "",
        partial(presenting.next_state, steps=-1),
        refusal=presenting.why_none,
        card="Presentation states",
    ),
    *(
        _grey(
            f"window.own_{n}",
            f"Window {n} stored in the image",
            "",
            partial(viewing.own_window, number=n),
            refusal=partial(viewing.why_no_own_window, number=n),
        )
        for n in range(1, 10)
    ),
    _grey("window.invert", "Invert", "V", viewing.invert, icon="circle-half"),
)

_TOOLS = tuple(
    _tool(f"tool.{tool.value}", title, key, partial(viewing.set_tool, tool=tool), icon=icon, card=card)
    for tool, key, title, icon, card in (
        (Tool.WINDOW, "W", "Drag: window", "sliders-horizontal", "Drag: window, zoom, scroll, pan"),
        (Tool.ZOOM, "Z", "Drag: zoom", "magnifying-glass-plus", "Drag: window, zoom, scroll, pan"),
        (Tool.SCROLL, "S", "Drag: scroll", "stack", "Drag: window, zoom, scroll, pan"),
        (Tool.PAN, "T", "Drag: pan", "hand", "Drag: window, zoom, scroll, pan"),
        (Tool.DISTANCE, "D", "Measure: distance", "ruler", ""),
        (Tool.BIDIRECTIONAL, "R", "Measure: bidirectional (RECIST)", "ruler", ""),
        (Tool.OUTLINE, "Shift+R", "Outline of a finding on a mammogram", "crosshair", ""),
        (Tool.PROBE, "P", "Probe (HU)", "crosshair-simple", ""),
    )
)

COMMANDS: tuple[Command, ...] = (*_SCROLLING, *_LOOKING, *_STACKS, *_PANNING, *_STEPS, *_WINDOWS, *_TOOLS)
