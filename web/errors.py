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
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import BadRequest, HTTPException

from analytics.scope import UnknownChannel
from core.db import why_unusable
from web.access import wants_page

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
            render_template("error.html", page="error", status=status, title=title, message=message),
            mimetype="text/html",
        )
    else:
        response = jsonify(success=False, error=message, details=details or [])
    response.status_code = status
    return response


def register(app: APIFlask) -> None:
    # First: it would otherwise take over the errors that `refused` answers with their own words.
    @app.error_processor
    def invalid(error: HTTPError) -> ResponseReturnValue:
        details = _details(error.detail)
        message = details[0]["message"] if details else error.message
        return answer(error.status_code, message, details)

    @app.errorhandler(UnknownChannel)
    def unknown_channel(error: UnknownChannel) -> ResponseReturnValue:
        return answer(404, str(error))

    @app.errorhandler(DBAPIError)
    def database_away(error: DBAPIError) -> ResponseReturnValue:
        _say_each_a_minute(why_unusable(error))
        response = answer(503, f"The database is not available: {why_unusable(error)}")
        response.headers["Retry-After"] = "3"
        return response

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        message = error.description or HTTPStatus(error.code or 500).phrase
        if error.description == BadRequest.description and request.method in ("POST", "PUT", "PATCH"):
            message = "the body is no valid JSON"  # all that is read of one; the framework speaks of browsers
        response = answer(error.code or 500, message)
        for name, value in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> ResponseReturnValue:
        log.exception("a request failed: %s", error)
        return answer(500, "Something went wrong here; the log says what.")


def _say_each_a_minute(trouble: str) -> None:
    """Each request meets the same trouble, and there may be thousands."""
    now = time.monotonic()
    if now >= _quiet_until.get(trouble, 0.0):
        _quiet_until.clear()
        _quiet_until[trouble] = now + 60
        log.error("database: %s", trouble)


_quiet_until: dict[str, float] = {}


def _details(detail: Any) -> list[dict[str, str]]:
    """``[{"field", "message"}]`` from what the validation reports."""
    found: list[dict[str, str]] = []

    def walk(part: Any, path: tuple[str, ...]) -> None:
        if path[-1:] == ("_schema",) and "valid dictionary" in str(part):
            found.append({"field": "", "message": "the body must be a JSON object"})
        elif isinstance(part, dict) and {"loc", "msg"} <= part.keys():
            found.append(
                {
                    "field": ".".join(map(str, part["loc"])),
                    "message": f"{'.'.join(map(str, part['loc']))}: {part['msg']}",
                }
            )
        elif isinstance(part, dict):
            for key, value in part.items():
                walk(value, (*path, str(key)))
        elif isinstance(part, list):
            for value in part:
                walk(value, path)
        else:
            found.append({"field": path[-1] if path else "", "message": f"{path[-1]}: {part}" if path else str(part)})

    walk(detail, ())
    return found
