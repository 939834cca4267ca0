"""Which of the secrets that somebody has chosen could be guessed, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rules.accounts import FEWEST_DIFFERENT, Unfit, checked_password

SHORTEST_SECRET = 16  # characters; whoever has something that is signed may try as many as they like


def weaknesses(password: str, username: str, secrets: Mapping[str, str]) -> Iterator[str]:
    """A line for each that is set and weak, which does not repeat it. ``secrets``: by the names of their variables."""
    if password:
        try:
            checked_password(password, username.lower())
        except Unfit as error:
            yield f"DASHBOARD_PASSWORD can be guessed: {error.why}"
    for name, secret in secrets.items():
        if secret and (len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_DIFFERENT):
            yield f"{name} can be guessed: at least {SHORTEST_SECRET} characters, made by chance"
