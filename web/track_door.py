"""The short way of POST /track: what comes as it should, with the track key, is taken without the framework.

Every step of every visitor is such a request, and the framework's way costs several times what storing the event does.
Where there is no password, whoever is on this machine needs no key.
Whatever is not as usual (a wrong key, a page from elsewhere, what is no JSON, what does not fit) takes the
long way through ``web.track``, which looks at it anew and says what is wrong: nothing of it has been stored then.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from flask import Flask

from actions import track
from actions.track import NotDurable, Tracker
from web import track as long_way
from web.bodies import parsed
from web.health import LATENCY, REQUESTS
from web.identity import is_track_key
from web.origins import comes_from_elsewhere
from web.this_machine import comes_from_here

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

PATH = "/track"
ENDPOINT = "track.take"  # as the long way is counted
FAILED = {"success": False, "error": "Something went wrong here; the log says what.", "details": []}
STATUSES = {201: "201 CREATED", 500: "500 INTERNAL SERVER ERROR", 503: "503 SERVICE UNAVAILABLE"}
ALWAYS = (("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Vary", "Origin"))


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    told: Mapping[str, Any]
    headers: tuple[tuple[str, str], ...] = ()


class TrackDoor:
    """Stands before ``app.wsgi_app``. Without a password it lets in who calls from this machine, as the guard does."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._wsgi: WSGIApplication = app.wsgi_app
        self._largest = int(app.config["MAX_CONTENT_LENGTH"])
        self._tracker: Tracker = app.extensions["tracker"]
        self._only_here = not app.extensions["streampulse"].settings.dashboard_password

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == PATH:
            began = time.perf_counter()
            with self._app.app_context():
                reply = self._taken(environ)
            if reply is not None:
                REQUESTS.labels(ENDPOINT, str(reply.status)).inc()
                LATENCY.labels(ENDPOINT).observe(time.perf_counter() - began)
                return _sent(reply, start_response)
        return self._wsgi(environ, start_response)

    def _taken(self, environ: WSGIEnvironment) -> Reply | None:
        """The answer; None: this is not as usual, and untouched."""
        origin = environ.get("HTTP_ORIGIN", "")
        shared = bool(origin) and long_way.may_report(origin)
        if not self._admits(environ, shared=shared):
            return None
        items = self._items(environ)
        if items is None:
            return None
        listed = items if isinstance(items, list) else [items]
        agent, address = environ.get("HTTP_USER_AGENT", ""), environ.get("REMOTE_ADDR", "")
        if not 1 <= len(listed) <= track.MOST_ITEMS:
            return None
        checked = self._tracker.checked(listed, user_agent=agent, address=address)
        if not checked.events:
            return None
        headers = tuple(long_way.shared_with(origin).items()) if shared else ()
        try:
            outcomes = self._tracker.store(checked)
        except NotDurable as error:
            return Reply(503, long_way.not_durable(error), (*headers, long_way.RETRY))
        except Exception:  # the outer edge, as the framework's is on the long way
            log.exception("a report failed")
            return Reply(500, FAILED, headers)
        return Reply(201, long_way.told(outcomes, listed=isinstance(items, list)), headers)

    def _admits(self, environ: WSGIEnvironment, *, shared: bool) -> bool:
        """Whether this surely may report. ``shared``: it comes from a page of the shop."""
        if self._only_here and not comes_from_here(environ):
            return False
        if key := _key(environ):
            return is_track_key(key) and (shared or not environ.get("HTTP_ORIGIN"))
        return self._only_here and not comes_from_elsewhere(environ)

    def _items(self, environ: WSGIEnvironment) -> Any:
        """What was sent; None where it is for the long way, which finds the body as if nobody had read it."""
        length, kind = environ.get("CONTENT_LENGTH", ""), environ.get("CONTENT_TYPE", "")
        if not length.isdecimal() or int(length) > self._largest:
            return None
        if kind.partition(";")[0].strip().lower() not in ("", *long_way.JSON_TYPES):
            return None
        try:
            body = environ["wsgi.input"].read(int(length))
            environ["wsgi.input"] = BytesIO(body)
            return parsed(body)
        except (OSError, ValueError):  # whoever sent it has left, or it is no JSON
            return None


def _key(environ: WSGIEnvironment) -> str:
    given: str = environ.get("HTTP_X_TRACK_KEY", "")
    query = environ.get("QUERY_STRING", "")
    return given or (parse_qs(query).get("key", [""])[0] if query else "")


def _sent(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
    body = json.dumps(reply.told, separators=(",", ":")).encode() + b"\n"
    start_response(STATUSES[reply.status], [*ALWAYS, ("Content-Length", str(len(body))), *reply.headers])
    return [body]
