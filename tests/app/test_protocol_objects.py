"""Hanging protocols as DICOM objects, from the command line and in the window."""

import shutil

import pytest

from tests.app.desks import Hand, write_chest
from tests.conftest import shared_data
from tests.core.hanging.files import exam, write
from viewer import cli
from viewer.app.exit_codes import ExitCode


def test_a_protocol_goes_out_and_comes_back_in_another_home(home, tmp_path, capsys, monkeypatch):
    there = tmp_path / "mammography.dcm"
    assert cli.main(["protocols", "export", "mammography", str(there)]) == ExitCode.DONE
    assert "one scale is left out" in capsys.readouterr().out
    assert cli.main(["protocols", "import", str(there)]) == ExitCode.DONE
    assert "protocols/mammography.toml" in capsys.readouterr().out
    assert cli.main(["protocols", "import", str(there)]) == ExitCode.REFUSED
    assert "--replace" in capsys.readouterr().err
    assert cli.main(["protocols", "import", "--replace", str(there)]) == ExitCode.DONE
    assert cli.main(["protocols", "list"]) == ExitCode.DONE
    assert "mammography  Screening mammography, 27 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("text.dcm", b"no DICOM at all", "is no DICOM file"),
        ("cut.dcm", b"\0" * 128 + b"DICM\x02\x00\x00\x00UL\x04\x00", "text"),
    ],
)
def test_what_is_no_protocol_is_refused(home, tmp_path, capsys, name, data, words):
    (tmp_path / name).write_bytes(data)
    assert cli.main(["protocols", "import", str(tmp_path / name)]) == ExitCode.REFUSED
    err = capsys.readouterr().err
    assert words in err or name in err or "SOP Class UID" in err
    assert len(err.strip().splitlines()) == 1
    assert not (home / "protocols").exists()


def test_an_unknown_name_and_an_unwritable_place_are_said(home, tmp_path, capsys):
    assert cli.main(["protocols", "export", "knee", str(tmp_path / "x.dcm")]) == ExitCode.USAGE
    assert "there are mammography" in capsys.readouterr().err
    nowhere = tmp_path / "missing" / "x.dcm"
    assert cli.main(["protocols", "export", "ct_head", str(nowhere)]) == ExitCode.REFUSED
    assert "cannot be written" in capsys.readouterr().err


def test_the_window_writes_the_protocol_of_the_study_and_takes_one_over(hand, home, tmp_path):
    hand.desk.run("protocol.export")
    assert "open a study first" in hand.desk.screen.status
    hand.open(write(tmp_path / "exam", *exam()))
    hand.desk.run("protocol.export")
    there = tmp_path / "out.dcm"
    assert hand.state.question.values == (("text", str(home / "protocols" / "mammography.dcm")),)
    hand.desk.accept({"text": str(there)})
    assert f"Written to {there}" in hand.desk.screen.status
    assert there.stat().st_size > 1000
    hand.desk.run("protocol.import")
    hand.desk.accept({"text": str(there)})
    assert "protocols/mammography.toml" in hand.desk.screen.status
    assert hand.desk.hanging.now.title == "Four views"


def test_a_protocol_of_the_site_is_taken_before_the_shipped_one(home, tmp_path):
    """The planning protocol of the standard's example hangs a CT of a head."""
    source = shared_data("conformance", "other", "hanging_protocol_neurosurgery.dcm")
    shutil.copy(source, tmp_path / "plan.dcm")
    assert cli.main(["protocols", "import", str(tmp_path / "plan.dcm")]) == ExitCode.DONE
    hand = Hand(home)
    hand.open(write_chest(tmp_path / "head", BodyPartExamined="HEAD"))
    assert hand.desk.hanging.now.title == "Current CT only"
    planes = [view.plane.value for view in hand.desk.views.visible]
    assert planes == ["coronal", "sagittal", "stack", "stack", "stack"]
    assert {view.display_set for view in hand.desk.views.visible} == {hand.desk.main.id}
    assert hand.state.viewports[0].window.name == "Brain"
    hand.desk.close()
