"""Where orders of people and long questions run, so that nobody waits for them; and whose the orders are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, current_app
from gevent.threadpool import ThreadPool
from sqlalchemy.exc import SQLAlchemyError

from actions.track import NotDurable
from core.db import Database, is_outage, why_unusable
from web.identity import caller

Answer = TypeVar("Answer")


class Orders:
    """Runs actions one after the other in a thread of their own.

    On SQLite an action may wait seconds for another writer, and in the server's own thread everybody would wait with
    it. The thread has connections of its own, because the pool of the others belongs to their thread. Drivers of other
    databases let the server go on by themselves.
    """

    problem = ""  # why an order could not be carried out, if that is the database's fault, until ``prove`` has worked
    is_hopeful = False  # an order has been carried out in spite of it

    def __init__(self, database: Database) -> None:
        self._shared = database
        self._own: Database | None = None
        self._thread = ThreadPool(1) if database.is_sqlite else None

    def run(self, action: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:
        try:
            answer = self._run(action, *arguments, **options)
        except Exception as error:
            self.problem = _fault_of_database(error) or self.problem
            raise
        self.is_hopeful = bool(self.problem)
        return answer

    def prove(self, action: Callable[..., object], *arguments: Any) -> None:
        """Runs an action that writes enough to tell that there is no problem any more.

        Others do not tell: what writes nothing, or little, is carried out on a full disk as well.
        """
        self.is_hopeful = False
        self.run(action, *arguments)
        self.problem, self.is_hopeful = "", False

    def _run(self, action: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:
        if self._thread is None:
            return action(self._shared, *arguments, **options)
        if self._own is None:
            self._own = self._shared.another()
        answer, error = self._thread.apply(_outcome, (action, self._own, arguments, options))
        if error is not None:
            raise error
        return cast("Answer", answer)


def _fault_of_database(error: Exception) -> str:
    """In one line; "" where the order itself is at fault, which was read by a database that is well."""
    if isinstance(error, NotDurable):
        return str(error)
    return why_unusable(error) if isinstance(error, SQLAlchemyError) and is_outage(error) else ""


def _outcome(action: Callable[..., Any], database: Database, arguments: Any, options: Any) -> tuple[Any, Any]:
    """The answer or the error, which gevent would print with its traceback if it left the thread by itself."""
    try:
        return action(database, *arguments, **options), None
    except Exception as error:
        return None, error


def register(app: Flask, database: Database) -> None:
    app.extensions["orders"] = Orders(database)
    app.extensions["long_questions"] = Orders(database)  # an order that waits for the database holds up no question


def run(action: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:
    """``action(database, …)`` without keeping anybody waiting; its answer, or its error."""
    orders: Orders = current_app.extensions["orders"]
    return orders.run(action, *arguments, **options)


def ask(question: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:
    """The same for a question that may read so much that others would wait for it."""
    long_questions: Orders = current_app.extensions["long_questions"]
    return long_questions.run(question, *arguments, **options)


def editor() -> str:
    """Who gives the order, for the trail of edits."""
    return caller().name
