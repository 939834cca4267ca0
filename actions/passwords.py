"""Passwords: hashed with Argon2, compared through the hash, and made up where nobody chose one."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# 64 MB and some 50 ms for each hash and each comparison are what slows guessing: never in the server's own thread.
_hasher = PasswordHasher()


def hash_of(password: str) -> str:
    return _hasher.hash(password)


def fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def made_up() -> str:
    """For whoever has none yet: 128 bits, in four groups that can be read aloud."""
    letters = secrets.token_hex(16)
    return "-".join(letters[start : start + 8] for start in range(0, len(letters), 8))
