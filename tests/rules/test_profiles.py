"""What may be written into a profile."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.profiles import EDITABLE, VOICES, Invalid, clean

TODAY = date(2026, 11, 21)


def refused(changes):
    with pytest.raises(Invalid) as caught:
        clean(changes, TODAY)
    return {detail["field"]: detail["message"] for detail in caught.value.details}


def test_good_values_are_kept_as_they_are():
    given_ = {
        "tts_voice": "en_us_001",
        "discord_username": "nova.live",
        "birthday": "1999-12-31",
        "notes": "likes tea\nand cats",
        "tags": ["regular", "cats"],
        "is_favorite": True,
        "is_blocked": False,
        "is_moderator": True,
    }
    assert clean(given_, TODAY) == given_
    assert tuple(given_) == EDITABLE


@pytest.mark.parametrize("field", ["total_coins_spent", "id", "is_vip", "vip_tier", "username", "Notes", "", "x" * 99])
def test_what_is_not_editable_is_named_with_what_is(field):
    message = refused({field: 1, "notes": "fine"})
    assert list(message) == [field]
    assert all(name in message[field] for name in EDITABLE)


def test_every_wrong_field_is_told_at_once():
    assert set(refused({"birthday": "soon", "is_blocked": 1, "notes": 7, "tags": "a"})) == {
        "birthday",
        "is_blocked",
        "notes",
        "tags",
    }


@pytest.mark.parametrize(
    "birthday",
    [
        "2026-11-22", "1899-12-31", "2001-02-29", "1999-13-01", "1999-1-1", "31.12.1999", "1999-W01-1", "19991231",
        "1999-12-31T00:00", " 1999-12-31", "１９９９-12-31", "0000-00-00", 19991231, True, ["1999-12-31"],
    ],
)  # fmt: skip
def test_a_birthday_is_a_real_past_date(birthday):
    assert "birthday" in refused({"birthday": birthday})


@pytest.mark.parametrize("birthday", ["2026-11-21", "1900-01-01", "2000-02-29"])
def test_the_edges_of_birthdays(birthday):
    assert clean({"birthday": birthday}, TODAY) == {"birthday": birthday}


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_a_birthday_is_taken_unless_it_lies_in_the_future(day):
    if day > TODAY:
        assert "future" in refused({"birthday": day.isoformat()})["birthday"]
    else:
        assert clean({"birthday": day.isoformat()}, day) == {"birthday": day.isoformat()}
        assert "future" in str(refused_on(day.isoformat(), day - timedelta(days=1)))


def refused_on(birthday, today):
    with pytest.raises(Invalid) as caught:
        clean({"birthday": birthday}, today)
    return caught.value


def test_nothing_empties_a_field():
    emptied = {"tts_voice": None, "discord_username": None, "birthday": None, "notes": None}
    assert clean(emptied, TODAY) == {"tts_voice": "", "discord_username": "", "birthday": None, "notes": ""}
    assert clean({"birthday": "", "tts_voice": " ", "tags": []}, TODAY) == {
        "birthday": None,
        "tts_voice": "",
        "tags": [],
    }


@pytest.mark.parametrize("switch", ["is_favorite", "is_blocked", "is_moderator"])
@pytest.mark.parametrize("value", [0, 1, "true", "", None, [], 1.0])
def test_a_switch_is_true_or_false_and_nothing_like_it(switch, value):
    assert refused({switch: value}) == {switch: "must be true or false"}


def test_voices_are_those_of_the_list():
    assert len({voice.value for voice in VOICES}) == len({voice.label for voice in VOICES}) == len(VOICES) > 20
    for voice in VOICES:
        assert clean({"tts_voice": voice.value}, TODAY) == {"tts_voice": voice.value}
    assert "tts_voice" in refused({"tts_voice": "en_us_999"})


def test_notes_have_a_length():
    assert clean({"notes": "ä" * 10_000}, TODAY)
    assert "10,000" in refused({"notes": "ä" * 10_001})["notes"]


def test_lines_of_notes_end_alike():
    assert clean({"notes": "a\r\nb\rc\n"}, TODAY) == {"notes": "a\nb\nc\n"}


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "bell\a"])
@pytest.mark.parametrize("field", ["notes", "discord_username", "tts_voice"])
def test_what_no_database_takes_is_refused(field, text):
    assert field in refused({field: text})


@pytest.mark.parametrize("name", ["a\nb", "x" * 65, 7, ["nova"], "a\u2028b"])
def test_a_discord_name_is_one_line(name):
    assert "discord_username" in refused({"discord_username": name})


def test_tags_are_trimmed_and_unique_whatever_their_capitals():
    assert clean({"tags": [" Cats ", "cats", "", "Two  words", "CATS", "straße", "STRASSE"]}, TODAY) == {
        "tags": ["Cats", "Two words", "straße"]
    }


@pytest.mark.parametrize(
    "tags", ["cats", {"a": 1}, [1], [None], ["x" * 41], ["a,b"], ["a;b"], ["a\nb"], [f"tag {n}" for n in range(31)], 3]
)
def test_bad_tags_are_refused(tags):
    assert "tags" in refused({"tags": tags})


def test_thirty_different_tags_are_enough():
    thirty = [f"tag {number}" for number in range(30)]
    assert clean({"tags": thirty + [tag.upper() for tag in thirty]}, TODAY) == {"tags": thirty}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=5) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(EDITABLE) | st.text(max_size=9), anything, max_size=4))
def test_whatever_comes_is_cleaned_or_refused_and_clean_stays_clean(changes):
    try:
        cleaned = clean(changes, TODAY)
    except Invalid as error:
        assert {detail["field"] for detail in error.details} <= changes.keys()
        assert all(detail["message"] for detail in error.details)
    else:
        assert cleaned.keys() == changes.keys()
        assert clean(cleaned, TODAY) == cleaned
        json.dumps(cleaned, ensure_ascii=False).encode()
