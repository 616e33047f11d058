"""Good lines are understood and written back the same; bad ones are named, and cost the worker nothing."""

import json
from pathlib import Path

import pytest

from inference.protocol import BadMessage, Cancel, Cancelled, Failed, decode_reply, decode_request, encode
from tests.inference.worker.conftest import worker  # noqa: F401

HERE = Path(__file__).parent
DECODERS = {"requests": decode_request, "replies": decode_reply}


def lines(kind, side):
    return (HERE / kind / f"{side}.jsonl").read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("side", DECODERS)
def test_good_lines_survive_the_round_trip(side):
    for line in lines("good", side):
        message = DECODERS[side](line)
        assert DECODERS[side](encode(message)) == message
        said = json.loads(line)
        assert said.items() <= json.loads(encode(message)).items()


@pytest.mark.parametrize("side", DECODERS)
def test_bad_lines_are_refused_in_one_sentence(side):
    for line in lines("bad", side):
        with pytest.raises(BadMessage, match="not a message of protocol") as caught:
            DECODERS[side](line)
        assert "\n" not in str(caught.value)


def test_every_bad_line_is_answered_and_none_ends_the_worker(worker):  # noqa: F811
    bad = [*lines("bad", "requests"), b"x" * (9 << 20) + b"\n", b"\n"]
    worker.say(*bad)
    for line in bad[:-1]:
        failed = worker.hear()
        assert isinstance(failed, Failed), line[:80]
        assert failed.job in (b"named" in line and "named", "")
    worker.say(Cancel("still here"))
    assert worker.hear() == Cancelled("still here")
