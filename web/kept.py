"""Answers that are the same for all who may ask, kept for as long as nothing they tell of can have changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flask import Flask, Response, current_app

from core.clock import SECOND_MS, now_ms
from core.db import Database
from core.turns import Marks

MOST = 200  # answers within a second to different questions


class Kept:
    """An answer is given again until the next commit or the next second of the clock, whichever comes first.

    So it is never older than what is stored, and the time in it never off by more than a second.
    """

    def __init__(self, database: Database) -> None:
        self._marks = Marks(database)
        self._state: Hashable = None
        self._bodies: dict[Hashable, bytes] = {}

    def body(self, question: Hashable, make: Callable[[], bytes]) -> bytes:
        """What ``make`` answered to ``question`` in the same state, or answers now. Its errors are not kept."""
        state = self._now()  # before the answer is made: whatever is committed meanwhile makes it old
        if state is None:
            return make()
        if state != self._state or len(self._bodies) >= MOST:
            self._state, self._bodies = state, {}
        bodies = self._bodies
        known = bodies.get(question)
        if known is None:
            known = bodies[question] = make()
        return known

    def _now(self) -> Hashable:
        mark = self._marks.current()
        return None if mark is None else (mark, now_ms() // SECOND_MS)


def register(app: Flask, database: Database) -> None:
    app.extensions["kept"] = Kept(database)


def answer(question: Hashable, make: Callable[[], Any]) -> Response:
    """``make()`` as JSON, or what it was a moment ago. ``question``: all that it depends on but data and time."""
    kept: Kept = current_app.extensions["kept"]
    json: Any = current_app.json
    return Response(kept.body(question, lambda: json.body(make())), mimetype="application/json")
