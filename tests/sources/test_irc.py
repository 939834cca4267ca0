"""The line parser: every part of a line, any text at all, any pieces of a stream."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sources.irc import LineBuffer, parse_line
from tests.sources.twitch_server import tagged

word = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="-_#"), min_size=1, max_size=12)
anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
typed = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=40)


@pytest.mark.parametrize(
    ("raw", "tags", "prefix", "command", "params"),
    [
        ("PING :tmi.twitch.tv", {}, "", "PING", ["tmi.twitch.tv"]),
        (":tmi.twitch.tv RECONNECT", {}, "tmi.twitch.tv", "RECONNECT", []),
        (":tmi.twitch.tv 001 lena :Welcome, GLHF!", {}, "tmi.twitch.tv", "001", ["lena", "Welcome, GLHF!"]),
        ("@a=1;b= :x!x@x PRIVMSG #c :hi", {"a": "1", "b": ""}, "x!x@x", "PRIVMSG", ["#c", "hi"]),
        ("@a;b=2 CMD", {"a": "", "b": "2"}, "", "CMD", []),
        ("@a=1=2 CMD", {"a": "1=2"}, "", "CMD", []),
        ("@a=1;a=2 CMD", {"a": "2"}, "", "CMD", []),
        ("CMD  a   b  :c  d ", {}, "", "CMD", ["a", "b", "c  d "]),
        ("CMD a :", {}, "", "CMD", ["a", ""]),
        ("CMD a ::)", {}, "", "CMD", ["a", ":)"]),
        ("CMD a :b :c", {}, "", "CMD", ["a", "b :c"]),
        (":p CMD a\u00a0b", {}, "p", "CMD", ["a\u00a0b"]),
        ("CMD :a\0b", {}, "", "CMD", ["ab"]),
    ],
)
def test_a_line_falls_into_its_parts(raw, tags, prefix, command, params):
    assert parse_line(raw) == (tags, prefix, command, params)


@pytest.mark.parametrize(
    ("escaped", "value"),
    [
        (r"a\sb", "a b"),
        (r"a\:b", "a;b"),
        (r"a\\sb", r"a\sb"),
        (r"a\r\nb", "a\r\nb"),
        (r"a\xb", "axb"),
        ("a\\", "a"),
        (r"\\\\", r"\\"),
    ],
)
def test_tag_values_are_unescaped_as_ircv3_says(escaped, value):
    line = parse_line(f"@t={escaped} CMD")
    assert line is not None
    assert line.tags == {"t": value}


@pytest.mark.parametrize("raw", ["", " ", ":", "@", "@a=1", ":prefix", ":prefix ", "@a=1 :p ", " PING", "!? x", "Ä x"])
def test_what_is_no_irc_is_none(raw):
    assert parse_line(raw) is None


@given(
    tags=st.dictionaries(word, anything, max_size=6),
    prefix=word | st.just(""),
    command=st.sampled_from(["PRIVMSG", "USERNOTICE", "353", "X1"]),
    middle=st.lists(word, max_size=3),
    last=typed,
)
def test_a_line_that_is_built_is_parsed_back(tags, prefix, command, middle, last):
    line = " ".join([f":{prefix}"] * bool(prefix) + [command, *middle, f":{last}"])
    assert parse_line(tagged(tags, line)) == (tags, prefix, command, [*middle, last])


@given(st.text())
@example("@=;=:\\")
@example("@\\ :! \\")
@example(": :")
def test_no_text_makes_the_parser_raise(raw):
    line = parse_line(raw)
    if line is not None:
        assert isinstance(line.nick + line.channel, str)
        assert "\0" not in "".join([line.prefix, line.command, *line.params, *line.tags, *line.tags.values()])


def test_nick_and_channel_are_lower_case_and_the_server_has_no_nick():
    person = parse_line(":Lena!lena@lena.tmi.twitch.tv JOIN #Lena")
    server = parse_line(":tmi.twitch.tv NOTICE * :no")
    assert person is not None and server is not None
    assert (person.nick, person.channel) == ("lena", "lena")
    assert (server.nick, server.channel) == ("", "")


@given(lines=st.lists(typed.filter(bool), max_size=8), data=st.data())
def test_lines_come_out_whole_whatever_the_pieces_of_the_stream(lines, data):
    stream = "".join(line + "\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    buffer = LineBuffer()
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [line for piece in pieces for line in buffer.feed(piece)] == lines
    assert buffer.overlong == 0


@pytest.mark.parametrize("sign", ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_other_line_break_ends_a_line(sign):
    assert LineBuffer().feed(f"PRIVMSG #c :a{sign}PING x\r\n") == [f"PRIVMSG #c :a{sign}PING x"]


@given(size=st.integers(1, 7))
def test_a_line_without_end_is_forgotten_and_the_next_one_is_read(size):
    buffer = LineBuffer(limit=20)
    stream = "x" * 100 + "\r\nPING\r\n"
    lines = [line for start in range(0, len(stream), size) for line in buffer.feed(stream[start : start + size])]
    assert lines == ["PING"]
    assert buffer.overlong == 1
    assert len(buffer._rest) <= 20


def test_an_overlong_line_in_one_piece_is_skipped_and_its_neighbours_are_not():
    buffer = LineBuffer(limit=20)
    assert buffer.feed("one\r\n" + "x" * 21 + "\r\ntwo\r\n") == ["one", "two"]
    assert buffer.overlong == 1
