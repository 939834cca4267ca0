"""Bodies of requests that are read by hand: JSON as it was sent, and a clear refusal of anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from flask import Request, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnprocessableEntity, UnsupportedMediaType


class BoundedRequest(Request):
    """A body in chunks is refused where it is too large. Werkzeug would cut it off and go on with what it has."""

    def get_data(self, *arguments: Any, **options: Any) -> Any:
        found = super().get_data(*arguments, **options)
        limit = self.max_content_length
        if limit is not None and self.content_length is None and len(found) >= limit and self._goes_on():
            raise RequestEntityTooLarge
        return found

    def _goes_on(self) -> bool:
        return bool(self.environ["wsgi.input"].read(1))


def json_body(types: Sequence[str], parse_float: Callable[[str], Any] = float) -> Any:
    """The body of the current request, which is of one of ``types``. Raises what becomes a 400 or 415."""
    kind = request.mimetype or "application/json"
    if kind not in types and not kind.endswith("+json"):
        raise UnsupportedMediaType(f"send JSON, as {' or '.join(types[:2])}")
    try:
        return parsed(request.get_data(), parse_float)
    except ValueError as error:
        raise BadRequest("the body is no JSON") from error


def parsed(body: bytes, parse_float: Callable[[str], Any] = float) -> Any:
    """What a body says. Raises ValueError for whatever is no JSON, or none that can be read."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant, parse_float=parse_float)
    except (ArithmeticError, RecursionError) as error:
        raise ValueError("this is no JSON that can be read") from error


def must_be_an_object() -> None:
    """Nothing at all would be taken for an order that says nothing, and reset everything."""
    if not isinstance(request.get_json(force=True), dict):
        raise UnprocessableEntity("say what to change, as a JSON object")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
