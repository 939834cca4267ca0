"""The benchmark of the way from chat to browser, in small: each line is seen by everybody or said to be left out."""

from __future__ import annotations

from pathlib import Path

from benchmarks import latency
from benchmarks.onlookers import Heard, Push


def test_each_marked_message_reaches_every_client_and_no_line_is_lost(tmp_path: Path) -> None:
    with latency.both(tmp_path) as at:
        seen = latency.measured(at, 20, 3, 4.0)
    assert (seen.left_out, seen.lost) == (0, 0)
    assert seen.lines > 0
    assert len(seen.taken_ms) % 3 == 0
    assert min(seen.taken_ms) > 0
    assert max(seen.taken_ms) != latency.LAST_MS  # which stands for none


def test_what_is_left_out_is_told_from_what_is_lost() -> None:
    heard = Heard()
    for lines, left_out, cursor in ((5, 0, 5), (2, 0, 7), (1, 3, 11), (1, 0, 14)):
        heard.hear(Push((), lines, left_out, cursor))
    assert (heard.lines, heard.left_out, heard.lost) == (4, 3, 2)


def test_a_push_is_read_however_it_arrives() -> None:
    line = b'{"id":7,"kind":"chat","text":"written-at=12.5 here"}'
    message = b'42["chat",{"items":[' + b",".join([line] * 3) + b'],"cursor":9,"skipped":4}]'
    frame = bytes((0x81, 126)) + len(message).to_bytes(2, "big") + message
    heard, whole = Heard(), list[bytes]()
    for piece in (frame[:1], frame[1:3], frame[3:50], frame[50:] + b"\x81\x012"):
        whole += heard.messages(piece)
    assert whole == [message, b"2"]
    assert Push.of(message) == Push((b"12.5",) * 3, 3, 4, 9)
