"""Passwords of the library's members: only ever stored as a hash that costs memory to try."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher

# The least that OWASP advises for argon2id. The usual 64 MiB would make an import of a thousand members last a minute.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
ALREADY = "$argon2id$"  # a file may bring hashes of another installation


def hashed(password: str) -> str:
    return password if password.startswith(ALREADY) and len(password) <= 255 else _HASHER.hash(password)


def hash_all(passwords: Iterable[str], done: Callable[[int], None]) -> list[str]:
    """The same for many, on all processors at once: argon2 lets other threads run. ``done``: told how many are."""
    found: list[str] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for one in pool.map(hashed, passwords):
            found.append(one)
            done(len(found))
    return found
