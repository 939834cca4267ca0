"""Answers as JSON: whatever Flask can write is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from web.json_answers import JsonAnswers


@dataclass
class Point:
    x: int


@pytest.fixture
def flask() -> Flask:
    app = Flask(__name__)
    app.json = JsonAnswers(app)
    return app


@pytest.mark.parametrize(
    "told",
    [
        {"name": "さくら \u202e<script>", "counts": [1, 2.5, None, True], "empty": {}},
        {"keys": {1: "one", None: "none"}},
        {"large": 2**70},
        {"half": "\ud83d"},
        [date(2026, 11, 21), datetime(2026, 11, 21, tzinfo=UTC), Decimal("1.50"), Point(3)],
        "text",
        [],
    ],
)
def test_it_says_the_same_as_flask(flask: Flask, told: Any) -> None:
    with flask.test_request_context():
        response = flask.json.response(told)
        assert response.mimetype == "application/json"
        assert response.data.endswith(b"\n")
        assert json.loads(response.data) == json.loads(flask.json.dumps(told))


def test_keys_stand_in_the_order_in_which_they_were_given(flask: Flask) -> None:
    with flask.test_request_context():
        assert flask.json.response(b=1, a=2).data == b'{"b":1,"a":2}\n'
