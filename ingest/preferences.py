"""Choices made on the settings page, as the write path needs them; what is not chosen is as the code says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, select

from core.statements import Prepared
from models import Preference
from rules.anomalies import Thresholds
from rules.earnings import DEFAULT_SUB_VALUES

THRESHOLDS, WEBHOOK, SUB_VALUES = "anomaly_thresholds", "webhook", "sub_values"  # keys in `preferences`


def chosen(connection: Connection, key: str) -> Mapping[str, Any]:
    """The JSON object stored under ``key``, {} where nothing was chosen."""
    value = _ONE(connection, key=key).scalar()
    found = json.loads(value) if value else {}
    return found if isinstance(found, dict) else {}


def thresholds(connection: Connection) -> Thresholds:
    known = {field.name for field in fields(Thresholds)}
    return Thresholds(**{name: value for name, value in chosen(connection, THRESHOLDS).items() if name in known})


def sub_values(connection: Connection) -> Mapping[str, Decimal]:
    """What a month of each plan earns."""
    told = chosen(connection, SUB_VALUES)
    return {plan: Decimal(told.get(plan, value)) for plan, value in DEFAULT_SUB_VALUES.items()}


_ONE = Prepared(select(Preference.value).where(Preference.key == bindparam("key")))
