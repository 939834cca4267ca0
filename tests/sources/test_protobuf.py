"""Reading chosen fields of protobuf, beside betterproto2, which reads them all."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.protobuf import Reader
from sources.tiktok_events import WANTED
from sources.tiktok_library import library
from tests.sources.test_tiktok_events import samples
from tests.sources.tiktok_server import comment, message, proto, user

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
INT64 = st.integers(-(2**63), 2**63 - 1)


def same(read: Any, whole: Any, wanted: Any) -> None:
    """Whether all that is wanted reads as the library reads it."""
    for name, parts in wanted.items():
        ours, theirs = getattr(read, name), getattr(whole, name)
        if parts is None:
            assert ours == theirs or list(ours) == list(theirs), name
        elif theirs is None:
            assert ours is None, name
        elif isinstance(theirs, list):
            assert len(ours) == len(theirs), name
            for one, other in zip(ours, theirs, strict=True):
                same(one, other, parts)
        else:
            same(ours, theirs, parts)


def test_every_kind_of_message_reads_as_the_library_reads_it():
    for one in samples():
        whole = getattr(proto(), one.method).parse(one.payload)
        same(library().messages[one.method].parse(one.payload), whole, WANTED[one.method])


@given(INT64, INT64, TEXT, TEXT, st.booleans(), st.lists(TEXT, max_size=3), st.lists(st.integers(0, 20), max_size=4))
def test_whatever_its_fields_hold_a_comment_reads_as_the_library_reads_it(number, time, text, name, flag, urls, badges):
    p = proto()
    who = user(
        "mila",
        id=number,
        nickname=name,
        verified=flag,
        avatar_thumb=p.ImageModel(url_list=urls),
        follow_info=p.FollowInfo(follower_count=time),
        badge_list=[p.BadgeStruct(scene_type=kind) for kind in badges],
    )
    one = comment(text, user=who, create_time=time, msg_id=number, user_identity=p.UserIdentity(is_anchor=flag))
    whole = p.WebcastChatMessage.parse(one.payload)
    same(library().messages[one.method].parse(one.payload), whole, WANTED[one.method])


@given(st.lists(INT64, max_size=30))
def test_numbers_in_a_list_are_read_packed_and_one_by_one(numbers):
    one = message("WebcastImDeleteMessage", delete_msg_ids=numbers)
    reader = library().messages[one.method]
    assert list(reader.parse(one.payload).delete_msg_ids) == numbers
    singly = b"".join(b"\x10" + _varint(number) for number in numbers)
    assert list(reader.parse(singly).delete_msg_ids) == numbers


@given(st.integers(-(2**31), 2**31 - 1))
def test_a_number_of_32_bits_keeps_its_sign(number):
    one = message("WebcastLikeMessage", count=number)
    assert library().messages[one.method].parse(one.payload).count == number


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


@pytest.mark.parametrize(
    "data",
    [
        b"\x1a",  # a field without its value
        b"\x1a\x05abc",  # text cut off
        b"\x1a\x02\xff\xfe",  # no UTF-8
        b"\x08" + b"\xff" * 10,  # a number without end
        b"\x80",  # a tag without end
        b"\x0b",  # groups are long gone
        b"\x09\x00\x00",  # eight bytes of which three came
        b"\x12\x03\x1a\x09a",  # cut off inside a part
    ],
)
def test_what_is_no_protobuf_is_refused(data):
    with pytest.raises(ValueError):
        library().messages["WebcastChatMessage"].parse(data)


def test_unknown_fields_and_those_of_another_type_are_skipped():
    unknown = b"\xf8\x3f\x05" + b"\xfa\x3f\x02ab" + b"\xf9\x3f" + bytes(8) + b"\xfd\x3f" + bytes(4)
    wrong = b"\x10\x05" + b"\x18\x07" + b"\x15" + bytes(4)
    one = comment("hello")
    read = library().messages[one.method].parse(unknown + one.payload + wrong)
    assert (read.content, read.user.display_id) == ("hello", "mila")
    assert library().messages[one.method].parse(wrong).user is None


def test_of_a_field_told_twice_the_last_holds():
    p = proto()
    payload = bytes(p.WebcastChatMessage(content="one")) + bytes(p.WebcastChatMessage(content="two"))
    assert library().messages["WebcastChatMessage"].parse(payload).content == "two"


def test_an_unknown_name_or_type_is_noticed_when_the_reader_is_made():
    with pytest.raises(KeyError):
        Reader(proto().WebcastChatMessage, {"no_such_field": None})
    with pytest.raises(TypeError):
        Reader(proto().WebcastMemberMessage, {"effect_config": None})


def test_random_bytes_are_read_or_refused_and_never_take_long():
    dice = random.Random(1)
    for _ in range(3000):
        data = dice.randbytes(dice.randint(0, 60))
        for reader in library().messages.values():
            try:
                reader.parse(data)
            except ValueError:
                continue
