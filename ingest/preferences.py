"""Choices made on the settings page, as the write path needs them; what is not chosen is as the code says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, bindparam, select

from core.statements import Prepared
from models import Preference
from rules.anomalies import Thresholds

THRESHOLDS, WEBHOOK = "anomaly_thresholds", "webhook"  # keys in `preferences`


def chosen(connection: Connection, key: str) -> Mapping[str, Any]:
    """The JSON object stored under ``key``, {} where nothing was chosen."""
    value = _ONE(connection, key=key).scalar()
    found = json.loads(value) if value else {}
    return found if isinstance(found, dict) else {}


def thresholds(connection: Connection) -> Thresholds:
    known = {field.name for field in fields(Thresholds)}
    return Thresholds(**{name: value for name, value in chosen(connection, THRESHOLDS).items() if name in known})


_ONE = Prepared(select(Preference.value).where(Preference.key == bindparam("key")))
