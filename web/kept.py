"""Answers that are kept for as long as nothing they tell of can have changed.

Twice: what a question was answered, for all who may ask it; and, before any of the framework, the whole response to a
caller who asks exactly the same again. Where only the data has changed since, what is new in that response is its body,
and the framework is not asked either.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from flask import Flask, Response, current_app, request

from core.changes import Marks
from core.clock import SECOND_MS, now_ms
from core.db import Database
from web.credentials import Credentials

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GZIP_LEVEL = 5
MOST = 200  # answers within a second to different questions
AGAIN = (
    "streampulse.again"  # in a request's environ: a list for what makes its answer's body from what is stored by then
)

Answer = TypeVar("Answer")
Headers = list[tuple[str, str]]


class Kept(Generic[Answer]):
    """An answer is given again until the next commit or the next second of the clock, whichever comes first.

    So it is never older than what is stored, and the time in it never off by more than a second. ``besides`` says what
    else an answer depends on.
    """

    def __init__(self, database: Database, besides: Callable[[], object] = lambda: None) -> None:
        self._marks = Marks(database)
        self._besides = besides
        self._state: object = None
        self._answers: dict[Hashable, Answer] = {}

    def answers(self) -> dict[Hashable, Answer]:
        """What was answered in the state of now; to be taken before an answer is made that is then put into it."""
        mark = self._marks.current()
        state = (mark, now_ms() // SECOND_MS, self._besides())
        if mark is None or state != self._state or len(self._answers) >= MOST:
            self._state, self._answers = state, {}
        return self._answers

    def answer(self, question: Hashable, make: Callable[[], Answer]) -> Answer:
        """What ``make`` answered to ``question`` in the same state, or answers now. Its errors are not kept."""
        answers = self.answers()
        if question not in answers:
            answers[question] = make()
        return answers[question]


class KeptResponses:
    """Answers who asks the same again as Flask has answered within the second, if neither data nor rights changed.

    "The same" is every header and the address: so whoever is let in was let in before, and what is set for a browser
    (its session's cookie) is its own. ``count`` gets the endpoint, the status and the
    seconds that it took.
    """

    ENDPOINTS: ClassVar = {"/api/stats": "live.stats"}
    PARTS = frozenset({"QUERY_STRING", "REMOTE_ADDR", "wsgi.url_scheme", "CONTENT_LENGTH", "CONTENT_TYPE"})

    def __init__(
        self,
        wsgi: WSGIApplication,
        database: Database,
        credentials: Credentials,
        count: Callable[[str, int, float], None],
    ) -> None:
        self._wsgi = wsgi
        self._kept = Kept[tuple[Headers, list[bytes]]](database, credentials.current)
        self._credentials = credentials
        self._rights: object = None
        self._answered: dict[Hashable, tuple[Headers, Callable[[], bytes]]] = {}
        self._count = count

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path not in self.ENDPOINTS or environ["REQUEST_METHOD"] != "GET":
            return self._wsgi(environ, start_response)
        began = time.perf_counter()
        asked = (path, *((name, told) for name, told in environ.items() if name in self.PARTS or name[:5] == "HTTP_"))
        answers, answered = self._kept.answers(), self._answered_with_these_rights()
        known = answers.get(asked) or self._made_again(answered.get(asked))
        if known is None:
            return self._ask(environ, start_response, answers, answered, asked)
        answers[asked] = headers, body = known
        start_response("200 OK", list(headers))
        self._count(self.ENDPOINTS[path], 200, time.perf_counter() - began)
        return body

    def _answered_with_these_rights(self) -> dict[Hashable, Any]:
        """What was answered within this second, whatever has been stored since; to be taken like ``Kept.answers``."""
        rights = now_ms() // SECOND_MS, self._credentials.current()
        if rights != self._rights or len(self._answered) >= MOST:
            self._rights, self._answered = rights, {}
        return self._answered

    def _made_again(self, before: tuple[Headers, Callable[[], bytes]] | None) -> tuple[Headers, list[bytes]] | None:
        if before is None:
            return None
        headers, again = before
        try:
            body = again()
        except Exception:  # Flask meets it as well, and knows how to tell it
            return None
        for name, value in headers:
            if name.lower() == "content-encoding":
                if value != "gzip":
                    return None
                body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        kept = [pair for pair in headers if pair[0].lower() != "content-length"]
        return [*kept, ("Content-Length", str(len(body)))], [body]

    def _ask(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        answers: dict[Hashable, Any],
        answered: dict[Hashable, Any],
        asked: Hashable,
    ) -> Iterable[bytes]:
        told: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, *error: Any) -> Any:
            told.append((status, list(headers)))
            return start_response(status, headers, *error)

        again: list[Callable[[], bytes]] = []
        body = self._wsgi({**environ, AGAIN: again}, start)
        if len(told) != 1 or told[0][0] != "200 OK":
            return body
        whole = list(body)
        if close := getattr(body, "close", None):
            close()
        answers[asked] = told[0][1], whole
        if again:
            answered[asked] = told[0][1], again[0]
        return whole


def register(app: Flask, database: Database) -> None:
    app.extensions["kept"] = Kept[bytes](database)


def answer(question: Hashable, make: Callable[[], Any]) -> Response:
    """``make()`` as JSON, or what it was a moment ago. ``question``: all that it depends on but data and time.

    ``make`` needs the application's context, and no request's.
    """
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    kept: Kept[bytes] = app.extensions["kept"]

    def body() -> bytes:
        return kept.answer(question, lambda: app.json.body(make()))

    def again() -> bytes:
        with app.app_context():
            return body()

    request.environ.get(AGAIN, []).append(again)
    return Response(body(), mimetype="application/json")
