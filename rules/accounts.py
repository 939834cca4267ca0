"""Accounts and tokens: which roles and scopes there are, and what makes a good name and a good password."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

LONGEST_NAME, LONGEST_LABEL = 32, 64
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1_024
FEWEST_DIFFERENT = 4  # characters in a password: "aaaaaaaaaa" is long and no secret
LONGEST_DAYS = 3_650  # until a token ends by itself


class Role(StrEnum):
    """What somebody of the team may do: everything; everything but what is the owner's; look."""

    OWNER = "owner"
    MODERATOR = "moderator"
    READ_ONLY = "read-only"


class Scope(StrEnum):
    """What a token opens: reading and writing over REST, reporting to ``/track``, what is shown on a stream."""

    READ = "read"
    WRITE = "write"
    TRACK = "track"
    OVERLAY = "overlay"


class Unfit(ValueError):
    """This cannot be taken; ``field`` says what, and the message why, for whoever wrote it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


def checked_name(text: str) -> str:
    """An account's name in small letters: ``" Mila "`` and ``"mila"`` are one. Raises Unfit."""
    name = text.strip().lower()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?", name):
        raise Unfit(
            "name",
            f"up to {LONGEST_NAME} letters a to z, digits, dots, dashes and underscores; "
            "the first and the last is a letter or a digit",
        )
    return name


def checked_label(text: str) -> str:
    """A token's name: one line of anything that can be read. Raises Unfit."""
    label = " ".join(text.split())
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        raise Unfit("name", f"say in up to {LONGEST_LABEL} characters what the token is for")
    return label


def checked_password(text: str, name: str) -> str:
    """``text`` if it is a good password of ``name``. Raises Unfit, which does not repeat it."""
    if len(text) < SHORTEST_PASSWORD:
        raise Unfit("password", f"at least {SHORTEST_PASSWORD} characters; a sentence is easy to remember")
    if len(text) > LONGEST_PASSWORD:
        raise Unfit("password", f"at most {LONGEST_PASSWORD:,} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise Unfit("password", "it holds characters that nobody can type")
    if len(set(text)) < FEWEST_DIFFERENT:
        raise Unfit("password", f"at least {FEWEST_DIFFERENT} different characters")
    if name and text.strip().lower() in (name, name * 2, name[::-1]):
        raise Unfit("password", "it must not be the name")
    return text


def checked_scopes(scopes: Iterable[str]) -> tuple[Scope, ...]:
    """Each once, in a fixed order. Raises Unfit."""
    asked = set(scopes)
    if not asked or not asked <= set(Scope):
        raise Unfit("scopes", f"one or more of {', '.join(Scope)}")
    return tuple(scope for scope in Scope if scope in asked)
