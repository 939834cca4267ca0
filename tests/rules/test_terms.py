"""The words of a message that are worth counting."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.terms import LONGEST, MOST_PER_MESSAGE, SHORTEST, STOP_WORDS, words

COLUMN = 32  # characters that stream_terms.term holds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What a CLUTCH, unreal clutch!!!", ["clutch", "unreal"]),
        ("look https://example.com/clutch?x=1 wow", ["look", "wow"]),
        ("see www.example.org now", []),
        ("join discord.gg/pulse everybody", ["join", "everybody"]),
        ("free stuff at shady.example.com", ["free", "stuff"]),
        ("@lena great #ad !drop", ["great"]),
        ("mail me@example.com please", ["mail", "please"]),
        ("rest.of the story", ["rest", "story"]),
        ("12345 2026 1,000,000", []),
        ("no ok gg", []),
        ("the and for with", []),
        ("it’s rock'n'roll", ["rock'n'roll"]),
        ("snake_case stays", ["snake_case", "stays"]),
        ("___ --- ...", []),
        ("", []),
    ],
)
def test_addresses_mentions_numbers_and_stop_words_are_left_out(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "word",
    ["привет", "größe", "ελλάδα", "안녕하세요", "こんにちは", "नमस्ते", "สวัสดี", "مُحَمَّد", "שלום", "வணக்கம்", "cafe\u0301"],
)
def test_words_of_every_script_are_counted_whole(word: str) -> None:
    assert words(f"{word}! {word}") == [word.lower()]


def test_emotes_are_no_words() -> None:
    assert words("Kappa PogChamp insane", ["Kappa", "PogChamp"]) == ["insane"]


def test_a_word_counts_once_however_often_it_is_said() -> None:
    assert words("clutch " * 50) == ["clutch"]


def test_one_message_adds_a_limited_number_of_words() -> None:
    assert len(words(" ".join(f"word{number}" for number in range(1_000)))) == MOST_PER_MESSAGE


def test_a_letter_that_grows_in_lower_case_does_not_grow_over_its_column() -> None:
    assert all(len(word) <= COLUMN for word in words("İ" * LONGEST + " ok"))


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000 + "!", "a." * 50_000, "a'" * 50_000, "a_" * 50_000, "!@#" * 33_333, ". " * 50_000, "www." * 25_000],
    ids=lambda text: text[:4],
)
def test_a_hundred_kilobytes_of_anything_are_read_fast(text: str) -> None:
    started = time.perf_counter()
    words(text)
    assert time.perf_counter() - started < 0.5


def test_many_emotes_do_not_make_a_long_message_slow() -> None:
    emotes = [f"emote{number}" for number in range(10_000)]
    started = time.perf_counter()
    words(" ".join(emotes), emotes)
    assert time.perf_counter() - started < 0.5


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=5))
def test_no_text_makes_it_fail_or_break_the_rules(text: str, emotes: list[str]) -> None:
    found = words(text, emotes)
    assert len(found) == len(set(found)) <= MOST_PER_MESSAGE
    for word in found:
        assert SHORTEST <= len(word) <= COLUMN
        assert word == word.lower()
        assert word not in STOP_WORDS
        assert not word.isdigit()
        assert not any(sign.isspace() for sign in word)
