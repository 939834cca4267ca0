"""Errors as answers: JSON for programs, a page for people, never a traceback."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import Any

from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from analytics.scope import UnknownChannel
from core.db import why_unusable
from web.access import wants_page
from web.faults import faults

log = logging.getLogger(__name__)

TITLES = {
    401: "Please log in",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not that way",
    413: "Too large",
    422: "That does not fit",
    429: "Too many attempts",
    500: "Something went wrong",
    503: "The database is not available",
}


def answer(status: int, message: str, details: list[Any] | None = None) -> Response:
    """The error as JSON or as a page, whichever the caller reads."""
    if wants_page():
        title = TITLES.get(status) or HTTPStatus(status).phrase
        response = Response(
            render_template("error.html", page="error", status=status, title=title, message=_sentence(message)),
            mimetype="text/html",
        )
    else:
        response = jsonify(success=False, error=message, details=details or [])
    response.status_code = status
    return response


def _sentence(message: str) -> str:
    ended = message.endswith((".", "!", "?", ")"))
    return f"{message[:1].upper()}{message[1:]}{'' if ended else '.'}"


def register(app: APIFlask) -> None:
    # First: it would otherwise take over the errors that `refused` answers with their own words.
    @app.error_processor
    def invalid(error: HTTPError) -> ResponseReturnValue:
        found = error.__cause__
        details = faults(found) if isinstance(found, ValidationError) else []
        message = details[0]["message"] if details else error.message
        return answer(error.status_code, message, details)

    @app.errorhandler(UnknownChannel)
    def unknown_channel(error: UnknownChannel) -> ResponseReturnValue:
        return answer(404, str(error))

    @app.errorhandler(DBAPIError)
    def database_away(error: DBAPIError) -> ResponseReturnValue:
        say_each_a_minute(why_unusable(error))
        response = answer(503, f"The database is not available: {why_unusable(error)}")
        response.headers["Retry-After"] = "3"
        return response

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        response = answer(error.code or 500, _words(error))
        for name, value in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> ResponseReturnValue:
        log.exception("a request failed: %s", error)
        return answer(500, "Something went wrong here; the log says what.")


def _words(error: HTTPException) -> str:
    """Our own where the framework's are meant for browsers' address bars, or leave out what would help."""
    if error.description != type(error).description:
        return error.description or HTTPStatus(error.code or 500).phrase
    match error:
        case BadRequest() if request.method in ("POST", "PUT", "PATCH"):
            return "the body is no valid JSON"  # all that is read of one
        case NotFound():
            slash = len(request.path) > 1 and request.path.endswith("/")
            return f"there is nothing at this address{'; try it without the slash at its end' if slash else ''}"
        case MethodNotAllowed(valid_methods=allowed) if allowed:
            return f"this address takes {', '.join(sorted({*allowed} - {'OPTIONS'}))}"
        case RequestEntityTooLarge():
            return f"the body is larger than {request.max_content_length:,} bytes"
    return error.description or HTTPStatus(error.code or 500).phrase


def say_each_a_minute(trouble: str) -> None:
    """Each request meets the same trouble, and there may be thousands."""
    now = time.monotonic()
    if now >= _quiet_until.get(trouble, 0.0):
        _quiet_until.clear()
        _quiet_until[trouble] = now + 60
        log.error("database: %s", trouble)


_quiet_until: dict[str, float] = {}
