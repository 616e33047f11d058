from tests.app.desks import chest, write_chest
from tests.app.second_read.dicom_series import write_series
from viewer.app.resolve import resolve


def rows_of(hand, *folders):
    hand.open(*folders)
    return [(row.title, row.detail) for row in resolve(hand.desk).series]


def test_series_that_read_alike_get_their_numbers(hand, tmp_path):
    for number in (3, 8):
        write_series(tmp_path / str(number), chest(), number=number)
    rows = rows_of(hand, tmp_path / "3", tmp_path / "8")
    assert rows == [("Lung, series 3", "2.0 mm · 24 images · B30f"), ("Lung, series 8", rows[0][1])]


def test_series_that_differ_keep_their_short_names(hand, tmp_path):
    write_series(tmp_path / "a", chest(), number=1)
    write_series(tmp_path / "b", chest(), number=2, ConvolutionKernel="B70f")
    assert [title for title, _ in rows_of(hand, tmp_path / "a", tmp_path / "b")] == ["Lung", "Lung"]


def test_stacks_of_a_series_without_a_description_are_told_apart(hand, tmp_path):
    write_chest(tmp_path / "thin", SeriesDescription="")
    write_series(tmp_path / "thick", chest()[:3], SeriesDescription="", SliceThickness=5.0)
    for k, path in enumerate(sorted((tmp_path / "thick").iterdir())):
        path.rename(tmp_path / "thick" / f"t{k}.dcm")
    titles = [title for title, _ in rows_of(hand, tmp_path / "thin", tmp_path / "thick")]
    assert len(set(titles)) == len(titles)
