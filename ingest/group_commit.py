"""Group commit: many callers wait for one transaction, which costs what one of them alone would cost."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core.db import CommitUnknown, Database, is_outage, why_unusable

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MOST = 500  # items in one transaction
PATIENCE_SECONDS = 5.0  # how long one is tried while the database is away
PAUSE_SECONDS = 0.1


class NotDurable(Exception):
    """What was handed over could not be written: nothing of it is stored. The message is one line for people."""


@dataclass(slots=True)
class _Waiting(Generic[Item, Answer]):
    items: Sequence[Item]
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    answers: list[Answer] = field(default_factory=list)
    error: Exception | None = None


class GroupCommit(Generic[Item, Answer]):
    """Hands items to ``work`` in groups, each in one transaction, and each caller its answers after the commit.

    ``work`` answers one thing an item, in their order; it may be called again with the same items when a transaction
    fails. ``run`` calls a function with a database, where waiting for the disk keeps nobody else waiting.
    The first caller commits, and then the first of those who came meanwhile for all of them; there is no thread.
    """

    def __init__(
        self,
        database: Database,
        work: Callable[[Connection, list[Item]], list[Answer]],
        run: Callable[[Callable[[Database], Any]], Any] | None = None,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._work = work
        self._run = run or (lambda function: function(database))
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._queue: deque[_Waiting[Item, Answer]] = deque()
        self._led = False
        self.commits = 0

    def submit(self, items: Sequence[Item]) -> list[Answer]:
        """Returns when all ``items`` are on disk. Raises NotDurable, or what ``work`` raises of these very items."""
        mine: _Waiting[Item, Answer] = _Waiting(items)
        with self._lock:
            self._queue.append(mine)
            mine.leads, self._led = not self._led, True
        if not mine.leads:
            mine.woken.wait()
        if mine.leads:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.answers

    def _lead(self) -> None:
        """Commits all who wait, oneself among them, and lets the first of those who came meanwhile lead the next."""
        with self._lock:
            group = self._take()
        try:
            self._commit(group)
        except BaseException:  # the leader is ended itself: nobody shall wait for ever
            self._settle(group, RuntimeError("ended while it was stored"))
            raise
        finally:
            self._hand_on()
            for waiting in group:
                waiting.woken.set()

    def _hand_on(self) -> None:
        """Before others are woken: the next commit begins while they still take their answers."""
        with self._lock:
            heir = self._queue[0] if self._queue else None
            self._led = heir is not None
        if heir is not None:
            heir.leads = True
            heir.woken.set()

    def _take(self) -> list[_Waiting[Item, Answer]]:
        group: list[_Waiting[Item, Answer]] = []
        size = 0
        while self._queue and (not group or size + len(self._queue[0].items) <= MOST):
            group.append(self._queue.popleft())
            size += len(group[-1].items)
        return group

    def _commit(self, group: list[_Waiting[Item, Answer]]) -> None:
        """Commits a group; if the database refuses it, each caller's items for themselves: one must not fail all."""
        try:
            items = [item for waiting in group for item in waiting.items]
            answers = self._run(lambda database: self._transact(database, items))
        except NotDurable as error:
            self._settle(group, error)
        except Exception as error:
            if len(group) == 1:
                self._settle(group, error)
            else:
                for waiting in group:
                    self._commit([waiting])
        else:
            given = iter(answers)
            for waiting in group:
                waiting.answers = [next(given) for _ in waiting.items]
            self._settle(group, None)

    def _settle(self, group: list[_Waiting[Item, Answer]], error: Exception | None) -> None:
        for waiting in group:
            waiting.error = error

    def _transact(self, database: Database, items: list[Item]) -> list[Answer]:
        give_up_at, conflict = time.monotonic() + self._patience_seconds, False
        answers: list[Answer] = []
        doubt: CommitUnknown | None = None
        while True:
            try:
                if doubt is None or not database.was_committed(doubt):
                    doubt = None
                    with database.writing(traced=True) as connection:
                        answers = self._work(connection, items)
                self.commits += 1
                return answers
            except CommitUnknown as error:
                doubt = error
                self._pause(error, give_up_at)
            except IntegrityError:
                if conflict:
                    raise
                conflict = True  # another process has made the same row in between: now it is there
            except SQLAlchemyError as error:
                if not is_outage(error):
                    raise
                self._pause(error, give_up_at)

    @staticmethod
    def _pause(error: SQLAlchemyError, give_up_at: float) -> None:
        if time.monotonic() >= give_up_at:
            raise NotDurable(why_unusable(error)) from error
        time.sleep(PAUSE_SECONDS)
