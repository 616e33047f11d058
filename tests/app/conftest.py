"""An event log in a fresh home, closed at the end; and a desk with a small chest on it."""

import pytest

from viewer.app.store import EventLog


@pytest.fixture
def log(home):
    opened = EventLog(home)
    yield opened
    opened.close()


@pytest.fixture
def chest_folder(tmp_path):
    from tests.app.desks import write_chest

    return write_chest(tmp_path / "chest")


@pytest.fixture
def second_reader(monkeypatch, tmp_path):
    from tests.app.desks import SecondReader

    folder = tmp_path / "arrays"
    folder.mkdir()
    return SecondReader(monkeypatch, folder)


@pytest.fixture
def hand(home, second_reader):
    """The desk's thread, with nothing on the desk."""
    from tests.app.desks import Hand

    hand = Hand(home)
    yield hand
    hand.desk.close()


@pytest.fixture
def desk(hand, chest_folder):
    """The chest on the desk, every image there, the second reader ready."""
    hand.open(chest_folder)
    hand.turn(lambda: hand.desk.second.kind != "waiting")
    return hand.desk
