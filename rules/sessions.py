"""Visits and watchtime from a person's signs of life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attendance:
    visits: int
    watchtime_ms: int
    last_seen_at_ms: int


def attend(last_seen_at_ms: int | None, signs_ms: Iterable[int], timeout_ms: int) -> Attendance:
    """What ``signs_ms`` (times of activity, in the order they came) add to a person last seen at ``last_seen_at_ms``.

    A silence longer than ``timeout_ms`` ends a visit and is not watched; a shorter one is. A sign older than what is
    known already adds nothing.
    """
    visits = watched = 0
    last = last_seen_at_ms
    for at in signs_ms:
        if last is None or at - last > timeout_ms:
            visits += 1
        elif at > last:
            watched += at - last
        last = at if last is None else max(last, at)
    return Attendance(visits, watched, last or 0)
