"""Answers as JSON, written by orjson: a page of people takes it a tenth of the time that the standard library needs."""

from __future__ import annotations

from typing import Any

import orjson
from flask.json.provider import DefaultJSONProvider
from flask.wrappers import Response

# What Flask knows how to write it goes on writing.
_AS_FLASK_DOES = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_APPEND_NEWLINE


class JsonAnswers(DefaultJSONProvider):
    sort_keys = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        told = self._prepare_response_obj(args, kwargs)
        return Response(self.body(told), mimetype=self.mimetype)

    def body(self, told: Any) -> bytes:
        try:
            return orjson.dumps(told, default=self.default, option=_AS_FLASK_DOES)
        except TypeError:  # keys that are no text, numbers beyond 64 bits, half a surrogate pair
            return self.dumps(told, separators=(",", ":")).encode() + b"\n"
