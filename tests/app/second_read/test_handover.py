"""Private folders come and go, and what a killed program left is swept."""

import os
import stat

from viewer.app.second_read import handover
from viewer.app.second_read.handover import PREFIX, private_folder, sweep


def test_only_the_user_may_enter_and_it_is_gone_afterwards(tmp_path):
    with private_folder(1000, tmp_path) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "hu.npy").touch()
    assert not folder.exists()


def test_without_room_in_memory_the_disk_is_taken(tmp_path):
    with private_folder(1 << 60, tmp_path / "run") as folder:
        assert folder.parent == tmp_path / "run"


def test_what_a_killed_program_left_is_removed(tmp_path, monkeypatch):
    dead, living, other = (tmp_path / n for n in (f"{PREFIX}999999-x", f"{PREFIX}{os.getpid()}-x", "other"))
    for folder in (dead, living, other):
        folder.mkdir()
    monkeypatch.setattr(handover.psutil, "pid_exists", lambda pid: pid == os.getpid())
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([living, other])
