from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.sandbox import Limits, Reason
from casefile.sandbox.frames import (
    COUNT,
    DONE,
    FAILED,
    PAGE,
    READY,
    Answer,
    NonsenseError,
    frame,
)

READY_FRAME = frame(READY)


def told(*pieces: bytes, limits: Limits | None = None) -> Answer:
    answer = Answer(limits or Limits(characters=100, pages=3))
    for piece in pieces:
        answer.feed(piece)
    return answer


def done(count: int) -> bytes:
    return frame(DONE, COUNT.pack(count))


def test_pages_arrive_in_order_however_the_pipe_cuts_them() -> None:
    message = READY_FRAME + frame(PAGE, "первая".encode()) + frame(PAGE, b"2") + done(2)

    answer = told(*(message[at : at + 1] for at in range(len(message))))

    assert answer.pages == ["первая", "2"]
    assert answer.complete


def test_an_answer_that_stops_early_is_not_complete() -> None:
    message = READY_FRAME + frame(PAGE, b"one") + done(1)

    assert not any(told(message[:cut]).complete for cut in range(len(message)))
    assert not told(message, b"P").complete


def test_a_reason_is_one_of_ours() -> None:
    answer = told(READY_FRAME, frame(FAILED, b"ENCRYPTED"))

    assert answer.reason is Reason.ENCRYPTED
    assert not answer.complete


@pytest.mark.parametrize(
    "message",
    [
        b"Hello, world",
        frame(PAGE, b"before ready"),
        done(0),
        READY_FRAME + READY_FRAME,
        frame(READY, b"x"),
        READY_FRAME + frame(b"X"),
        READY_FRAME + frame(PAGE, b"\xff"),
        READY_FRAME + frame(PAGE, b"\xed\xa0\x80"),
        READY_FRAME + frame(PAGE, b"a\0b"),
        READY_FRAME + frame(PAGE, b"a\x1b[31m"),
        READY_FRAME + frame(PAGE, b"x" * 101),
        READY_FRAME + frame(PAGE, b"x" * 60) * 2,
        READY_FRAME + frame(PAGE) * 4,
        READY_FRAME + PAGE + struct.pack(">I", 0xFFFFFFFF),
        READY_FRAME + frame(FAILED, b"because"),
        READY_FRAME + frame(FAILED, b"\xff"),
        READY_FRAME + frame(FAILED, b"NOT_STARTED"),
        READY_FRAME + frame(FAILED, b"DAMAGED") + frame(PAGE, b"still here"),
        READY_FRAME + done(1),
        READY_FRAME + frame(DONE, b""),
        READY_FRAME + done(0) + frame(PAGE, b"one more"),
    ],
)
def test_nonsense_is_refused(message: bytes) -> None:
    with pytest.raises(NonsenseError):
        told(message)


@given(st.lists(st.binary(max_size=40)), st.sampled_from([b"", READY_FRAME]))
def test_whatever_is_said_the_limits_hold(pieces: list[bytes], start: bytes) -> None:
    limits = Limits(characters=20, pages=2)
    answer = Answer(limits)
    try:
        for piece in [start, *pieces]:
            answer.feed(piece)
    except NonsenseError:
        pass

    assert len(answer.pages) <= limits.pages
    assert sum(map(len, answer.pages)) <= limits.characters
