"""What other systems may report as a sale: each field is checked, and what is wrong with it is said in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any

from core.events import NOTHING
from core.money import micros, minor_digits
from rules.earnings import Source
from rules.tracking import Refused, currency_of, data_of, text_of, time_of

HIGHEST_AMOUNT = Decimal(10**9)  # in whole units of the currency
LONGEST_ID, LONGEST_LABEL = 128, 128
FIELDS = ("id", "amount", "currency", "source", "label", "refund_of", "at", "data")
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")


@dataclass(frozen=True, slots=True)
class Reported:
    """A sale, or a refund (``amount_micros`` negative) of the sale ``refund_of``, if that is told.

    ``fingerprint``: of everything that was told. The same id with another one is another sale.
    """

    sale_id: str
    amount_micros: int
    currency: str
    source: str
    at_ms: int
    fingerprint: str
    label: str = ""
    refund_of: str | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


def checked(item: Any, *, now_ms: int, currency: str) -> Reported:
    """The sale in a body that was read with ``parse_float=Decimal``. ``currency`` holds where none is told."""
    if not isinstance(item, Mapping):
        raise Refused("sale", "must be a JSON object")
    for name in item:
        if name not in FIELDS:
            raise Refused(str(name)[:40], f"is unknown; a sale has {', '.join(FIELDS)}")
    sale_id = text_of(item.get("id"), "id", LONGEST_ID)
    if sale_id is None:
        raise Refused("id", "is missing; it is what makes the sale count once")
    data = data_of(_plain(item.get("data")))
    told_currency = currency_of(item.get("currency"), currency, "currency")
    amount_micros = micros(_amount(item.get("amount"), told_currency))
    refund_of = text_of(item.get("refund_of", data.get("refund_of")), "refund_of", LONGEST_ID)
    if refund_of is not None and amount_micros > 0:
        raise Refused("amount", "of a refund must be negative")
    told_at = item.get("at")
    at_ms = time_of(_plain(told_at), now_ms, "at")
    source, label = _source(item.get("source")), text_of(item.get("label"), "label", LONGEST_LABEL) or ""
    # Without ``at`` a retry comes at another time and is still the same.
    told = (sale_id, amount_micros, told_currency, source, None if told_at is None else at_ms, label, refund_of, data)
    return Reported(sale_id, amount_micros, told_currency, source, at_ms, _fingerprint(told), label, refund_of, data)


def _amount(given: Any, currency: str) -> Decimal:
    if given is None:
        raise Refused("amount", "is missing")
    amount = _decimal(given)
    if not amount:
        raise Refused("amount", "must not be 0")
    if not -HIGHEST_AMOUNT <= amount <= HIGHEST_AMOUNT:
        raise Refused("amount", f"must be at most {HIGHEST_AMOUNT:,}")
    digits, exponent = amount.as_tuple()[1:]
    assert isinstance(exponent, int)  # it is finite
    used = -exponent - (len(digits) - len("".join(map(str, digits)).rstrip("0")))
    if used > minor_digits(currency):
        raise Refused("amount", f"has more decimals than {currency} has: {minor_digits(currency)}")
    return amount


def _decimal(given: Any) -> Decimal:
    """A JSON number, exactly as written, or a decimal number as a text."""
    if isinstance(given, str) and _DECIMAL.fullmatch(given.strip()):
        given = Decimal(given.strip())
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise Refused("amount", "must be a number such as 12.50")
    try:
        amount = Decimal(given)
    except InvalidOperation as error:
        raise Refused("amount", "is no number that can be read") from error
    if not amount.is_finite():
        raise Refused("amount", "must be a number such as 12.50")
    return amount


def _source(given: Any) -> str:
    if given is None:
        return Source.SALES.value
    source = given.strip().lower() if isinstance(given, str) else ""  # Ko-fi and ko-fi are one
    if not _SOURCE.fullmatch(source):
        raise Refused("source", "must be up to 32 letters, digits, and . _ - between them")
    return source


def _plain(value: Any) -> Any:
    """Decimals as the floats that JSON can hold."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _fingerprint(told: Any) -> str:
    text = json.dumps(told, sort_keys=True, ensure_ascii=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()
