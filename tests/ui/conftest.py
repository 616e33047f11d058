"""Windows in tests: garbage is collected between tests in this thread, as the program does it."""

import gc

import pytest


@pytest.fixture(autouse=True)
def garbage_stays_in_this_thread():
    gc.disable()
    yield
    gc.collect()
    gc.enable()
