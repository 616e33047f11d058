"""Where Tandem keeps what it keeps."""

import stat

from viewer.app.home import home


def test_the_folder_is_the_one_named_and_for_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setenv("TANDEM_HOME", str(tmp_path / "a" / "b"))
    assert home() == tmp_path / "a" / "b"
    assert stat.S_IMODE(home().stat().st_mode) == 0o700


def test_without_a_name_it_is_the_folder_of_the_user(tmp_path, monkeypatch):
    monkeypatch.delenv("TANDEM_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home().is_relative_to(tmp_path) and home().name == "tandem"
