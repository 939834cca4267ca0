"""What a shop may report: each item is checked on its own, and what is wrong with it is said in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from core.clock import MINUTE_MS
from core.money import minor_digits
from core.tracked import Tracked
from rules.funnel import Step

EARLIEST_MS = 1_262_304_000_000  # 2010
AHEAD_MS = 5 * MINUTE_MS  # clocks differ; what is further ahead has not happened
LONGEST_USER_ID, LONGEST_EVENT_ID = 128, 64
LARGEST_DATA_BYTES, DEEPEST_DATA = 16_000, 8
HIGHEST_AMOUNT = 10**9  # in whole units of the currency
AMOUNT_KEYS = ("amount", "value", "total", "price")  # the first that is there
TYPES = {step.label: step for step in Step}
# Cubot makes telephones.
_BOTS = re.compile(r"(?<!cu)bot\b|crawl|spider|slurp|facebookexternalhit|lighthouse|pingdom|uptime", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an item: ``field`` names where."""

    field: str
    message: str


class Refused(ValueError):
    """An item cannot be tracked."""

    def __init__(self, field: str, message: str) -> None:
        self.fault = Fault(field, message)
        super().__init__(f"{field}: {message}")


def is_bot(user_agent: str) -> bool:
    """Whether a program looked at the page that says it is one."""
    return bool(_BOTS.search(user_agent))


def checked(
    item: Any,
    *,
    now_ms: int,
    currency: str,
    event_id: str,
    bot: bool = False,
    simulated: bool = False,
    visitor: str = "",
) -> Tracked:
    """The item as an event. ``event_id`` and ``currency`` hold where it tells none. Raises Refused."""
    if not isinstance(item, Mapping):
        raise Refused("event", "an event is a JSON object")
    data = data_of(item.get("data"))
    step = _step(item.get("event_type"))
    amount = _amount(data)
    told_currency = currency_of(data.get("currency"), currency)
    minor = None if amount is None else _minor(amount, told_currency)
    return Tracked(
        event_id=text_of(item.get("event_id"), "event_id", LONGEST_EVENT_ID) or event_id,
        step=step.value,
        at_ms=time_of(item.get("timestamp"), now_ms),
        user_id=text_of(item.get("user_id"), "user_id", LONGEST_USER_ID),
        amount_minor=minor,
        currency=None if minor is None else told_currency,
        data=data,
        is_bot=bot,
        is_simulated=simulated,
        visitor=visitor,
    )


def _step(given: Any) -> Step:
    if given is None:
        raise Refused("event_type", f"is missing; it must be one of {', '.join(TYPES)}")
    if not isinstance(given, str) or given not in TYPES:
        raise Refused("event_type", f"must be one of {', '.join(TYPES)}")
    return TYPES[given]


def text_of(given: Any, field: str, most: int) -> str | None:
    """A short name; shops count people, so a whole number is one too."""
    if given is None:
        return None
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str):
        raise Refused(field, "must be text")
    text = given.strip()
    if not text or len(text) > most:
        raise Refused(field, f"must have 1 to {most} characters")
    if not text.isprintable() or not _is_encodable(text):
        raise Refused(field, "has characters that cannot be printed")
    return text


def time_of(given: Any, now_ms: int, field: str = "timestamp") -> int:
    """UTC milliseconds; without an offset a time is UTC. What cannot be is refused, and never taken for now."""
    if given is None:
        return now_ms
    at_ms = _parsed_time(given, field)
    if at_ms < EARLIEST_MS:
        raise Refused(field, "is before 2010")
    if at_ms > now_ms + AHEAD_MS:
        raise Refused(field, "is in the future")
    return at_ms


def _parsed_time(given: Any, field: str) -> int:
    wrong = Refused(field, "must be a time like 2026-11-21T18:30:00+01:00, or seconds since 1970")
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise wrong
    try:
        if isinstance(given, str):
            moment = datetime.fromisoformat(given.strip())
            if len(given.strip()) < len("2026-11-21T00:00"):
                raise wrong  # a day is no time
            moment = moment.replace(tzinfo=moment.tzinfo or UTC)
            return round(moment.timestamp() * 1000)
        return round(given if given > 10**11 else given * 1000)  # so large: milliseconds, as JavaScript has them
    except (ValueError, OverflowError, OSError) as error:
        raise wrong from error


def data_of(given: Any) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Refused("data", "must be a JSON object")
    if _depth(given) > DEEPEST_DATA:
        raise Refused("data", f"is nested more than {DEEPEST_DATA} deep")
    try:
        size = len(json.dumps(given, ensure_ascii=False, allow_nan=False).encode())
    except ValueError as error:  # NaN, or half of a pair of surrogates
        raise Refused("data", "holds a value that is no JSON") from error
    if size > LARGEST_DATA_BYTES:
        raise Refused("data", f"has more than {LARGEST_DATA_BYTES} bytes")
    return given


def _depth(value: Any) -> int:
    """How deep lists and objects are nested, looked at no deeper than matters."""
    depth, level = 0, [value]
    while level and depth <= DEEPEST_DATA:
        level = [
            inner
            for outer in level
            if isinstance(outer, (Mapping, list))
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
        ]
        depth += 1
    return depth


def _amount(data: Mapping[str, Any]) -> Decimal | None:
    key = next((key for key in AMOUNT_KEYS if data.get(key) is not None), None)
    if key is None:
        return None
    given = data[key]
    if isinstance(given, bool) or not isinstance(given, (int, float)) or given != given:
        raise Refused(f"data.{key}", "must be a number")
    if given < 0:
        raise Refused(f"data.{key}", "must not be negative")
    if given > HIGHEST_AMOUNT:
        raise Refused(f"data.{key}", "is too large")
    return Decimal(str(given))


def currency_of(given: Any, otherwise: str, field: str = "data.currency") -> str:
    if given is None:
        return otherwise
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z]{3}", given.strip()):
        raise Refused(field, "must be three letters such as USD")
    return given.strip().upper()


def _minor(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_EVEN))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
