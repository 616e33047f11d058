"""What lies over the image: in its place, off the lesion, and only where it belongs."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter

from tests.ui.viewport.scenes import SERIES, ct, flat, heat, mark, state
from viewer.app.display import Banner, Corners, MarkState, Measurement, Plane, Severity, TextLevel, Window
from viewer.app.resolve.overlays import NO_MAP
from viewer.core.reading.finding import ImagePlace, Outline
from viewer.ui import theme
from viewer.ui.viewport import annotate as painting
from viewer.ui.viewport import corners, ink, marks, measures, notices, reslice, rulers
from viewer.ui.viewport import heat as colours
from viewer.ui.viewport.frame import compose
from viewer.ui.viewport.grips import GAP, spot_of
from viewer.ui.viewport.placement import place
from viewer.ui.viewport.sheet import Sheet
from viewer.ui.viewport.source import Source
from viewer.ui.viewport.viewport import rgb_of

CENTRE = (100.0, 80.0, -2.0)
"""Patient mm; column 100, row 80 of slice 1 at 1 mm pixels."""
READER, MODEL = "reader", "model"

pytestmark = pytest.mark.usefixtures("qapp")


def scan(**changes):
    return ct(flat(3, 160, 200), spacing=(2.0, 1.0, 1.0), **changes)


def sheet_of(painter=None, size=(800, 640), unit=1.0, stack=None, **changes):
    stack = stack or scan()
    changes = {"index": 1, "count": 3} | changes
    frame = compose(state(**changes), stack, Source(stack))
    where = place(frame.shape, frame.spacing, frame.state.zoom, frame.state.pan, size)
    return Sheet(painter, frame, where, unit)


def drawn(what=None, size=(800, 640), unit=1.0, **changes):
    """(pixels, sheet) of annotations alone, on black."""
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    sheet = sheet_of(painter, size, unit, **changes)
    if what is None:
        painting.annotate(painter, sheet.frame, sheet.place, unit)
    else:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        what(sheet)
    painter.end()
    return rgb_of(image), sheet


def like(pixels, name):
    """Where the colour of a token was drawn, however faded: same hue, bright enough."""
    colour = theme.colour(name)
    wanted = np.array([colour.red(), colour.green(), colour.blue()], float)
    length = np.linalg.norm(pixels.astype(float), axis=-1)
    cosine = pixels.astype(float) @ wanted / np.maximum(length * np.linalg.norm(wanted), 1)
    return (length > 60) & (cosine > 0.996)


def words(monkeypatch):
    """Texts that are stamped, in order."""
    said = []
    stamp = ink.stamp
    monkeypatch.setattr(
        ink, "stamp", lambda text, *rest, **named: (said.append(text), stamp(text, *rest, **named))[1]
    )
    return said


@pytest.mark.parametrize(("zoom", "pan"), [(1.0, (0.0, 0.0)), (2.5, (12.0, -7.5)), (0.5, (-30.0, 20.0))])
@pytest.mark.parametrize("author", [READER, MODEL])
def test_a_mark_lies_round_its_lesion_after_pan_and_zoom(author, zoom, pan):
    pixels, sheet = drawn(marks.draw, marks=(mark(CENTRE, author=author, name=""),), zoom=zoom, pan=pan)
    rows, columns = np.nonzero(like(pixels, author))
    x, y = sheet.place.to_device(100.5, 80.5)
    assert (columns.min() + columns.max() + 1) / 2 == pytest.approx(x, abs=1)
    assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(y, abs=1)


@pytest.mark.parametrize("shape", Outline)
def test_an_outline_is_drawn_where_the_reader_drew_it_and_a_models_box_is_not(shape):
    def place(outline):
        return ImagePlace(
            sop_instance_uid=f"{SERIES}.1",
            series_instance_uid=SERIES,
            column=99.5,
            row=79.5,
            box=(69.5, 59.5, 129.5, 99.5),
            outline=outline,
        )

    def of(author, outline):
        one = mark(None, author=author, name="", places=(place(outline),))
        return drawn(marks.draw, marks=(one,))

    pixels, sheet = of(READER, shape)
    rows, columns = np.nonzero(like(pixels, READER))
    (left, top), (right, bottom) = (sheet.place.to_device(*at) for at in ((70, 60), (130, 100)))
    ends = (columns.min(), rows.min(), columns.max(), rows.max())
    assert ends == pytest.approx((left, top, right, bottom), abs=3)
    corner = like(pixels, READER)[round(top) - 3 : round(top) + 4, round(left) - 3 : round(left) + 4]
    assert corner.any() == (shape is Outline.BOX)
    assert not like(of(MODEL, None)[0], READER).any()
    ring = like(of("joined", None)[0], READER)  # a model's box gives the mark its size, and no outline
    assert not ring[round((top + bottom) / 2), round(left) - 2 : round(left) + 3].any()


@pytest.mark.parametrize("author", [READER, MODEL, "joined"])
@pytest.mark.parametrize("zoom", [0.5, 1.0, 4.0])
def test_nothing_covers_the_lesion(author, zoom):
    pixels, sheet = drawn(
        marks.draw, marks=(mark(CENTRE, author=author, text="9 mm", focused=True),), zoom=zoom
    )
    x, y = sheet.place.to_device(100.5, 80.5)
    yy, xx = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    lesion = np.hypot(xx + 0.5 - x, yy + 0.5 - y) <= 5.0 * sheet.place.sx
    assert pixels[lesion].max() == 0


def test_a_mark_grows_smaller_and_fainter_off_its_centre():
    spots = [spot_of(mark(CENTRE), s.frame, s.place, 1.0) for s in (sheet_of(index=k) for k in range(3))]
    assert spots[1].central
    assert spots[0].ring < spots[1].ring
    assert spots[0].share < spots[1].share == 1.0
    brightest = [drawn(marks.draw, marks=(mark(CENTRE, name=""),), index=k)[0].max() for k in (1, 2)]
    assert brightest[1] < brightest[0]


def test_a_mark_is_drawn_only_where_the_cut_meets_its_sphere():
    for at, expected in (((100, 80, -2.0), True), ((100, 80, 3.0), True), ((100, 80, 3.5), False)):
        pixels, _ = drawn(marks.draw, marks=(mark(at, radius_mm=5.0),))
        assert like(pixels, READER).any() == expected
    pixels, _ = drawn(marks.draw, marks=(mark((100, 80, -2.9), radius_mm=0.1),))
    assert like(pixels, READER).any()  # smaller than the slices are thick, but in this one


def test_author_and_verdict_change_the_shape_not_only_the_colour():
    def shape(**changes):
        return drawn(marks.draw, marks=(mark(CENTRE, name="", **changes),))[0].max(axis=-1).astype(float)

    circle, brackets = shape(), shape(author=MODEL)
    joined, rejected = shape(author="joined"), shape(author=MODEL, state=MarkState.REJECTED)
    focused = shape(author=MODEL, focused=True)
    for one, other in ((circle, brackets), (circle, joined), (brackets, joined), (brackets, rejected)):
        assert (np.abs(one - other) > 40).sum() > 60
    assert rejected.sum() < 0.85 * brackets.sum()
    assert focused.sum() > 1.15 * brackets.sum()


def test_a_candidate_below_the_threshold_is_grey():
    pixels, _ = drawn(marks.draw, marks=(mark(CENTRE, author=MODEL, state=MarkState.BELOW),))
    assert not like(pixels, MODEL).any()
    assert like(pixels, "line_strong").any()


def test_a_rejected_mark_has_a_grey_name_with_a_cross(monkeypatch):
    said = words(monkeypatch)
    drawn(marks.draw, marks=(mark(CENTRE, author=MODEL, name="M3", state=MarkState.REJECTED),))
    assert said == ["M3 ×"]


def test_calipers_are_open_in_the_middle_and_only_on_their_slice(monkeypatch):
    long = ((92.0, 80.0, -2.0), (108.0, 80.0, -2.0))
    own = mark(CENTRE, radius_mm=8.0, long_axis=long, text="16.0 mm")
    said = words(monkeypatch)
    pixels, sheet = drawn(marks.draw, marks=(own,))
    assert said == ["R1", "16.0 mm"]
    x, y = (int(v) for v in sheet.place.to_device(100.5, 80.5))
    row = like(pixels, READER)[y]
    assert row[x - 33 : x - 26].any()  # the end at 8 mm = 32 pixels
    assert not row[x - 20 : x + 20].any()
    said.clear()
    drawn(marks.draw, marks=(own,), index=2)
    assert said == ["R1"]


def test_calipers_never_cover_a_small_lesion():
    tiny = ((99.0, 80.0, -2.0), (101.0, 80.0, -2.0))
    pixels, sheet = drawn(marks.draw, marks=(mark(CENTRE, radius_mm=1.0, name="", long_axis=tiny),))
    x, y = (int(v) for v in sheet.place.to_device(100.5, 80.5))
    assert pixels[y - 4 : y + 4, x - 4 : x + 4].max() == 0


def test_labels_do_not_cover_one_another():
    sheet = sheet_of()
    taken = []
    boxes = []
    label = marks._plates(sheet, mark(CENTRE, name="M1"))
    for _ in range(3):
        box = marks._free_place(sheet, label, _point(400, 320), 20, taken)
        assert not any(box.intersects(other) for other in boxes)
        boxes.append(box)
        taken.append(box)


def _point(x, y):
    return QPointF(x, y)


def test_marks_of_another_frame_of_reference_are_not_drawn_and_named():
    foreign = mark(CENTRE, frame_of_reference_uid="9.9", name="R7")
    pixels, sheet = drawn(marks.draw, marks=(foreign,))
    assert pixels.max() == 0
    (banner,) = notices.refusals(sheet)
    assert "R7" in banner.title


def test_the_crosshair_is_open_round_its_point_and_off_the_edges():
    pixels, sheet = drawn(rulers.crosshair, crosshair=True, point_lps_mm=CENTRE)
    x, y = (int(v) for v in sheet.place.to_device(100.5, 80.5))
    line = pixels.max(axis=-1) > 100
    gap = round(0.1 * 640 - 26)
    assert line[y, 40:300].all()
    assert line[60:200, x].all()
    assert not line[y - gap + 1 : y + gap, x - gap + 1 : x + gap].any()
    assert not line[:31].any()
    assert not line[:, :31].any()


@pytest.mark.parametrize("zoom", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("unit", [1.0, 1.5, 2.0])
def test_the_scale_bar_is_as_long_as_it_says(monkeypatch, zoom, unit):
    said = words(monkeypatch)
    size = (round(800 * unit), round(640 * unit))
    pixels, sheet = drawn(rulers.scale_bar, size, unit, zoom=zoom)
    number, kind = said[0].split()
    millimetres = float(number) * {"mm": 1, "cm": 10}[kind]
    line = pixels[round((640 - 33) * unit)].max(axis=-1) > 140
    run = np.nonzero(line)[0]
    bar = run[run < (size[0] + millimetres * sheet.place.sx) / 2 + 2]
    assert np.ptp(bar) + 1 == pytest.approx(millimetres * sheet.place.sx, abs=1.5 * unit)


def test_an_image_without_scale_says_so(monkeypatch):
    said = words(monkeypatch)
    drawn(rulers.scale_bar, stack=ct(flat(1, 160, 200), place=False), index=0, count=1)
    assert said == ["No scale in the header"]


def test_a_length_at_the_detector_says_so(monkeypatch):
    said = words(monkeypatch)
    drawn(rulers.scale_bar, stack=ct(flat(1, 160, 200), spacing_source="imager"), index=0, count=1)
    assert said[0].endswith("at the detector")


def test_the_letters_of_the_edges_are_drawn_where_they_belong(monkeypatch):
    placed = {}
    monkeypatch.setattr(ink, "stamp", lambda text, *rest, **named: text)
    monkeypatch.setattr(ink, "text", lambda p, x, y, line, **named: placed.update({line: (x, y)}))
    corners.letters(sheet_of(stack=scan(columns=(-1.0, 0.0, 0.0), rows=(0.0, -1.0, 0.0))))
    assert set(placed) == {"L", "R", "P", "A"}  # prone: the patient's left on the left of the screen
    assert placed["L"][0] < 100 < 700 < placed["R"][0]
    assert placed["P"][1] < 50 < 590 < placed["A"][1]


def test_an_image_without_orientation_says_so(monkeypatch):
    said = words(monkeypatch)
    drawn(corners.letters, stack=ct(flat(1, 160, 200), place=False), index=0, count=1)
    assert said == ["Sides not known: no orientation in the header"]


TEXT = Corners(("MÜLLER, ANNA", "ID 7"), ("Axial",), ("Lung  W 1400  L −500",), ("Image 2 / 3",))


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (
            TextLevel.FULL,
            ["MÜLLER, ANNA", "ID 7", "Axial", "Zoom 400 %  ·  smooth", *TEXT.bottom_left, "Image 2 / 3"],
        ),
        (TextLevel.MINIMAL, ["MÜLLER, ANNA", "ID 7", "Axial"]),
        (TextLevel.NONE, ["MÜLLER, ANNA", "ID 7"]),
    ],
)
def test_identity_stays_at_every_text_level(monkeypatch, level, expected):
    said = words(monkeypatch)
    drawn(corners.draw, corners=TEXT, text_level=level)
    assert said == expected


def test_a_cut_says_that_it_was_made_here():
    reslice.warm(wait=True)
    cut = {"plane": Plane.CORONAL, "index": 80, "count": 160, "text_level": TextLevel.FULL}
    sheet = sheet_of(stack=scan(), corners=Corners(top_right=("2.0 mm",)), **cut)
    assert "made here" in corners.lines(sheet).top_right
    said = Corners(top_right=("2.0 mm, made here",))
    assert corners.lines(sheet_of(stack=scan(), corners=said, **cut)).top_right == said.top_right


@pytest.mark.parametrize("name", ["MÜLLER, ANNA-LÍ", "ЖУКОВ^ИВАН", "Illl1 O0 8B"])
def test_the_patients_name_is_drawn_glyph_by_glyph(make, name):
    """A garbled glyph in a name is a wrong patient: the window's pixels are those of the plain painter."""
    viewport = make(400, 160)
    shown = state(corners=Corners((name,)), window=Window(1000.0, 10.0))
    viewport.show_state(shown, ct(flat(1, 160, 400)))
    pixels = viewport.grab_rgb()
    expected, _ = drawn(
        corners.draw, (400, 160), stack=ct(flat(1, 160, 400)), corners=Corners((name,)), index=0, count=1
    )
    box = np.s_[5:30, 5 : 20 + 9 * len(name)]
    assert expected[box].max() > 150
    assert np.abs(pixels[box].astype(int) - expected[box]).max() <= 2


def test_the_rail_shows_what_was_not_seen_and_where_marks_lie():
    shown = {"seen_spans": ((0.0, 0.5),), "ticks": ((0.25, READER), (0.75, MODEL)), "index": 2, "count": 3}
    pixels, _ = drawn(rulers.rail, **shown)
    rail = pixels[:, 787 - 2 : 787 + 2].max(axis=(1, 2))
    assert rail[70:300].min() > 100  # seen
    assert rail[345:480].max() < 60  # not seen
    assert like(pixels, "accent")[64 + int(512 * 5 / 6)].any()
    assert like(pixels, READER)[64 + 128 - 6 : 64 + 128 + 6].any()
    assert like(pixels, MODEL)[64 + 384 - 6 : 64 + 384 + 6].any()


def test_the_focus_ring_is_two_pixels_inside_the_edge():
    pixels, _ = drawn(focused=True)
    ring = like(pixels, "accent")
    for edge in (ring[:2], ring[-2:], ring[:, :2], ring[:, -2:]):
        assert edge.all()
    assert not ring[2, 2:-2].any()


def test_a_measurement_is_drawn_on_its_slice_only(monkeypatch):
    said = words(monkeypatch)
    line = Measurement(
        "d1", ((60.0, 60.0, -2.0), (120.0, 60.0, -2.0)), "60.0 mm", scan().display_set.series_instance_uid
    )
    drawn(measurements=(line,))
    assert "60.0 mm" in said
    said.clear()
    drawn(measurements=(line,), index=0)
    assert "60.0 mm" not in said


def test_a_draft_says_its_length(monkeypatch):
    said = words(monkeypatch)
    axis = ((60.0, 60.0, -2.0), (63.0, 64.0, -2.0))
    drawn(lambda sheet: measures.draw(sheet, axis))
    assert said == ["5.0 mm"]


def test_warnings_stay_when_text_is_off(monkeypatch):
    banner = Banner(Severity.WARNING, "Geometry: 1 slice is missing", "MPR shows the gap as black.")
    pixels, _ = drawn(banners=(banner,))
    assert like(pixels, "warning").sum() > 200


# --- heat


@pytest.fixture
def blob(tmp_path):
    """A patch of slices 0..2, rows 70..89, columns 90..109 of the scan, 1 in the middle, 0 at its edge."""
    z, y, x = np.mgrid[-1:1:3j, -1:1:20j, -1:1:20j]
    patch = np.clip(1 - np.sqrt(x**2 + y**2 + 0 * z), 0, 1).astype(np.float32)
    np.save(tmp_path / "heat.npy", patch)
    return heat(tmp_path / "heat.npy", (0, 70, 90), patch.shape, name="M2")


@pytest.mark.parametrize("plane", [Plane.STACK, Plane.AXIAL, Plane.CORONAL])
def test_heat_lies_over_its_voxels(blob, plane):
    reslice.warm(wait=True)
    index, count = {Plane.CORONAL: (79, 160)}.get(plane, (1, 3))
    pixels, sheet = drawn(colours.draw, heat=blob, plane=plane, index=index, count=count)
    rows, columns = np.nonzero(pixels.max(axis=-1) > 30)
    x, y, _ = sheet.frame.project((99.5, 79.5, -2.0))
    x, y = sheet.place.to_device(x, y)
    assert columns.mean() == pytest.approx(x, abs=1.5 * sheet.place.sx)
    assert rows.mean() == pytest.approx(y, abs=1.5 * sheet.place.sy)
    half = (columns.max() - columns.min()) / 2 / sheet.place.sx
    assert half == pytest.approx(10 * 0.65, abs=1.5)  # the threshold 0.35


def test_heat_is_never_opaque_and_nothing_below_its_threshold():
    table = colours.colours()
    assert table[:, 3].max() == pytest.approx(0.62)
    assert (table[: int(0.35 * 255), 3] == 0).all()
    assert colours.threshold() == 0.35


def test_heat_of_another_slice_or_series_is_not_drawn(blob, tmp_path):
    thin = replace(blob, start=(2, 70, 90), shape=(1, 20, 20), path=str(tmp_path / "thin.npy"))
    np.save(tmp_path / "thin.npy", np.ones((1, 20, 20), np.float32))
    assert drawn(colours.draw, heat=thin, index=1)[0].max() == 0
    assert drawn(colours.draw, heat=thin, index=2)[0].max() > 0
    foreign = replace(blob, series_instance_uid="9.9")
    pixels, sheet = drawn(colours.draw, heat=foreign)
    assert pixels.max() == 0
    assert "not drawn" in notices.refusals(sheet)[0].title


def test_a_damaged_heat_map_is_said_not_drawn(blob, tmp_path):
    (tmp_path / "bad.npy").write_bytes(b"no array")
    for path in ("bad.npy", "gone.npy"):
        pixels, sheet = drawn(colours.draw, heat=replace(blob, path=str(tmp_path / path)))
        assert pixels.max() == 0
        assert "cannot be read" in notices.refusals(sheet)[0].title


def test_the_legend_has_threshold_and_caveat_and_keeps_off_the_body(blob, monkeypatch):
    codes = flat(3, 160, 200, hu=-1000)
    codes[:, :100, :] = np.random.default_rng(0).integers(0x8000 - 200, 0x8000 + 200, (3, 100, 200))
    placed = {}
    stamp = ink.stamp
    monkeypatch.setattr(ink, "stamp", lambda text, *rest, **named: (text, stamp(text, *rest, **named)))
    monkeypatch.setattr(ink, "text", lambda p, x, y, line, *rest, **named: placed.update({line[0]: (x, y)}))
    drawn(colours.legend, heat=blob, stack=ct(codes, spacing=(2.0, 1.0, 1.0)))
    assert {"0.35", "0.70", "1.00", "Heat map, M2 only", "H"} <= set(placed)
    assert " ".join(text for text in placed if text[0].islower() or text.startswith("Where")).startswith(
        "Where the model"
    )
    assert placed["0.35"][1] > 400


def test_an_empty_heat_map_says_so_without_a_scale_and_is_no_damaged_one(monkeypatch):
    said = []
    stamp = ink.stamp
    monkeypatch.setattr(ink, "stamp", lambda text, *rest, **named: (text, stamp(text, *rest, **named)))
    monkeypatch.setattr(ink, "text", lambda p, x, y, line, *rest, **named: said.append(line[0]))
    none = heat("", (0, 0, 0), (0, 0, 0), name="M2", notes=("Grad-CAM: lung nodule", *NO_MAP))
    _, sheet = drawn(colours.legend, heat=none)
    assert " ".join(said).startswith("Heat map, M2 only")
    assert NO_MAP[0] in " ".join(said) and "0.70" not in said
    assert drawn(colours.draw, heat=none)[0].max() == 0
    assert not notices.refusals(sheet)


@pytest.mark.parametrize("unit", [1.0, 1.25, 2.0])
def test_annotations_grow_with_the_pixel_ratio(unit):
    size = (round(400 * unit), round(320 * unit))
    pixels, _ = drawn(None, size, unit, marks=(mark(CENTRE, name="R1"),), focused=True, corners=TEXT)
    width = np.argmin(like(pixels, "accent")[:, size[0] // 2])
    assert width == round(2 * unit)


def on_image(uid, box=None, frame=None):
    """A place at column 100, row 80 of an image."""
    return ImagePlace(
        sop_instance_uid=uid, series_instance_uid=SERIES, column=99.5, row=79.5, box=box, frame=frame
    )


def flat_spots(*places, radius_mm=3.0, stack=None, **changes):
    """(spot, sheet) of a mark on images, on each image of the scan."""
    stack = stack or scan()
    own = mark(None, places=places, radius_mm=radius_mm, **changes)
    sheets = [sheet_of(stack=stack, index=k) for k in range(3)]
    return [(spot_of(own, s.frame, s.place, 1.0), s) for s in sheets]


def test_a_mark_on_an_image_is_drawn_there_alone_as_large_as_its_box():
    uid = scan().display_set.instances[1].sop_instance_uid
    box = (79.5, 69.5, 119.5, 89.5)
    before, (spot, sheet), after = flat_spots(on_image("1.9"), on_image(uid, box))
    assert before[0] is None and after[0] is None
    assert (spot.x, spot.y) == pytest.approx(sheet.place.to_device(100.0, 80.0))
    assert spot.ring == pytest.approx(20 * abs(sheet.place.sx) + GAP)


def test_a_point_on_an_image_has_a_ring_of_its_own_size():
    uid = scan().display_set.instances[0].sop_instance_uid
    (spot, sheet), *_ = flat_spots(on_image(uid))
    assert spot.ring == pytest.approx(3.0 * abs(sheet.place.sx) + GAP)


def test_a_mark_on_an_image_without_a_place_in_the_patient_is_drawn_too():
    stack = scan(place=False)
    uid = stack.display_set.instances[0].sop_instance_uid
    spots = flat_spots(on_image(uid, (79.5, 69.5, 119.5, 89.5)), stack=stack)
    assert [spot is not None for spot, _ in spots] == [True, False, False]
    assert spots[0][0].share == 1.0
