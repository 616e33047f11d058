"""An event log in a fresh home, closed at the end."""

import pytest

from viewer.app.store import EventLog


@pytest.fixture
def log(home):
    opened = EventLog(home)
    yield opened
    opened.close()
