"""Secrets that can be guessed are named, and never shown."""

from __future__ import annotations

import pytest

from rules.strength import weaknesses


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("secret", "at least 10 characters; a sentence is easy to remember"),
        ("aaaaaaaaaaaa", "at least 4 different characters"),
        ("captain.lena", "it must not be the name"),
        ("x1y2" * 300, "at most 1,024 characters"),
    ],
)
def test_a_weak_password_is_told_and_kept_secret(password: str, why: str) -> None:
    (line,) = weaknesses(password, "Captain.Lena", {})
    assert line == f"DASHBOARD_PASSWORD can be guessed: {why}"


def test_secrets_that_are_short_or_of_one_letter_are_told_by_their_names() -> None:
    secrets = {"SECRET_KEY": "a", "API_TOKEN": "z" * 40, "SALES_SECRET": "fifteen letters", "TURN_SECRET": ""}
    assert list(weaknesses("", "admin", secrets)) == [
        f"{name} can be guessed: at least 16 characters, made by chance"
        for name in ("SECRET_KEY", "API_TOKEN", "SALES_SECRET")
    ]


def test_what_is_long_and_what_is_not_set_is_no_matter() -> None:
    secrets = {"SECRET_KEY": "k3x9" * 4, "API_TOKEN": "", "OVERLAY_TOKEN": "for the stream, and for it alone"}
    assert list(weaknesses("correct horse", "admin", secrets)) == []
    assert list(weaknesses("", "admin", secrets)) == []
