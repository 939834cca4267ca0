"""What makes a good name, password and token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.accounts import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    Scope,
    Unfit,
    checked_label,
    checked_name,
    checked_password,
    checked_scopes,
)


@pytest.mark.parametrize(("text", "name"), [("Mila", "mila"), (" ben.k-2_x ", "ben.k-2_x"), ("7", "7")])
def test_a_name_is_kept_in_small_letters(text: str, name: str):
    assert checked_name(text) == name


@given(st.text(max_size=40))
def test_whatever_is_written_a_name_is_plain_or_none(text: str):
    try:
        name = checked_name(text)
    except Unfit as error:
        assert error.field == "name"
        return
    assert name.isascii()
    assert checked_name(name) == name
    assert 1 <= len(name) <= 32


@pytest.mark.parametrize("password", ["correct horse", "пароль без слов", "1234 56789", "😀😁😂🤣😃😄😅😆😉😊"])
def test_a_password_may_be_any_words_that_are_long_enough(password: str):
    assert checked_password(password, "mila") == password


@given(st.text(max_size=20), st.sampled_from(["mila", "quartermaster", ""]))
def test_a_password_that_is_taken_has_the_length_and_is_not_the_name(password: str, name: str):
    try:
        taken = checked_password(password, name)
    except Unfit as error:
        assert error.field == "password"
        assert len(password) < SHORTEST_PASSWORD or error.why
        return
    assert taken == password
    assert SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD
    assert password.lower() != name


def test_a_label_is_one_line():
    assert checked_label("  night \n bot ") == "night bot"
    for text in ("", "x" * 65, "a\u0000b", "a\u202eb"):
        with pytest.raises(Unfit):
            checked_label(text)


def test_scopes_are_each_named_once_in_a_fixed_order():
    assert checked_scopes(["write", "read", "write"]) == (Scope.READ, Scope.WRITE)
    for scopes in ([], ["admin"], ["read", ""]):
        with pytest.raises(Unfit):
            checked_scopes(scopes)
