"""Choices of the team: when something in the shop counts as unusual, where a webhook tells of it, the goals."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete

from actions.webhooks import Kind
from core.db import Database
from core.statements import replacing
from ingest import preferences
from ingest.preferences import SUB_VALUES, THRESHOLDS, WEBHOOK
from ingest.webhooks import COOLDOWN_MINUTES
from models import Preference
from rules.accounts import Unfit
from rules.anomalies import Thresholds
from rules.earnings import DEFAULT_SUB_VALUES, PLAN_NAMES
from rules.goals import Goal

__all__ = [
    "BOUNDS",
    "COOLDOWN_MINUTES",
    "DEFAULTS",
    "DEFAULT_SUB_VALUES",
    "GOALS",
    "HIGHEST_SUB_VALUE",
    "PLAN_NAMES",
    "SUB_VALUES",
    "THRESHOLDS",
    "WEBHOOK",
    "Bounds",
    "InvalidUrl",
    "NoWebhook",
    "checked_url",
    "keep",
    "remove_webhook",
    "set_goals",
    "set_sub_values",
    "set_thresholds",
    "set_webhook",
]

GOALS = "goals"  # a key in `preferences`
LONGEST_URL = 2_000
MOST_COOLDOWN_MINUTES = 24 * 60
HIGHEST_SUB_VALUE = 1_000_000  # whole units of the main currency, some of which are worth little

DEFAULTS: Mapping[str, float] = asdict(Thresholds())


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a threshold may be. ``whole``: no fractions."""

    low: float
    high: float
    whole: bool = False


BOUNDS: Mapping[str, Bounds] = {
    "sigmas": Bounds(1, 10),
    "traffic_windows": Bounds(2, 288, whole=True),
    "traffic_change": Bounds(1, 1_000_000),
    "purchase_samples": Bounds(3, 10_000, whole=True),
    "purchase_change_percent": Bounds(0, 1_000),
    "user_samples": Bounds(2, 10_000, whole=True),
    "user_change": Bounds(1, 100_000),
}


class InvalidUrl(ValueError):
    """This is no address that messages can be sent to; the message says why."""


class NoWebhook(LookupError):
    """There is no webhook yet, so there must be an address."""


def set_thresholds(database: Database, values: Mapping[str, float]) -> None:
    """``values`` within BOUNDS, which the caller has checked; those left out are as the code says."""
    chosen = {name: value for name, value in values.items() if value != DEFAULTS[name]}
    with database.writing() as connection:
        keep(connection, THRESHOLDS, chosen)


def set_goals(database: Database, goals: Sequence[Goal], shown: int | None) -> None:
    """``shown``: which of them, from 0 on, overlays show that name none themselves. Raises Unfit."""
    if shown is not None and not 0 <= shown < len(goals):
        raise Unfit("shown", "there is no such goal")
    with database.writing() as connection:
        choice = {"goals": [asdict(goal) for goal in goals], "shown": shown}
        keep(connection, GOALS, choice if goals else {})


def set_sub_values(database: Database, values: Mapping[str, Decimal]) -> None:
    """What a month of each plan earns, which the caller has checked; what is left out is as the code says."""
    chosen = {plan: str(value) for plan, value in values.items() if value != DEFAULT_SUB_VALUES[plan]}
    with database.writing() as connection:
        keep(connection, SUB_VALUES, chosen)


def set_webhook(
    database: Database, *, url: str | None, kind: Kind, cooldown_minutes: int, rotate: bool = False
) -> str | None:
    """Sets the webhook up or changes it; answers its secret if that is new. Raises InvalidUrl and NoWebhook.

    Without ``url`` the address stays. An address of one's own network is allowed: only the owner chooses it.
    """
    with database.writing() as connection:
        before = preferences.chosen(connection, WEBHOOK)
        address = checked_url(url) if url is not None else before.get("url")
        if not address:
            raise NoWebhook("url: there is no webhook yet, so say where messages go")
        is_new = kind == "generic" and (rotate or not before.get("secret"))  # Discord checks none
        secret = f"whsec_{secrets.token_urlsafe(32)}" if is_new else before.get("secret", "")
        choice = {"url": address, "kind": kind, "secret": secret, "cooldown_minutes": cooldown_minutes}
        keep(connection, WEBHOOK, choice)
    return secret if is_new else None


def remove_webhook(database: Database) -> None:
    """What still waits is not sent any more."""
    with database.writing() as connection:
        keep(connection, WEBHOOK, {})


def checked_url(text: str) -> str:
    """An address of http or https without a name and password in it. Raises InvalidUrl."""
    url = text.strip()
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidUrl(f"url: must be at most {LONGEST_URL:,} plain characters")
    try:
        parts = urlsplit(url)
        has_host, _ = bool(parts.hostname), parts.port
    except ValueError:
        raise InvalidUrl("url: this is no address") from None
    if parts.scheme not in ("http", "https") or not has_host:
        raise InvalidUrl("url: must begin with https:// or http:// and name a host")
    if "@" in parts.netloc:
        raise InvalidUrl("url: must not hold a name or a password; messages are signed instead")
    return url


def keep(connection: Connection, key: str, value: Mapping[str, Any]) -> None:
    """Stores a choice, or forgets it where there is nothing in it."""
    if not value:
        connection.execute(delete(Preference).where(Preference.key == key))
        return
    _KEEP.run(connection, [(key, json.dumps(dict(value)))])


_KEEP = replacing(Preference, ["key"], ["value"])
